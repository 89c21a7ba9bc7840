//! One signed request: as a link, as an order string, or as a call whose answer is
//! cut, verified and compared with the question before anybody sees it.

use super::account::{Account, AccountFault};
use super::answer::{self, Cut, Signature};
use super::codes::{self, Call, Meaning};
use super::convert;
use super::learn::Lessons;
use super::sign::{self, Parameters};
use super::trust::Signers;
use super::wire::Head;
use crate::http::{Answer, Http, Lost};
use crate::redact;
use cashier::channel::{Cause, CauseKind, Outcome, Refusal};
use cashier::id::FlowNo;
use cashier::time::{Clock, Timestamp};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use url::form_urlencoded;

/// The longest answer to a payment by the payer's code: the payer stands at the
/// counter.
const AT_THE_COUNTER: Duration = Duration::from_secs(5);

/// What goes into a call's body. All else stands in its address, as the documents
/// have it; an authorisation is a secret, and addresses end in logs.
const IN_BODY: [&str; 4] = ["biz_content", "app_auth_token", "code", "grant_type"];

/// One account's way of speaking with Alipay.
pub(super) struct Client {
    account: Account,
    http: Http,
    clock: Arc<dyn Clock>,
    pub(super) lessons: Lessons,
}

/// The addresses that a request may carry beside its content.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Addresses<'a> {
    /// Where notices go.
    pub(super) notify: Option<&'a str>,
    /// Where the payer's browser goes afterwards.
    pub(super) back: Option<&'a str>,
}

/// A verified answer to the question that was asked.
#[derive(Debug)]
pub(super) enum Said<A> {
    /// `code` 10000.
    Yes(A),
    /// Any other code.
    No(No),
}

/// A verified failure.
#[derive(Debug)]
pub(super) struct No {
    /// What it means for the call.
    pub(super) meaning: Meaning,
    code: String,
    message: String,
}

impl Client {
    pub(super) fn new(account: Account, clock: Arc<dyn Clock>) -> Result<Client, AccountFault> {
        let http = Http::new(account.deadline)
            .map_err(|error| AccountFault::Http(redact::words(&error.to_string())))?;
        Ok(Client {
            account,
            http,
            clock,
            lessons: Lessons::default(),
        })
    }

    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A link to a page of Alipay's (`pageExecute`). Nothing is sent.
    ///
    /// # Errors
    /// Why it could not be signed.
    pub(super) fn link(
        &self,
        method: &str,
        content: &impl Serialize,
        addresses: Addresses<'_>,
    ) -> Result<String, Cause> {
        let parameters = self.signed(method, &written(content)?.fields(addresses))?;
        let mut url = self.account.gateway.clone();
        url.query_pairs_mut().extend_pairs(&parameters);
        Ok(url.into())
    }

    /// An order string for Alipay's SDK in an app (`sdkExecute`): sorted, `sign`
    /// last. Nothing is sent.
    ///
    /// # Errors
    /// Why it could not be signed.
    pub(super) fn order_string(
        &self,
        method: &str,
        content: &impl Serialize,
        addresses: Addresses<'_>,
    ) -> Result<String, Cause> {
        let mut parameters = self.signed(method, &written(content)?.fields(addresses))?;
        let sign = parameters.remove("sign").unwrap_or_default();
        Ok(form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&parameters)
            .append_pair("sign", &sign)
            .finish())
    }

    /// Makes a call, about a flow where there is one, and reads its answer.
    ///
    /// # Errors
    /// [`Lost`] when there is no answer that may be believed.
    pub(super) async fn ask<A: DeserializeOwned>(
        &self,
        call: Call,
        content: &impl Serialize,
        flow: Option<&FlowNo>,
        addresses: Addresses<'_>,
    ) -> Result<Said<A>, Lost> {
        let written = written(content).map_err(Lost::NotSent)?;
        self.call(call, &written.fields(addresses), flow).await
    }

    /// Makes a call whose content stands beside the other parameters.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub(super) async fn call<A: DeserializeOwned>(
        &self,
        call: Call,
        fields: &[(&str, &str)],
        flow: Option<&FlowNo>,
    ) -> Result<Said<A>, Lost> {
        let (started, limit) = (Instant::now(), self.limit(call));
        let request = self.request(call, fields).map_err(Lost::NotSent)?;
        let said = match self.http.send(request.timeout(limit)).await {
            Ok(answer) => {
                let heard = tokio::time::timeout_at(started + limit, self.hear(call, &answer));
                // Without the certificate the answer stays one that nobody signed.
                let _ = heard.await;
                self.read(call, &answer, flow)
            }
            Err(lost) => Err(lost),
        };
        tracing::debug!(
            channel.kind = "alipay",
            channel.method = call.method(),
            flow.no = flow.map(FlowNo::as_str),
            outcome = outcome_name(&said),
            duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "asked Alipay"
        );
        said
    }

    /// The signed request of a call.
    ///
    /// # Errors
    /// Why it could not be signed.
    pub(super) fn request(
        &self,
        call: Call,
        fields: &[(&str, &str)],
    ) -> Result<RequestBuilder, Cause> {
        let parameters = self.signed(call.method(), fields)?;
        let is_in_body = |(name, _): &(&String, &String)| IN_BODY.contains(&name.as_str());
        let (body, beside): (Vec<_>, Vec<_>) = parameters.iter().partition(is_in_body);
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(body)
            .finish();
        // The query holds the signature: this address must not get into a log.
        let mut url = self.account.gateway.clone();
        url.query_pairs_mut().extend_pairs(beside);
        let form = "application/x-www-form-urlencoded;charset=utf-8";
        let request = self.http.request(Method::POST, url);
        Ok(request.header(CONTENT_TYPE, form).body(body))
    }

    /// How long a call may take.
    fn limit(&self, call: Call) -> Duration {
        match call {
            Call::Pay => AT_THE_COUNTER.min(self.account.deadline),
            _ => self.account.deadline,
        }
    }

    /// Learns the certificate that an answer names, if it is not known yet.
    async fn hear(&self, call: Call, answer: &Answer) {
        let Ok(cut) = answer::cut(&answer.body, call.method()) else {
            return;
        };
        let signers = self.account.trust.of_answer(cut.certificate.as_deref());
        if let Signers::Unheard(serial) = signers {
            self.learn(&serial).await;
        }
    }

    fn signed(&self, method: &str, fields: &[(&str, &str)]) -> Result<Parameters, Cause> {
        let timestamp = convert::time_text(self.clock.now())
            .ok_or_else(|| unsendable("the clock is outside of the calendar"))?;
        let mut all = vec![
            ("app_id", self.account.app_id.as_str()),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", timestamp.as_str()),
            ("version", "1.0"),
        ];
        if let Some(certificates) = self.account.trust.certificates() {
            all.push(("app_cert_sn", &certificates.app_serial));
            all.push(("alipay_root_cert_sn", &certificates.root_serial));
        }
        // An application's own certificates are its own affair, whoever it acts for.
        let token = self.account.app_auth_token.as_ref();
        if let Some(token) = token.filter(|_| method != Call::Certificate.method()) {
            all.push(("app_auth_token", token.expose_secret()));
        }
        all.extend_from_slice(fields);
        let mut parameters: Parameters = all
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let sign = self
            .account
            .signing
            .sign(sign::request_text(&parameters).as_bytes())
            .map_err(|_| unsendable("the request could not be signed"))?;
        parameters.insert("sign".to_owned(), sign);
        Ok(parameters)
    }

    fn read<A: DeserializeOwned>(
        &self,
        call: Call,
        answer: &Answer,
        flow: Option<&FlowNo>,
    ) -> Result<Said<A>, Lost> {
        if answer.status != 200 {
            return Err(lost(
                CauseKind::ChannelError,
                &format!("HTTP {}", answer.status),
            ));
        }
        let cut = answer::cut(&answer.body, call.method())
            .map_err(|detail| lost(CauseKind::Unreadable, &detail))?;
        let head: Head = serde_json::from_str(cut.node)
            .map_err(|error| lost(CauseKind::Unreadable, &format!("the node: {error}")))?;
        let traced = format!("{}{}", head.spoken(), trace(answer));
        if head.code.is_empty() && call != Call::Token {
            return Err(lost(CauseKind::Unreadable, "the node has no code"));
        }
        self.verify(&cut, &traced)?;
        if !head.echoes(flow, call) {
            return Err(lost(
                CauseKind::Mismatch,
                &format!("about another out_trade_no: {traced}"),
            ));
        }
        if !head.is_success(call, cut.is_error) {
            return Ok(Said::No(No::new(call, &head, traced)));
        }
        serde_json::from_str(cut.node)
            .map(Said::Yes)
            .map_err(|error| lost(CauseKind::Unreadable, &format!("the node: {error}")))
    }

    fn verify(&self, cut: &Cut<'_>, traced: &str) -> Result<(), Lost> {
        let unsigned = |why: &str| Err(lost(CauseKind::BadSignature, &format!("{why}: {traced}")));
        let keys = match self.account.trust.of_answer(cut.certificate.as_deref()) {
            Signers::Known(keys) => keys,
            Signers::Unheard(_) => {
                return unsigned("signed with a certificate that could not be had yet");
            }
            Signers::Unnamed => return unsigned("it does not name the certificate that signed it"),
        };
        let signatures: Vec<Signature> = keys.iter().map(|key| cut.signature(key)).collect();
        match () {
            () if signatures.contains(&Signature::Right) => Ok(()),
            () if signatures.contains(&Signature::Missing) => unsigned("not signed"),
            () => unsigned("not Alipay's signature (is alipay_public_key right?)"),
        }
    }
}

/// A call's content, as it is signed and sent.
struct Written(String);

fn written(content: &impl Serialize) -> Result<Written, Cause> {
    serde_json::to_string(content)
        .map(Written)
        .map_err(|error| unsendable(&format!("the content cannot be written: {error}")))
}

impl Written {
    fn fields<'a>(&'a self, addresses: Addresses<'a>) -> [(&'a str, &'a str); 3] {
        [
            ("biz_content", &self.0),
            ("notify_url", addresses.notify.unwrap_or_default()),
            ("return_url", addresses.back.unwrap_or_default()),
        ]
    }
}

impl Head {
    /// Whether the answer is about this flow. Failures before the trade is looked
    /// up echo nothing, nor do queries of refunds that are not there.
    fn echoes(&self, flow: Option<&FlowNo>, call: Call) -> bool {
        match (flow, &self.out_trade_no) {
            (None, _) => true,
            (Some(flow), Some(number)) => number == flow.as_str(),
            (Some(_), None) => {
                !matches!(self.code.as_str(), "10000" | "10003") || call == Call::QueryRefund
            }
        }
    }

    /// Whether it was done. The one interface that is older than codes says so by
    /// leaving them out.
    fn is_success(&self, call: Call, is_error: bool) -> bool {
        let without_code = self.code.is_empty() && call == Call::Token;
        !is_error && (without_code || self.code == "10000")
    }

    fn spoken(&self) -> String {
        redact::words(&format!(
            "{} {} {} {}",
            self.code, self.sub_code, self.msg, self.sub_msg
        ))
    }
}

impl No {
    fn new(call: Call, head: &Head, message: String) -> No {
        let code = if head.sub_code.is_empty() {
            &head.code
        } else {
            &head.sub_code
        };
        No {
            meaning: codes::meaning(call, &head.code, &head.sub_code),
            code: redact::words(code),
            message,
        }
    }

    /// The outcome where the call gives this failure no meaning of its own.
    pub(super) fn into_outcome<T>(self) -> Outcome<T> {
        let kind = match self.meaning {
            Meaning::Refused(kind) => {
                return Outcome::Refused(Refusal {
                    kind,
                    code: self.code,
                    message: self.message,
                });
            }
            Meaning::Failed => CauseKind::ChannelError,
            Meaning::NotFound | Meaning::Waiting | Meaning::Ask | Meaning::Unseen => {
                CauseKind::Unreadable
            }
        };
        Outcome::Unknown(Cause {
            kind,
            detail: self.message,
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// The number that Alipay's support asks for.
fn trace(answer: &Answer) -> String {
    match answer
        .headers
        .get("trace_id")
        .and_then(|value| value.to_str().ok())
    {
        Some(id) => format!(" (trace_id {})", redact::words(id)),
        None => String::new(),
    }
}

pub(super) fn lost(kind: CauseKind, detail: &str) -> Lost {
    Lost::Unknown(Cause {
        kind,
        detail: redact::words(detail),
    })
}

/// A request that could not even be made.
pub(super) fn unsendable(detail: &str) -> Cause {
    Cause {
        kind: CauseKind::Unreachable,
        detail: redact::words(detail),
    }
}

fn outcome_name<A>(said: &Result<Said<A>, Lost>) -> &'static str {
    match said {
        Ok(Said::Yes(_)) => "success",
        Ok(Said::No(_)) => "failure",
        Err(Lost::NotSent(_)) => "not_sent",
        Err(Lost::Unknown(_)) => "unknown",
    }
}

#[cfg(test)]
mod tests;
