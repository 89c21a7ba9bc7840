//! Alipay's answers, notices and bills, as a stranger may send them.

use super::account::Account;
use super::answer::{Cut, Signature, cut};
use super::bill::fuzz as bills;
use super::fixture::{self, NOW};
use super::notice::{form, open};
use super::sign::Parameters;
use crate::key::{SigningKey, VerifyingKey};
use cashier::channel::{NoticeFact, NoticeRefusal, Trade};
use cashier::money::Money;
use std::sync::LazyLock;

pub use bills::bill;

static ACCOUNT: LazyLock<Account> = LazyLock::new(fixture::account);
static ALIPAY: LazyLock<SigningKey> = LazyLock::new(fixture::alipay);
static ALIPAY_PUBLIC: LazyLock<VerifyingKey> = LazyLock::new(|| {
    VerifyingKey::read(&fixture::keys("alipay_public_key_spki_pem")).expect("the vectors' key")
});
/// Every text that the vectors' key has signed.
static SIGNED: LazyLock<Vec<String>> = LazyLock::new(|| {
    let answers = fixture::answers();
    let texts = answers
        .iter()
        .filter_map(|v| v["signed_substring"].as_str());
    texts.map(str::to_owned).collect()
});

/// An answer: `r` and a body, or `s` and a text that Alipay would sign.
pub fn answer(data: &[u8]) {
    match data.split_first() {
        Some((b'r', body)) => raw_answer(body),
        Some((b's', text)) => signed_answer(&String::from_utf8_lossy(text)),
        _ => {}
    }
}

/// The node is the body's own text, and only what Alipay once signed is Alipay's.
fn raw_answer(body: &[u8]) {
    for method in [
        "alipay.trade.precreate",
        "alipay.trade.query",
        "alipay.trade.refund",
    ] {
        let Ok(cut) = cut(body, method) else { continue };
        check_node(&cut, body);
        if cut.signature(&ALIPAY_PUBLIC) == Signature::Right {
            let plain = cut.node.replace("\\/", "/");
            assert!(SIGNED.iter().any(|text| text == cut.node || *text == plain));
        }
    }
}

fn check_node(cut: &Cut<'_>, body: &[u8]) {
    let (node, within) = (cut.node.as_bytes().as_ptr_range(), body.as_ptr_range());
    assert!(within.start <= node.start && node.end <= within.end);
    assert!(cut.node.starts_with('{') && cut.node.ends_with('}'));
}

/// What Alipay signed is cut as it stands and believed; with a blank more it is not.
fn signed_answer(text: &str) {
    let node = format!("{{\"code\" :\"10000\",\"x\":{}}}", serde_json::json!(text));
    let sign = ALIPAY.sign(node.as_bytes()).expect("a signature");
    let body = format!("{{\"m_n_response\": {node} ,\"sign\":\"{sign}\"}}");
    let genuine = cut(body.as_bytes(), "m.n").expect("it is an answer");
    check_node(&genuine, body.as_bytes());
    assert_eq!(genuine.node, node);
    assert_eq!(genuine.signature(&ALIPAY_PUBLIC), Signature::Right);
    let changed = body.replacen("{\"code\"", "{ \"code\"", 1);
    let changed = cut(changed.as_bytes(), "m.n").expect("it is an answer");
    assert_eq!(changed.signature(&ALIPAY_PUBLIC), Signature::Wrong);
}

/// A notice: opened as it came, and once more as if Alipay had signed its form.
pub fn notice(body: &[u8]) {
    if let Ok(notice) = open(&ACCOUNT, body, NOW, |_| {}) {
        assert_eq!(open(&ACCOUNT, body, NOW, |_| {}), Ok(notice));
    }
    let Ok(mut parameters) = form(body) else {
        return;
    };
    for (name, value) in [
        ("sign_type", "RSA2"),
        ("charset", "utf-8"),
        ("app_id", ACCOUNT.app_id.as_str()),
        ("seller_id", ACCOUNT.seller_id.as_str()),
    ] {
        parameters.insert(name.to_owned(), value.to_owned());
    }
    parameters.remove("sign");
    signed_notice(parameters);
}

fn signed_notice(parameters: Parameters) {
    let body = fixture::signed_form(parameters.clone());
    let opened = open(&ACCOUNT, &body, NOW, |_| {});
    if let Err(refusal) = &opened {
        assert!(
            !matches!(
                refusal,
                NoticeRefusal::Unverified(_) | NoticeRefusal::NotNow(_)
            ),
            "{refusal}"
        );
    }
    if let Ok(notice) = opened
        && let NoticeFact::Trade { flow_no, trade } = notice.fact
    {
        assert_eq!(
            parameters.get("out_trade_no").map(String::as_str),
            Some(flow_no.as_str())
        );
        if let Trade::Paid(payment) = trade {
            let said = parameters
                .get("total_amount")
                .map(|text| Money::from_yuan(text));
            assert_eq!(said, Some(Ok(payment.amount)));
        }
    }
    // One parameter more than was signed.
    let mut name = "x".to_owned();
    while parameters.contains_key(&name) {
        name.push('x');
    }
    let more = [body, format!("&{name}=1").into_bytes()].concat();
    let refused = open(&ACCOUNT, &more, NOW, |_| {});
    assert!(matches!(refused, Err(NoticeRefusal::Unverified(_))));
}
