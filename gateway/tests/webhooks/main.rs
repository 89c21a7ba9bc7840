//! Telling the merchants, against real servers that are down, slow, or elsewhere.
#![cfg(test)]

mod endpoint;
mod lanes;
mod stage;

use cashier::delivery::GAPS;
use cashier::store::{DeliveryNext, Store};
use endpoint::{Answer, Server};
use gateway::webhook::{Client, Failure};
use secrecy::SecretString;
use stage::{SECRET, Stage, app};
use standardwebhooks::Webhook;
use std::time::Duration;

fn client(allow_private: bool) -> Client {
    Client::new(Duration::from_secs(2), allow_private).unwrap()
}

#[tokio::test]
async fn after_five_failed_tries_the_sixth_brings_the_same_id_and_bytes() {
    let down = [500, 503, 404, 429, 502].map(Answer::Status);
    let server = Server::start([&down[..], &[Answer::Status(204)]].concat()).await;
    let stage = Stage::new(Some(server.url()), &[SECRET]).await;
    for tries in 1..=6 {
        assert_eq!(stage.deliver_due().await, 1, "try {tries}");
        stage.clock.advance_to_next_try(tries);
    }
    assert_eq!(
        stage.deliver_due().await,
        0,
        "what was delivered is delivered"
    );
    let seen = server.seen();
    assert_eq!(seen.len(), 6);
    let webhook = Webhook::new(SECRET).unwrap();
    for request in &seen {
        assert_eq!(request.header("webhook-id"), stage.event.id.as_str());
        assert_eq!(request.body, stage.event.body.as_bytes());
        assert_eq!(request.header("content-type"), "application/json");
        let timestamp = request.header("webhook-timestamp").parse().unwrap();
        let expected = webhook
            .sign(stage.event.id.as_str(), timestamp, &request.body)
            .unwrap();
        assert_eq!(request.header("webhook-signature"), expected);
    }
    let first: i64 = seen[0].header("webhook-timestamp").parse().unwrap();
    let last: i64 = seen[5].header("webhook-timestamp").parse().unwrap();
    assert!(last > first, "each try carries its own time");
    let statuses: Vec<_> = stage.tries().iter().map(|tried| tried.status).collect();
    assert_eq!(statuses, [500, 503, 404, 429, 502, 204].map(Some));
}

/// Shows F64.
#[tokio::test]
async fn an_endpoint_that_stays_down_is_tried_for_75_hours_and_then_by_hand() {
    let server = Server::start(vec![Answer::Status(500)]).await;
    let stage = Stage::new(Some(server.url()), &[SECRET]).await;
    let began = stage.clock.now_ms();
    let mut tries = 0;
    while stage.deliver_due().await == 1 {
        tries += 1;
        if tries <= GAPS.len() {
            stage.clock.advance_to_next_try(tries);
        }
    }
    assert_eq!(tries, GAPS.len() + 1);
    assert!(stage.clock.now_ms() - began >= 75 * 3_600_000);
    assert_eq!(stage.tries().last().unwrap().then, DeliveryNext::Exhausted);
    server.answer(vec![Answer::Status(200)]);
    let now = stage.clock.timestamp();
    assert!(
        stage
            .store
            .redeliver(&app(), &stage.event.id, now)
            .await
            .unwrap()
    );
    assert_eq!(stage.deliver_due().await, 1);
    assert_eq!(stage.tries().last().unwrap().then, DeliveryNext::Delivered);
}

/// Shows F70.
#[tokio::test]
async fn while_a_secret_is_changed_both_sign() {
    let new = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
    let server = Server::start(vec![Answer::Status(200)]).await;
    let stage = Stage::new(Some(server.url()), &[new, SECRET]).await;
    assert_eq!(stage.deliver_due().await, 1);
    let request = &server.seen()[0];
    let timestamp = request.header("webhook-timestamp").parse().unwrap();
    let signatures = request.header("webhook-signature");
    for secret in [new, SECRET] {
        let webhook = Webhook::new(secret).unwrap();
        let own = webhook
            .sign(stage.event.id.as_str(), timestamp, &request.body)
            .unwrap();
        assert!(signatures.split(' ').any(|signature| signature == own));
    }
}

#[tokio::test]
async fn the_orders_own_address_comes_before_the_applications() {
    let server = Server::start(vec![Answer::Status(200)]).await;
    let other = Server::start(vec![Answer::Status(200)]).await;
    let stage = Stage::with_order_address(Some(other.url()), &[SECRET], server.url()).await;
    assert_eq!(stage.deliver_due().await, 1);
    assert_eq!((server.seen().len(), other.seen().len()), (1, 0));
}

#[tokio::test]
async fn without_an_address_or_a_secret_the_try_says_what_to_do() {
    for (url, secrets, words) in [
        (None, &[SECRET][..], "no webhook address"),
        (
            Some("http://127.0.0.1:9/".to_owned()),
            &[][..],
            "no webhook secret",
        ),
    ] {
        let stage = Stage::new(url, secrets).await;
        assert_eq!(stage.deliver_due().await, 1);
        let tries = stage.tries();
        assert!(
            tries[0].error.as_ref().unwrap().contains(words),
            "{tries:?}"
        );
        assert!(matches!(tries[0].then, DeliveryNext::Retry(_)));
    }
}

/// Shows F66.
#[tokio::test]
async fn redirects_are_failures_and_nobody_goes_there() {
    let inner = Server::start(vec![Answer::Status(200)]).await;
    for status in [301, 302, 303, 307, 308] {
        let server = Server::start(vec![Answer::Redirect(status, inner.url())]).await;
        let failure = client(true)
            .post(&server.url(), &[], "{}".into())
            .await
            .unwrap_err();
        assert_eq!(failure, Failure::Redirect(status));
        assert_eq!(server.seen().len(), 1);
    }
    assert_eq!(inner.seen().len(), 0);
}

/// Shows F66.
#[tokio::test]
async fn private_addresses_are_never_connected_to() {
    let server = Server::start(vec![Answer::Status(200)]).await;
    let port = server.port();
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "169.254.169.254",
        "10.0.0.1",
        "100.100.100.200",
        "[fd00:ec2::254]",
        "[64:ff9b::7f00:1]",
        "localhost",
    ];
    for host in hosts {
        let url = format!("https://{host}:{port}/");
        let failure = client(false)
            .post(&url, &[], "{}".into())
            .await
            .unwrap_err();
        assert_eq!(failure, Failure::Private, "{url}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn plain_http_and_other_schemes_are_refused() {
    let server = Server::start(vec![Answer::Status(200)]).await;
    let cases = [
        (server.url(), Failure::NotHttps),
        ("ftp://example.com/".to_owned(), Failure::Address),
        ("file:///etc/passwd".to_owned(), Failure::Address),
        ("not an address".to_owned(), Failure::Address),
    ];
    for (url, expected) in cases {
        let failure = client(false)
            .post(&url, &[], "{}".into())
            .await
            .unwrap_err();
        assert_eq!(failure, expected, "{url}");
    }
    assert_eq!(server.connections(), 0);
}

/// Shows F65.
#[tokio::test]
async fn a_server_that_drips_its_answer_is_left_at_the_deadline() {
    let server = Server::start(vec![Answer::DripHead]).await;
    let began = tokio::time::Instant::now();
    let failure = client(true)
        .post(&server.url(), &[], "{}".into())
        .await
        .unwrap_err();
    assert_eq!(failure, Failure::Timeout);
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

/// Shows F65, F67.
#[tokio::test]
async fn an_answer_without_end_is_delivered_and_not_read_to_its_end() {
    let server = Server::start(vec![Answer::EndlessBody]).await;
    let status = client(true)
        .post(&server.url(), &[], "{}".into())
        .await
        .unwrap();
    assert_eq!(status, 200);
    // What the kernel buffers for both sides comes on top of the 64 KiB that are read.
    server.closed().await;
    assert!(
        server.written() < 16 * 1024 * 1024,
        "{} bytes",
        server.written()
    );
}

#[tokio::test]
async fn nobody_there_and_a_broken_connection_are_told_apart() {
    let server = Server::start(vec![Answer::Hangup]).await;
    let broken = client(true)
        .post(&server.url(), &[], "{}".into())
        .await
        .unwrap_err();
    assert_eq!(broken, Failure::Broken);
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let url = format!("http://127.0.0.1:{port}/");
    let nobody = client(true).post(&url, &[], "{}".into()).await.unwrap_err();
    assert_eq!(nobody, Failure::Unreachable);
}

#[test]
fn a_secret_never_prints() {
    let endpoint = gateway::webhook::Endpoint {
        url: None,
        secrets: vec![SecretString::from(SECRET)],
    };
    assert!(!format!("{endpoint:?}").contains("MfKQ"));
}
