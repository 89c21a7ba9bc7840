//! One signed call: built, signed over the bytes that are sent, sent, and handed to
//! `answer` to be verified before anything in it is read.

use super::account::{Account, AccountFault};
use super::answer::{Failure, judge};
use super::codes::Call;
use super::sign::Sent;
use crate::http::{Http, Lost};
use crate::redact;
use cashier::channel::{Cause, CauseKind};
use cashier::time::{Clock, Entropy, Timestamp};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use url::{Position, Url};

/// The media type of every body.
const JSON: &str = "application/json";

/// One account's way of speaking with WeChat Pay.
pub(super) struct Client {
    account: Account,
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
            account,
            http,
            clock,
            entropy,
        })
    }

    /// The account with its keys.
    pub(super) fn account(&self) -> &Account {
        &self.account
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
        let mut request = request
            .header(ACCEPT, JSON)
            .header(AUTHORIZATION, authorization);
        if let Some(id) = &self.account.public_key_id {
            // Asks for an answer that is signed with this key, while WeChat changes over.
            request = request.header("Wechatpay-Serial", id);
        }
        let answer = self.http.send(request).await?;
        tracing::debug!(
            channel.kind = "wechat",
            channel.call = ?call,
            http.status = answer.status,
            channel.request_id = ?answer.headers.get("request-id"),
            "WeChat Pay answered"
        );
        judge(&self.account, call, answer, self.now())
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
