//! Names of things. Each kind is a type of its own; all sort by time, and
//! everything inside an order is numbered from the order's own id, so that the
//! pure core can name what it creates.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use ulid::Ulid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes a name that was read from the database or a request. It
            /// is only ever compared, so any text is allowed.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A merchant: the tenant. Everything belongs to exactly one.
    MerchantId
);
id!(
    /// A merchant's application: it has API keys, a webhook and channel accounts.
    AppId
);
id!(
    /// A merchant's credentials at one channel.
    AccountId
);
id!(
    /// An order: `ord_` and 26 characters.
    OrderId
);
id!(
    /// A payment flow's number, the channel's `out_trade_no`. It never repeats:
    /// 26 characters of the order and a running number, 29 characters in all.
    FlowNo
);
id!(
    /// A capture: money that a channel took.
    CaptureId
);
id!(
    /// A refund's number, also at the channel (`out_refund_no`, `out_request_no`).
    RefundNo
);
id!(
    /// An exception that a person must see.
    ExceptionId
);
id!(
    /// An event for the merchant; it is the webhook's `webhook-id`.
    EventId
);
id!(
    /// The secret in a checkout page's address: 128 random bits.
    CheckoutToken
);

impl OrderId {
    /// A new order's id, from its time and randomness.
    pub fn generate(now: Timestamp, random: [u8; 16]) -> OrderId {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        OrderId(format!(
            "ord_{}",
            Ulid::from_parts(millis, u128::from_be_bytes(random))
        ))
    }

    /// The part behind the prefix.
    fn body(&self) -> &str {
        self.0.strip_prefix("ord_").unwrap_or(&self.0)
    }

    /// The number of this order's `nth` flow (from 1).
    pub fn flow(&self, nth: usize) -> FlowNo {
        FlowNo(format!("{}{nth:03}", self.body()))
    }

    /// The number of this order's `nth` refund (from 1).
    pub fn refund(&self, nth: usize) -> RefundNo {
        RefundNo(format!("rfd_{}{nth:03}", self.body()))
    }

    /// The name of this order's `nth` capture (from 1).
    pub fn capture(&self, nth: usize) -> CaptureId {
        CaptureId(format!("cap_{}{nth:03}", self.body()))
    }

    /// The name of this order's `nth` exception (from 1).
    pub fn exception(&self, nth: usize) -> ExceptionId {
        ExceptionId(format!("exc_{}{nth:03}", self.body()))
    }

    /// The id of the event that tells of this version of the order.
    pub fn event(&self, version: u32) -> EventId {
        EventId(format!("evt_{}{version:03}", self.body()))
    }
}

impl CheckoutToken {
    /// A token from 128 random bits, in hexadecimal.
    pub fn generate(random: [u8; 16]) -> CheckoutToken {
        CheckoutToken(hex::encode(random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_inside_an_order_fit_the_channels_and_sort_by_time() {
        let early = OrderId::generate(Timestamp::from_millis(1_700_000_000_000), [255; 16]);
        let late = OrderId::generate(Timestamp::from_millis(1_700_000_000_001), [0; 16]);
        assert!(early < late);
        let flow = early.flow(7);
        assert_eq!(flow.as_str().len(), 29);
        assert!(flow.as_str().ends_with("007"));
        assert!(flow.as_str().bytes().all(|b| b.is_ascii_alphanumeric()));
        assert!(early.refund(1).as_str().len() <= 64);
    }
}
