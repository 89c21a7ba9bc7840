//! `biz_content`: reading its fields as Alipay does.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::amount;
use super::answer::Answer;
use super::moment;

/// The parsed `biz_content`. An empty text counts as absent.
#[derive(Debug, Clone, Default)]
pub(super) struct Biz {
    fields: Map<String, Value>,
}

impl Biz {
    /// Parses the JSON object; `isv.illegal-json` if it is none.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, Answer> {
        let Some(text) = text else {
            return Err(Answer::invalid_parameter("biz_content 缺失"));
        };
        serde_json::from_str(text)
            .map(|fields| Self { fields })
            .map_err(|error| Answer::invalid("isv.illegal-json", format!("非法的JSON：{error}")))
    }

    /// A text field of at most `most` characters.
    pub(super) fn text(&self, name: &str, most: usize) -> Result<Option<String>, Answer> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= most => Ok(Some(text.clone())),
            Some(Value::String(_)) => Err(Answer::invalid_parameter(&format!(
                "{name} 超过 {most} 个字符"
            ))),
            Some(_) => Err(Answer::invalid_parameter(&format!("{name} 应为字符串"))),
        }
    }

    /// A text field that must be there.
    pub(super) fn required(&self, name: &str, most: usize) -> Result<String, Answer> {
        self.text(name, most)?.ok_or_else(|| missing(name))
    }

    /// An amount in yuan (a text, or a JSON number), in fen.
    pub(super) fn amount(&self, name: &str) -> Result<i64, Answer> {
        let text = match self.fields.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return Err(missing(name)),
        };
        amount::fen(&text).ok_or_else(|| {
            Answer::invalid_parameter(&format!(
                "{name} 应为 0.01 至 100000000 之间、最多两位小数的金额"
            ))
        })
    }

    /// A moment in GMT+8.
    pub(super) fn moment(&self, name: &str) -> Result<Option<DateTime<Utc>>, Answer> {
        let Some(text) = self.text(name, 32)? else {
            return Ok(None);
        };
        let moment = moment::parse(&text);
        moment.map(Some).ok_or_else(|| {
            Answer::invalid_parameter(&format!("{name} 的格式应为 yyyy-MM-dd HH:mm:ss"))
        })
    }

    /// A relative timeout, in seconds from `now`.
    pub(super) fn timeout(&self, name: &str, now: DateTime<Utc>) -> Result<Option<i64>, Answer> {
        let Some(text) = self.text(name, 6)? else {
            return Ok(None);
        };
        let seconds = moment::timeout(&text, now);
        seconds.map(Some).ok_or_else(|| {
            Answer::invalid_parameter(&format!("{name} 的格式应为 1m～15d 或 1c，不接受小数"))
        })
    }

    /// Whether the list `name` has this entry.
    pub(super) fn lists(&self, name: &str, entry: &str) -> bool {
        let list = self.fields.get(name).and_then(Value::as_array);
        list.is_some_and(|list| list.iter().any(|item| item == entry))
    }
}

fn missing(name: &str) -> Answer {
    Answer::invalid_parameter(&format!("{name} 缺失"))
}
