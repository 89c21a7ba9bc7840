//! What a merchant may decide about the uncommon cases. It is copied into each
//! order when it is made, so that a change never touches what is under way.

use crate::time::Span;
use serde::{Deserialize, Serialize};

/// A merchant's choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What happens when the payer changes the way of paying while what was
    /// handed out cannot be closed, because the channel does not know it yet.
    #[serde(default)]
    pub switch: Switch,
    /// What happens to money that arrives after the order was closed, or by a code of
    /// which the payer was told that it has paid nothing.
    #[serde(default)]
    pub late_payment: LatePayment,
    /// How long a flow can be paid, in milliseconds; never past its order's end.
    #[serde(default = "Policy::default_flow_life")]
    pub flow_life: Span,
}

/// See [`Policy::switch`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// Supersede the old flow, watch it until it cannot be paid any more, and
    /// let the payer go on. Money that still arrives on it is given back.
    #[default]
    Overlap,
    /// Refuse the change until the old flow has expired.
    Strict,
}

/// See [`Policy::late_payment`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LatePayment {
    /// Give it back.
    #[default]
    Refund,
    /// Take it: the order becomes paid after all.
    Accept,
}

impl Policy {
    /// Fifteen minutes.
    pub const fn default_flow_life() -> Span {
        Span::minutes(15)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            switch: Switch::Overlap,
            late_payment: LatePayment::Refund,
            flow_life: Policy::default_flow_life(),
        }
    }
}
