//! One signed call: the account's names, a nonce and the signature are added to the
//! fields, they are sent as XML, and the answer is handed to `answer` to be verified
//! before anything in it is read. The client certificate is offered to every call;
//! WeChat asks for it where money goes out.

use super::account::{Account, AccountFault};
use super::answer::{Failure, judge};
use super::codes::Call;
use super::sign::SIGN;
use super::wire::Fields;
use super::xml;
use crate::http::{Http, Lost};
use crate::redact;
use cashier::time::{Clock, Entropy, Timestamp};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder, Url};
use std::fmt;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

/// The media type of every body.
const XML: &str = "text/xml; charset=utf-8";

/// How long the answer to a payment code is waited for at most.
const BARCODE: Duration = Duration::from_secs(5);

/// Where bills are.
const DOWNLOAD_BILL: &str = "/pay/downloadbill";

/// How long a bill may take to come.
const BILL_DEADLINE: Duration = Duration::from_secs(300);

/// The largest bill that is kept, packed.
const LONGEST_BILL: u64 = 1024 * 1024 * 1024;

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
        let http = Http::with_tls(account.deadline, account.tls.clone())
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

    /// Sends a call and returns the verified fields of a yes.
    ///
    /// # Errors
    /// [`Failure`]: no answer, no verified answer, or no yes.
    pub(super) async fn call(&self, call: Call, fields: Fields) -> Result<Fields, Failure> {
        let mut request = self.request(call.path(), fields);
        if call == Call::Bar {
            request = request.timeout(self.account.deadline.min(BARCODE));
        }
        let answer = self.http.send(request).await?;
        tracing::debug!(
            channel.kind = "wechat",
            channel.call = ?call,
            http.status = answer.status,
            "WeChat Pay (APIv2) answered"
        );
        judge(&self.account, call, &answer)
    }

    /// Asks for a bill and keeps what comes, which nobody signs, in a file.
    ///
    /// # Errors
    /// [`Lost`]: there is no whole file.
    pub(super) async fn download(&self, fields: Fields) -> Result<File, Lost> {
        let request = self.request(DOWNLOAD_BILL, fields).timeout(BILL_DEADLINE);
        self.http.download(request, LONGEST_BILL).await
    }

    /// A signed request.
    fn request(&self, path: &str, fields: Fields) -> RequestBuilder {
        let mut url: Url = self.account.base_url.clone();
        url.set_path(path);
        self.http
            .request(Method::POST, url)
            .header(CONTENT_TYPE, XML)
            .body(xml::write(&self.signed(fields)))
    }

    /// The fields with what every call holds.
    fn signed(&self, mut fields: Fields) -> Fields {
        let account = &self.account;
        account.name(&mut fields);
        fields.set("nonce_str", self.nonce());
        fields.set("sign_type", account.signer.kind().name());
        fields.set(SIGN, account.signer.sign(&fields));
        fields
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
