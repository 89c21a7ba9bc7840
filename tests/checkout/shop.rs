//! The demo shop, as a merchant's server in small: it believes signed events and
//! nothing else.

use actix_web::http::StatusCode;
use cashier::time::Clock as _;
use gateway::entropy::SystemEntropy;
use gateway::shop;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use std::net::TcpListener;
use std::sync::Arc;
use till_tests::App;

till_tests::stories! {
    the_shop_sells_through_the_gateway_and_believes_signed_events_only
}

const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

struct Browser {
    http: Client,
    shop: String,
}

impl Browser {
    async fn get(&self, path: &str) -> String {
        let answer = self
            .http
            .get(format!("{}{path}", self.shop))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK.as_u16());
        answer.text().await.unwrap()
    }

    async fn buy(&self, article: &str) -> Response {
        let request = self.http.post(format!("{}/buy", self.shop));
        request.form(&[("article", article)]).send().await.unwrap()
    }

    /// Sends the shop an event, signed with a secret, and returns the status.
    async fn tell(&self, app: &App, secret: &str, event: &Value) -> u16 {
        let (id, body) = (event["id"].as_str().unwrap(), event.to_string());
        let now = app.clock.now().seconds();
        let signed = Webhook::new(secret)
            .unwrap()
            .sign(id, now, body.as_bytes())
            .unwrap();
        let request = self.http.post(format!("{}/webhook", self.shop));
        let request = request
            .header("webhook-id", id)
            .header("webhook-timestamp", now);
        let answer = request
            .header("webhook-signature", signed)
            .body(body)
            .send()
            .await;
        answer.unwrap().status().as_u16()
    }
}

fn paid(order: &Value, id: &str) -> Value {
    let mut order = order.clone();
    order["status"] = json!("paid");
    order["version"] = json!(1);
    json!({ "id": id, "type": "order.paid", "data": { "order": order } })
}

async fn the_shop_sells_through_the_gateway_and_believes_signed_events_only(app: &App) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let setting = shop::Setting {
        url: url.clone(),
        gateway: app.gateway.url(),
        api_key: app.merchant.key().to_owned().into(),
        webhook_secret: SECRET.to_owned().into(),
        entropy: Arc::new(SystemEntropy::default()),
    };
    let running = shop::start(listener, setting).unwrap();
    let stay = reqwest::redirect::Policy::none();
    let http = Client::builder()
        .tls_certs_only([])
        .redirect(stay)
        .build()
        .unwrap();
    let browser = Browser { http, shop: url };
    assert!(
        browser
            .get("/")
            .await
            .contains("id=\"buy-1\" data-buy=\"1\"")
    );

    let bought = browser.buy("1").await;
    let checkout = bought.headers()["location"].to_str().unwrap().to_owned();
    let token = checkout
        .strip_prefix(&format!("{}/checkout/", app.gateway.url()))
        .unwrap();
    let token = cashier::id::CheckoutToken::new(token);
    let id = app
        .gateway
        .shared
        .store
        .find_by_token(&token)
        .await
        .unwrap()
        .unwrap();
    let order = app
        .merchant
        .get(&format!("/v1/orders/{id}"))
        .await
        .expect(200);
    app.merchant.remember(&order);
    let number = order["merchant_order_no"].as_str().unwrap();
    assert_eq!(
        order["return_url"],
        format!("{}/orders/{number}", browser.shop)
    );

    let page = format!("/orders/{number}");
    let waiting = browser.get(&page).await;
    assert!(
        waiting.contains("data-state=\"waiting\"") && waiting.contains("data-verified=\"false\"")
    );
    let other_secret = "whsec_HxwdHh8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRo=";
    assert_eq!(
        browser
            .tell(app, other_secret, &paid(&order, "evt_1"))
            .await,
        401
    );
    assert_eq!(
        browser.get(&page).await,
        waiting,
        "a forged event changes nothing"
    );

    for _ in 0..2 {
        assert_eq!(browser.tell(app, SECRET, &paid(&order, "evt_2")).await, 204);
    }
    let html = browser.get(&page).await;
    assert!(html.contains("data-state=\"paid\"") && html.contains("data-verified=\"true\""));
    assert_eq!(
        html.matches("evt_2").count(),
        1,
        "the same event twice is one event"
    );
    assert_eq!(browser.buy("99").await.status().as_u16(), 404);
    running.stop().await;
}
