//! WeChat Pay APIv2 behind the Channel port.
//!
//! Promise: an answer is read as the flat XML that it must be or not at all, and
//! nothing in it is believed before its signature, of the method that this account
//! uses, has been verified and it has been found to be for this merchant. What cannot
//! be believed, and every unsigned `return_code` FAIL, is [`Outcome::Unknown`], and
//! never a refusal, a close or a payment. What a code means is decided in one table,
//! `codes`.
//!
//! [`Outcome::Unknown`]: cashier::channel::Outcome::Unknown

mod account;
mod answer;
mod bar;
mod bills;
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
#[expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a broken promise is a panic"
)]
pub(crate) mod fuzz;
mod names;
mod notice;
mod pay;
mod query;
mod refund;
mod reverse;
mod seal;
mod sign;
mod wire;
mod xml;

pub use account::{Account, AccountFault, Settings, SubMerchant};
pub use sign::SignType;

use crate::http::{Http, Tls};
use crate::redact;
use crate::wechat::openid::Openids;
use async_trait::async_trait;
use cashier::channel::{
    Bill, Bills, Channel, Closed, Notice, NoticeRefusal, NoticeReply, Offer, Outcome, PayRequest,
    Payers, RawNotice, Receipt, RefundRequest, Refunded, Reversed, Trade,
};
use cashier::id::FlowNo;
use cashier::time::{Clock, Day, Entropy};
use cashier::way::{ChannelKind, Way};
use client::Client;
use std::sync::Arc;

/// One WeChat Pay account that is spoken with in APIv2.
///
/// `pay` always calls WeChat, which creates the trade at once; what it hands out
/// lives two hours (H5: five minutes) whatever the flow's expiry, and sending the
/// order again gives a new one. A refund's notice says only which refund to ask
/// about.
#[derive(Debug)]
pub struct WechatV2 {
    client: Client,
    openids: Option<Openids>,
}

impl WechatV2 {
    /// Makes an account ready to be used: its HTTP client is built here, once.
    /// `clock` dates what the payer's wallet gets; `entropy` makes nonces.
    ///
    /// # Errors
    /// [`AccountFault::Http`] when the HTTP client cannot be set up.
    pub fn new(
        account: Account,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<WechatV2, AccountFault> {
        let openids = openids(&account)?;
        Ok(WechatV2 {
            client: Client::new(account, clock, entropy)?,
            openids,
        })
    }
}

/// Those are asked at other hosts, which get no certificate of ours.
fn openids(account: &Account) -> Result<Option<Openids>, AccountFault> {
    let Some(secret) = account.app_secret.clone() else {
        return Ok(None);
    };
    let tls = Tls {
        identity: None,
        ..account.tls.clone()
    };
    let http = Http::with_tls(account.deadline, tls)
        .map_err(|error| AccountFault::Http(redact::words(&error.to_string())))?;
    let hosts = [&account.open_url, &account.sns_url];
    Ok(Some(Openids::new(
        http,
        account.wallet_appid(Way::WxJsapi),
        secret,
        hosts,
    )))
}

#[async_trait]
impl Channel for WechatV2 {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Wechat
    }

    async fn pay(&self, request: &PayRequest) -> Outcome<Offer> {
        match request.way {
            Way::WxBar => bar::bar(&self.client, request).await.map(Offer::Trade),
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
        notice::open(self.client.account(), raw)
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
impl Bills for WechatV2 {
    async fn bill(&self, day: Day) -> Outcome<Option<Bill>> {
        bills::bill(&self.client, day).await
    }
}
