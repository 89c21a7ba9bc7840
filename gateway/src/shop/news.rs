//! An event of the gateway's, as the shop reads it.

use serde::Deserialize;

/// An event.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct News {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) data: Data,
}

/// What an event is about.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Data {
    pub(super) order: Order,
}

/// The order, as it was then.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Order {
    pub(super) merchant_order_no: String,
    pub(super) status: String,
    pub(super) version: u32,
    pub(super) amount_refunded: i64,
}
