//! One signed call: built, signed over the bytes that are sent, sent, and handed to
//! `answer` to be verified before anything in it is read.

use super::account::{Account, AccountFault};
use super::answer::{Failure, judge, names_unknown_key};
use super::certificates::Downloads;
use super::codes::Call;
use super::sign::Sent;
use crate::http::{Answer, Http, Lost};
use crate::redact;
use cashier::channel::{Cause, CauseKind};
use cashier::time::{Clock, Entropy, Timestamp};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use std::fmt;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;
use url::{Position, Url};

/// The media type of every body.
const JSON: &str = "application/json";

/// How long the download of a bill may take.
const FILE_DEADLINE: Duration = Duration::from_secs(300);

/// The largest file that is downloaded, in bytes.
const FILE_LIMIT: u64 = 1024 * 1024 * 1024;

/// One account's way of speaking with WeChat Pay; a clone is the same one.
#[derive(Clone)]
pub(super) struct Client {
    account: Arc<Account>,
    downloads: Arc<Downloads>,
    http: Http,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Client {
    pub(super) fn new(
        account: Account,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Client, AccountFault> {
        let http = Http::new(account.deadline)
            .map_err(|error| AccountFault::Http(redact::words(&error.to_string())))?;
        Ok(Client {
            account: Arc::new(account),
            downloads: Arc::default(),
            http,
            clock,
            entropy,
        })
    }

    /// The account with its keys.
    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    /// The HTTP client.
    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    /// The downloads of certificates.
    pub(super) fn downloads(&self) -> &Downloads {
        &self.downloads
    }

    /// The present moment.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A text that has not been used before: 32 hexadecimal digits.
    pub(super) fn nonce(&self) -> String {
        hex::encode_upper(self.entropy.bytes())
    }

    /// Sends a POST and returns the verified body of the answer.
    ///
    /// # Errors
    /// [`Failure`]: no answer, no verified answer, or no yes.
    pub(super) async fn post(
        &self,
        call: Call,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Vec<u8>, Failure> {
        let url = self.url(path);
        // Serialised once: these bytes are signed, and these bytes are sent.
        let body =
            serde_json::to_vec(body).map_err(|_| not_sent("could not be written as JSON"))?;
        let authorization = self.authorize("POST", &url, &body)?;
        let request = self
            .http
            .request(Method::POST, url)
            .header(CONTENT_TYPE, JSON)
            .body(body);
        self.send(call, request, authorization).await
    }

    /// Sends a GET and returns the verified body of the answer.
    ///
    /// # Errors
    /// [`Failure`]: no answer, no verified answer, or no yes.
    pub(super) async fn get(
        &self,
        call: Call,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Vec<u8>, Failure> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let authorization = self.authorize("GET", &url, b"")?;
        self.send(call, self.http.request(Method::GET, url), authorization)
            .await
    }

    /// Sends a GET and returns the answer as it came, unbelieved.
    ///
    /// # Errors
    /// [`Lost`]: there is no answer.
    pub(super) async fn ask(&self, path: &[&str]) -> Result<Answer, Lost> {
        let url = self.url(path);
        let authorization = self.authorize("GET", &url, b"")?;
        self.exchange(self.http.request(Method::GET, url), authorization)
            .await
    }

    /// Downloads a file, which comes unsigned.
    ///
    /// # Errors
    /// [`Lost`]: it did not come whole.
    pub(super) async fn download_file(&self, url: Url) -> Result<File, Lost> {
        let authorization = self.authorize("GET", &url, b"")?;
        let request = self
            .http
            .request(Method::GET, url)
            .header(AUTHORIZATION, authorization)
            .timeout(FILE_DEADLINE);
        self.http.download(request, FILE_LIMIT).await
    }

    /// The address of a call: what is put into the path is percent-encoded.
    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.account.base_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().push("v3").extend(path);
        }
        url
    }

    fn authorize(&self, method: &str, url: &Url, body: &[u8]) -> Result<String, Lost> {
        let target = &url[Position::BeforePath..Position::AfterQuery];
        self.account
            .signer
            .authorization(
                Sent {
                    method,
                    target,
                    body,
                },
                self.now().seconds(),
                &self.nonce(),
            )
            .map_err(|_| not_sent("could not be signed"))
    }

    async fn send(
        &self,
        call: Call,
        request: RequestBuilder,
        authorization: String,
    ) -> Result<Vec<u8>, Failure> {
        self.keep_fresh();
        let answer = self.exchange(request, authorization).await?;
        tracing::debug!(
            channel.kind = "wechat",
            channel.call = ?call,
            http.status = answer.status,
            channel.request_id = ?answer.headers.get("request-id"),
            "WeChat Pay answered"
        );
        let seen = self.downloads.ended();
        let unknown = names_unknown_key(&self.account, &answer, self.now());
        if unknown && self.account.downloads_certificates {
            self.renew(seen).await;
        }
        judge(&self.account, call, answer, self.now())
    }

    async fn exchange(
        &self,
        request: RequestBuilder,
        authorization: String,
    ) -> Result<Answer, Lost> {
        let mut request = request
            .header(ACCEPT, JSON)
            .header(AUTHORIZATION, authorization);
        if let Some(id) = &self.account.public_key_id {
            // Asks for an answer that is signed with this key, while WeChat changes over.
            request = request.header("Wechatpay-Serial", id);
        }
        self.http.send(request).await
    }
}

/// The request never came to be.
fn not_sent(why: &str) -> Lost {
    Lost::NotSent(Cause {
        kind: CauseKind::Unreachable,
        detail: format!("the request {why}"),
    })
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}
