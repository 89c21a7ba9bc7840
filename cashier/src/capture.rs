//! A capture: the fact that a channel took money. Rows are only ever added.

use crate::id::{AccountId, CaptureId, FlowNo};
use crate::money::Money;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Money that a channel took for a flow. One per channel account and trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Its name.
    pub id: CaptureId,
    /// The flow it was taken for.
    pub flow_no: FlowNo,
    /// The channel account that took it.
    pub account: AccountId,
    /// The channel's number of the trade.
    pub trade_no: String,
    /// How much, in fen.
    pub amount: Money,
    /// When the channel took it (UTC, the channel's word).
    pub paid_at: Timestamp,
    /// When we learnt of it (UTC).
    pub seen_at: Timestamp,
    /// Who paid, as the channel names them.
    pub payer: Option<String>,
    /// What it means for the order.
    pub kind: CaptureKind,
}

/// What a capture means for its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureKind {
    /// It paid the order.
    Winner,
    /// The order was paid already: it is given back.
    Surplus,
    /// The order was closed already, or the payer was told that their code has paid
    /// nothing: it is given back.
    Late,
    /// Its amount is not the flow's: a person must look at it.
    WrongAmount,
}

impl CaptureKind {
    /// Every kind.
    pub const ALL: [CaptureKind; 4] = [
        CaptureKind::Winner,
        CaptureKind::Surplus,
        CaptureKind::Late,
        CaptureKind::WrongAmount,
    ];

    /// The name in database and API.
    pub const fn name(self) -> &'static str {
        match self {
            CaptureKind::Winner => "winner",
            CaptureKind::Surplus => "surplus",
            CaptureKind::Late => "late",
            CaptureKind::WrongAmount => "wrong_amount",
        }
    }
}
