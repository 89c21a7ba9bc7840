//! A merchant's server that misbehaves on demand, down to the bytes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Answer {
    Status(u16),
    Redirect(u16, String),
    /// The head comes one byte at a time and never ends.
    DripHead,
    /// 200 and a body that never ends.
    EndlessBody,
    /// The connection ends without an answer.
    Hangup,
    /// No answer at all, until the client goes away.
    Silence,
}

/// A request that came in.
#[derive(Clone, Debug)]
pub struct Request {
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        self.head
            .lines()
            .find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name).then(|| value.trim())
            })
            .unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }
}

#[derive(Default)]
struct Shared {
    answers: Mutex<Vec<Answer>>,
    seen: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    written: AtomicUsize,
    waiting: AtomicUsize,
    most_waiting: AtomicUsize,
    closed: Notify,
}

pub struct Server {
    port: u16,
    shared: Arc<Shared>,
}

impl Server {
    /// Answers in this order; the last answer is given again and again.
    pub async fn start(answers: Vec<Answer>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            answers: Mutex::new(answers),
            ..Shared::default()
        });
        let server = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                server.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, server.clone()));
            }
        });
        Server { port, shared }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn answer(&self, answers: Vec<Answer>) {
        *self.shared.answers.lock().unwrap() = answers;
    }

    pub fn seen(&self) -> Vec<Request> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    pub fn written(&self) -> usize {
        self.shared.written.load(Ordering::SeqCst)
    }

    /// The most requests that were left without an answer at the same time.
    pub fn most_waiting(&self) -> usize {
        self.shared.most_waiting.load(Ordering::SeqCst)
    }

    /// Returns when the client has closed a connection that was being written to.
    pub async fn closed(&self) {
        tokio::time::timeout(Duration::from_secs(20), self.shared.closed.notified())
            .await
            .unwrap();
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    shared.seen.lock().unwrap().push(request);
    let answer = {
        let mut answers = shared.answers.lock().unwrap();
        if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers[0].clone()
        }
    };
    match answer {
        Answer::Status(status) => end(stream, format!("HTTP/1.1 {status} X\r\n")).await,
        Answer::Redirect(status, to) => {
            end(stream, format!("HTTP/1.1 {status} X\r\nlocation: {to}\r\n")).await;
        }
        Answer::DripHead => {
            for byte in b"HTTP/1.1 200 OK\r\nx-drip: "
                .iter()
                .chain([b'a'].iter().cycle())
            {
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Answer::EndlessBody => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            let block = [b'a'; 8192];
            while stream.write_all(&block).await.is_ok() {
                shared.written.fetch_add(block.len(), Ordering::SeqCst);
            }
            shared.closed.notify_one();
        }
        Answer::Hangup => {}
        Answer::Silence => {
            let waiting = shared.waiting.fetch_add(1, Ordering::SeqCst) + 1;
            shared.most_waiting.fetch_max(waiting, Ordering::SeqCst);
            let _ = stream.read(&mut [0]).await;
            shared.waiting.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

async fn end(mut stream: TcpStream, head: String) {
    let answer = format!("{head}content-length: 0\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Reads one request, with its body.
async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut block = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = Request {
                head: head.clone(),
                body: Vec::new(),
            };
            let length: usize = length.header("content-length").parse().unwrap();
            if bytes.len() >= end + 4 + length {
                return Some(Request {
                    head,
                    body: bytes[end + 4..end + 4 + length].to_vec(),
                });
            }
        }
        match stream.read(&mut block).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&block[..count]),
        }
    }
}
