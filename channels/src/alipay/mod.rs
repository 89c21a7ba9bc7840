//! Alipay behind the Channel port: gateway.do v1, in key mode or in certificate mode,
//! for a merchant itself or for a service provider in its name.
//!
//! Only RSA2 is spoken. SHA-1 (`sign_type` RSA) is left to applications from before
//! 2018, each of which may change to RSA2 in Alipay's console; a key of 2048 bits that
//! signs with SHA-256 is what the console asks of everybody since.
//!
//! Promise: no word of an answer or a notice is used before Alipay's signature
//! over it has been verified and it has been found to speak of what was asked.

mod account;
mod answer;
mod bill;
mod certificate;
mod client;
mod close;
mod codes;
mod convert;
#[cfg(any(test, fuzzing))]
#[cfg_attr(not(test), expect(dead_code, reason = "fuzzing uses less of it"))]
#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "for tests alone"
)]
mod fixture;
#[cfg(fuzzing)]
#[expect(clippy::expect_used, reason = "a broken promise is a panic")]
pub(crate) mod fuzz;
mod learn;
mod notice;
mod pay;
mod payers;
mod query;
mod refund;
mod reverse;
mod settings;
mod sign;
#[cfg(test)]
mod stand_in;
#[cfg(test)]
mod tests;
mod trust;
#[cfg(test)]
mod vectors;
mod wire;

pub use account::{Account, AccountFault};
pub use certificate::CertificateFault;
pub use settings::{Mode, PayerId, ProductCodes, Settings};

use async_trait::async_trait;
use cashier::channel::{
    Bill, Bills, Channel, Closed, Notice, NoticeRefusal, NoticeReply, Offer, Outcome, PayRequest,
    Payers, RawNotice, Receipt, RefundRequest, Refunded, Reversed, Trade,
};
use cashier::id::FlowNo;
use cashier::time::{Clock, Day};
use cashier::way::ChannelKind;
use client::Client;
use std::sync::Arc;

/// One Alipay account that can be spoken with.
///
/// `pay` calls Alipay for `ALI_QR`, `ALI_JSAPI` and `ALI_BAR`; the other ways are
/// signed here and nothing exists at Alipay until the payer opens them. In certificate
/// mode a notice that is signed with a certificate not seen before is to be sent again;
/// the certificate is fetched meanwhile, on the runtime that `open_notice` is called
/// on. A refund that Alipay has taken
/// without saying that money moved (`fund_change` is not `Y`) is
/// [`Refunded::Processing`]: ask with `query_refund`, ten seconds later at the
/// earliest.
#[derive(Debug)]
pub struct Alipay {
    client: Arc<Client>,
}

impl Alipay {
    /// Makes an account ready to be used: its HTTP client is built here, once.
    /// `clock` gives the timestamps that Alipay checks.
    ///
    /// # Errors
    /// [`AccountFault::Http`] when the HTTP client cannot be set up.
    pub fn new(account: Account, clock: Arc<dyn Clock>) -> Result<Alipay, AccountFault> {
        Ok(Alipay {
            client: Arc::new(Client::new(account, clock)?),
        })
    }
}

#[async_trait]
impl Channel for Alipay {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Alipay
    }

    async fn pay(&self, request: &PayRequest) -> Outcome<Offer> {
        pay::pay(&self.client, request).await
    }

    async fn query(&self, flow: &FlowNo) -> Outcome<Trade> {
        query::query(&self.client, flow).await
    }

    async fn close(&self, flow: &FlowNo) -> Outcome<Closed> {
        close::close(&self.client, flow).await
    }

    async fn reverse(&self, flow: &FlowNo) -> Outcome<Reversed> {
        reverse::reverse(&self.client, flow).await
    }

    async fn refund(&self, request: &RefundRequest) -> Outcome<Refunded> {
        refund::refund(&self.client, request).await
    }

    async fn query_refund(&self, request: &RefundRequest) -> Outcome<Refunded> {
        refund::query_refund(&self.client, request).await
    }

    fn open_notice(&self, raw: RawNotice<'_>) -> Result<Notice, NoticeRefusal> {
        let client = &self.client;
        notice::open(client.account(), raw.body, client.now(), |serial| {
            client.begin_to_learn(serial);
        })
    }

    fn notice_reply(&self, receipt: Receipt) -> NoticeReply {
        notice::reply(receipt)
    }

    fn payers(&self) -> Option<&dyn Payers> {
        Some(self)
    }

    fn bills(&self) -> Option<&dyn Bills> {
        Some(self)
    }
}

#[async_trait]
impl Payers for Alipay {
    fn asked_at(&self, back: &str, state: &str) -> String {
        payers::asked_at(self.client.account(), back, state)
    }

    fn code_field(&self) -> &'static str {
        payers::CODE_FIELD
    }

    async fn payer(&self, code: &str) -> Outcome<String> {
        payers::payer(&self.client, code).await
    }
}

#[async_trait]
impl Bills for Alipay {
    async fn bill(&self, day: Day) -> Outcome<Option<Bill>> {
        bill::bill(&self.client, day).await
    }
}
