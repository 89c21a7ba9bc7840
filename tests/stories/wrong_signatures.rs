//! An answer whose signature is not the channel's, at each method of each protocol:
//! what became of the call is unknown, nothing that was said is believed and nobody is
//! told of it, a question settles it, and at rest ledger and order agree.

mod bills;
mod deeds;
mod keys;
mod payers;

use deeds::Deed;
use std::collections::BTreeSet;
use till_tests::{App, Options, Protocol};

/// The story of one protocol, on a stage of its own.
macro_rules! protocol {
    ($module:ident, $protocol:ident, $certificates:literal, $story:ident) => {
        mod $module {
            use super::$story;

            till_tests::stories! {
                with crate::wrong_signatures::counter(
                    till_tests::Protocol::$protocol,
                    $certificates
                );
                $story
            }
        }
    };
}

protocol!(alipay, V3, false, each_call_of_alipay);
protocol!(alipay_certified, V3, true, each_call_of_alipay);
protocol!(wechat_v3, V3, false, each_call_of_wechat_pay_v3);
protocol!(wechat_v3_certified, V3, true, each_call_of_wechat_pay_v3);
protocol!(wechat_v2, V2, false, each_call_of_wechat_pay_v2);

/// A counter, WeChat Pay spoken with by that protocol.
fn counter(protocol: Protocol, certificates: bool) -> Options {
    Options {
        counter: Some(protocol),
        certificates,
        ..Options::default()
    }
}

/// A protocol: how its answers can fail to be signed, and what is done through it.
struct Table {
    /// The wallet whose codes are scanned.
    wallet: &'static str,
    /// The way of what is asked about, closed and refunded.
    way: &'static str,
    /// The sandbox's faults after which an answer is not the channel's.
    faults: [&'static str; 2],
    /// What calls a refund, for the question about it.
    refund: &'static str,
    /// The methods, and what has them called.
    calls: &'static [(&'static str, Deed)],
}

const ALIPAY: Table = Table {
    wallet: "alipay",
    way: "ALI_QR",
    faults: ["bad_signature", "unsigned"],
    refund: "alipay.trade.refund",
    calls: &[
        ("alipay.trade.precreate", Deed::Create("ALI_QR")),
        ("alipay.trade.create", Deed::Create("ALI_JSAPI")),
        ("alipay.trade.pay", Deed::Scan),
        ("alipay.trade.query", Deed::Query),
        ("alipay.trade.close", Deed::Close),
        ("alipay.trade.cancel", Deed::Reverse),
        ("alipay.trade.refund", Deed::Refund),
        ("alipay.trade.fastpay.refund.query", Deed::QueryRefund),
    ],
};

const WECHAT_V3: Table = Table {
    wallet: "wechat",
    way: "WX_NATIVE",
    faults: ["bad_signature", "signtest"],
    refund: "wechat.refund",
    calls: &[
        ("wechat.native", Deed::Create("WX_NATIVE")),
        ("wechat.h5", Deed::Create("WX_H5")),
        ("wechat.jsapi", Deed::Create("WX_JSAPI")),
        ("wechat.app", Deed::Create("WX_APP")),
        ("wechat.codepay", Deed::Scan),
        ("wechat.query", Deed::Query),
        ("wechat.close", Deed::Close),
        ("wechat.reverse", Deed::Reverse),
        ("wechat.refund", Deed::Refund),
        ("wechat.refund_query", Deed::QueryRefund),
    ],
};

const WECHAT_V2: Table = Table {
    wallet: "wechat",
    way: "WX_NATIVE",
    faults: ["bad_signature", "unsigned_after"],
    refund: "v2/refund",
    calls: &[
        ("v2/unifiedorder", Deed::Create("WX_NATIVE")),
        ("v2/unifiedorder", Deed::Create("WX_H5")),
        ("v2/unifiedorder", Deed::Create("WX_JSAPI")),
        ("v2/unifiedorder", Deed::Create("WX_APP")),
        ("v2/micropay", Deed::Scan),
        ("v2/orderquery", Deed::Query),
        ("v2/closeorder", Deed::Close),
        ("v2/reverse", Deed::Reverse),
        ("v2/refund", Deed::Refund),
        ("v2/refundquery", Deed::QueryRefund),
    ],
};

/// The sandbox's other methods, and which story is about them or why none is.
const OTHERS: &[(&str, &str)] = &[
    ("alipay.open.app.alipaycert.download", "keys"),
    ("wechat.certificates", "keys"),
    ("alipay.system.oauth.token", "payers"),
    ("alipay.data.dataservice.bill.downloadurl.query", "bills"),
    ("wechat.bill", "bills"),
    ("notice.alipay", "notices::misfits"),
    ("notice.wechat", "notices::misfits"),
    ("alipay.trade.page.pay", "the payer's browser opens it"),
    ("alipay.trade.wap.pay", "the payer's browser opens it"),
    ("alipay.bill_file", "a file, which nobody signs"),
    ("wechat.bill_file", "a file, which nobody signs"),
    ("v2/downloadbill", "a file, which nobody signs"),
    ("wechat.abnormal_refund", "Till never calls it"),
    ("v2/authcodetoopenid", "Till never calls it"),
];

/// The sandbox's own list of what it answers is the list of what is tried here.
#[test]
fn no_method_is_left_out() {
    let tried = [ALIPAY, WECHAT_V3, WECHAT_V2]
        .iter()
        .flat_map(|table| table.calls.iter().map(|(method, _)| *method))
        .collect::<BTreeSet<_>>();
    let others: BTreeSet<_> = OTHERS.iter().map(|(method, _)| *method).collect();
    assert!(tried.is_disjoint(&others));
    let all: BTreeSet<_> = sandbox::FaultOrder::METHODS.iter().copied().collect();
    assert_eq!(&tried | &others, all);
}

async fn each_call_of_alipay(app: &App) {
    each_call(app, &ALIPAY).await;
}

async fn each_call_of_wechat_pay_v3(app: &App) {
    each_call(app, &WECHAT_V3).await;
}

async fn each_call_of_wechat_pay_v2(app: &App) {
    each_call(app, &WECHAT_V2).await;
}

async fn each_call(app: &App, table: &Table) {
    for (method, deed) in table.calls {
        for fault in table.faults {
            deed.disbelieved(app, table, method, fault).await;
        }
    }
}

/// No notice helps, and the next answer of the method is not the channel's.
async fn arm(app: &App, method: &str, fault: &str) {
    deafen(app).await;
    let fault = serde_json::json!({ "method": method, "fault": fault, "times": 1 });
    app.payer.break_it(fault).await;
}

/// No notice reaches Till.
async fn deafen(app: &App) {
    let fault = serde_json::json!({ "method": "notice.*", "fault": "drop" });
    app.payer.break_it(fault).await;
}

/// Whether the faults of that method have all struck.
fn has_struck(app: &App, method: &str) -> bool {
    let armed = app.sandbox.sandbox().faults().armed();
    let mut of = armed.iter().filter(|armed| armed.order.method == method);
    of.all(|armed| armed.order.times.map(u64::from) == Some(armed.fired))
}
