//! The HTTP client that reaches merchants: one deadline over everything, no
//! redirects, no proxy, the program's own root certificates, and a resolver that
//! yields public addresses only. What was resolved is what is connected to, so a
//! name that changes between two lookups gains nothing.

use super::address::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Response, Url};
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;
use url::Host;

/// How much of an answer is read, in bytes: enough to use the connection again.
const ANSWER_LIMIT: usize = 64 * 1024;

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(30);

/// The client could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for webhooks could not be set up: {0}")]
pub struct ClientFault(#[from] reqwest::Error);

/// Why a try failed, for the merchant and the log. Holds no address and no body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The address is none.
    #[error("the webhook's address is not an absolute http or https address")]
    Address,
    /// Not https.
    #[error("the webhook's address is not https")]
    NotHttps,
    /// A private address, or a name for one.
    #[error("the webhook's host is a private address, which is never called")]
    Private,
    /// A redirect.
    #[error("the server answered {0}, a redirect, which is not followed: give its target instead")]
    Redirect(u16),
    /// Another status than 2xx.
    #[error("the server answered {0}")]
    Status(u16),
    /// No answer in time.
    #[error("no answer within the deadline")]
    Timeout,
    /// No connection.
    #[error("no connection: the name does not resolve, nobody listens, or TLS failed")]
    Unreachable,
    /// The connection broke.
    #[error("the connection ended before the answer")]
    Broken,
}

impl Failure {
    /// The HTTP status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Failure::Redirect(status) | Failure::Status(status) => Some(*status),
            _ => None,
        }
    }
}

/// A client for merchants' servers.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    allow_private: bool,
}

impl Client {
    /// A client whose deliveries end after `deadline`. With `allow_private` it
    /// also calls private addresses, and without TLS: for development.
    ///
    /// # Errors
    /// [`ClientFault`].
    pub fn new(deadline: Duration, allow_private: bool) -> Result<Client, ClientFault> {
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|certificate| reqwest::Certificate::from_der(certificate))
            .collect::<Result<Vec<_>, _>>()?;
        let mut builder = reqwest::Client::builder()
            .tls_certs_only(roots)
            .timeout(deadline)
            .connect_timeout(deadline.min(Duration::from_secs(5)))
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(IDLE)
            .no_proxy()
            .https_only(!allow_private)
            .user_agent(concat!("till/", env!("CARGO_PKG_VERSION")));
        if !allow_private {
            builder = builder.dns_resolver(std::sync::Arc::new(PublicOnly));
        }
        Ok(Client {
            http: builder.build()?,
            allow_private,
        })
    }

    /// Posts a JSON body and returns the status, which is 2xx.
    ///
    /// # Errors
    /// [`Failure`]: anything else.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<u16, Failure> {
        let (status, _) = self.post_and_read(url, headers, body).await?;
        Ok(status)
    }

    /// Posts a JSON body and returns the status, which is 2xx, and the beginning of
    /// the answer.
    ///
    /// # Errors
    /// [`Failure`]: anything else.
    pub async fn post_and_read(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<(u16, Vec<u8>), Failure> {
        let url = self.allowed(url)?;
        let mut request = self
            .http
            .post(url)
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = request
            .body(body)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let status = response.status();
        let answer = drain(response).await;
        if status.is_success() {
            Ok((status.as_u16(), answer))
        } else if status.is_redirection() {
            Err(Failure::Redirect(status.as_u16()))
        } else {
            Err(Failure::Status(status.as_u16()))
        }
    }

    /// The address, if it may be called. A literal address never reaches the
    /// resolver, so it is looked at here.
    fn allowed(&self, url: &str) -> Result<Url, Failure> {
        let url = Url::parse(url).map_err(|_| Failure::Address)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Failure::Address);
        }
        if self.allow_private {
            return Ok(url);
        }
        if url.scheme() != "https" {
            return Err(Failure::NotHttps);
        }
        let public = match url.host() {
            Some(Host::Ipv4(address)) => is_public(address.into()),
            Some(Host::Ipv6(address)) => is_public(address.into()),
            Some(Host::Domain(_)) => true,
            None => return Err(Failure::Address),
        };
        if public {
            Ok(url)
        } else {
            Err(Failure::Private)
        }
    }
}

/// Reads a bounded part of the answer, so that the connection can be used again.
/// For events the status has decided already: whatever goes wrong here changes nothing.
async fn drain(mut response: Response) -> Vec<u8> {
    let mut read = Vec::new();
    while read.len() < ANSWER_LIMIT {
        match response.chunk().await {
            Ok(Some(chunk)) => read.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    read
}

fn failure(error: &reqwest::Error) -> Failure {
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.is::<OnlyPrivate>() {
            return Failure::Private;
        }
        source = inner.source();
    }
    if error.is_timeout() {
        Failure::Timeout
    } else if error.is_connect() {
        Failure::Unreachable
    } else {
        Failure::Broken
    }
}

/// A name leads to private addresses only.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the name leads to no public address")]
struct OnlyPrivate;

/// Resolves as the system does and keeps the public addresses.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(Box::new(OnlyPrivate) as Box<dyn Error + Send + Sync>);
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}
