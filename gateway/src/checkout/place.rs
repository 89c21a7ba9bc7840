//! Where the payer is, as far as their browser says: a hint that decides what is
//! offered, never a fact that anything else relies on.

use cashier::way::Way;

/// Where a payer looks at the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A browser on a computer or a tablet.
    Desktop,
    /// A phone's browser.
    Phone,
    /// A page inside WeChat.
    InWechat,
    /// A page inside Alipay.
    InAlipay,
    /// A web page inside a wallet's mini program, where no payment can be begun.
    MiniProgram,
}

impl Place {
    /// Reads a `User-Agent`. Wallets come before "mobile", because theirs says
    /// that too; other apps of Alibaba's say `AliApp` and are not Alipay; WeCom
    /// (`wxwork`) says `MicroMessenger` and is a browser like others.
    pub fn of(user_agent: &str) -> Place {
        let agent = user_agent.to_ascii_lowercase();
        let has = |part: &str| agent.contains(part);
        let in_wechat = has("micromessenger") && !has("wxwork");
        match (in_wechat, has("alipayclient")) {
            (true, _) | (_, true) if has("miniprogram") => Place::MiniProgram,
            (true, _) => Place::InWechat,
            (_, true) => Place::InAlipay,
            _ if is_phone(&agent) => Place::Phone,
            _ => Place::Desktop,
        }
    }

    /// The ways that work here, in the order in which they are offered.
    pub const fn ways(self) -> &'static [Way] {
        match self {
            Place::Desktop => &[Way::AliPc, Way::AliQr, Way::WxNative],
            Place::Phone => &[Way::AliWap, Way::WxH5],
            Place::InWechat => &[Way::WxJsapi],
            Place::InAlipay => &[Way::AliJsapi, Way::AliWap],
            Place::MiniProgram => &[],
        }
    }

    /// Whether it is a wallet's page, where one way is offered: the first that works.
    pub const fn is_wallet(self) -> bool {
        matches!(self, Place::InWechat | Place::InAlipay)
    }

    /// What the payer is called in the page's address: as the wallet calls them.
    pub const fn payer_name(self) -> &'static str {
        match self {
            Place::InAlipay => "buyer_id",
            _ => "openid",
        }
    }
}

fn is_phone(agent: &str) -> bool {
    let mobile = ["mobile", "iphone", "android", "harmonyos", "openharmony"];
    mobile.iter().any(|part| agent.contains(part)) && !agent.contains("ipad")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_told_apart_by_its_user_agent() {
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 12_1_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";
        let cases = [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
                Place::Desktop,
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
                Place::Desktop,
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 Mobile/15E148 Safari/604.1",
                Place::Desktop,
            ),
            ("", Place::Desktop),
            (
                &format!("{iphone} Version/18.5 Mobile/15E148 Safari/604.1"),
                Place::Phone,
            ),
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36",
                Place::Phone,
            ),
            (
                "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile",
                Place::Phone,
            ),
            (
                &format!(
                    "{iphone} Mobile/15E148 MicroMessenger/8.0.60(0x18003c2d) NetType/WIFI Language/zh_CN"
                ),
                Place::InWechat,
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/116.0.0.0 Safari/537.36 NetType/WIFI MicroMessenger/7.0.20.1781(0x6700143B) WindowsWechat",
                Place::InWechat,
            ),
            (
                &format!(
                    "{iphone} Mobile/15E148 MicroMessenger/8.0.60 NetType/WIFI Language/zh_CN miniProgram/wx2421b1c4370ec43b"
                ),
                Place::MiniProgram,
            ),
            (
                &format!("{iphone} Mobile/15E148 wxwork/4.1.30 MicroMessenger/7.0.1 Language/zh"),
                Place::Phone,
            ),
            (
                &format!(
                    "{iphone} Mobile/16C101 NebulaSDK/1.8.100112 Nebula WK PSDType(1) AlipayDefined(nt:4G,ws:375|603|2.0) AliApp(AP/10.1.65.6000) AlipayClient/10.1.65.6000 Alipay Language/zh-Hans"
                ),
                Place::InAlipay,
            ),
            (
                &format!(
                    "{iphone} Mobile/15E148 AliApp(AP/10.7.20.6000) AlipayClient/10.7.20.6000 MiniProgram"
                ),
                Place::MiniProgram,
            ),
            (
                &format!("{iphone} Mobile/15E148 AliApp(TB/10.40.10) WindVane/8.7.2"),
                Place::Phone,
            ),
            (
                &format!("{iphone} Mobile/15E148 AliApp(DingTalk/7.6.0)"),
                Place::Phone,
            ),
        ];
        for (agent, place) in cases {
            assert_eq!(Place::of(agent), place, "{agent}");
        }
    }

    #[test]
    fn a_wallets_page_never_offers_the_other_wallet() {
        use cashier::way::ChannelKind;
        let only = |place: Place, channel| place.ways().iter().all(|way| way.channel() == channel);
        assert!(only(Place::InWechat, ChannelKind::Wechat));
        assert!(only(Place::InAlipay, ChannelKind::Alipay));
    }
}
