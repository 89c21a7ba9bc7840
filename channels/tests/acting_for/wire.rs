//! A server that has no usable answer to anything and keeps what it was asked.

use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

const ANSWER: &[u8] = b"HTTP/1.1 500 X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// One request.
pub struct Sent {
    /// `POST /path`, without the query.
    pub call: String,
    /// What the address asks.
    pub query: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// The server.
pub struct Wire {
    /// Where it is.
    pub url: String,
    requests: mpsc::UnboundedReceiver<Sent>,
}

impl Wire {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let sent = receive(&mut stream).await;
                sender.send(sent).unwrap();
                stream.write_all(ANSWER).await.unwrap();
            }
        });
        Self { url, requests }
    }

    /// What was sent since the last time.
    pub fn sent(&mut self) -> Vec<Sent> {
        std::iter::from_fn(|| self.requests.try_recv().ok()).collect()
    }
}

impl Sent {
    /// The values of a form: those of the address, then those of the body.
    pub fn form(&self) -> Vec<(String, String)> {
        let mut form = self.query.clone();
        form.extend(pairs(&self.body));
        form
    }
}

/// The value of a field of a form.
pub fn value<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut named = form.iter().filter(|(known, _)| known == name);
    named.next().map(|(_, value)| value.as_str())
}

/// A text as a form's fields.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    let url = Url::parse(&format!("http://form.example/?{text}")).unwrap();
    url.query_pairs().into_owned().collect()
}

async fn receive(stream: &mut TcpStream) -> Sent {
    let mut seen = Vec::new();
    loop {
        if let Some(sent) = parse(&seen) {
            return sent;
        }
        assert!(stream.read_buf(&mut seen).await.unwrap() > 0, "cut off");
    }
}

/// A request, once it is complete.
fn parse(seen: &[u8]) -> Option<Sent> {
    let text = std::str::from_utf8(seen).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let lower = head.to_ascii_lowercase();
    let length = lower.split("\r\ncontent-length:").nth(1);
    let length = length.map_or(0, |rest| {
        rest.lines()
            .next()
            .unwrap()
            .trim()
            .parse::<usize>()
            .unwrap()
    });
    if body.len() < length {
        return None;
    }
    let mut line = head.lines().next()?.split(' ');
    let (method, target) = (line.next()?, line.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Some(Sent {
        call: format!("{method} {path}"),
        query: pairs(query),
        body: body.to_owned(),
    })
}
