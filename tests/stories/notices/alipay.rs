//! Alipay's notices: nothing is believed but what Alipay signed, for this very
//! application and seller, in the form that the documents name.

use super::letter::{Letter, unheard, written};
use super::seen::{evidence, exceptions, paid_once, strays, untouched, verdicts};
use cashier::exception::ExceptionKind;
use serde_json::json;
use till_tests::App;

till_tests::stories! {
    what_was_altered_on_the_way_is_not_believed
    what_is_signed_in_another_form_is_not_believed
    what_is_signed_for_somebody_else_is_not_believed_and_a_person_sees_it
    a_number_that_was_never_given_out_is_shown_to_a_person
    what_another_account_may_believe_is_not_believed_here
    a_letter_without_end_is_not_read
}

const ACCOUNT: &str = "shop_alipay";

/// Everything that can be done to a letter by somebody without Alipay's key.
fn altered(genuine: &Letter) -> Vec<(&'static str, Letter)> {
    let text = genuine.text();
    let with_more = |more: &str| genuine.with_body(format!("{text}&{more}"));
    vec![
        (
            "another amount",
            genuine.replaced("total_amount=88.00", "total_amount=88.01"),
        ),
        ("another number", genuine.damaged_behind("&out_trade_no=")),
        ("another signature", genuine.damaged_behind("&sign=")),
        (
            "a signature that is no base64",
            genuine.replaced("&sign=", "&sign=%21%21%25%00"),
        ),
        ("no signature", genuine.replaced("&sign=", "&no_sign=")),
        (
            "an empty signature",
            genuine.replaced("&sign=", "&sign=&no_sign="),
        ),
        (
            "a weaker signature",
            genuine.replaced("sign_type=RSA2", "sign_type=RSA"),
        ),
        ("no sign_type", genuine.replaced("&sign_type=RSA2", "")),
        (
            "another charset",
            genuine.replaced("charset=utf-8", "charset=gbk"),
        ),
        (
            "no charset",
            genuine.replaced("charset=utf-8", "no_charset=utf-8"),
        ),
        // 龙井茶, written as GBK writes it.
        (
            "GBK",
            genuine.replaced("%E9%BE%99%E4%BA%95%E8%8C%B6", "%C1%FA%BE%AE%B2%E8"),
        ),
        ("the same amount twice", with_more("total_amount=88.00")),
        ("two amounts", with_more("total_amount=0.01")),
        ("two states, the false one first", {
            genuine.with_body(format!("trade_status=TRADE_CLOSED&{text}"))
        }),
        ("the signature twice", with_more("sign=AAAA")),
        ("something unsigned", with_more("refund_fee=88.00")),
        ("something that is no text", with_more("subject_2=%FF%FE")),
        ("nothing", genuine.with_body("")),
        (
            "no form",
            genuine.with_body(br#"{"trade_status":"TRADE_SUCCESS"}"#),
        ),
        (
            "no text",
            genuine.with_body(b"\xff\xfe\x00sign=\x80&total_amount=88.00"),
        ),
        ("half of it", genuine.with_body(&text[..text.len() / 2])),
    ]
}

/// Shows F22.
async fn what_was_altered_on_the_way_is_not_believed(app: &App) {
    let (order, _, genuine) = unheard(app, "ALI_QR").await;
    let kept = evidence(app).await;
    for (what, letter) in altered(&genuine) {
        refused(app, &letter, "unverified", what).await;
        untouched(app, &order, what).await;
    }
    // Nor is a number that was never given out written down, while nobody signed it.
    assert_eq!(evidence(app).await, kept);
    assert_eq!(strays(app, ExceptionKind::UnknownTrade).await, 0);
    assert_eq!(genuine.send(app, ACCOUNT).await.text, "success");
    paid_once(app, &order).await;
    assert!(exceptions(app, &order).await.is_empty());
}

/// Shows F39, F60.
async fn what_is_signed_in_another_form_is_not_believed(app: &App) {
    let (order, number, genuine) = unheard(app, "ALI_PC").await;
    for (overrides, verdict) in [
        (json!({ "charset": "gbk" }), "unverified"),
        (json!({ "charset": "" }), "unverified"),
        (json!({ "sign_type": "RSA" }), "unverified"),
        (json!({ "sign_type": "" }), "unverified"),
        (json!({ "total_amount": "" }), "unreadable"),
        (json!({ "total_amount": "88.001" }), "unreadable"),
        (json!({ "total_amount": "-88.00" }), "unreadable"),
        (json!({ "total_amount": "8.8e1" }), "unreadable"),
        (json!({ "trade_no": "" }), "unreadable"),
        (json!({ "trade_status": "TRADE_SUCCEEDED" }), "unreadable"),
    ] {
        let what = overrides.to_string();
        let letter = written(app, &number, "paid", overrides).await;
        let before = strays(app, ExceptionKind::NoticeUnprocessable).await;
        // However often it comes, a person sees it once.
        for _ in 0..3 {
            refused(app, &letter, verdict, &what).await;
            let now = strays(app, ExceptionKind::NoticeUnprocessable).await;
            assert_eq!(now - before, i64::from(verdict == "unreadable"), "{what}");
        }
        untouched(app, &order, &what).await;
    }
    let kept = evidence(app).await;
    assert_eq!(kept, strays(app, ExceptionKind::NoticeUnprocessable).await);
    assert_eq!(genuine.send(app, ACCOUNT).await.text, "success");
    paid_once(app, &order).await;
}

/// Shows F26.
async fn what_is_signed_for_somebody_else_is_not_believed_and_a_person_sees_it(app: &App) {
    let (order, number, genuine) = unheard(app, "ALI_QR").await;
    for overrides in [
        json!({ "app_id": "2021000000000002" }),
        json!({ "app_id": "" }),
        json!({ "auth_app_id": "2021000000000002" }),
        json!({ "seller_id": "2088000000000002" }),
        json!({ "seller_id": "" }),
    ] {
        let what = overrides.to_string();
        let letter = written(app, &number, "paid", overrides).await;
        refused(app, &letter, "identity", &what).await;
        untouched(app, &order, &what).await;
    }
    // They are all about the same number: one line for a person, not five.
    assert_eq!(strays(app, ExceptionKind::IdentityMismatch).await, 1);
    assert_eq!(genuine.send(app, ACCOUNT).await.text, "success");
    paid_once(app, &order).await;
}

/// Shows F21.
async fn a_number_that_was_never_given_out_is_shown_to_a_person(app: &App) {
    let (order, number, genuine) = unheard(app, "ALI_QR").await;
    let overrides = json!({ "out_trade_no": "01JNEVERGIVENOUT00000000001" });
    let letter = written(app, &number, "paid", overrides).await;
    for _ in 0..3 {
        assert_eq!(letter.send(app, ACCOUNT).await.text, "success");
    }
    assert_eq!(strays(app, ExceptionKind::UnknownTrade).await, 1);
    untouched(app, &order, "another order's money").await;
    assert_eq!(genuine.send(app, ACCOUNT).await.text, "success");
    paid_once(app, &order).await;
}

/// Shows F40.
async fn what_another_account_may_believe_is_not_believed_here(app: &App) {
    let (order, _, genuine) = unheard(app, "ALI_QR").await;
    let unverified = verdicts("other_alipay", "unverified");
    assert_eq!(genuine.send(app, "other_alipay").await.text, "fail");
    assert!(verdicts("other_alipay", "unverified") > unverified);
    let answer = genuine.send(app, "shop_wechat").await;
    assert_eq!(answer.status, 401, "{}", answer.text);
    genuine.send(app, "shop").await.problem(404, "not_found");
    untouched(app, &order, "sent to others").await;
    assert_eq!(genuine.send(app, ACCOUNT).await.text, "success");
    paid_once(app, &order).await;
}

async fn a_letter_without_end_is_not_read(app: &App) {
    let (order, _, genuine) = unheard(app, "ALI_QR").await;
    let endless = format!("{}&more={}", genuine.text(), "x".repeat(300 * 1024));
    for account in [ACCOUNT, "shop_wechat"] {
        let answer = genuine.with_body(endless.clone()).send(app, account).await;
        answer.problem(413, "invalid_request");
    }
    untouched(app, &order, "too large").await;
    assert_eq!(genuine.send(app, ACCOUNT).await.text, "success");
    paid_once(app, &order).await;
}

/// Sends it, and checks that it is refused as Alipay understands it, for that
/// reason.
async fn refused(app: &App, letter: &Letter, verdict: &str, what: &str) {
    let before = verdicts(ACCOUNT, verdict);
    let answer = letter.send(app, ACCOUNT).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (200, "fail"),
        "{what}"
    );
    assert!(
        verdicts(ACCOUNT, verdict) > before,
        "{what} is not {verdict}"
    );
}
