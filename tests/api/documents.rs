//! The API document: served, readable, and true.

use reqwest::Method;
use serde_json::{Value, json};
use till_tests::App;

till_tests::stories! {
    the_document_is_served_and_can_be_read
    what_is_answered_is_what_the_document_says
}

async fn the_document_is_served_and_can_be_read(app: &App) {
    let document = app
        .merchant
        .send(app.merchant.stranger(Method::GET, "/openapi.json"))
        .await;
    assert_eq!(document.header("content-type"), "application/json");
    let document = document.expect(200);
    for path in [
        "/v1/orders",
        "/v1/orders/{id}/flows",
        "/v1/refunds/{id}",
        "/notify/{account_id}",
    ] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    let page = app
        .merchant
        .send(app.merchant.stranger(Method::GET, "/docs/"))
        .await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("swagger-ui"));
    let short = app
        .merchant
        .send(app.merchant.stranger(Method::GET, "/docs"))
        .await;
    assert_eq!((short.status, short.header("location")), (307, "/docs/"));
}

async fn what_is_answered_is_what_the_document_says(app: &App) {
    let document = app.merchant.get("/openapi.json").await.expect(200);
    let schemas = &document["components"]["schemas"];
    let order = app.merchant.order(json!({ "way": "ALI_QR" })).await;
    app.payer.pay(&order["action"]).await;
    app.merchant.until_status(&order, "paid").await;
    app.merchant.refund(&order, "R", 100).await.expect(201);
    let shown = app.merchant.explained(&order).await;
    agrees(&shown, &schemas["OrderView"]);
    agrees(&shown["flows"][0], &schemas["FlowView"]);
    agrees(&shown["captures"][0], &schemas["CaptureView"]);
    agrees(&shown["refunds"][0], &schemas["RefundView"]);
    agrees(&shown["timeline"][0], &schemas["LineView"]);
    let events = app.merchant.get("/v1/events").await.expect(200);
    agrees(&events, &schemas["EventsView"]);
    agrees(&events["data"][0], &schemas["EventView"]);
}

/// Every member of the answer is in the schema and of its type, and every required
/// one is there.
pub(crate) fn agrees(answer: &Value, schema: &Value) {
    let properties = schema["properties"].as_object().unwrap();
    for (name, value) in answer.as_object().unwrap() {
        assert!(properties.contains_key(name), "{name} is not in {schema}");
        let property = &properties[name];
        if let Some(words) = property["enum"].as_array() {
            assert!(words.contains(value), "{name}: {value}");
        }
        if !property["type"].is_null() {
            let types = property["type"].to_string();
            assert!(
                types.contains(kind(value)),
                "{name}: {value} is none of {types}"
            );
        }
    }
    for name in schema["required"].as_array().unwrap() {
        assert!(
            answer.get(name.as_str().unwrap()).is_some(),
            "{name} is missing in {answer}"
        );
    }
}

/// The JSON Schema type of a value, in quotes.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "\"null\"",
        Value::Bool(_) => "\"boolean\"",
        Value::Number(_) => "\"integer\"",
        Value::String(_) => "\"string\"",
        Value::Array(_) => "\"array\"",
        Value::Object(_) => "\"object\"",
    }
}
