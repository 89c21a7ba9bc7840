//! A whole gateway with two merchants: one whose server never answers, and one
//! who must not notice.

use crate::endpoint::{Answer, Server};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gateway::accounts::{ImportSettings, import};
use gateway::config::{Config, Layers, from_layers};
use gateway::entropy::SystemEntropy;
use gateway::server::{self, Overrides, Running};
use gateway::{assembly, config};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const SLOW_KEY: &str = "till_test_slow0000000000000000000000000000";
const QUICK_KEY: &str = "till_test_quick000000000000000000000000000";

/// An account that is never called: an order is only made where it can be paid.
const ALIPAY: &str = r#"
[[merchants.accounts]]
id = "a"
channel = "alipay"
ways = ["ALI_PC"]
app_id = "2021000000000001"
seller_id = "2088000000000001"
app_private_key_file = "private"
alipay_public_key_file = "public"
base_url = "http://127.0.0.1:9"

"#;

/// Shows F71.
#[tokio::test]
async fn a_merchant_who_never_answers_holds_nobody_else_up() {
    let slow = Server::start(vec![Answer::Silence]).await;
    let quick = Server::start(vec![Answer::Status(200)]).await;
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path());
    merchants(folder.path(), &config, &slow, &quick).await;
    let gateway = server::start(config, Overrides::default()).await.unwrap();
    for number in 0..60 {
        closed_order(&gateway, SLOW_KEY, &format!("S{number}")).await;
    }
    until("the slow one is being told", || slow.most_waiting() == 2).await;
    let began = tokio::time::Instant::now();
    closed_order(&gateway, QUICK_KEY, "Q1").await;
    until("the quick one was told", || !quick.seen().is_empty()).await;
    // Had it waited for the slow one, it would have waited for a whole deadline.
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(slow.most_waiting(), 2, "no more than concurrency_per_host");
    gateway.stop().await;
}

fn configuration(folder: &Path) -> Config {
    let settings = format!(
        r#"
        [http]
        listen = "127.0.0.1:0"
        shutdown_seconds = 1
        [metrics]
        listen = ""
        [database]
        url = "sqlite://{}?mode=rwc"
        [security]
        master_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
        [webhook]
        allow_private_addresses = true
        deadline_seconds = 60
        concurrency = 4
        concurrency_per_host = 2
        poll_milliseconds = 20
        "#,
        folder.join("till.db").display()
    );
    from_layers(Layers {
        built_in: Some(settings),
        ..Layers::default()
    })
    .unwrap()
}

async fn merchants(folder: &Path, config: &config::Config, slow: &Server, quick: &Server) {
    let app = |id: &str, key: &str, server: &Server| {
        format!(
            "[[merchants.apps]]\nid = \"{id}\"\nname = \"{id}\"\naccounts = [\"a\"]\n\
             api_keys = [{{ key = \"{key}\" }}]\n\
             webhook = {{ url = \"{}\", secrets = [\"{}\"] }}\n",
            server.url(),
            crate::stage::SECRET
        )
    };
    let file = folder.join("accounts.toml");
    let toml = format!(
        "[[merchants]]\nid = \"m\"\nname = \"M\"\n{ALIPAY}{}{}",
        app("slow", SLOW_KEY, slow),
        app("quick", QUICK_KEY, quick)
    );
    std::fs::write(&file, toml).unwrap();
    for name in ["private", "public"] {
        let (private, public) = pair();
        std::fs::write(
            folder.join(name),
            if name == "private" { private } else { public },
        )
        .unwrap();
    }
    let entropy = Arc::new(SystemEntropy::default());
    let seal = assembly::seal(config, entropy.clone()).unwrap();
    let database = assembly::open_database(&config.database).await.unwrap();
    let settings = ImportSettings {
        surroundings: assembly::surroundings(config, entropy),
        allow_http_webhooks: true,
    };
    import(&file, &entities::Directory::new(database), &seal, &settings)
        .await
        .unwrap();
}

/// A new RSA key, private and public, in base64.
fn pair() -> (String, String) {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
    (
        STANDARD.encode(private.as_ref()),
        STANDARD.encode(public.as_ref()),
    )
}

/// An order that is closed at once, which its merchant is told.
async fn closed_order(gateway: &Running, key: &str, number: &str) {
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap();
    let orders = format!("{}/v1/orders", gateway.url());
    let body = json!({ "merchant_order_no": number, "amount": 100, "subject": "tea" });
    let made = http
        .post(&orders)
        .bearer_auth(key)
        .json(&body)
        .send()
        .await
        .unwrap();
    let made: Value = made.json().await.unwrap();
    let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}"));
    let close = format!("{orders}/{id}/close");
    let closed = http.post(close).bearer_auth(key).send().await.unwrap();
    assert_eq!(closed.status(), 200, "{}", closed.text().await.unwrap());
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let began = tokio::time::Instant::now();
    while !holds() {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "never came: {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
