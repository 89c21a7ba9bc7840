//! The merchant's notify address: a real server that keeps what it was sent and answers as told.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::{Mutex, mpsc};

/// The receipt of the channel's documents.
pub const SUCCESS: &str = "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";

/// One notice as it arrived.
#[derive(Debug, Clone)]
pub struct Notice {
    pub headers: HeaderMap,
    pub body: String,
}

pub struct Receiver {
    url: String,
    status: Arc<AtomicU16>,
    answer: Arc<Mutex<String>>,
    arrived: Mutex<mpsc::UnboundedReceiver<Notice>>,
}

struct Inbox {
    status: Arc<AtomicU16>,
    answer: Arc<Mutex<String>>,
    arrived: mpsc::UnboundedSender<Notice>,
}

async fn receive(request: HttpRequest, body: String, inbox: web::Data<Inbox>) -> HttpResponse {
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers() {
        headers.insert(
            HeaderName::from_bytes(name.as_str().as_bytes()).unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    let status = inbox.status.load(Ordering::SeqCst);
    inbox.arrived.send(Notice { headers, body }).unwrap();
    let answer = inbox.answer.lock().await.clone();
    HttpResponse::build(status.try_into().unwrap())
        .content_type("text/xml")
        .body(answer)
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/notify", listener.local_addr().unwrap());
        let status = Arc::new(AtomicU16::new(200));
        let answer = Arc::new(Mutex::new(SUCCESS.to_owned()));
        let (sender, receiver) = mpsc::unbounded_channel();
        let inbox = web::Data::new(Inbox {
            status: status.clone(),
            answer: answer.clone(),
            arrived: sender,
        });
        let app = move || {
            App::new()
                .app_data(inbox.clone())
                .route("/notify", web::post().to(receive))
        };
        let server = HttpServer::new(app)
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        tokio::spawn(server);
        Self {
            url,
            status,
            answer,
            arrived: Mutex::new(receiver),
        }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// How the next notices are answered.
    pub async fn answer(&self, status: u16, body: &str) {
        self.status.store(status, Ordering::SeqCst);
        body.clone_into(&mut *self.answer.lock().await);
    }

    /// The next notice; fails the test when none comes.
    pub async fn next(&self) -> Notice {
        let mut arrived = self.arrived.lock().await;
        let waited = tokio::time::timeout(Duration::from_secs(20), arrived.recv()).await;
        waited.expect("no notice came within 20 s").unwrap()
    }
}
