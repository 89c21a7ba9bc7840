//! APIv2's messages, as a stranger may send them.

use super::account::Account;
use super::fixture;
use super::notice::open;
use super::sign::SIGN;
use super::wire::{Fields, SUCCESS};
use super::xml::{LONGEST, read, write};
use aws_lc_rs::cipher::{AES_256, PaddedBlockEncryptingKey, UnboundCipherKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cashier::channel::{Notice, NoticeFact, NoticeRefusal, RawNotice, Trade};
use md5::{Digest, Md5};
use secrecy::ExposeSecret;
use std::sync::LazyLock;

static ACCOUNT: LazyLock<Account> = LazyLock::new(fixture::account);
static SEAL: LazyLock<PaddedBlockEncryptingKey> = LazyLock::new(|| {
    let key = fixture::settings().apiv2_key;
    let digits = hex::encode(Md5::digest(key.expose_secret().as_bytes()));
    let key = UnboundCipherKey::new(&AES_256, digits.as_bytes()).expect("32 bytes");
    PaddedBlockEncryptingKey::ecb_pkcs7(key).expect("a key")
});

/// A message: what is read is flat and is read again as it was; a payment's notice made
/// of its fields is believed with WeChat's signature and with no other; sealed as it is
/// in a refund's notice, it says what it says.
pub fn message(data: &[u8]) {
    let _ = opened(data);
    for root in ["xml", "root"] {
        let Ok(fields) = read(data, root) else {
            continue;
        };
        check_flat(std::str::from_utf8(data).expect("UTF-8 was read"), &fields);
        check_written(&fields);
        match root {
            "root" => refund(data, &fields),
            _ => payment(fields),
        }
    }
}

fn opened(body: &[u8]) -> Result<Notice, NoticeRefusal> {
    open(&ACCOUNT, RawNotice { headers: &[], body })
}

/// What is written is read again, unless it holds the one character that XML changes.
fn check_written(fields: &Fields) {
    let written = write(fields);
    if written.len() > LONGEST {
        return;
    }
    let again = read(written.as_bytes(), "xml");
    if fields.iter().any(|(_, value)| value.contains('\r')) {
        assert!(again.is_err());
    } else {
        assert_eq!(again.as_ref(), Ok(fields));
    }
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
    assert_eq!(
        tags,
        fields.len() + 1,
        "no field within a field, and none twice"
    );
}

fn payment(mut fields: Fields) {
    fields.set("return_code", SUCCESS);
    fields.set("req_info", "");
    fields.set(SIGN, ACCOUNT.signer.sign(&fields));
    let body = write(&fields);
    if body.len() > LONGEST || read(body.as_bytes(), "xml").is_err() {
        return;
    }
    if let Some(NoticeFact::Trade {
        flow_no,
        trade: Trade::Paid(payment),
    }) = believed(&body)
    {
        assert_eq!(fields.text("out_trade_no"), Some(flow_no.as_str()));
        assert_eq!(fields.fen("total_fee"), Ok(payment.amount));
    }
    fields.set("nonce_str", "another than was signed");
    let refused = opened(write(&fields).as_bytes());
    assert!(matches!(refused, Err(NoticeRefusal::Unverified(_))));
}

fn refund(plain: &[u8], fields: &Fields) {
    let mut sealed = plain.to_vec();
    SEAL.encrypt(&mut sealed).expect("room");
    let mut outer = Fields::default();
    outer.set("return_code", SUCCESS);
    outer.set("appid", ACCOUNT.appid.as_str());
    outer.set("mch_id", ACCOUNT.mch_id.as_str());
    outer.set("req_info", STANDARD.encode(sealed));
    let body = write(&outer);
    if body.len() > LONGEST {
        return;
    }
    match believed(&body) {
        Some(NoticeFact::Refund {
            flow_no,
            refund_no,
            refunded,
        }) => {
            assert_eq!(fields.text("out_trade_no"), Some(flow_no.as_str()));
            assert_eq!(fields.text("out_refund_no"), Some(refund_no.as_str()));
            assert_eq!(refunded, None, "nobody signed it");
        }
        Some(other) => panic!("a refund was told and not {other:?}"),
        None => {}
    }
}

/// What a notice says that is WeChat's: it may be refused, but not as somebody else's.
fn believed(body: &str) -> Option<NoticeFact> {
    match opened(body.as_bytes()) {
        Ok(notice) => Some(notice.fact),
        Err(refusal) => {
            let doubted = matches!(
                refusal,
                NoticeRefusal::Unverified(_) | NoticeRefusal::NotNow(_)
            );
            assert!(!doubted, "{refusal}");
            None
        }
    }
}
