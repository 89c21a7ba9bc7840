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

/// How many characters of a flow's number are its order's.
const OF_ORDER: usize = 26;

/// No Till is older: 2020-01-01 (UTC, in milliseconds).
const OLDEST: u64 = 1_577_836_800_000;

impl FlowNo {
    /// Whether it has the form of the numbers that Till gave out before `end` (UTC): an
    /// order's 26 characters, which hold when it was made, and a running number. Whether
    /// Till did give it out is another matter. The long numbers of nothing but digits that
    /// other systems like are times before 2020 or after 2039.
    pub fn has_our_form(&self, end: Timestamp) -> bool {
        let Some((order, nth)) = self.0.split_at_checked(OF_ORDER) else {
            return false;
        };
        let end = u64::try_from(end.millis()).unwrap_or(0);
        let is_of_order = Ulid::from_string(order).is_ok_and(|ulid| {
            (OLDEST..end).contains(&ulid.timestamp_ms()) && ulid.to_string() == order
        });
        is_of_order && nth.len() >= 3 && nth.bytes().all(|digit| digit.is_ascii_digit())
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

    #[test]
    fn a_number_of_another_system_is_told_by_its_form() {
        let order = OrderId::generate(Timestamp::from_millis(1_700_000_000_000), [255; 16]);
        let (made, end) = (1_700_000_000_000, Timestamp::from_millis(1_700_000_000_001));
        for nth in [1, 999, 1000] {
            assert!(order.flow(nth).has_our_form(end));
            let before = Timestamp::from_millis(made);
            assert!(
                !order.flow(nth).has_our_form(before),
                "it is of a later time"
            );
        }
        let ours = order.flow(1);
        let (order, _) = ours.as_str().split_at(26);
        for other in [
            "",
            "20261124000001",
            "SHOP-2026-11-24-000000000001",
            "2026112422001412341000000000001",
            "01999999999999999999999999001",
            "00000000000000000000000000001",
            order,
            &format!("{order}01"),
            &format!("{order}0a1"),
            &format!("{}001", order.to_lowercase()),
            // Further than a ULID's time goes, and a letter that it has not.
            "8ZZZZZZZZZZZZZZZZZZZZZZZZZ001",
            "01HF7YATZZ000000000000000U001",
            "订单订单订单订单订单001",
        ] {
            assert!(!FlowNo::new(other).has_our_form(end), "{other}");
        }
    }
}
