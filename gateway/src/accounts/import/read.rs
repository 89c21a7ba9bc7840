//! Reads an import file table by table, so that every table's mistake is found in
//! one go, with its line.

use super::file::{AccountTable, Merchant, OperatorTable, Placed};
use crate::config::Mistakes;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file's text on its way.
pub(super) struct Reading<'a> {
    text: &'a str,
    mistakes: &'a mut Mistakes,
}

impl<'a> Reading<'a> {
    pub(super) fn new(text: &'a str, mistakes: &'a mut Mistakes) -> Reading<'a> {
        Reading { text, mistakes }
    }

    /// The merchants and the operators that could be read.
    pub(super) fn tables_of_file(&mut self) -> (Vec<Placed<Merchant>>, Vec<Placed<OperatorTable>>) {
        let (document, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            self.note(&error, "");
        }
        let mut document = document.into_inner();
        let merchants = self.tables(&mut document, "merchants");
        let operators = self.tables(&mut document, "operators");
        for key in document.keys() {
            let line = self.line(key.span().start);
            self.mistakes.add(
                line,
                format!(
                    "{}: there are only [[merchants]] and [[operators]] here",
                    key.get_ref()
                ),
            );
        }
        if merchants.is_empty() && operators.is_empty() && self.mistakes.is_empty() {
            self.mistakes.add("the file", "holds no [[merchants]]");
        }
        let merchants = merchants
            .into_iter()
            .filter_map(|(start, table)| self.merchant(start, table))
            .collect();
        let operators = operators
            .into_iter()
            .filter_map(|(start, table)| self.table(start, table, "operators"))
            .collect();
        (merchants, operators)
    }

    fn merchant(&mut self, start: usize, mut table: DeTable<'a>) -> Option<Placed<Merchant>> {
        let accounts = self.tables(&mut table, "accounts");
        let apps = self.tables(&mut table, "apps");
        let accounts = accounts
            .into_iter()
            .filter_map(|(start, table)| self.account(start, table))
            .collect();
        let apps = apps
            .into_iter()
            .filter_map(|(start, table)| self.table(start, table, "merchants.apps"))
            .collect();
        let head = self.table(start, table, "merchants")?;
        Some(Placed {
            line: head.line,
            table: Merchant {
                head: head.table,
                accounts,
                apps,
            },
        })
    }

    fn account(&mut self, start: usize, table: DeTable<'a>) -> Option<Placed<AccountTable>> {
        let id = table.get("id").and_then(|id| id.get_ref().as_str());
        self.mistakes.look_at(id);
        let account = self.account_of_channel(start, table);
        self.mistakes.look_at(None);
        account
    }

    fn account_of_channel(
        &mut self,
        start: usize,
        mut table: DeTable<'a>,
    ) -> Option<Placed<AccountTable>> {
        const PLACE: &str = "merchants.accounts";
        let channel = table.remove("channel");
        match channel
            .as_ref()
            .and_then(|channel| channel.get_ref().as_str())
        {
            Some("alipay") => self.table(start, table, PLACE).map(|read| Placed {
                line: read.line,
                table: AccountTable::Alipay(Box::new(read.table)),
            }),
            Some("wechat") => self.wechat(start, table, PLACE),
            _ => {
                let line = self.line(start);
                let problem = format!("{PLACE}: channel must be \"alipay\" or \"wechat\"");
                self.mistakes.add(line, problem);
                None
            }
        }
    }

    /// An account at WeChat Pay in the protocol that it names; v3 if it names none.
    fn wechat(
        &mut self,
        start: usize,
        mut table: DeTable<'a>,
        place: &str,
    ) -> Option<Placed<AccountTable>> {
        let protocol = table.remove("protocol");
        let protocol = match &protocol {
            Some(value) => value.get_ref().as_str().unwrap_or_default(),
            None => "v3",
        };
        match protocol {
            "v3" => self.table(start, table, place).map(|read| Placed {
                line: read.line,
                table: AccountTable::Wechat(read.table),
            }),
            "v2" => self.table(start, table, place).map(|read| Placed {
                line: read.line,
                table: AccountTable::WechatV2(read.table),
            }),
            _ => {
                let line = self.line(start);
                let problem = format!("{place}: protocol must be \"v3\" or \"v2\"");
                self.mistakes.add(line, problem);
                None
            }
        }
    }

    fn table<T: Deserialize<'a>>(
        &mut self,
        start: usize,
        table: DeTable<'a>,
        place: &str,
    ) -> Option<Placed<T>> {
        let value = Spanned::new(start..start, DeValue::Table(table));
        match T::deserialize(value.into_deserializer()) {
            Ok(table) => Some(Placed {
                line: self.line_number(start),
                table,
            }),
            Err(error) => {
                self.note(&error, place);
                None
            }
        }
    }

    /// Takes an array of tables out of a table.
    fn tables(&mut self, table: &mut DeTable<'a>, key: &str) -> Vec<(usize, DeTable<'a>)> {
        let Some(value) = table.remove(key) else {
            return Vec::new();
        };
        let start = value.span().start;
        let DeValue::Array(array) = value.into_inner() else {
            let line = self.line(start);
            self.mistakes.add(
                line,
                format!("{key}: write it as [[…{key}]], once for each"),
            );
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in array {
            let start = item.span().start;
            match item.into_inner() {
                DeValue::Table(table) => tables.push((start, table)),
                _ => {
                    let line = self.line(start);
                    self.mistakes.add(line, format!("{key}: must hold tables"));
                }
            }
        }
        tables
    }

    fn note(&mut self, error: &toml::de::Error, place: &str) {
        let line = self.line(error.span().map_or(0, |span| span.start));
        let message = error.message();
        let problem = if place.is_empty() {
            message.to_owned()
        } else {
            format!("{place}: {message}")
        };
        self.mistakes.add(line, problem);
    }

    fn line(&self, offset: usize) -> String {
        format!("line {}", self.line_number(offset))
    }

    fn line_number(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().iter().take(offset);
        before.filter(|byte| **byte == b'\n').count() + 1
    }
}
