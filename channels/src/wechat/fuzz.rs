//! APIv3's notices, and the bills of both versions, as a stranger may send them.

use super::account::Account;
use super::bill::{Owner, open as open_bill};
use super::fixture::{self, SIGNED_AT};
use super::notice::open;
use crate::fuzz::{check_rows, fen, file, yuan};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use cashier::channel::{Notice, NoticeFact, NoticeRefusal, RawNotice};
use serde_json::Value;
use std::sync::LazyLock;

static ACCOUNT: LazyLock<Account> = LazyLock::new(fixture::account);
/// Every body that the vectors' keys have signed.
static SIGNED: LazyLock<Vec<String>> = LazyLock::new(|| {
    let (answers, notices) = ("21_v3_response_verify.json", "23_v3_notify.json");
    let lists = [(answers, "positive"), (notices, "notifications")];
    let bodies = lists.map(|(file, list)| fixture::read(file)[list].take());
    let bodies = bodies.iter().filter_map(Value::as_array).flatten();
    let bodies = bodies.filter_map(|case| case["body"].as_str());
    bodies.map(str::to_owned).collect()
});

/// A notice: `p` and a plain text of a payment, `r` of a refund, `b` a whole body that
/// WeChat signed, `h` headers and a body as they came.
pub fn notice(data: &[u8]) {
    match data.split_first() {
        Some((b'p', plain)) => sealed("TRANSACTION.SUCCESS", plain),
        Some((b'r', plain)) => sealed("REFUND.SUCCESS", plain),
        Some((b'b', body)) => signed(body),
        Some((b'h', text)) => stranger(text),
        _ => {}
    }
}

fn opened(headers: &[(String, String)], body: &[u8]) -> Result<Notice, NoticeRefusal> {
    open(&ACCOUNT, RawNotice { headers, body }, SIGNED_AT)
}

/// What is told is what was sealed; with another seal nothing is.
fn sealed(event: &str, plain: &[u8]) {
    let Ok(plain) = std::str::from_utf8(plain) else {
        return;
    };
    let body = fixture::notification(event, plain);
    let notice = opened(&fixture::signed(&body), &body);
    let Ok(notice) = believed(notice) else { return };
    let said: Value = serde_json::from_str(plain).expect("what was understood is JSON");
    let flow_no = match &notice.fact {
        NoticeFact::Trade { flow_no, .. } => flow_no,
        NoticeFact::Refund {
            flow_no, refund_no, ..
        } => {
            assert_eq!(said["out_refund_no"], refund_no.as_str());
            flow_no
        }
        NoticeFact::Other { .. } => return,
    };
    assert_eq!(said["out_trade_no"], flow_no.as_str());
    broken(&body);
}

/// The same notice with one character of its seal changed, signed anew.
fn broken(body: &[u8]) {
    let mut notice: Value = serde_json::from_slice(body).expect("a notification");
    let seal = notice["resource"]["ciphertext"].as_str().expect("a text");
    let other = if seal.starts_with('A') { "B" } else { "A" };
    notice["resource"]["ciphertext"] = format!("{other}{}", seal.split_at(1).1).into();
    let body = notice.to_string().into_bytes();
    let refused = opened(&fixture::signed(&body), &body);
    assert!(matches!(refused, Err(NoticeRefusal::Unreadable { .. })));
}

fn signed(body: &[u8]) {
    let headers = fixture::signed(body);
    let _ = believed(opened(&headers, body));
    let more = [body, b" "].concat();
    assert!(matches!(
        opened(&headers, &more),
        Err(NoticeRefusal::Unverified(_))
    ));
}

/// What WeChat signed is not refused for its signature.
fn believed(opened: Result<Notice, NoticeRefusal>) -> Result<Notice, NoticeRefusal> {
    if let Err(refusal) = &opened {
        let doubted = matches!(
            refusal,
            NoticeRefusal::Unverified(_) | NoticeRefusal::NotNow(_)
        );
        assert!(!doubted, "{refusal}");
    }
    opened
}

/// Lines `name: value`, an empty one, a body: only what WeChat once signed is WeChat's.
fn stranger(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let pairs = head.lines().filter_map(|line| line.split_once(": "));
    let headers: Vec<_> = pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let opened = opened(&headers, body.as_bytes());
    let doubted = matches!(
        opened,
        Err(NoticeRefusal::Unverified(_) | NoticeRefusal::NotNow(_))
    );
    assert!(doubted || SIGNED.iter().any(|signed| signed == body));
}

/// A bill, or rows that want one around them.
pub fn bill(data: &[u8]) {
    match data.first() {
        Some(b'`') => whole(around(&String::from_utf8_lossy(data)).as_bytes()),
        _ => whole(data),
    }
}

/// With names and sums around them, rows are refused for themselves alone.
fn around(rows: &str) -> String {
    let rows = rows.trim_end_matches('\n');
    let mut sums = [0; 5];
    for row in rows.lines() {
        let cells: Vec<&str> = row.split(",`").collect();
        // The merchant's own texts, which may be in many cells, stand before the last two.
        let ends = [3, 2].map(|from_end| cells.len().checked_sub(from_end));
        let places = [Some(12), Some(16), Some(17), ends[0], ends[1]];
        for (sum, place) in sums.iter_mut().zip(places) {
            let cell = place.and_then(|place| cells.get(place));
            *sum += cell.map_or(0, |cell| fen(cell.trim_end_matches('\r')));
        }
    }
    let [settled, refunded, voucher, ordered, asked] = sums.map(yuan);
    let count = rows.lines().count();
    format!(
        "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,\
         交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,\
         充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,\
         费率备注\n{rows}\n总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,\
         订单总金额,申请退款总金额\n`{count},`{settled},`{refunded},`{voucher},`0,`{ordered},\
         `{asked}\n"
    )
}

/// It is refused whole, or all its rows are there, and only under its own hash.
fn whole(data: &[u8]) {
    let owner = Owner {
        merchant: "1900009191".to_owned(),
        sub_merchant: None,
    };
    let file = file(data);
    let Ok(bill) = open_bill(&file, &owner, None) else {
        return;
    };
    let rows = check_rows(bill);
    let again = open_bill(&file, &owner, None).expect("it was whole before");
    assert_eq!(check_rows(again), rows);
    let foreign = hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, b"another text"));
    assert!(open_bill(&file, &owner, Some(&foreign)).is_err());
    if !data.starts_with(&[0x1f, 0x8b]) {
        let own = hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, data));
        assert!(open_bill(&file, &owner, Some(&own)).is_ok());
    }
}
