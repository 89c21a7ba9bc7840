//! The control API for callers in the same process.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::Value;

use crate::barcode::Behaviour;
use crate::ledger::{Channel, LedgerView};
use crate::notice::{self, NoticeKind};
use crate::payer::{self, Acted, Opened, PayerError};
use crate::server::Sandbox;

/// Why a notice that was asked for is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// The trade cannot be found.
    #[error(transparent)]
    Trade(#[from] PayerError),
    /// The channel has nothing to send.
    #[error(transparent)]
    Notice(#[from] crate::notice::NoticeRefused),
}

impl From<NotifyError> for super::refusal::Refusal {
    fn from(error: NotifyError) -> Self {
        match error {
            NotifyError::Trade(error) => error.into(),
            NotifyError::Notice(error) => error.into(),
        }
    }
}

impl Sandbox {
    /// Every trade and refund.
    pub fn ledger(&self) -> LedgerView {
        self.with_world(|world, _| world.ledger.view())
    }

    /// The wallet opens what was handed out, in whatever form; at Alipay this creates the trade
    /// where scanning or signing in is the moment.
    pub fn open(&self, artefact: &Value) -> Result<Opened, PayerError> {
        payer::open(self, artefact)
    }

    /// The payer's wallet shows a payment code, good for one minute and one payment, which goes
    /// as `behaviour` says.
    pub fn show_barcode(&self, channel: Channel, behaviour: Behaviour) -> String {
        self.with_world(|world, now| world.barcodes.show(channel, behaviour, now))
    }

    /// The payer pays. `account` is needed only if several accounts use the number.
    pub fn pay(&self, out_trade_no: &str, account: Option<&str>) -> Result<Acted, PayerError> {
        payer::pay(self, out_trade_no, account)
    }

    /// Money arrives whatever the state says: after a close or an expiry, or without a visit.
    pub fn force_pay(
        &self,
        out_trade_no: &str,
        account: Option<&str>,
    ) -> Result<Acted, PayerError> {
        payer::force_pay(self, out_trade_no, account)
    }

    /// The payer leaves the cashier; the order stays payable.
    pub fn cancel(&self, out_trade_no: &str, account: Option<&str>) -> Result<Acted, PayerError> {
        payer::cancel(self, out_trade_no, account)
    }

    /// Sends one more notice now; `overrides` replace the channel's own parameters before
    /// signing.
    pub fn notify(
        &self,
        out_trade_no: &str,
        account: Option<&str>,
        kind: NoticeKind,
        overrides: BTreeMap<String, String>,
    ) -> Result<(), NotifyError> {
        let trade = payer::find_trade(self, out_trade_no, account)?;
        Ok(notice::send_now(self, &trade, kind, overrides)?)
    }

    /// Pushes sandbox time ahead; whatever falls due happens.
    pub fn advance_clock(&self, by: TimeDelta) {
        self.clock().advance(by);
        self.with_world(|_, _| ());
    }
}
