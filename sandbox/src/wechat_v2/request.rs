//! Reads the fields of a verified call: lengths, numbers and moments as the channel documents
//! them. A field that the call does not know is signed like any other and otherwise ignored.

use std::net::IpAddr;

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};

use super::refusal::Refusal;
use super::xml::Fields;

/// The fields of a call.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a>(pub &'a Fields);

impl Request<'_> {
    /// A value that is not empty.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// An optional value of at most `max` characters.
    ///
    /// # Errors
    /// `PARAM_ERROR`.
    pub fn text(&self, name: &str, max: usize) -> Result<Option<String>, Refusal> {
        match self.given(name) {
            Some(value) if value.chars().count() > max => {
                Err(Refusal::field(name, &format!("长度应不超过{max}")))
            }
            value => Ok(value.map(str::to_owned)),
        }
    }

    /// A required value of at most `max` characters.
    ///
    /// # Errors
    /// `LACK_PARAMS`, `PARAM_ERROR`.
    pub fn required(&self, name: &str, max: usize) -> Result<String, Refusal> {
        self.text(name, max)?.ok_or_else(|| Refusal::absent(name))
    }

    /// A required amount in fen, at least 1: digits alone.
    ///
    /// # Errors
    /// `LACK_PARAMS`, `PARAM_ERROR`.
    pub fn fen(&self, name: &str) -> Result<i64, Refusal> {
        let text = self.required(name, 18)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let amount = text.parse().ok().filter(|amount| digits && *amount >= 1);
        amount.ok_or_else(|| Refusal::field(name, "应为大于0的整数，单位为分"))
    }

    /// An optional value out of a list.
    ///
    /// # Errors
    /// `PARAM_ERROR`.
    pub fn choice(&self, name: &str, allowed: &[&str]) -> Result<Option<&str>, Refusal> {
        match self.given(name) {
            Some(value) if !allowed.contains(&value) => Err(Refusal::field(
                name,
                &format!("取值应为 {}", allowed.join(" | ")),
            )),
            value => Ok(value),
        }
    }

    /// A required number of the merchant: digits, letters and `marks`, from `min` to `max`
    /// characters.
    ///
    /// # Errors
    /// `LACK_PARAMS`, `PARAM_ERROR`.
    pub fn number(
        &self,
        name: &str,
        (min, max): (usize, usize),
        marks: &[u8],
    ) -> Result<String, Refusal> {
        let number = self.required(name, max)?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || marks.contains(&byte);
        if number.len() >= min && number.bytes().all(allowed) {
            return Ok(number);
        }
        Err(Refusal::field(
            name,
            "只能是数字、大小写字母及规定的符号，长度有限",
        ))
    }

    /// A required `out_trade_no`.
    ///
    /// # Errors
    /// `LACK_PARAMS`, `PARAM_ERROR`.
    pub fn out_trade_no(&self) -> Result<String, Refusal> {
        self.number("out_trade_no", (6, 32), b"_-|*")
    }

    /// An optional moment, `yyyyMMddHHmmss` in Beijing's time.
    ///
    /// # Errors
    /// `PARAM_ERROR`.
    pub fn moment(&self, name: &str) -> Result<Option<DateTime<Utc>>, Refusal> {
        let Some(text) = self.given(name) else {
            return Ok(None);
        };
        let zone = FixedOffset::east_opt(8 * 3600);
        let digits = text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit());
        let read = NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S").ok();
        let moment = zone.zip(read.filter(|_| digits)).and_then(|(zone, local)| {
            local
                .and_local_timezone(zone)
                .single()
                .map(|moment| moment.to_utc())
        });
        match moment {
            Some(moment) => Ok(Some(moment)),
            None => Err(Refusal::field(name, "格式应为yyyyMMddHHmmss")),
        }
    }

    /// A required IPv4 or IPv6 address.
    ///
    /// # Errors
    /// `LACK_PARAMS`, `PARAM_ERROR`.
    pub fn address(&self, name: &str) -> Result<(), Refusal> {
        match self.required(name, 64)?.parse::<IpAddr>() {
            Ok(_) => Ok(()),
            Err(_) => Err(Refusal::field(name, "应为IPv4或IPv6地址")),
        }
    }

    /// All that makes one call equal to another: everything but what is new in each.
    pub fn content(&self) -> String {
        let mut content = self.0.clone();
        content.retain(|name, value| {
            !matches!(name.as_str(), "nonce_str" | "sign") && !value.is_empty()
        });
        super::xml::write(&content)
    }
}
