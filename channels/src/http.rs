//! The HTTP client of every channel account: pooled, with one deadline over the
//! whole call, no redirects, the program's own root certificates, no proxy from
//! the environment, and a bound on the size of an answer.
//!
//! It also draws the line that the core lives by: a connection that never came
//! about is [`Outcome::NotSent`]; whatever goes wrong later is [`Outcome::Unknown`].

use cashier::channel::{Cause, CauseKind, Outcome};
use reqwest::header::HeaderMap;
use reqwest::{Certificate, Client, Identity, Method, RequestBuilder, Url};
use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::time::Duration;

/// The largest answer that is read: far above any answer of a channel's API.
const ANSWER_LIMIT: usize = 1024 * 1024;

/// How long to wait for a connection at most; a part of the whole deadline.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(30);

/// One channel account's HTTP client.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: Client,
}

/// What may be special about an account's TLS.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tls {
    /// The certificate that is shown to who asks for one.
    pub(crate) identity: Option<Identity>,
    /// The one authority that is trusted in place of the public ones.
    pub(crate) authority: Option<Certificate>,
}

/// A channel's answer, complete and unbelieved.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body, byte for byte.
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Nothing left this machine.
    NotSent(Cause),
    /// The request may have been carried out.
    Unknown(Cause),
}

impl<T> From<Lost> for Outcome<T> {
    fn from(lost: Lost) -> Outcome<T> {
        match lost {
            Lost::NotSent(cause) => Outcome::NotSent(cause),
            Lost::Unknown(cause) => Outcome::Unknown(cause),
        }
    }
}

impl Http {
    /// A client whose calls end after `deadline`, connecting included.
    ///
    /// # Errors
    /// The TLS backend or the root certificates could not be set up.
    pub(crate) fn new(deadline: Duration) -> Result<Http, reqwest::Error> {
        Http::with_tls(deadline, Tls::default())
    }

    /// The same, with something special about TLS.
    ///
    /// # Errors
    /// As [`Http::new`], or certificate and key do not belong together.
    pub(crate) fn with_tls(deadline: Duration, tls: Tls) -> Result<Http, reqwest::Error> {
        let roots = match tls.authority {
            Some(authority) => vec![authority],
            None => webpki_root_certs::TLS_SERVER_ROOT_CERTS
                .iter()
                .map(|certificate| Certificate::from_der(certificate))
                .collect::<Result<_, _>>()?,
        };
        let mut builder = Client::builder()
            .tls_certs_only(roots)
            .timeout(deadline)
            .connect_timeout(CONNECT_DEADLINE.min(deadline / 2))
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(IDLE)
            .no_proxy()
            .user_agent(concat!("till/", env!("CARGO_PKG_VERSION")));
        if let Some(identity) = tls.identity {
            builder = builder.identity(identity);
        }
        builder.build().map(|client| Http { client })
    }

    /// Begins a request.
    pub(crate) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// [`Lost::NotSent`] when no connection came about, else [`Lost::Unknown`].
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Answer, Lost> {
        let mut response = request.send().await.map_err(lost)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len().saturating_add(chunk.len()) > ANSWER_LIMIT {
                return Err(Lost::Unknown(Cause {
                    kind: CauseKind::Unreadable,
                    detail: format!("the answer is larger than {ANSWER_LIMIT} bytes"),
                }));
            }
            body.extend_from_slice(&chunk);
        }
        let status = response.status().as_u16();
        Ok(Answer {
            status,
            headers: std::mem::take(response.headers_mut()),
            body,
        })
    }

    /// Sends a request and keeps the body of a 200 in a file that is gone with its last
    /// reader; no longer than `limit` bytes.
    ///
    /// # Errors
    /// [`Lost::NotSent`] when no connection came about, else [`Lost::Unknown`], also for
    /// every other status.
    pub(crate) async fn download(&self, request: RequestBuilder, limit: u64) -> Result<File, Lost> {
        let mut response = request.send().await.map_err(lost)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(channel_failed(format!(
                "HTTP {}",
                response.status().as_u16()
            )));
        }
        let mut file = tempfile::tempfile().map_err(|error| not_kept(&error))?;
        let mut length = 0_u64;
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            length = length.saturating_add(chunk.len() as u64);
            if length > limit {
                return Err(channel_failed(format!(
                    "the file is larger than {limit} bytes"
                )));
            }
            // A few kilobytes into the page cache: no reason to change threads.
            file.write_all(&chunk).map_err(|error| not_kept(&error))?;
        }
        Ok(file)
    }
}

fn channel_failed(detail: String) -> Lost {
    Lost::Unknown(Cause {
        kind: CauseKind::ChannelError,
        detail,
    })
}

fn not_kept(error: &std::io::Error) -> Lost {
    Lost::Unknown(Cause {
        kind: CauseKind::Unreadable,
        detail: format!("the file cannot be kept on this machine: {error}"),
    })
}

impl Http {
    /// Sends a request and saves the body of a 200, up to `limit` bytes; of any other
    /// status nothing is kept. Returns the status.
    ///
    /// # Errors
    /// As [`Http::send`]; and [`Lost::Unknown`] when it is larger, or cannot be saved.
    pub(crate) async fn save(
        &self,
        request: RequestBuilder,
        file: &mut File,
        limit: u64,
    ) -> Result<u16, Lost> {
        let unreadable = |detail: String| {
            Lost::Unknown(Cause {
                kind: CauseKind::Unreadable,
                detail,
            })
        };
        let mut response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        if status != 200 {
            return Ok(status);
        }
        let mut left = limit;
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            left = u64::try_from(chunk.len())
                .ok()
                .and_then(|length| left.checked_sub(length))
                .ok_or_else(|| unreadable(format!("the file is larger than {limit} bytes")))?;
            file.write_all(&chunk)
                .map_err(|error| unreadable(format!("the file cannot be saved: {error}")))?;
        }
        Ok(status)
    }
}

/// Tells whether the request can have left this machine. The address is taken out
/// of the error first: its query holds a signature.
fn lost(error: reqwest::Error) -> Lost {
    let error = error.without_url();
    let not_sent = error.is_connect() || error.is_builder();
    let kind = match () {
        () if not_sent => CauseKind::Unreachable,
        () if error.is_timeout() => CauseKind::Timeout,
        () if error.is_decode() => CauseKind::Unreadable,
        () => CauseKind::Reset,
    };
    let cause = Cause {
        kind,
        detail: crate::redact::words(&chain(&error)),
    };
    if not_sent {
        Lost::NotSent(cause)
    } else {
        Lost::Unknown(cause)
    }
}

/// An error with its reasons, outermost first.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn answering(answer: Vec<u8>) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = [0; 1024];
            let _ = stream.read(&mut seen).await;
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        });
        url
    }

    async fn get(url: Url, deadline: Duration) -> Result<Answer, Lost> {
        let http = Http::new(deadline).unwrap();
        http.send(http.request(Method::GET, url)).await
    }

    fn kind(lost: &Lost) -> (bool, CauseKind) {
        match lost {
            Lost::NotSent(cause) => (false, cause.kind),
            Lost::Unknown(cause) => (true, cause.kind),
        }
    }

    /// Shows F61.
    #[tokio::test]
    async fn nothing_listening_means_that_nothing_was_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://{}/", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        drop(listener);
        let lost = get(url, Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(kind(&lost), (false, CauseKind::Unreachable));
    }

    /// Shows F56.
    #[tokio::test]
    async fn a_connection_that_ends_without_an_answer_leaves_the_outcome_unknown() {
        let url = answering(Vec::new()).await;
        let lost = get(url, Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(kind(&lost), (true, CauseKind::Reset));
    }

    /// Shows F61.
    #[tokio::test]
    async fn without_a_trusted_peer_nothing_was_sent() {
        let mut url = answering(b"this is no TLS".to_vec()).await;
        url.set_scheme("https").unwrap();
        let lost = get(url, Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(kind(&lost), (false, CauseKind::Unreachable));
    }

    /// Shows F57.
    #[tokio::test]
    async fn a_cut_body_leaves_the_outcome_unknown() {
        let url = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec()).await;
        let lost = get(url, Duration::from_secs(5)).await.unwrap_err();
        assert!(kind(&lost).0);
    }

    #[tokio::test]
    async fn silence_until_the_deadline_leaves_the_outcome_unknown() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://{}/?sign=SECRET", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let lost = get(url, Duration::from_millis(300)).await.unwrap_err();
        assert_eq!(kind(&lost), (true, CauseKind::Timeout));
        assert!(!format!("{lost:?}").contains("SECRET"));
    }

    #[tokio::test]
    async fn an_answer_without_end_is_not_read_to_its_end() {
        let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        answer.resize(ANSWER_LIMIT + 100_000, b'a');
        let lost = get(answering(answer).await, Duration::from_secs(10))
            .await
            .unwrap_err();
        assert_eq!(kind(&lost), (true, CauseKind::Unreadable));
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_is_not_followed() {
        let url = answering(
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
                .to_vec(),
        )
        .await;
        let answer = get(url, Duration::from_secs(5)).await.unwrap();
        assert_eq!(answer.status, 302);
    }
}
