//! A service provider (服务商) names the merchant whom it acts for in every call: what leaves
//! each adapter is read off the wire, call by call. The simulated channels refuse a call without
//! the name too, in tests of their own.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helper fails its test by a panic"
)]

mod alipay;
mod wechat;
mod wechat_v2;
mod wire;

use async_trait::async_trait;
use cashier::channel::{Channel, Outcome, PayRequest, RefundRequest};
use cashier::id::{FlowNo, RefundNo};
use cashier::money::Money;
use cashier::time::{Clock, Day, Entropy, Span, Timestamp};
use cashier::way::Way;
use wire::{Sent, Wire};

/// 2024-07-25 12:00 in China.
const NOW: Timestamp = Timestamp::from_millis(1_721_880_000_000);

struct Stopped;

#[async_trait]
impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        NOW
    }

    async fn sleep(&self, _: Span) {}
}

struct Always;

impl Entropy for Always {
    fn bytes(&self) -> [u8; 16] {
        [7; 16]
    }
}

/// What is ordered, with a payer and a code as the channel names them.
fn order(way: Way, payer: &str, auth_code: &str) -> PayRequest {
    PayRequest {
        flow_no: FlowNo::new("ACT0001"),
        way,
        amount: Money::from_fen(8_888).unwrap(),
        subject: "茶".to_owned(),
        expires_at: NOW.plus(Span::minutes(15)),
        notify_url: "https://till.example/notify".to_owned(),
        return_url: Some("https://shop.example/back".to_owned()),
        client_ip: Some("14.23.150.211".to_owned()),
        payer: Some(payer.to_owned()),
        auth_code: Some(auth_code.to_owned()),
    }
}

/// Makes every call that asks the channel's server, and tells what was sent. No answer is
/// usable, so that each stays in doubt.
async fn every_call(channel: &dyn Channel, orders: &[PayRequest], wire: &mut Wire) -> Vec<Sent> {
    for order in orders {
        in_doubt("pay", channel.pay(order).await);
    }
    let flow_no = FlowNo::new("ACT0001");
    in_doubt("query", channel.query(&flow_no).await);
    in_doubt("close", channel.close(&flow_no).await);
    in_doubt("reverse", channel.reverse(&flow_no).await);
    let refund = RefundRequest {
        refund_no: RefundNo::new("RACT0001"),
        flow_no,
        trade_no: "4200000000000000000000000001".into(),
        amount: Money::from_fen(100).unwrap(),
        total: Money::from_fen(8_888).unwrap(),
        reason: None,
        notify_url: "https://till.example/notify".to_owned(),
    };
    in_doubt("refund", channel.refund(&refund).await);
    in_doubt("query_refund", channel.query_refund(&refund).await);
    let day = Day::of(NOW).unwrap().before().unwrap();
    in_doubt("bill", channel.bills().unwrap().bill(day).await);
    wire.sent()
}

/// The same for WeChat Pay, where each way is ordered, and these calls are what was sent.
async fn wechats_calls(channel: &dyn Channel, wire: &mut Wire, calls: [&str; 12]) -> Vec<Sent> {
    let ways = [
        Way::WxNative,
        Way::WxJsapi,
        Way::WxLite,
        Way::WxApp,
        Way::WxH5,
        Way::WxBar,
    ];
    let orders = ways.map(|way| order(way, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "134567890123456789"));
    let sent = every_call(channel, &orders, wire).await;
    let made: Vec<_> = sent.iter().map(|sent| sent.call.as_str()).collect();
    assert_eq!(made, calls);
    sent
}

fn in_doubt<T>(call: &str, outcome: Outcome<T>) {
    assert!(matches!(outcome, Outcome::Unknown(_)), "{call}");
}
