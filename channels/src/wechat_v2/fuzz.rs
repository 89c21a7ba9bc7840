//! APIv2's messages, as a stranger may send them.

use super::account::Account;
use super::fixture;
use super::notice::open;
use super::sign::SIGN;
use super::wire::{Fields, SUCCESS};
use super::xml::{LONGEST, read, write};
use cashier::channel::{Notice, NoticeFact, NoticeRefusal, RawNotice, Trade};
use std::sync::LazyLock;

static ACCOUNT: LazyLock<Account> = LazyLock::new(fixture::account);

/// A message: what is read is flat and is read again as it was; a notice made of its
/// fields is believed with WeChat's signature and with no other.
pub fn message(data: &[u8]) {
    let _ = opened(data);
    for root in ["xml", "root"] {
        let Ok(fields) = read(data, root) else { continue };
        check_flat(std::str::from_utf8(data).expect("UTF-8 was read"), &fields);
        let written = write(&fields);
        if written.len() <= LONGEST {
            assert_eq!(read(written.as_bytes(), "xml"), Ok(fields.clone()));
        }
        notice(fields);
    }
}

fn opened(body: &[u8]) -> Result<Notice, NoticeRefusal> {
    open(&ACCOUNT, RawNotice { headers: &[], body })
}

/// Outside of its CDATA sections there is one tag for the root and one for each
/// field, and nothing else that begins with `<` but a declaration.
fn check_flat(text: &str, fields: &Fields) {
    let mut outside = String::new();
    let mut rest = text;
    while let Some((before, data)) = rest.split_once("<![CDATA[") {
        outside.push_str(before);
        rest = data.split_once("]]>").expect("each section ends").1;
    }
    outside.push_str(rest);
    assert!(!outside.contains("<!"));
    let declarations = outside.matches("<?").count();
    assert!(declarations <= 1);
    let tags = outside.matches('<').count() - outside.matches("</").count() - declarations;
    assert_eq!(tags, fields.len() + 1, "no field within a field, and none twice");
}

fn notice(mut fields: Fields) {
    fields.set("return_code", SUCCESS);
    fields.set("req_info", "");
    fields.set(SIGN, ACCOUNT.signer.sign(&fields));
    let body = write(&fields);
    if body.len() > LONGEST || read(body.as_bytes(), "xml").is_err() {
        return;
    }
    let notice = opened(body.as_bytes());
    let doubted = matches!(notice, Err(NoticeRefusal::Unverified(_) | NoticeRefusal::NotNow(_)));
    assert!(!doubted, "{notice:?}");
    if let Ok(Notice { fact: NoticeFact::Trade { flow_no, trade: Trade::Paid(payment) }, .. }) = notice {
        assert_eq!(fields.text("out_trade_no"), Some(flow_no.as_str()));
        assert_eq!(fields.fen("total_fee"), Ok(payment.amount));
    }
    fields.set("nonce_str", "another than was signed");
    let refused = opened(write(&fields).as_bytes());
    assert!(matches!(refused, Err(NoticeRefusal::Unverified(_))));
}
