//! A server that gives one answer a connection, piece by piece, and no more of them than
//! it was told.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One answer.
pub enum Served {
    /// Headers, and a text.
    Text(Vec<(&'static str, String)>, String),
    /// A file.
    File(File),
}

/// Serves these answers, one after the other, at the address that it returns.
pub async fn serve(answers: impl FnOnce(&str) -> Vec<Served>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answers = answers(&url);
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = vec![0; 16 * 1024];
            let _ = stream.read(&mut seen).await.unwrap();
            send(&mut stream, answer).await;
            let _ = stream.shutdown().await;
        }
    });
    url
}

async fn send(stream: &mut TcpStream, answer: Served) {
    let (headers, text, mut file) = match answer {
        Served::Text(headers, text) => (headers, text, None),
        Served::File(file) => (Vec::new(), String::new(), Some(file)),
    };
    let length = match &mut file {
        Some(file) => file.seek(SeekFrom::End(0)).unwrap(),
        None => text.len() as u64,
    };
    let mut head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let Some(mut file) = file else { return };
    file.seek(SeekFrom::Start(0)).unwrap();
    let mut piece = vec![0; 16 * 1024];
    loop {
        let read = file.read(&mut piece).unwrap();
        if read == 0 {
            break;
        }
        stream.write_all(&piece[..read]).await.unwrap();
    }
}
