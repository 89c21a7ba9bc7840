//! Notices: what they carry, how they are signed, when they are sent again.

use std::time::Duration;

use sandbox::{ALIPAY_SCHEDULE, Settings};
use serde_json::{Value, json};

use crate::merchant::{APP_ID, Merchant, Params, SELLER_ID, act, joined, order};

/// Signed by Alipay under the V1 rule, and not under V2.
fn is_v1(merchant: &Merchant, params: &Params) -> bool {
    let sign = &params["sign"];
    merchant.is_alipays(&joined(params, &["sign", "sign_type"]), sign)
        && !merchant.is_alipays(&joined(params, &["sign"]), sign)
}

async fn delivered(merchant: &Merchant, count: usize) -> Vec<Value> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let (_, log) = merchant.control("GET", "notices", Value::Null).await;
        let log = log["notices"].as_array().unwrap().clone();
        if log.len() >= count {
            return log;
        }
        assert!(tokio::time::Instant::now() < deadline, "{log:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_payment_is_told_with_the_documents_parameters_signed_by_v1() {
    let merchant = Merchant::start().await;
    let mut biz = order("A1");
    biz["passback_params"] = json!("merchantBizType%3d3C%26no%3d1");
    let node = merchant.call("alipay.trade.precreate", biz).await;
    merchant.open(node["qr_code"].clone()).await;
    merchant
        .control("POST", &act("A1", "pay"), Value::Null)
        .await;
    let notice = merchant.notices.wait(1).await.remove(0);
    assert!(
        notice
            .content_type
            .starts_with("application/x-www-form-urlencoded")
    );
    let params = notice.params;
    assert!(is_v1(&merchant, &params));
    for (name, value) in [
        ("notify_type", "trade_status_sync"),
        ("app_id", APP_ID),
        ("auth_app_id", APP_ID),
        ("seller_id", SELLER_ID),
        ("out_trade_no", "A1"),
        ("trade_status", "TRADE_SUCCESS"),
        ("total_amount", "88.88"),
        ("receipt_amount", "88.88"),
        ("point_amount", "0.00"),
        ("subject", "测试商品 A+B 100%"),
        ("passback_params", "merchantBizType%3d3C%26no%3d1"),
        (
            "fund_bill_list",
            r#"[{"amount":"88.88","fundChannel":"ALIPAYACCOUNT"}]"#,
        ),
        ("charset", "utf-8"),
        ("version", "1.0"),
        ("sign_type", "RSA2"),
    ] {
        assert_eq!(params[name], value, "{name}");
    }
    assert_eq!(params["notify_id"].len(), 34);
    assert!(params.values().all(|value| !value.is_empty()));
    assert!(!params.contains_key("gmt_refund") && !params.contains_key("refund_fee"));
}

#[tokio::test]
async fn a_part_refund_looks_like_success_and_a_whole_one_like_closed() {
    let merchant = Merchant::start().await;
    merchant.paid("A1").await;
    merchant.notices.wait(1).await;
    for (number, amount, count) in [("R1", "30.00", 2), ("R2", "58.88", 3)] {
        let biz =
            json!({ "out_trade_no": "A1", "refund_amount": amount, "out_request_no": number });
        merchant.call("alipay.trade.refund", biz).await;
        merchant.notices.wait(count).await;
    }
    let notices = merchant.notices.wait(3).await;
    let (part, whole) = (&notices[1].params, &notices[2].params);
    assert!(is_v1(&merchant, part) && is_v1(&merchant, whole));
    assert_eq!(
        (part["trade_status"].as_str(), part["refund_fee"].as_str()),
        ("TRADE_SUCCESS", "30.00")
    );
    assert_eq!(
        (part["out_biz_no"].as_str(), part["gmt_refund"].len()),
        ("R1", 23)
    );
    assert_eq!(part["gmt_payment"], notices[0].params["gmt_payment"]);
    assert!(!part.contains_key("gmt_close"));
    assert_eq!(
        (whole["trade_status"].as_str(), whole["refund_fee"].as_str()),
        ("TRADE_CLOSED", "88.88")
    );
    assert!(whole.contains_key("gmt_close") && whole.contains_key("gmt_payment"));
}

#[tokio::test]
async fn only_the_exact_seven_characters_end_the_resending() {
    let waits = vec![Duration::from_secs(3600); 8];
    let settings = Settings {
        alipay_schedule: waits,
        ..Settings::default()
    };
    let merchant = Merchant::with(settings).await;
    let wrong = [
        (200, "SUCCESS"),
        (200, "success\n"),
        (200, "\"success\""),
        (500, "success"),
        (302, "success"),
        (200, "fail"),
    ];
    merchant.notices.answer(&wrong);
    merchant.paid("A1").await;
    for sent in 1..=wrong.len() {
        merchant.notices.wait(sent).await;
        let log = delivered(&merchant, sent).await;
        assert!(
            log.iter().all(|delivery| delivery["received"] == false),
            "{log:?}"
        );
        merchant.advance(3600).await;
    }
    let notices = merchant.notices.wait(wrong.len() + 1).await;
    let log = delivered(&merchant, wrong.len() + 1).await;
    assert_eq!(log.last().unwrap()["received"], true);
    assert_eq!(log.last().unwrap()["body"], notices.last().unwrap().body);
    merchant.advance(100 * 3600).await;
    merchant.paid("A2").await;
    merchant.notices.wait(wrong.len() + 2).await;
    let (first, last) = (&notices[0].params, &notices[wrong.len()].params);
    assert_eq!(first["notify_id"], last["notify_id"]);
    assert_ne!(first["notify_time"], last["notify_time"]);
    assert!(
        notices
            .iter()
            .all(|notice| is_v1(&merchant, &notice.params))
    );
    let of_a1 = delivered(&merchant, wrong.len() + 2).await;
    let of_a1 = of_a1
        .iter()
        .filter(|delivery| delivery["out_trade_no"] == "A1")
        .count();
    assert_eq!(of_a1, wrong.len() + 1);
}

#[tokio::test]
async fn without_an_answer_a_notice_comes_eight_times_on_the_official_schedule_and_then_never() {
    let merchant = Merchant::start().await;
    merchant.notices.answer(&[(200, "fail"); 20]);
    merchant.paid("A1").await;
    for (sent, wait) in ALIPAY_SCHEDULE.iter().enumerate() {
        delivered(&merchant, sent + 1).await;
        merchant
            .advance(u32::try_from(wait.as_secs()).unwrap())
            .await;
    }
    delivered(&merchant, 8).await;
    merchant.advance(7 * 86_400).await;
    merchant.notices.answer(&[]);
    merchant.paid("A2").await;
    let log = delivered(&merchant, 9).await;
    let of_a1 = log
        .iter()
        .filter(|delivery| delivery["out_trade_no"] == "A1")
        .count();
    assert_eq!(of_a1, 8);
}

#[tokio::test]
async fn a_faster_sandbox_resends_sooner() {
    let settings = Settings {
        time_factor: 10_000,
        alipay_schedule: vec![Duration::from_secs(1000)],
        ..Settings::default()
    };
    let merchant = Merchant::with(settings).await;
    merchant.notices.answer(&[(200, "fail")]);
    merchant.paid("A1").await;
    merchant.notices.wait(2).await;
}

#[tokio::test]
async fn an_order_without_an_address_is_told_to_nobody() {
    let merchant = Merchant::start().await;
    let mut params = merchant.unsigned("alipay.trade.precreate", &order("A1"));
    params.remove("notify_url");
    let body = merchant.post(&merchant.signed(params)).await;
    let node = merchant.verified("alipay.trade.precreate", &body);
    merchant.open(node["qr_code"].clone()).await;
    assert_eq!(
        merchant
            .control("POST", &act("A1", "pay"), Value::Null)
            .await
            .0,
        200
    );
    let (status, refusal) = merchant
        .control("POST", &act("A1", "notify"), Value::Null)
        .await;
    assert_eq!(
        (status, refusal["code"].as_str()),
        (409, Some("notice_impossible"))
    );
    assert_eq!(merchant.notices.count(), 0);
}

#[tokio::test]
async fn any_notice_can_be_sent_again_or_made_to_say_something_else() {
    let merchant = Merchant::start().await;
    merchant.paid("A1").await;
    merchant.notices.wait(1).await;
    let asked =
        json!({ "kind": "finished", "overrides": { "buyer_logon_id": "x***@y.z", "body": "" } });
    assert_eq!(
        merchant
            .control("POST", &act("A1", "notify"), asked)
            .await
            .0,
        202
    );
    let finished = merchant.notices.wait(2).await.remove(1).params;
    assert!(is_v1(&merchant, &finished));
    assert_eq!(finished["trade_status"], "TRADE_FINISHED");
    assert_eq!(finished["buyer_logon_id"], "x***@y.z");
    for (kind, detail) in [("refund", "no refund"), ("signtest", "SIGNTEST")] {
        let (status, refusal) = merchant
            .control("POST", &act("A1", "notify"), json!({ "kind": kind }))
            .await;
        assert_eq!(status, 409);
        assert!(
            refusal["detail"].as_str().unwrap().contains(detail),
            "{refusal}"
        );
    }
}

#[tokio::test]
async fn an_unpaid_trade_can_be_told_closed_but_not_paid() {
    let merchant = Merchant::start().await;
    merchant.scanned("A1").await;
    assert_eq!(
        merchant
            .control("POST", &act("A1", "notify"), json!({}))
            .await
            .0,
        409
    );
    merchant.close("A1").await;
    let told = merchant
        .control("POST", &act("A1", "notify"), json!({ "kind": "closed" }))
        .await;
    assert_eq!(told.0, 202);
    let closed = merchant.notices.wait(1).await.remove(0).params;
    assert_eq!(
        (
            closed["trade_status"].as_str(),
            closed["refund_fee"].as_str()
        ),
        ("TRADE_CLOSED", "0.00")
    );
    assert!(closed.contains_key("gmt_close") && !closed.contains_key("gmt_payment"));
}

#[tokio::test]
async fn notices_lie_on_demand_under_a_true_signature() {
    let merchant = Merchant::start().await;
    merchant.paid("A1").await;
    let honest = merchant.notices.wait(1).await.remove(0).params;
    let lies = [
        ("wrong_amount", "total_amount", "88.89"),
        ("wrong_app_id", "app_id", "2021999999999999"),
        ("wrong_seller", "seller_id", "2088999999999999"),
        ("wrong_out_trade_no", "out_trade_no", "A1X"),
    ];
    for (sent, (fault, name, value)) in lies.into_iter().enumerate() {
        assert_ne!(honest[name], value);
        merchant
            .fault(json!({ "method": "notice.alipay", "fault": fault, "times": 1 }))
            .await;
        merchant
            .control("POST", &act("A1", "notify"), json!({}))
            .await;
        let lie = merchant
            .notices
            .wait(sent + 2)
            .await
            .remove(sent + 1)
            .params;
        assert_eq!(lie[name], value);
        assert!(is_v1(&merchant, &lie), "{fault}");
    }
}

#[tokio::test]
async fn notices_are_badly_signed_on_demand() {
    let merchant = Merchant::start().await;
    merchant.paid("A1").await;
    merchant.notices.wait(1).await;
    for (sent, fault) in ["bad_signature", "v2_signed", "sign_type_removed"]
        .into_iter()
        .enumerate()
    {
        merchant
            .fault(json!({ "method": "notice.*", "fault": fault, "times": 1 }))
            .await;
        merchant
            .control("POST", &act("A1", "notify"), json!({}))
            .await;
        let params = merchant
            .notices
            .wait(sent + 2)
            .await
            .remove(sent + 1)
            .params;
        let v1 = merchant.is_alipays(&joined(&params, &["sign", "sign_type"]), &params["sign"]);
        let v2 = merchant.is_alipays(&joined(&params, &["sign"]), &params["sign"]);
        let expected = match fault {
            "bad_signature" => (false, false, true),
            "v2_signed" => (false, true, true),
            _ => (true, true, false),
        };
        assert_eq!(
            (v1, v2, params.contains_key("sign_type")),
            expected,
            "{fault}"
        );
    }
}

#[tokio::test]
async fn notices_are_dropped_doubled_and_reordered_on_demand() {
    let merchant = Merchant::start().await;
    merchant
        .fault(
            json!({ "method": "notice.alipay", "fault": "drop", "times": 1, "out_trade_no": "A1" }),
        )
        .await;
    merchant.paid("A1").await;
    let dropped = delivered(&merchant, 1).await.remove(0);
    assert_eq!(
        (dropped["fault"].as_str(), dropped["status"].as_u64()),
        (Some("drop"), None)
    );
    assert_eq!(merchant.notices.count(), 0);
    merchant.advance(240).await;
    assert_eq!(
        merchant.notices.wait(1).await[0].params["out_trade_no"],
        "A1"
    );

    merchant.fault(json!({ "method": "notice.alipay", "fault": "duplicate", "times": 1, "out_trade_no": "A2" })).await;
    merchant.paid("A2").await;
    let twice = merchant.notices.wait(3).await;
    assert_eq!(twice[1].body, twice[2].body);

    merchant.fault(json!({ "method": "notice.alipay", "fault": "reorder", "times": 1, "out_trade_no": "A3", "delay_ms": 15000 })).await;
    merchant.paid("A3").await;
    merchant.paid("A4").await;
    let order: Vec<_> = merchant
        .notices
        .wait(5)
        .await
        .into_iter()
        .skip(3)
        .map(|notice| notice.params["out_trade_no"].clone())
        .collect();
    assert_eq!(order, ["A4", "A3"]);
}
