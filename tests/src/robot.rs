//! Those who are alerted: a real HTTP server that behaves as a webhook of the
//! operator's own and as the robots of three chats, as their documents say. What is
//! signed wrongly is refused; what else is refused, a story decides.

use crate::until;
use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// What the messages are signed with, by format. WeCom knows no signature.
const GENERIC_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const DINGTALK_SECRET: &str = "SEC000000000000000000000000000000000000000000000000000000000000000a";
const FEISHU_SECRET: &str = "nIMtb7r3N9pkXyXdtAbx6e";
/// What a robot knows its group by.
const TOKEN: &str = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa";

/// A message that came in.
#[derive(Clone, Debug)]
pub struct Message {
    /// `generic`, `dingtalk`, `wecom` or `feishu`.
    pub format: String,
    /// What people read; for `generic`, the whole body.
    pub text: String,
    /// The body.
    pub body: Value,
    /// `webhook-id`, for `generic`.
    pub id: String,
    /// Whether it was taken.
    pub taken: bool,
}

#[derive(Default)]
struct Inbox {
    messages: Mutex<Vec<Message>>,
    refusals: Mutex<HashMap<String, Vec<(u16, Value)>>>,
}

/// The server.
pub struct Robots {
    url: String,
    inbox: Arc<Inbox>,
    server: ServerHandle,
}

impl Robots {
    /// Starts it.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start() -> Robots {
        let inbox = Arc::new(Inbox::default());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let data = web::Data::from(inbox.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/{format}", web::post().to(take))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        Robots {
            url,
            inbox,
            server: handle,
        }
    }

    /// The gateway's settings for one target of each of these formats.
    pub fn settings(&self, formats: &[&str]) -> String {
        let targets = formats.iter().map(|format| {
            let (query, secret) = match *format {
                "dingtalk" => (format!("?access_token={TOKEN}"), DINGTALK_SECRET),
                "wecom" => (format!("?key={TOKEN}"), ""),
                "feishu" => (String::new(), FEISHU_SECRET),
                _ => (String::new(), GENERIC_SECRET),
            };
            let secret = match secret {
                "" => String::new(),
                secret => format!(", secret = \"{secret}\""),
            };
            format!(
                "{{ name = \"{format}\", format = \"{format}\", url = \"{}/{format}{query}\"{secret} }}",
                self.url
            )
        });
        let targets: Vec<String> = targets.collect();
        format!("alerts.targets = [{}]\n", targets.join(", "))
    }

    /// Answers the next message of that format so.
    ///
    /// # Panics
    /// Never, unless a story has.
    pub fn refuse(&self, format: &str, status: u16, answer: Value) {
        let mut refusals = self.inbox.refusals.lock().unwrap();
        let of_format = refusals.entry(format.to_owned()).or_default();
        of_format.push((status, answer));
    }

    /// The messages of that format that came, oldest first.
    ///
    /// # Panics
    /// Never, unless a story has.
    pub fn messages(&self, format: &str) -> Vec<Message> {
        let mut messages = self.inbox.messages.lock().unwrap().clone();
        messages.retain(|message| message.format == format);
        messages
    }

    /// Waits until a message of that format with that text in it was taken.
    ///
    /// # Panics
    /// When none ever is.
    pub async fn told(&self, format: &str, text: &str) -> Message {
        until(&format!("{format} hears of {text}"), async || {
            let messages = self.messages(format);
            let told = messages
                .iter()
                .find(|message| message.taken && message.text.contains(text));
            told.cloned().ok_or(messages)
        })
        .await
    }

    /// Stops it.
    pub async fn stop(self) {
        self.server.stop(false).await;
    }
}

async fn take(
    inbox: web::Data<Inbox>,
    format: web::Path<String>,
    request: HttpRequest,
    bytes: web::Bytes,
) -> HttpResponse {
    let format = format.into_inner();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let query = web::Query::<HashMap<String, String>>::from_query(request.query_string())
        .map(web::Query::into_inner)
        .unwrap_or_default();
    let id = header(&request, "webhook-id");
    let refusal = refused(&format, &request, &query, &bytes, &body).or_else(|| {
        let mut refusals = inbox.refusals.lock().unwrap();
        let of_format = refusals.get_mut(&format)?;
        (!of_format.is_empty()).then(|| of_format.remove(0))
    });
    let text = match format.as_str() {
        "dingtalk" => &body["markdown"]["text"],
        "wecom" => &body["markdown"]["content"],
        "feishu" => &body["content"]["text"],
        _ => &Value::Null,
    };
    let text = text
        .as_str()
        .map_or_else(|| body.to_string(), str::to_owned);
    inbox.messages.lock().unwrap().push(Message {
        taken: refusal.is_none(),
        text,
        id,
        body,
        format: format.clone(),
    });
    let (status, answer) = refusal.unwrap_or_else(|| match format.as_str() {
        "feishu" => (200, json!({ "code": 0, "msg": "success", "data": {} })),
        "generic" => (204, Value::Null),
        _ => (200, json!({ "errcode": 0, "errmsg": "ok" })),
    });
    HttpResponse::build(StatusCode::from_u16(status).unwrap()).json(answer)
}

/// What is wrong with a message by the robot's documents, as the robot answers it.
fn refused(
    format: &str,
    request: &HttpRequest,
    query: &HashMap<String, String>,
    bytes: &[u8],
    body: &Value,
) -> Option<(u16, Value)> {
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let plain = header(request, "content-type").starts_with("application/json");
    match format {
        "dingtalk" => {
            // The key is the secret, the text is the time in milliseconds, a line
            // end and the secret.
            let time = text("timestamp");
            let sign = signed(DINGTALK_SECRET, &format!("{time}\n{DINGTALK_SECRET}"));
            let titled = body["markdown"]["title"].is_string() && body["msgtype"] == "markdown";
            let fine = plain && titled && time.len() == 13 && text("access_token") == TOKEN;
            let no = json!({ "errcode": 310_000, "errmsg": "sign not match" });
            (!fine || text("sign") != sign).then_some((200, no))
        }
        "wecom" => {
            let content = body["markdown"]["content"].as_str().unwrap_or_default();
            let short = (1..=4096).contains(&content.len()) && body["msgtype"] == "markdown";
            let no = json!({ "errcode": 93_000, "errmsg": "invalid webhook url" });
            (!plain || !short || text("key") != TOKEN).then_some((200, no))
        }
        "feishu" => {
            // The key is the time in seconds, a line end and the secret; the text is
            // empty.
            let time = body["timestamp"].as_str().unwrap_or_default();
            let sign = signed(&format!("{time}\n{FEISHU_SECRET}"), "");
            let fine = plain && time.len() == 10 && body["msg_type"] == "text";
            let no = json!({ "code": 19_021, "msg": "sign match fail" });
            (!fine || body["sign"] != json!(sign)).then_some((200, no))
        }
        _ => {
            let webhook = Webhook::new(GENERIC_SECRET).unwrap();
            let time = header(request, "webhook-timestamp").parse().unwrap_or(0);
            let id = header(request, "webhook-id");
            let signed = webhook.sign(&id, time, bytes).unwrap();
            (!plain || header(request, "webhook-signature") != signed).then_some((401, Value::Null))
        }
    }
}

fn signed(key: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    STANDARD.encode(hmac::sign(&key, text.as_bytes()))
}

fn header(request: &HttpRequest, name: &str) -> String {
    let value = request.headers().get(name);
    let text = value.and_then(|value| value.to_str().ok());
    text.unwrap_or_default().to_owned()
}
