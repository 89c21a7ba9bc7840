//! A merchant's server: keeps every notice, answers as it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use tokio::sync::Notify;

/// One notice as it arrived.
#[derive(Debug, Clone)]
pub struct Notice {
    pub content_type: String,
    pub body: String,
    pub params: BTreeMap<String, String>,
}

#[derive(Default)]
struct Kept {
    notices: Vec<Notice>,
    /// What to answer next; `success` when there is nothing more.
    answers: Vec<(u16, &'static str)>,
}

#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    kept: Arc<Mutex<Kept>>,
    arrived: Arc<Notify>,
}

impl Receiver {
    pub fn start() -> Self {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let arrived = Arc::new(Notify::new());
        let state = (kept.clone(), arrived.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(state.clone()))
                .default_service(web::to(receive))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}/notify", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { url, kept, arrived }
    }

    /// Answers these, in this order, before `success` again.
    pub fn answer(&self, answers: &[(u16, &'static str)]) {
        self.kept.lock().unwrap().answers = answers.iter().rev().copied().collect();
    }

    /// Waits until this many notices have come, and gives them all.
    pub async fn wait(&self, count: usize) -> Vec<Notice> {
        let enough = async {
            loop {
                let arrived = self.arrived.notified();
                let notices = self.kept.lock().unwrap().notices.clone();
                if notices.len() >= count {
                    return notices;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), enough)
            .await
            .unwrap_or_else(|_| {
                panic!(
                    "only {} of {count} notices came",
                    self.kept.lock().unwrap().notices.len()
                )
            })
    }

    pub fn count(&self) -> usize {
        self.kept.lock().unwrap().notices.len()
    }
}

async fn receive(
    state: web::Data<(Arc<Mutex<Kept>>, Arc<Notify>)>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let content_type = request
        .headers()
        .get("content-type")
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let params = url::form_urlencoded::parse(&body).into_owned().collect();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let (status, text) = {
        let mut kept = state.0.lock().unwrap();
        kept.notices.push(Notice {
            content_type,
            body,
            params,
        });
        kept.answers.pop().unwrap_or((200, "success"))
    };
    state.1.notify_waiters();
    HttpResponse::build(status.try_into().unwrap()).body(text)
}
