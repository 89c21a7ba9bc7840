//! What a request says of the payer: an address, a name at the wallet, a payment code.

use crate::problem::Problem;
use cashier::way::{ChannelKind, Way};
use std::net::IpAddr;

/// The most characters of what a wallet calls a payer (WeChat Pay: `openid` is
/// string(128); Alipay: `buyer_open_id` likewise).
const LONGEST_NAME: usize = 128;

/// In place of a way: the payer's code says whose it is.
pub const AUTO_BAR: &str = "AUTO_BAR";

/// What a wish to pay says of the payer, as it came in.
#[derive(Clone, Copy, Default)]
pub struct Said<'a> {
    /// Their name at WeChat Pay.
    pub openid: Option<&'a str>,
    /// Their name at Alipay.
    pub buyer_id: Option<&'a str>,
    /// The payment code that they show.
    pub auth_code: Option<&'a str>,
}

/// The same, checked against the way.
#[derive(Default)]
pub struct Payer {
    /// Their name at the wallet.
    pub name: Option<String>,
    /// The payment code that they show.
    pub code: Option<String>,
}

impl Said<'_> {
    /// The first field that is there: for requests that may have none.
    pub fn field(self) -> Option<&'static str> {
        [
            ("openid", self.openid),
            ("buyer_id", self.buyer_id),
            ("auth_code", self.auth_code),
        ]
        .into_iter()
        .find_map(|(field, said)| said.map(|_| field))
    }

    /// Checks each field, and that it goes with the way.
    ///
    /// # Errors
    /// `invalid_request`, naming field and rule.
    pub fn checked(self, way: Way) -> Result<Payer, Problem> {
        let openid = self.openid.map(|text| name("openid", text)).transpose()?;
        let buyer_id = self
            .buyer_id
            .map(|text| name("buyer_id", text))
            .transpose()?;
        if buyer_id.is_some() && way.payer_field() != Some("buyer_id") {
            return Err(Problem::invalid("buyer_id", format!("is not for {way}")));
        }
        let code = match self.auth_code {
            None => None,
            Some(_) if !way.is_barcode() => {
                return Err(Problem::invalid("auth_code", format!("is not for {way}")));
            }
            Some(code) if wallet(code) == Some(way.channel()) => Some(code.to_owned()),
            Some(_) => {
                let rule = format!("is not one of {}'s codes; {CODES}", way.channel());
                return Err(Problem::invalid("auth_code", rule));
            }
        };
        let name = match way.payer_field() {
            Some("buyer_id") => buyer_id,
            _ => openid,
        };
        Ok(Payer { name, code })
    }

    /// The way that the payer's code is for.
    ///
    /// # Errors
    /// `invalid_request`: there is no code, or it is no wallet's.
    pub fn way(self) -> Result<Way, Problem> {
        let code = self.auth_code.ok_or_else(|| {
            let rule = format!("is needed for {AUTO_BAR}; send it");
            Problem::invalid("auth_code", rule)
        })?;
        match wallet(code) {
            Some(ChannelKind::Alipay) => Ok(Way::AliBar),
            Some(ChannelKind::Wechat) => Ok(Way::WxBar),
            _ => {
                let rule = format!("is the code of no wallet that Till knows; {CODES}");
                Err(Problem::invalid("auth_code", rule))
            }
        }
    }
}

/// What the codes look like, for whoever sent another one.
const CODES: &str = "Alipay's have 16 to 24 digits and begin with 25 to 30 (or with fp), \
                     WeChat Pay's have 18 digits and begin with 10 to 15; send it as it was scanned";

/// Whose a payment code is: Alipay's begin with 25 to 30 (16 to 24 digits; face payment:
/// fp and 35 characters), WeChat Pay's with 10 to 15 (18 digits).
fn wallet(code: &str) -> Option<ChannelKind> {
    let digits = code.bytes().all(|b| b.is_ascii_digit());
    let first: Option<u8> = code.get(..2).and_then(|two| two.parse().ok());
    let is_face = code.len() == 37
        && code.starts_with("fp")
        && code.bytes().all(|b| b.is_ascii_alphanumeric());
    match (first, code.len()) {
        (Some(25..=30), 16..=24) if digits => Some(ChannelKind::Alipay),
        (Some(10..=15), 18) if digits => Some(ChannelKind::Wechat),
        _ if is_face => Some(ChannelKind::Alipay),
        _ => None,
    }
}

/// Checks an address of the payer and writes it in its usual form.
///
/// # Errors
/// `invalid_request`, naming the rule.
pub fn client_ip(text: &str) -> Result<String, Problem> {
    let rule = "must be an IPv4 or IPv6 address such as 203.0.113.7";
    text.parse::<IpAddr>()
        .map(|ip| ip.to_string())
        .map_err(|_| Problem::invalid("client_ip", rule))
}

/// Checks what a wallet calls a payer.
fn name(field: &str, text: &str) -> Result<String, Problem> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if plain && (1..=LONGEST_NAME).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    let rule = format!("must be 1 to {LONGEST_NAME} characters of A-Z a-z 0-9 _ -");
    Err(Problem::invalid(field, rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_whose_it_is() {
        let face = format!("fp{}", "a".repeat(35));
        for (code, whose) in [
            ("2512345678901234", Some(ChannelKind::Alipay)),
            ("301234567890123456789012", Some(ChannelKind::Alipay)),
            (face.as_str(), Some(ChannelKind::Alipay)),
            ("101234567890123456", Some(ChannelKind::Wechat)),
            ("151234567890123456", Some(ChannelKind::Wechat)),
            ("251234567890123", None),
            ("3012345678901234567890123", None),
            ("311234567890123456", None),
            ("161234567890123456", None),
            ("10123456789012345", None),
            ("1012345678901234567", None),
            ("10123456789012345x", None),
            ("二五12345678901234", None),
            ("fp", None),
            ("", None),
        ] {
            assert_eq!(wallet(code), whose, "{code}");
        }
    }

    #[test]
    fn a_field_goes_with_its_way() {
        let code = |code| Said {
            auth_code: Some(code),
            ..Said::default()
        };
        let alipays = code("2512345678901234");
        assert_eq!(alipays.way().unwrap(), Way::AliBar);
        assert!(alipays.checked(Way::AliBar).unwrap().code.is_some());
        assert!(alipays.checked(Way::WxBar).is_err());
        assert!(alipays.checked(Way::AliQr).is_err());
        assert!(Said::default().way().is_err());
        let buyer = Said {
            buyer_id: Some("2088000000000001"),
            ..Said::default()
        };
        assert!(buyer.checked(Way::AliJsapi).unwrap().name.is_some());
        assert!(buyer.checked(Way::AliWap).is_err());
        assert_eq!(buyer.field(), Some("buyer_id"));
    }
}
