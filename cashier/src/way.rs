//! The ways of paying, under the names that this ecosystem already uses, and the
//! channels behind them. Alipay's and WeChat Pay's stand here; an adapter of another
//! channel brings its own and makes them known when the program starts.

use crate::time::Span;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::sync::{PoisonError, RwLock};

/// A payment channel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelKind(&'static ChannelTraits);

/// What Till has to know of a channel besides how to speak with it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelTraits {
    /// The name in configuration, database and API.
    pub name: &'static str,
    /// The time between two refunds of one payment that the channel asks for, and a
    /// bit more: it counts from when it took the one before, which is later than its
    /// turn.
    pub refund_spacing: Span,
    /// How long a payment by the payer's code is asked about before it is taken back.
    pub barcode_life: Span,
}

/// A way of paying at a channel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Way(&'static WayTraits);

/// What Till has to know of a way of paying.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WayTraits {
    /// The name in configuration, database and API.
    pub name: &'static str,
    /// The channel behind the way.
    pub channel: ChannelKind,
    /// What the payer is called in the API, where the way pays in the name of one
    /// known payer.
    pub payer_field: Option<&'static str>,
    /// Whether the channel compares the payer's address.
    pub needs_client_ip: bool,
    /// Whether the payer shows a code and the counter scans it: the channel decides
    /// at once, and nothing is handed out.
    pub is_barcode: bool,
}

/// The text names no way of paying that Till knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a way of paying")]
pub struct NoSuchName(pub String);

/// What adapters of other channels brought along.
static OTHERS: RwLock<(Vec<ChannelKind>, Vec<Way>)> = RwLock::new((Vec::new(), Vec::new()));

#[expect(
    non_upper_case_globals,
    reason = "they are what variants would be, if the channels were a closed set"
)]
impl ChannelKind {
    /// Alipay, gateway.do. Refunds: three seconds apart (documented).
    pub const Alipay: ChannelKind = ChannelKind(&ChannelTraits {
        name: "alipay",
        refund_spacing: Span::seconds(5),
        barcode_life: Span::seconds(60),
    });

    /// WeChat Pay, mainland China. Refunds: one minute apart (documented).
    pub const Wechat: ChannelKind = ChannelKind(&ChannelTraits {
        name: "wechat",
        refund_spacing: Span::seconds(70),
        barcode_life: Span::seconds(40),
    });

    /// The channels that Till brings along.
    pub const ALL: [ChannelKind; 2] = [ChannelKind::Alipay, ChannelKind::Wechat];

    /// Another channel.
    pub const fn new(traits: &'static ChannelTraits) -> ChannelKind {
        ChannelKind(traits)
    }

    /// What Till knows of it.
    pub const fn traits(self) -> &'static ChannelTraits {
        self.0
    }

    /// The name in configuration, database and API.
    pub const fn name(self) -> &'static str {
        self.0.name
    }
}

/// A way, by what most have in common.
const fn plain(name: &'static str, channel: ChannelKind) -> WayTraits {
    WayTraits {
        name,
        channel,
        payer_field: None,
        needs_client_ip: false,
        is_barcode: false,
    }
}

#[expect(
    non_upper_case_globals,
    reason = "they are what variants would be, if the ways were a closed set"
)]
impl Way {
    /// Alipay on a desktop page (alipay.trade.page.pay).
    pub const AliPc: Way = Way(&plain("ALI_PC", ChannelKind::Alipay));
    /// Alipay in a phone's browser (alipay.trade.wap.pay).
    pub const AliWap: Way = Way(&plain("ALI_WAP", ChannelKind::Alipay));
    /// Alipay from a merchant's app (alipay.trade.app.pay).
    pub const AliApp: Way = Way(&plain("ALI_APP", ChannelKind::Alipay));
    /// Alipay by scanning our QR code (alipay.trade.precreate).
    pub const AliQr: Way = Way(&plain("ALI_QR", ChannelKind::Alipay));
    /// Alipay by the payer's payment code, scanned at the counter (alipay.trade.pay).
    pub const AliBar: Way = Way(&WayTraits {
        is_barcode: true,
        ..plain("ALI_BAR", ChannelKind::Alipay)
    });
    /// Alipay in a page inside Alipay (alipay.trade.create and the wallet's bridge).
    pub const AliJsapi: Way = Way(&WayTraits {
        payer_field: Some("buyer_id"),
        ..plain("ALI_JSAPI", ChannelKind::Alipay)
    });
    /// WeChat Pay by scanning our QR code (v3 native).
    pub const WxNative: Way = Way(&plain("WX_NATIVE", ChannelKind::Wechat));
    /// WeChat Pay in a phone's browser outside of WeChat (v3 h5).
    pub const WxH5: Way = Way(&WayTraits {
        needs_client_ip: true,
        ..plain("WX_H5", ChannelKind::Wechat)
    });
    /// WeChat Pay in a page inside WeChat (v3 jsapi).
    pub const WxJsapi: Way = Way(&WayTraits {
        payer_field: Some("openid"),
        ..plain("WX_JSAPI", ChannelKind::Wechat)
    });
    /// WeChat Pay from a merchant's app (v3 app).
    pub const WxApp: Way = Way(&plain("WX_APP", ChannelKind::Wechat));
    /// WeChat Pay by the payer's payment code, scanned at the counter (v3 codepay,
    /// v2 micropay).
    pub const WxBar: Way = Way(&WayTraits {
        is_barcode: true,
        ..plain("WX_BAR", ChannelKind::Wechat)
    });
    /// WeChat Pay in a mini program (v3 jsapi under the mini program's appid).
    pub const WxLite: Way = Way(&WayTraits {
        payer_field: Some("openid"),
        ..plain("WX_LITE", ChannelKind::Wechat)
    });

    /// The ways that Till brings along.
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

    /// Another way. Whoever reads its name, from a file, a request or the database,
    /// knows it once it is [made known](Way::make_known).
    pub const fn new(traits: &'static WayTraits) -> Way {
        Way(traits)
    }

    /// Lets this process read the names of a way and its channel. For adapters of
    /// other channels, once, when the program starts; again, it changes nothing.
    pub fn make_known(self) {
        let mut others = OTHERS.write().unwrap_or_else(PoisonError::into_inner);
        let (channels, ways) = &mut *others;
        if !Way::ALL.contains(&self) && !ways.contains(&self) {
            ways.push(self);
        }
        let channel = self.channel();
        if !ChannelKind::ALL.contains(&channel) && !channels.contains(&channel) {
            channels.push(channel);
        }
    }

    /// The name in configuration, database and API.
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// The channel behind the way.
    pub const fn channel(self) -> ChannelKind {
        self.0.channel
    }

    /// What the payer is called in the API, where the way pays in the name of one
    /// known payer.
    pub const fn payer_field(self) -> Option<&'static str> {
        self.0.payer_field
    }

    /// Whether the payer shows a code and the counter scans it: the channel decides
    /// at once, and nothing is handed out.
    pub const fn is_barcode(self) -> bool {
        self.0.is_barcode
    }

    /// Whether the channel compares the payer's address (WeChat H5).
    pub const fn needs_client_ip(self) -> bool {
        self.0.needs_client_ip
    }
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
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
        let is_it = |way: &&Way| way.name() == text;
        if let Some(way) = Way::ALL.iter().find(is_it) {
            return Ok(*way);
        }
        let others = OTHERS.read().unwrap_or_else(PoisonError::into_inner);
        let found = others.1.iter().find(is_it).copied();
        found.ok_or_else(|| NoSuchName(text.to_owned()))
    }
}

impl FromStr for ChannelKind {
    type Err = NoSuchName;

    fn from_str(text: &str) -> Result<ChannelKind, NoSuchName> {
        let is_it = |kind: &&ChannelKind| kind.name() == text;
        if let Some(kind) = ChannelKind::ALL.iter().find(is_it) {
            return Ok(*kind);
        }
        let others = OTHERS.read().unwrap_or_else(PoisonError::into_inner);
        let found = others.0.iter().find(is_it).copied();
        found.ok_or_else(|| NoSuchName(text.to_owned()))
    }
}

impl Serialize for Way {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Way {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Way, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for ChannelKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for ChannelKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ChannelKind, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
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
            assert_eq!(
                serde_json::from_value::<Way>(way.name().into()).unwrap(),
                way
            );
        }
    }

    #[test]
    fn another_channels_way_is_read_once_it_is_known() {
        static GIRO: ChannelTraits = ChannelTraits {
            name: "giro",
            refund_spacing: Span::seconds(1),
            barcode_life: Span::seconds(1),
        };
        static PAGE: WayTraits = plain("GIRO_PAGE", ChannelKind::new(&GIRO));
        let way = Way::new(&PAGE);
        assert!("GIRO_PAGE".parse::<Way>().is_err());
        way.make_known();
        way.make_known();
        assert_eq!("GIRO_PAGE".parse(), Ok(way));
        assert_eq!("giro".parse(), Ok(way.channel()));
    }
}
