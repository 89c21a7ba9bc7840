//! What differs from contract to contract, as switches: which notices are sent, and how.
//!
//! They are not saved: a restarted sandbox follows the documents again.

use serde::{Deserialize, Serialize};

use crate::notice::NoticeKind;

/// What `GET /sandbox/alipay` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Rules {
    /// Which events are told.
    pub notices: Told,
    /// `alipay_cert_sn` in notices of an app with certificates.
    pub notice_cert_sn: NoticeCertSn,
    /// Payers are known by `open_id` instead of `user_id`, as under newer contracts.
    pub open_ids: bool,
}

/// Which events are told to the order's `notify_url`. The documents agree on payments only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Told {
    /// `WAIT_BUYER_PAY`: the trade exists.
    pub wait_buyer_pay: bool,
    /// `TRADE_SUCCESS`: paid.
    pub trade_success: bool,
    /// `TRADE_CLOSED`: closed unpaid, by a call or by its expiry.
    pub trade_closed: bool,
    /// `TRADE_FINISHED`: no refund is possible any more.
    pub trade_finished: bool,
    /// Refunds: `TRADE_SUCCESS` with `refund_fee`, or `TRADE_CLOSED` when all was given back.
    pub refund: bool,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            wait_buyer_pay: false,
            trade_success: true,
            trade_closed: false,
            trade_finished: false,
            refund: true,
        }
    }
}

impl Told {
    /// Whether this event is told.
    pub(crate) fn includes(self, kind: NoticeKind) -> bool {
        match kind {
            NoticeKind::Waiting => self.wait_buyer_pay,
            NoticeKind::Paid => self.trade_success,
            NoticeKind::Closed => self.trade_closed,
            NoticeKind::Finished => self.trade_finished,
            NoticeKind::Refund => self.refund,
            NoticeKind::Signtest => false,
        }
    }
}

/// Whether a notice names the certificate that signed it. No capture shows one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeCertSn {
    /// It does not.
    #[default]
    Absent,
    /// It does, and the name takes part in the signature like every parameter.
    Signed,
    /// It does, beside the signature.
    Unsigned,
}

/// What `POST /sandbox/alipay` changes; what is absent stays.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    #[serde(default)]
    notices: ToldChange,
    notice_cert_sn: Option<NoticeCertSn>,
    open_ids: Option<bool>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToldChange {
    wait_buyer_pay: Option<bool>,
    trade_success: Option<bool>,
    trade_closed: Option<bool>,
    trade_finished: Option<bool>,
    refund: Option<bool>,
}

impl Rules {
    /// The rules after a change.
    pub(crate) fn changed(self, change: Change) -> Self {
        let (told, to) = (self.notices, change.notices);
        Self {
            notices: Told {
                wait_buyer_pay: to.wait_buyer_pay.unwrap_or(told.wait_buyer_pay),
                trade_success: to.trade_success.unwrap_or(told.trade_success),
                trade_closed: to.trade_closed.unwrap_or(told.trade_closed),
                trade_finished: to.trade_finished.unwrap_or(told.trade_finished),
                refund: to.refund.unwrap_or(told.refund),
            },
            notice_cert_sn: change.notice_cert_sn.unwrap_or(self.notice_cert_sn),
            open_ids: change.open_ids.unwrap_or(self.open_ids),
        }
    }
}
