//! Alipay behind the Channel port: gateway.do v1 in key mode with RSA2 only.
//!
//! Promise: no word of an answer or a notice is used before Alipay's signature
//! over it has been verified and it has been found to speak of what was asked.

mod account;
mod answer;
mod client;
mod close;
mod codes;
mod convert;
#[cfg(test)]
mod fixture;
mod notice;
mod pay;
mod query;
mod refund;
mod reverse;
mod sign;
mod wire;

pub use account::{Account, AccountFault, ProductCodes, Settings};

use async_trait::async_trait;
use cashier::channel::{
    Bills, Channel, Closed, Notice, NoticeRefusal, NoticeReply, Offer, Outcome, PayRequest, Payers,
    RawNotice, Receipt, RefundRequest, Refunded, Reversed, Trade,
};
use cashier::id::FlowNo;
use cashier::time::Clock;
use cashier::way::ChannelKind;
use client::Client;
use std::sync::Arc;

/// One Alipay account that can be spoken with.
///
/// `pay` calls Alipay only for `ALI_QR`; the other ways are signed here and nothing
/// exists at Alipay until the payer opens them. A refund that Alipay has taken
/// without saying that money moved (`fund_change` is not `Y`) is
/// [`Refunded::Processing`]: ask with `query_refund`, ten seconds later at the
/// earliest.
#[derive(Debug)]
pub struct Alipay {
    client: Client,
}

impl Alipay {
    /// Makes an account ready to be used: its HTTP client is built here, once.
    /// `clock` gives the timestamps that Alipay checks.
    ///
    /// # Errors
    /// [`AccountFault::Http`] when the HTTP client cannot be set up.
    pub fn new(account: Account, clock: Arc<dyn Clock>) -> Result<Alipay, AccountFault> {
        Ok(Alipay {
            client: Client::new(account, clock)?,
        })
    }
}

#[async_trait]
impl Channel for Alipay {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Alipay
    }

    async fn pay(&self, request: &PayRequest) -> Outcome<Offer> {
        pay::pay(&self.client, request).await.map(Offer::Action)
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
        notice::open(self.client.account(), raw.body, self.client.now())
    }

    fn notice_reply(&self, receipt: Receipt) -> NoticeReply {
        notice::reply(receipt)
    }

    fn payers(&self) -> Option<&dyn Payers> {
        None
    }

    fn bills(&self) -> Option<&dyn Bills> {
        None
    }
}
