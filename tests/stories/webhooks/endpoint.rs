//! A merchant's server as it should not be: it redirects, or never answers.

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// The server, and the paths that were asked for.
pub(super) struct Endpoint {
    /// The beginning of its addresses.
    pub(super) url: String,
    visits: Arc<Mutex<Vec<String>>>,
    server: ServerHandle,
}

impl Endpoint {
    /// Puts it up: `/redirect/{status}` leads to `/inside`, `/silent` never answers.
    pub(super) fn start() -> Endpoint {
        let visits = Arc::new(Mutex::new(Vec::new()));
        let data = web::Data::from(visits.clone());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/redirect/{status}", web::to(redirect))
                .route("/silent", web::to(silent))
                .default_service(web::to(inside))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        Endpoint {
            url,
            visits,
            server: handle,
        }
    }

    /// How many requests came for a path.
    pub(super) fn visits(&self, path: &str) -> usize {
        self.visits
            .lock()
            .unwrap()
            .iter()
            .filter(|visit| *visit == path)
            .count()
    }

    pub(super) async fn stop(self) {
        self.server.stop(false).await;
    }
}

type Visits = web::Data<Mutex<Vec<String>>>;

fn note(visits: &Visits, request: &HttpRequest) {
    visits.lock().unwrap().push(request.path().to_owned());
}

async fn redirect(visits: Visits, request: HttpRequest, status: web::Path<u16>) -> HttpResponse {
    note(&visits, &request);
    let mut answer = HttpResponse::build(StatusCode::from_u16(*status).unwrap());
    answer.insert_header(("location", "/inside")).finish()
}

async fn silent(visits: Visits, request: HttpRequest) -> HttpResponse {
    note(&visits, &request);
    std::future::pending().await
}

async fn inside(visits: Visits, request: HttpRequest) -> HttpResponse {
    note(&visits, &request);
    HttpResponse::NoContent().finish()
}
