//! One signed request: as a link, as an order string, or as a call whose answer is
//! cut, verified and compared with the question before anybody sees it.

use super::account::{Account, AccountFault};
use super::answer::{self, Signature};
use super::codes::{self, Call, Meaning};
use super::convert;
use super::sign::{self, Parameters};
use super::wire::Head;
use crate::http::{Answer, Http, Lost};
use crate::redact;
use cashier::channel::{Cause, CauseKind, Outcome, Refusal};
use cashier::id::FlowNo;
use cashier::time::{Clock, Timestamp};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;
use url::form_urlencoded;

/// One account's way of speaking with Alipay.
pub(super) struct Client {
    account: Account,
    http: Http,
    clock: Arc<dyn Clock>,
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
        })
    }

    pub(super) fn account(&self) -> &Account {
        &self.account
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
        let parameters = self.signed(method, content, addresses)?;
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
        let mut parameters = self.signed(method, content, addresses)?;
        let sign = parameters.remove("sign").unwrap_or_default();
        Ok(form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&parameters)
            .append_pair("sign", &sign)
            .finish())
    }

    /// Makes a call about a flow and reads its answer.
    ///
    /// # Errors
    /// [`Lost`] when there is no answer that may be believed.
    pub(super) async fn ask<A: DeserializeOwned>(
        &self,
        call: Call,
        content: &impl Serialize,
        flow: &FlowNo,
        addresses: Addresses<'_>,
    ) -> Result<Said<A>, Lost> {
        let started = tokio::time::Instant::now();
        let mut parameters = self
            .signed(call.method(), content, addresses)
            .map_err(Lost::NotSent)?;
        let biz_content = parameters.remove("biz_content").unwrap_or_default();
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("biz_content", &biz_content)
            .finish();
        // The query holds the signature: this address must not get into a log.
        let mut url = self.account.gateway.clone();
        url.query_pairs_mut().extend_pairs(&parameters);
        let request = self
            .http
            .request(Method::POST, url)
            .header(
                CONTENT_TYPE,
                "application/x-www-form-urlencoded;charset=utf-8",
            )
            .body(body);
        let said = match self.http.send(request).await {
            Ok(answer) => self.read(call, &answer, flow),
            Err(lost) => Err(lost),
        };
        tracing::debug!(
            channel.kind = "alipay",
            channel.method = call.method(),
            flow.no = flow.as_str(),
            outcome = outcome_name(&said),
            duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "asked Alipay"
        );
        said
    }

    fn signed(
        &self,
        method: &str,
        content: &impl Serialize,
        addresses: Addresses<'_>,
    ) -> Result<Parameters, Cause> {
        let biz_content = serde_json::to_string(content)
            .map_err(|error| unsendable(&format!("the content cannot be written: {error}")))?;
        let timestamp = convert::time_text(self.clock.now())
            .ok_or_else(|| unsendable("the clock is outside of the calendar"))?;
        let mut parameters: Parameters = [
            ("app_id", self.account.app_id.as_str()),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", timestamp.as_str()),
            ("version", "1.0"),
            ("biz_content", biz_content.as_str()),
            ("notify_url", addresses.notify.unwrap_or_default()),
            ("return_url", addresses.back.unwrap_or_default()),
        ]
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
        flow: &FlowNo,
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
        match cut.signature(&self.account.alipay) {
            Signature::Right => {}
            Signature::Missing => {
                return Err(lost(
                    CauseKind::BadSignature,
                    &format!("not signed: {traced}"),
                ));
            }
            Signature::Wrong => {
                return Err(lost(
                    CauseKind::BadSignature,
                    &format!("not Alipay's signature (is alipay_public_key right?): {traced}"),
                ));
            }
        }
        if !head.echoes(flow, call) {
            return Err(lost(
                CauseKind::Mismatch,
                &format!("about another out_trade_no: {traced}"),
            ));
        }
        if head.code != "10000" {
            return Ok(Said::No(No::new(call, &head, traced)));
        }
        serde_json::from_str(cut.node)
            .map(Said::Yes)
            .map_err(|error| lost(CauseKind::Unreadable, &format!("the node: {error}")))
    }
}

impl Head {
    /// Whether the answer is about this flow. Failures before the trade is looked
    /// up echo nothing, nor do queries of refunds that are not there.
    fn echoes(&self, flow: &FlowNo, call: Call) -> bool {
        match &self.out_trade_no {
            Some(number) => number == flow.as_str(),
            None => self.code != "10000" || call == Call::QueryRefund,
        }
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
            Meaning::NotFound | Meaning::Ask | Meaning::Unseen => CauseKind::Unreadable,
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

fn lost(kind: CauseKind, detail: &str) -> Lost {
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
