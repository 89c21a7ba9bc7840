//! The merchant's webhook: a real HTTP server that keeps what came, checks every
//! signature with the published `standardwebhooks` crate, and fails on demand.

use crate::clock::StageClock;
use crate::until;
use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use cashier::time::Clock as _;
use serde_json::Value;
use standardwebhooks::Webhook;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// How far a timestamp may be off, in seconds (Standard Webhooks: five minutes).
const TOLERANCE: i64 = 300;

/// A delivery that came in.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// `webhook-id`.
    pub id: String,
    /// The body, byte for byte.
    pub body: String,
    /// The body as JSON.
    pub event: Value,
    /// What it was answered.
    pub answered: u16,
}

struct Inbox {
    webhook: Webhook,
    clock: Arc<StageClock>,
    deliveries: Mutex<Vec<Delivery>>,
    refusals: Mutex<Vec<u16>>,
}

/// The receiving server.
pub struct Receiver {
    /// Where events are to be sent.
    pub url: String,
    inbox: Arc<Inbox>,
    server: ServerHandle,
}

impl Receiver {
    pub(crate) fn start(secret: &str, clock: Arc<StageClock>) -> Receiver {
        let inbox = Arc::new(Inbox {
            webhook: Webhook::new(secret).unwrap(),
            clock,
            deliveries: Mutex::default(),
            refusals: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let data = web::Data::from(inbox.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/events", web::post().to(take))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        Receiver {
            url,
            inbox,
            server: handle,
        }
    }

    /// Answers the next deliveries with these statuses, one each; then 204 again.
    pub fn refuse(&self, statuses: &[u16]) {
        self.inbox
            .refusals
            .lock()
            .unwrap()
            .extend(statuses.iter().rev());
    }

    /// Everything that came, refused or not.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.inbox.deliveries.lock().unwrap().clone()
    }

    /// The events about an order that were taken, oldest first.
    pub fn taken(&self, order: &Value) -> Vec<Delivery> {
        let mut taken = self.deliveries();
        taken.retain(|delivery| {
            delivery.answered < 300 && delivery.event["data"]["order"]["id"] == order["id"]
        });
        taken
    }

    /// How many times an event of that type about the order was taken.
    pub fn told(&self, order: &Value, kind: &str) -> usize {
        self.taken(order)
            .iter()
            .filter(|taken| taken.event["type"] == kind)
            .count()
    }

    /// Waits until an event of that type about the order was taken.
    ///
    /// # Panics
    /// When none ever is.
    pub async fn event(&self, order: &Value, kind: &str) -> Delivery {
        until(&format!("the merchant is told {kind}"), async || {
            let taken = self.taken(order);
            taken
                .iter()
                .find(|delivery| delivery.event["type"] == kind)
                .cloned()
                .ok_or(taken)
        })
        .await
    }

    pub(crate) async fn stop(self) {
        self.server.stop(false).await;
    }
}

async fn take(inbox: web::Data<Inbox>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let header = |name: &str| {
        let value = request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let body = String::from_utf8(body.to_vec()).unwrap_or_default();
    let id = header("webhook-id");
    let timestamp = header("webhook-timestamp");
    let signatures = header("webhook-signature");
    let answered = if inbox.verifies(&id, &timestamp, &signatures, &body) {
        inbox.refusals.lock().unwrap().pop().unwrap_or(204)
    } else {
        401
    };
    let event = serde_json::from_str(&body).unwrap_or_default();
    inbox.deliveries.lock().unwrap().push(Delivery {
        id,
        body,
        event,
        answered,
    });
    HttpResponse::build(actix_web::http::StatusCode::from_u16(answered).unwrap()).finish()
}

impl Inbox {
    fn verifies(&self, id: &str, timestamp: &str, signatures: &str, body: &str) -> bool {
        let Ok(seconds) = timestamp.parse::<i64>() else {
            return false;
        };
        if (self.clock.now().seconds() - seconds).abs() > TOLERANCE {
            return false;
        }
        // The crate compares with the system's clock, which a story may have left.
        if self.clock.is_real() {
            let mut headers = reqwest::header::HeaderMap::new();
            headers.insert("webhook-id", id.parse().unwrap());
            headers.insert("webhook-timestamp", timestamp.parse().unwrap());
            headers.insert("webhook-signature", signatures.parse().unwrap());
            return self.webhook.verify(body.as_bytes(), &headers).is_ok();
        }
        let signed = self.webhook.sign(id, seconds, body.as_bytes()).unwrap();
        signatures.split(' ').any(|signature| signature == signed)
    }
}
