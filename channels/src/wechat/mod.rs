//! WeChat Pay APIv3 behind the Channel port.
//!
//! Promise: nothing that WeChat says is believed before its signature over the raw
//! bytes has been verified with the key that the message names, at most five minutes
//! after it was made; what cannot be believed is [`Outcome::Unknown`], and never a
//! refusal, a close or a payment. Every request is signed over the very bytes that
//! are sent. What a code means is decided in one table, `codes`.
//!
//! [`Outcome::Unknown`]: cashier::channel::Outcome::Unknown

mod account;
mod answer;
pub(crate) mod bill;
mod bills;
mod certificates;
mod client;
mod close;
mod codepay;
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
#[expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a broken promise is a panic"
)]
pub(crate) mod fuzz;
mod names;
mod notice;
#[cfg(test)]
mod oaep;
pub(crate) mod openid;
mod pay;
mod query;
mod refund;
mod reverse;
mod seal;
mod sign;
mod verify;
mod wire;
mod x509;

pub use account::{Account, AccountFault, Answers, PlatformKey, Settings, SubMerchant};

use async_trait::async_trait;
use cashier::channel::{
    Bill, Bills, Channel, Closed, Notice, NoticeRefusal, NoticeReply, Offer, Outcome, PayRequest,
    Payers, RawNotice, Receipt, RefundRequest, Refunded, Reversed, Trade,
};
use cashier::id::FlowNo;
use cashier::time::{Clock, Day, Entropy};
use cashier::way::{ChannelKind, Way};
use client::Client;
use openid::Openids;
use std::sync::Arc;

/// One WeChat Pay account that can be spoken with.
///
/// `pay` always calls WeChat, which creates the trade at once; what it hands out
/// lives two hours (H5: five minutes) whatever the flow's expiry, and sending the
/// order again gives a new one.
#[derive(Debug)]
pub struct Wechat {
    client: Client,
    openids: Option<Openids>,
}

impl Wechat {
    /// Makes an account ready to be used: its HTTP client is built here, once.
    /// `clock` must be right to five minutes, since it goes into each request and
    /// bounds the age of each answer; `entropy` makes nonces.
    ///
    /// # Errors
    /// [`AccountFault::Http`] when the HTTP client cannot be set up.
    pub fn new(
        account: Account,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Wechat, AccountFault> {
        let client = Client::new(account, clock, entropy)?;
        let openids = Openids::of(client.account(), client.http());
        Ok(Wechat { client, openids })
    }
}

#[async_trait]
impl Channel for Wechat {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Wechat
    }

    async fn pay(&self, request: &PayRequest) -> Outcome<Offer> {
        match request.way {
            Way::WxBar => codepay::pay(&self.client, request).await,
            _ => pay::pay(&self.client, request).await.map(Offer::Action),
        }
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
        let opened = notice::open(self.client.account(), raw, self.client.now());
        if matches!(opened, Err(NoticeRefusal::NotNow(_))) {
            // So that the key is known when the notice comes again.
            self.client.renew_soon();
        }
        opened
    }

    fn notice_reply(&self, receipt: Receipt) -> NoticeReply {
        notice::reply(receipt)
    }

    fn payers(&self) -> Option<&dyn Payers> {
        self.openids.as_ref().map(|openids| openids as &dyn Payers)
    }

    fn bills(&self) -> Option<&dyn Bills> {
        Some(self)
    }
}

#[async_trait]
impl Bills for Wechat {
    async fn bill(&self, day: Day) -> Outcome<Option<Bill>> {
        bills::bill(&self.client, day).await
    }
}
