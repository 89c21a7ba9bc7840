//! A line between a process and its database that can be cut and stalled.

use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Line {
    /// Nothing goes through; nothing is lost either.
    is_stalled: bool,
    /// How many times it has been cut: connections of before are gone.
    cuts: u64,
}

/// The line.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Where it is entered.
    pub addr: SocketAddr,
    line: Arc<watch::Sender<Line>>,
}

impl Proxy {
    /// A line to `target`.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start(target: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let line = Arc::new(watch::Sender::new(Line::default()));
        let shared = line.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let line = shared.subscribe();
                tokio::spawn(connect(near, target, line));
            }
        });
        Proxy { addr, line }
    }

    /// Cuts every connection that is open now.
    pub fn cut(&self) {
        self.line.send_modify(|line| line.cuts += 1);
    }

    /// Lets nothing through until it is mended.
    pub fn stall(&self) {
        self.line.send_modify(|line| line.is_stalled = true);
    }

    /// Lets everything through again.
    pub fn mend(&self) {
        self.line.send_modify(|line| line.is_stalled = false);
    }
}

async fn connect(near: TcpStream, target: SocketAddr, line: watch::Receiver<Line>) {
    let Ok(far) = TcpStream::connect(target).await else {
        return;
    };
    // Small packets at once: the line should be none that one notices.
    let _ = near.set_nodelay(true);
    let _ = far.set_nodelay(true);
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    // When one direction ends, the other one's halves are dropped with it.
    tokio::select! {
        () = pump(near_read, far_write, line.clone()) => {}
        () = pump(far_read, near_write, line) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut line: watch::Receiver<Line>) {
    let born = line.borrow().cuts;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            cut = line.wait_for(|line| line.cuts != born) => { drop(cut); return }
        };
        let Ok(length @ 1..) = read else { return };
        match line
            .wait_for(|line| !line.is_stalled || line.cuts != born)
            .await
        {
            Ok(now) if now.cuts == born => {}
            _ => return,
        }
        let Some(content) = buffer.get(..length) else {
            return;
        };
        if to.write_all(content).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that says everything again.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        addr
    }

    #[tokio::test]
    async fn a_stalled_line_loses_nothing_and_a_cut_one_ends() {
        let proxy = Proxy::start(echo().await).await;
        let mut stream = TcpStream::connect(proxy.addr).await.unwrap();
        let mut answer = [0; 2];
        proxy.stall();
        stream.write_all(b"hi").await.unwrap();
        let early = tokio::time::timeout(
            std::time::Duration::from_millis(200),
            stream.read(&mut answer),
        );
        assert!(early.await.is_err());
        proxy.mend();
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"hi");
        proxy.cut();
        assert_eq!(stream.read(&mut answer).await.unwrap_or(0), 0);
    }
}
