//! Private addresses: without the setting that is for development they are never
//! called, whoever names them.

use super::telling::{closed, tried};
use serde_json::json;
use std::io::ErrorKind;
use std::net::TcpListener;
use till_tests::{App, Options};

till_tests::stories! {
    with super::strict();
    the_application_s_own_private_address_is_not_called
    an_order_s_private_address_is_not_called
    an_order_s_address_without_tls_is_refused
}

fn strict() -> Options {
    let settings = "webhook.allow_private_addresses = false".to_owned();
    Options {
        settings,
        ..Options::default()
    }
}

async fn the_application_s_own_private_address_is_not_called(app: &App) {
    let order = closed(&app.merchant, json!({})).await;
    let event = tried(&app.merchant, &order, 1).await;
    assert_eq!(event["delivery"], "pending");
    assert_eq!(app.receiver.deliveries().len(), 0);
}

/// Shows F66.
async fn an_order_s_private_address_is_not_called(app: &App) {
    let inside = TcpListener::bind("127.0.0.1:0").unwrap();
    inside.set_nonblocking(true).unwrap();
    let port = inside.local_addr().unwrap().port();
    for host in [
        "127.0.0.1",
        "localhost",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f.1",
    ] {
        let url = format!("https://{host}:{port}/events");
        let order = closed(&app.merchant, json!({ "notify_url": url })).await;
        let event = tried(&app.merchant, &order, 1).await;
        assert_eq!(event["delivery"], "pending", "{host}");
        let visitor = inside.accept().map(drop).map_err(|error| error.kind());
        assert_eq!(visitor, Err(ErrorKind::WouldBlock), "{host}");
    }
}

async fn an_order_s_address_without_tls_is_refused(app: &App) {
    let order = app
        .merchant
        .order_body(json!({ "notify_url": app.receiver.url }));
    let problem = app
        .merchant
        .post("/v1/orders", &order)
        .await
        .problem(400, "invalid_request");
    assert_eq!(problem["field"], "notify_url");
}
