//! WeChat Pay's notices: nothing is believed but what WeChat Pay signed just now
//! and sealed for this very merchant.

use super::letter::{Letter, unheard, written};
use super::seen::{exceptions, paid_once, strays, untouched, verdicts};
use cashier::exception::ExceptionKind;
use serde_json::json;
use till_tests::App;

till_tests::stories! {
    what_was_altered_on_the_way_is_not_believed
    a_probe_is_refused_and_says_nothing_about_the_payment
    a_key_that_nobody_knows_yet_is_an_error_so_that_the_notice_comes_again
    what_is_sealed_for_somebody_else_is_not_believed_and_a_person_sees_it
    what_makes_no_sense_is_not_believed_though_it_is_signed
    a_number_that_was_never_given_out_is_shown_to_a_person
}

const ACCOUNT: &str = "shop_wechat";
const SIGNATURE: &str = "Wechatpay-Signature";
const STAMP: [&str; 4] = [
    "Wechatpay-Timestamp",
    "Wechatpay-Nonce",
    SIGNATURE,
    "Wechatpay-Serial",
];

/// Everything that can be done to a letter by somebody without WeChat Pay's key.
fn altered(genuine: &Letter) -> Vec<(String, Letter)> {
    let text = genuine.text();
    let signed_at: i64 = genuine.header("Wechatpay-Timestamp").parse().unwrap();
    let [earlier, later] = [-600, 600].map(|seconds| (signed_at + seconds).to_string());
    let stamped = |name, value: &str| genuine.with_header(name, value);
    let twice = |name: &str| {
        let mut letter = genuine.clone();
        letter
            .headers
            .push((name.to_owned(), genuine.header(name).to_owned()));
        letter
    };
    let mut letters = vec![
        (
            "another byte of the body",
            genuine.damaged_behind(r#""ciphertext":""#),
        ),
        (
            "another event",
            genuine.replaced("TRANSACTION.SUCCESS", "TRANSACTION.SUCCESs"),
        ),
        ("a blank more", genuine.with_body(format!("{text} "))),
        (
            "a member twice",
            genuine.with_body(text.replacen('{', r#"{"id":"EV-0","#, 1)),
        ),
        ("half of it", genuine.with_body(&text[..text.len() / 2])),
        ("nothing", genuine.with_body("")),
        ("no text", genuine.with_body(b"\xff\xfe\x00{")),
        ("an old time", stamped("Wechatpay-Timestamp", &earlier)),
        ("a time to come", stamped("Wechatpay-Timestamp", &later)),
        ("no time", stamped("Wechatpay-Timestamp", "yesterday")),
        (
            "a time beyond all",
            stamped("Wechatpay-Timestamp", "99999999999999999999"),
        ),
        (
            "a negative time",
            stamped("Wechatpay-Timestamp", "-9223372036854775808"),
        ),
        (
            "another nonce",
            stamped("Wechatpay-Nonce", "0123456789abcdef"),
        ),
        (
            "a signature that is no base64",
            stamped(SIGNATURE, "!!! not base64 !!!"),
        ),
        ("a short signature", stamped(SIGNATURE, "AAAA")),
        ("an empty signature", stamped(SIGNATURE, "")),
    ]
    .into_iter()
    .map(|(what, letter)| (what.to_owned(), letter))
    .collect::<Vec<_>>();
    for name in STAMP {
        letters.push((format!("without {name}"), genuine.without_header(name)));
        letters.push((format!("{name} twice"), twice(name)));
    }
    letters
}

async fn what_was_altered_on_the_way_is_not_believed(app: &App) {
    let (order, _, genuine) = unheard(app, "WX_NATIVE").await;
    for (what, letter) in altered(&genuine) {
        refused(app, &letter, 401, "unverified", &what).await;
        untouched(app, &order, &what).await;
    }
    assert_eq!(genuine.send(app, "shop_alipay").await.text, "fail");
    assert_eq!(genuine.send(app, ACCOUNT).await.status, 200);
    paid_once(app, &order).await;
    assert!(exceptions(app, &order).await.is_empty());
}

/// Shows F32.
async fn a_probe_is_refused_and_says_nothing_about_the_payment(app: &App) {
    let (order, number, genuine) = unheard(app, "WX_NATIVE").await;
    let probe = written(app, &number, "signtest", json!({})).await;
    assert!(probe.header(SIGNATURE).starts_with("WECHATPAY/SIGNTEST/"));
    for _ in 0..3 {
        refused(app, &probe, 401, "unverified", "a probe").await;
    }
    untouched(app, &order, "a probe").await;
    assert_eq!(strays(app, ExceptionKind::IdentityMismatch).await, 0);
    assert_eq!(genuine.send(app, ACCOUNT).await.status, 200);
    paid_once(app, &order).await;
}

/// Shows F33.
async fn a_key_that_nobody_knows_yet_is_an_error_so_that_the_notice_comes_again(app: &App) {
    let (order, _, genuine) = unheard(app, "WX_NATIVE").await;
    for serial in [
        "PUB_KEY_ID_0000000000000000000000000000",
        "5157F09EFDC096DE15EBE81A47057A72",
    ] {
        let letter = genuine.with_header("Wechatpay-Serial", serial);
        refused(app, &letter, 500, "not_now", serial).await;
    }
    untouched(app, &order, "an unknown key").await;
    assert_eq!(genuine.send(app, ACCOUNT).await.status, 200);
    paid_once(app, &order).await;
}

/// Shows F26.
async fn what_is_sealed_for_somebody_else_is_not_believed_and_a_person_sees_it(app: &App) {
    let (order, number, genuine) = unheard(app, "WX_NATIVE").await;
    for overrides in [
        json!({ "mchid": "1900000002" }),
        json!({ "appid": "wx0000000000000002" }),
    ] {
        let what = overrides.to_string();
        let letter = written(app, &number, "paid", overrides).await;
        refused(app, &letter, 401, "identity", &what).await;
        untouched(app, &order, &what).await;
    }
    assert_eq!(strays(app, ExceptionKind::IdentityMismatch).await, 1);
    assert_eq!(genuine.send(app, ACCOUNT).await.status, 200);
    paid_once(app, &order).await;
}

/// Shows F39.
async fn what_makes_no_sense_is_not_believed_though_it_is_signed(app: &App) {
    let (order, number, genuine) = unheard(app, "WX_NATIVE").await;
    for overrides in [
        json!({ "trade_state": "SUCCEEDED" }),
        json!({ "amount.currency": "USD" }),
        json!({ "amount.total": "-8800" }),
        json!({ "amount.total": "88.00" }),
        json!({ "amount": "8800" }),
        json!({ "success_time": "yesterday" }),
    ] {
        let what = overrides.to_string();
        let letter = written(app, &number, "paid", overrides).await;
        refused(app, &letter, 401, "unreadable", &what).await;
        untouched(app, &order, &what).await;
    }
    assert_eq!(genuine.send(app, ACCOUNT).await.status, 200);
    paid_once(app, &order).await;
}

/// Shows F21.
async fn a_number_that_was_never_given_out_is_shown_to_a_person(app: &App) {
    let (order, number, genuine) = unheard(app, "WX_NATIVE").await;
    let overrides = json!({ "out_trade_no": "01JNEVERGIVENOUT00000000001" });
    let letter = written(app, &number, "paid", overrides).await;
    for _ in 0..3 {
        assert_eq!(letter.send(app, ACCOUNT).await.status, 200);
    }
    assert_eq!(strays(app, ExceptionKind::UnknownTrade).await, 1);
    untouched(app, &order, "another order's money").await;
    assert_eq!(genuine.send(app, ACCOUNT).await.status, 200);
    paid_once(app, &order).await;
}

/// Sends it, and checks that it is refused with that status, for that reason.
async fn refused(app: &App, letter: &Letter, status: u16, verdict: &str, what: &str) {
    let before = verdicts(ACCOUNT, verdict);
    let answer = letter.send(app, ACCOUNT).await;
    assert_eq!(answer.status, status, "{what}: {}", answer.text);
    assert!(
        verdicts(ACCOUNT, verdict) > before,
        "{what} is not {verdict}"
    );
}
