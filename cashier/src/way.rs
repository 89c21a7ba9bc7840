//! The ways of paying, under the names that this ecosystem already uses.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A payment channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// Alipay, gateway.do.
    Alipay,
    /// WeChat Pay, mainland China.
    Wechat,
}

/// A way of paying at a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Way {
    /// Alipay on a desktop page (alipay.trade.page.pay).
    AliPc,
    /// Alipay in a phone's browser (alipay.trade.wap.pay).
    AliWap,
    /// Alipay from a merchant's app (alipay.trade.app.pay).
    AliApp,
    /// Alipay by scanning our QR code (alipay.trade.precreate).
    AliQr,
    /// Alipay by the payer's payment code, scanned at the counter (alipay.trade.pay).
    AliBar,
    /// Alipay in a page inside Alipay (alipay.trade.create and the wallet's bridge).
    AliJsapi,
    /// WeChat Pay by scanning our QR code (v3 native).
    WxNative,
    /// WeChat Pay in a phone's browser outside of WeChat (v3 h5).
    WxH5,
    /// WeChat Pay in a page inside WeChat (v3 jsapi).
    WxJsapi,
    /// WeChat Pay from a merchant's app (v3 app).
    WxApp,
    /// WeChat Pay by the payer's payment code, scanned at the counter (v3 codepay,
    /// v2 micropay).
    WxBar,
    /// WeChat Pay in a mini program (v3 jsapi under the mini program's appid).
    WxLite,
}

/// The text names no way of paying that Till knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a way of paying")]
pub struct NoSuchName(pub String);

impl ChannelKind {
    /// Every channel.
    pub const ALL: [ChannelKind; 2] = [ChannelKind::Alipay, ChannelKind::Wechat];

    /// The name in configuration, database and API.
    pub const fn name(self) -> &'static str {
        match self {
            ChannelKind::Alipay => "alipay",
            ChannelKind::Wechat => "wechat",
        }
    }
}

impl Way {
    /// Every way.
    pub const ALL: [Way; 12] = [
        Way::AliPc,
        Way::AliWap,
        Way::AliApp,
        Way::AliQr,
        Way::AliBar,
        Way::AliJsapi,
        Way::WxNative,
        Way::WxH5,
        Way::WxJsapi,
        Way::WxApp,
        Way::WxBar,
        Way::WxLite,
    ];

    /// The name in configuration, database and API.
    pub const fn name(self) -> &'static str {
        match self {
            Way::AliPc => "ALI_PC",
            Way::AliWap => "ALI_WAP",
            Way::AliApp => "ALI_APP",
            Way::AliQr => "ALI_QR",
            Way::AliBar => "ALI_BAR",
            Way::AliJsapi => "ALI_JSAPI",
            Way::WxNative => "WX_NATIVE",
            Way::WxH5 => "WX_H5",
            Way::WxJsapi => "WX_JSAPI",
            Way::WxApp => "WX_APP",
            Way::WxBar => "WX_BAR",
            Way::WxLite => "WX_LITE",
        }
    }

    /// The channel behind the way.
    pub const fn channel(self) -> ChannelKind {
        match self {
            Way::AliPc | Way::AliWap | Way::AliApp | Way::AliQr | Way::AliBar | Way::AliJsapi => {
                ChannelKind::Alipay
            }
            Way::WxNative | Way::WxH5 | Way::WxJsapi | Way::WxApp | Way::WxBar | Way::WxLite => {
                ChannelKind::Wechat
            }
        }
    }

    /// What the payer is called in the API, where the way pays in the name of one
    /// known payer.
    pub const fn payer_field(self) -> Option<&'static str> {
        match self {
            Way::WxJsapi | Way::WxLite => Some("openid"),
            Way::AliJsapi => Some("buyer_id"),
            _ => None,
        }
    }

    /// Whether the payer shows a code and the counter scans it: the channel decides
    /// at once, and nothing is handed out.
    pub const fn is_barcode(self) -> bool {
        matches!(self, Way::AliBar | Way::WxBar)
    }

    /// Whether the channel compares the payer's address (WeChat H5).
    pub const fn needs_client_ip(self) -> bool {
        matches!(self, Way::WxH5)
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Way {
    type Err = NoSuchName;

    fn from_str(text: &str) -> Result<Way, NoSuchName> {
        Way::ALL
            .into_iter()
            .find(|way| way.name() == text)
            .ok_or_else(|| NoSuchName(text.to_owned()))
    }
}

impl FromStr for ChannelKind {
    type Err = NoSuchName;

    fn from_str(text: &str) -> Result<ChannelKind, NoSuchName> {
        ChannelKind::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| NoSuchName(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_written_alike_everywhere() {
        for way in Way::ALL {
            assert_eq!(way.name().parse(), Ok(way));
            assert_eq!(serde_json::to_value(way).unwrap(), way.name());
        }
    }
}
