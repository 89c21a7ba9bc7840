//! Exceptions, as operators work on them.

use cashier::exception::{Exception, ExceptionKind};
use cashier::id::{AccountId, ExceptionId};
use cashier::time::{Span, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use till_tests::App;

till_tests::stories! {
    each_key_opens_its_own_door_only
    exceptions_are_listed_newest_first_in_pages
    exceptions_are_searched
    an_exception_is_noted_and_resolved_once
    the_same_command_under_the_same_key_is_done_once
    a_command_is_checked_before_anything_is_written
    a_refund_that_succeeds_ends_its_exception
}

const LIST: &str = "/ops/v1/exceptions";

/// Records an exception without an order, so many minutes after 1970.
async fn stray(app: &App, nth: u32, kind: ExceptionKind, account: &str) -> String {
    let id = format!("exc_stray{nth}");
    let stray = Exception {
        id: ExceptionId::new(&*id),
        order: None,
        account: Some(AccountId::new(account)),
        kind,
        subject: format!("{account}/T{nth}"),
        amount: None,
        detail: "谁的？".to_owned(),
        opened_at: Timestamp::from_millis(0).plus(Span::minutes(nth)),
    };
    let store = &app.gateway.shared.store;
    store.record_stray(None, stray).await.unwrap();
    id
}

fn ids(page: &Value) -> Vec<&str> {
    let data = page["data"].as_array().unwrap().iter();
    data.map(|one| one["id"].as_str().unwrap()).collect()
}

async fn each_key_opens_its_own_door_only(app: &App) {
    let id = stray(app, 1, ExceptionKind::UnknownTrade, "shop_alipay").await;
    let one = format!("{LIST}/{id}");
    for path in [LIST, one.as_str()] {
        app.merchant.get(path).await.problem(401, "unauthorized");
        let request = app.merchant.stranger(Method::GET, path);
        app.merchant
            .send(request)
            .await
            .problem(401, "unauthorized");
    }
    for path in ["/notes", "/resolve"] {
        let path = format!("{one}{path}");
        app.merchant
            .post(&path, &json!({ "text": "x", "reason": "x" }))
            .await
            .problem(401, "unauthorized");
    }
    let other = format!("till_ops_{}", "0".repeat(48));
    let request = app.merchant.stranger(Method::GET, LIST).bearer_auth(other);
    app.merchant
        .send(request)
        .await
        .problem(401, "unauthorized");
    for path in ["/v1/events", "/v1/orders/ord_01JD3V0Q9GZZZZZZZZZZZZZZZZ"] {
        app.operator.get(path).await.problem(401, "unauthorized");
    }
    let order = app.operator.order_body(json!({}));
    let answer = app.operator.post("/v1/orders", &order).await;
    answer.problem(401, "unauthorized");
    assert_eq!(ids(&app.operator.get(LIST).await.expect(200)), [id]);
}

async fn exceptions_are_listed_newest_first_in_pages(app: &App) {
    for nth in 1..=5 {
        stray(app, nth, ExceptionKind::UnknownTrade, "shop_alipay").await;
    }
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = app
            .operator
            .get(&format!("{LIST}?limit=2{after}"))
            .await
            .expect(200);
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => {
                assert_eq!(page["has_more"], false);
                break;
            }
        }
        assert_eq!(page["has_more"], true);
    }
    assert_eq!(seen, [5, 4, 3, 2, 1].map(|nth| format!("exc_stray{nth}")));
    for query in [
        "limit=0",
        "limit=101",
        "limit=x",
        "after=",
        "after=x",
        "after=-1.exc_1",
        "after=5",
        "status=closed",
        "kind=nonsense",
        "page=2",
    ] {
        let answer = app.operator.get(&format!("{LIST}?{query}")).await;
        answer.problem(400, "invalid_request");
    }
}

async fn exceptions_are_searched(app: &App) {
    let ours = stray(app, 1, ExceptionKind::UnknownTrade, "shop_alipay").await;
    let theirs = stray(app, 2, ExceptionKind::IdentityMismatch, "other_alipay").await;
    let over = stray(app, 3, ExceptionKind::IdentityMismatch, "shop_wechat").await;
    let reason = json!({ "reason": "The ids were mended" });
    let path = format!("{LIST}/{over}/resolve");
    app.operator.post(&path, &reason).await.expect(200);
    let cases: [(&str, Vec<&str>); 9] = [
        ("", vec![&theirs, &ours]),
        ("status=open", vec![&theirs, &ours]),
        ("status=resolved", vec![&over]),
        ("status=all", vec![&over, &theirs, &ours]),
        ("status=all&kind=identity_mismatch", vec![&over, &theirs]),
        ("status=all&merchant=shop", vec![&over, &ours]),
        ("merchant=other", vec![&theirs]),
        ("account=shop_alipay", vec![&ours]),
        ("order=ord_1", vec![]),
    ];
    for (query, expected) in cases {
        let page = app
            .operator
            .get(&format!("{LIST}?{query}"))
            .await
            .expect(200);
        assert_eq!(ids(&page), expected, "{query}");
    }
}

async fn an_exception_is_noted_and_resolved_once(app: &App) {
    let id = stray(app, 1, ExceptionKind::UnknownTrade, "shop_alipay").await;
    let one = format!("{LIST}/{id}");
    let text = "Asked the bank,\nticket 4711";
    let noted = app
        .operator
        .post(&format!("{one}/notes"), &json!({ "text": text }))
        .await
        .expect(201);
    assert_eq!(noted["status"], "open");
    assert_eq!(noted["history"][0]["text"], text);
    assert_eq!(noted["history"][0]["kind"], "note");
    assert_eq!(noted["merchant_id"], "shop");
    let path = format!("{one}/resolve");
    let reason = json!({ "reason": "Another system of ours" });
    let ended = app.operator.post(&path, &reason).await.expect(200);
    assert_eq!(ended["status"], "resolved");
    assert_eq!(ended["resolution"]["actor"], "li_lei");
    assert_eq!(ended["resolution"]["reason"], "Another system of ours");
    let again = app
        .operator
        .post(&path, &json!({ "reason": "again" }))
        .await;
    again.problem(409, "exception_resolved");
    // There may be more to say.
    let path = format!("{one}/notes");
    app.operator
        .post(&path, &json!({ "text": "late" }))
        .await
        .expect(201);
    let shown = app.operator.get(&one).await.expect(200);
    let history = shown["history"].as_array().unwrap();
    let kinds: Vec<_> = history.iter().map(|entry| &entry["kind"]).collect();
    assert_eq!(kinds, ["note", "resolved", "note"]);
    let document = app.merchant.get("/openapi.json").await.expect(200);
    let schemas = &document["components"]["schemas"];
    let page = app
        .operator
        .get(&format!("{LIST}?status=all"))
        .await
        .expect(200);
    crate::documents::agrees(&page, &schemas["ExceptionsView"]);
    crate::documents::agrees(&page["data"][0], &schemas["ExceptionView"]);
    crate::documents::agrees(&history[0], &schemas["EntryView"]);
    crate::documents::agrees(&ended["resolution"], &schemas["ResolutionView"]);
}

async fn the_same_command_under_the_same_key_is_done_once(app: &App) {
    let id = stray(app, 1, ExceptionKind::UnknownTrade, "shop_alipay").await;
    let path = format!("{LIST}/{id}/resolve");
    let reason = json!({ "reason": "Found" });
    let first = app.operator.post_once(&path, &reason, "key-1").await;
    let again = app.operator.post_once(&path, &reason, "key-1").await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(first.text, again.text);
    let other = json!({ "reason": "Lost" });
    let answer = app.operator.post_once(&path, &other, "key-1").await;
    answer.problem(422, "idempotency_mismatch");
    // A merchant's keys are another space.
    let body = app.merchant.order_body(json!({}));
    let made = app.merchant.post_once("/v1/orders", &body, "key-1").await;
    app.merchant.remember(&made.expect(201));
    let shown = app.operator.get(&format!("{LIST}/{id}")).await.expect(200);
    assert_eq!(shown["history"].as_array().unwrap().len(), 1);
}

async fn a_command_is_checked_before_anything_is_written(app: &App) {
    let id = stray(app, 1, ExceptionKind::UnknownTrade, "shop_alipay").await;
    let one = format!("{LIST}/{id}");
    let long = "茶".repeat(1001);
    let bodies = [
        json!({}),
        json!({ "reason": "" }),
        json!({ "reason": " \n" }),
        json!({ "reason": long }),
        json!({ "reason": "a\u{0}b" }),
        json!({ "reason": 5 }),
        json!({ "reason": "fine", "actor": "somebody" }),
    ];
    for body in &bodies {
        let answer = app.operator.post(&format!("{one}/resolve"), body).await;
        answer.problem(400, "invalid_request");
        let mut note = body.clone();
        if let Some(reason) = note.as_object_mut().unwrap().remove("reason") {
            note["text"] = reason;
        }
        let answer = app.operator.post(&format!("{one}/notes"), &note).await;
        answer.problem(400, "invalid_request");
    }
    let shown = app.operator.get(&one).await.expect(200);
    assert_eq!(shown["history"], json!([]));
    for missing in ["exc_01JNOBODY", "ord_1", "exc_'", "exc_"] {
        let one = format!("{LIST}/{missing}");
        app.operator.get(&one).await.problem(404, "not_found");
        let reason = json!({ "reason": "x" });
        let answer = app.operator.post(&format!("{one}/resolve"), &reason).await;
        answer.problem(404, "not_found");
    }
    let request = app.operator.request(Method::DELETE, &one);
    app.operator
        .send(request)
        .await
        .problem(405, "invalid_request");
}

async fn a_refund_that_succeeds_ends_its_exception(app: &App) {
    app.payer
        .break_it(json!({ "method": "alipay.trade.refund", "fault": "http_500" }))
        .await;
    let order = app.merchant.order(json!({})).await;
    let payable = app.merchant.flow(&order, json!({ "way": "ALI_QR" })).await;
    let number = app.payer.open(&payable["action"]).await;
    app.merchant.close(&order).await.expect(200);
    app.payer.force(&number).await;
    app.receiver.event(&order, "order.late_payment").await;
    let path = format!("{LIST}?status=all&order={}", order["id"].as_str().unwrap());
    let page = app.operator.get(&path).await.expect(200);
    let open = &page["data"][0];
    assert_eq!(
        (&open["kind"], &open["status"]),
        (&json!("late_payment"), &json!("open"))
    );
    assert_eq!(open["amount"], 8800);
    assert_ne!(open["refund"]["status"], "succeeded");
    assert!(
        open["what_is_left"]
            .as_str()
            .unwrap()
            .starts_with("Nothing for now")
    );
    app.payer.mend().await;
    app.advance(120).await;
    app.receiver.event(&order, "order.surplus_refunded").await;
    let page = app.operator.get(&path).await.expect(200);
    assert_eq!(page["data"][0]["resolution"]["actor"], "till");
    assert_eq!(page["data"][0]["refund"]["status"], "succeeded");
    let now = app.merchant.explained(&order).await;
    let lines = now["timeline"].as_array().unwrap();
    let ended = lines.iter().any(|line| {
        let text = line["text"].as_str().unwrap();
        text.starts_with("exception late_payment is resolved: the refund rfd_")
    });
    assert!(ended, "{now}");
}
