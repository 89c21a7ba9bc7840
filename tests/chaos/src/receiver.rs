//! The merchant's webhook: it keeps whatever came with a signature that holds, and
//! is down now and then.

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use cashier::audit::Receipt;
use cashier::id::EventId;
use reqwest::header::HeaderMap;
use standardwebhooks::Webhook;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// What came, by event.
pub type Received = BTreeMap<EventId, Vec<Receipt>>;

#[derive(Default)]
struct Inbox {
    taken: Mutex<Received>,
    refused: Mutex<Received>,
    unsigned: AtomicU64,
    is_down: AtomicBool,
}

/// The receiving server.
pub struct Receiver {
    /// Where events are to be sent.
    pub url: String,
    inbox: Arc<Inbox>,
    server: ServerHandle,
}

struct Door {
    inbox: Arc<Inbox>,
    webhook: Webhook,
}

impl Receiver {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When there is none, or the secret is none.
    pub fn start(secret: &str) -> Receiver {
        let inbox = Arc::new(Inbox::default());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let door = web::Data::new(Door {
            inbox: inbox.clone(),
            webhook: Webhook::new(secret).unwrap(),
        });
        let server = HttpServer::new(move || {
            App::new()
                .app_data(door.clone())
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

    /// Is down from now on, or up again.
    pub fn set_down(&self, down: bool) {
        self.inbox.is_down.store(down, Ordering::SeqCst);
    }

    /// What it took.
    ///
    /// # Panics
    /// When a holder of the lock has panicked.
    pub fn taken(&self) -> Received {
        self.inbox.taken.lock().unwrap().clone()
    }

    /// What it got and refused, being down.
    ///
    /// # Panics
    /// When a holder of the lock has panicked.
    pub fn refused(&self) -> Received {
        self.inbox.refused.lock().unwrap().clone()
    }

    /// How many deliveries had no signature that holds.
    pub fn unsigned(&self) -> u64 {
        self.inbox.unsigned.load(Ordering::SeqCst)
    }

    /// Stops.
    pub async fn stop(&self) {
        self.server.stop(false).await;
    }
}

async fn take(door: web::Data<Door>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let inbox = &door.inbox;
    let mut headers = HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        if let Some(value) = request.headers().get(name)
            && let Ok(value) = reqwest::header::HeaderValue::from_bytes(value.as_bytes())
        {
            headers.insert(name, value);
        }
    }
    if door.webhook.verify(&body, &headers).is_err() {
        inbox.unsigned.fetch_add(1, Ordering::SeqCst);
        return HttpResponse::Unauthorized().finish();
    }
    let id = headers["webhook-id"].to_str().unwrap_or_default();
    let event = EventId::new(id);
    let receipt = Receipt {
        event: event.clone(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let is_down = inbox.is_down.load(Ordering::SeqCst);
    let kept = if is_down {
        &inbox.refused
    } else {
        &inbox.taken
    };
    kept.lock().unwrap().entry(event).or_default().push(receipt);
    let status = if is_down {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::NO_CONTENT
    };
    HttpResponse::new(status)
}
