//! A stand-in for Alipay's server, for what the sandbox would not do: it reads one
//! request a connection and answers what the test says, signed by whom the test says.

use super::account::Account;
use super::settings::{Mode, Settings};
use super::sign::Parameters;
use super::{Alipay, fixture};
use crate::key::SigningKey;
use async_trait::async_trait;
use cashier::time::{Clock, Span, Timestamp};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::form_urlencoded;

/// 2030-01-01, when the certificates of the fixtures are good.
pub(super) const THEN: Timestamp = Timestamp::from_millis(1_893_427_200_000);

struct At(Timestamp);

#[async_trait]
impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }

    async fn sleep(&self, _: Span) {}
}

/// A running stand-in.
pub(super) struct StandIn {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Parameters>>>,
}

impl StandIn {
    /// Answers each request with a body; an empty one hangs up.
    pub(super) async fn answering(
        answer: impl Fn(&Parameters) -> Vec<u8> + Send + Sync + 'static,
    ) -> StandIn {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while parameters(&request).is_none() {
                    if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                        break;
                    }
                }
                let Some(parameters) = parameters(&request) else {
                    continue;
                };
                let body = answer(&parameters);
                seen.lock().unwrap().push(parameters);
                if !body.is_empty() {
                    let length = body.len();
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
                    );
                    let _ = stream.write_all(head.as_bytes()).await;
                    let _ = stream.write_all(&body).await;
                }
                let _ = stream.shutdown().await;
            }
        });
        StandIn { url, asked }
    }

    /// What was asked so far, by method.
    pub(super) fn asked(&self, method: &str) -> Vec<Parameters> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|request| request["method"] == method)
            .cloned()
            .collect()
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            gateway_url: format!("{}/gateway.do", self.url),
            ..fixture::settings()
        }
    }

    /// An adapter in key mode.
    pub(super) fn alipay(&self) -> Alipay {
        connect(self.settings())
    }

    /// An adapter in certificate mode.
    pub(super) fn certified(&self) -> Alipay {
        connect(Settings {
            mode: certificates(),
            ..self.settings()
        })
    }
}

pub(super) fn connect(settings: Settings) -> Alipay {
    Alipay::new(Account::new(settings).unwrap(), Arc::new(At(THEN))).unwrap()
}

/// The mode of the fixtures' certificates.
pub(super) fn certificates() -> Mode {
    Mode::Certificates {
        app_cert: file("app.pem"),
        alipay_cert: file("alipay.pem"),
        root_cert: file("root.pem"),
    }
}

/// A file of the fixtures' certificates.
pub(super) fn file(name: &str) -> String {
    let path = format!(
        "{}/fixtures/alipay/certificates/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).unwrap()
}

pub(super) fn key(name: &str) -> SigningKey {
    SigningKey::read(&file(name)).unwrap()
}

/// The answer to `method`, with this node, signed by `key`.
pub(super) fn signed(method: &str, node: &str, key: &SigningKey) -> Vec<u8> {
    let sign = key.sign(node.as_bytes()).unwrap();
    let name = method.replace('.', "_");
    format!(r#"{{"{name}_response":{node},"sign":"{sign}"}}"#).into_bytes()
}

/// The same, naming a certificate.
pub(super) fn certified(method: &str, node: &str, key: &SigningKey, serial: &str) -> Vec<u8> {
    let body = String::from_utf8(signed(method, node, key)).unwrap();
    let named = format!(r#","alipay_cert_sn":"{serial}","sign":"#);
    body.replacen(r#","sign":"#, &named, 1).into_bytes()
}

/// The parameters of a request, query and form together, once it is complete.
fn parameters(request: &[u8]) -> Option<Parameters> {
    let end = request
        .windows(4)
        .position(|window| window == b"\r\n\r\n")?
        + 4;
    let head = std::str::from_utf8(&request[..end]).unwrap();
    let lower = head.to_ascii_lowercase();
    let length = lower.split("content-length:").nth(1).map_or(0, |rest| {
        rest.split("\r\n").next().unwrap().trim().parse().unwrap()
    });
    let body = request.get(end..end + length)?;
    let target = head.split(' ').nth(1).unwrap();
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let mut all: Parameters = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    all.extend(form_urlencoded::parse(body).into_owned());
    all.entry("method".to_owned())
        .or_insert_with(|| "GET".to_owned());
    // Where the secrets may stand.
    all.insert("in query".to_owned(), query.to_owned());
    Some(all)
}
