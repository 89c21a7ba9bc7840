//! Who pays: the payer whom the order names, or the one test payer.
//!
//! Older contracts see a payer's `user_id`, newer ones an `open_id`; an order that named one of
//! them gets that one back.

use aws_lc_rs::digest::{SHA256, digest};

use super::answer::Answer;
use super::biz::Biz;
use crate::ledger::Order;
use crate::server::World;

/// The number of the one test payer.
pub(crate) const BUYER_ID: &str = "2088000000000002";
/// A payer's masked login.
pub(super) const BUYER_LOGON_ID: &str = "pay***@sandbox.com";

/// Under these names an order keeps whom it is for.
const NAMES: [&str; 2] = ["buyer_id", "buyer_open_id"];

/// The payer's `user_id`; none, if the order knows an `open_id` only.
pub(super) fn user_id(order: &Order) -> Option<&str> {
    match order.details.get("buyer_id") {
        Some(id) => Some(id),
        None if order.details.contains_key("buyer_open_id") => None,
        None => Some(BUYER_ID),
    }
}

/// The payer's `open_id`, if the order named it.
pub(super) fn open_id(order: &Order) -> Option<&str> {
    order.details.get("buyer_open_id").map(String::as_str)
}

/// The members of an answer that tell who pays.
pub(super) fn describe(answer: Answer, order: &Order) -> Answer {
    answer
        .with("buyer_logon_id", BUYER_LOGON_ID)
        .with_some("buyer_user_id", user_id(order))
        .with_some("buyer_open_id", open_id(order))
}

/// `buyer_id` or `buyer_open_id`, which a trade for a known payer must name.
pub(super) fn read(biz: &Biz) -> Result<Vec<(String, String)>, Answer> {
    let mut named = Vec::new();
    for name in NAMES {
        if let Some(id) = biz.text(name, 128)? {
            named.push((name.to_owned(), id));
        }
    }
    if named.is_empty() {
        return Err(Answer::invalid_parameter(
            "buyer_id 与 buyer_open_id 不能同时为空",
        ));
    }
    for (name, id) in &named {
        if name == "buyer_id" && !is_user_id(id) {
            return Err(Answer::invalid_parameter(
                "buyer_id 应为以 2088 开头的 16 位数字",
            ));
        }
    }
    Ok(named)
}

/// The order with its payer: under a newer contract the test payer is known by an `open_id`.
pub(super) fn named(world: &World, order: &Order) -> Order {
    let mut order = order.clone();
    let is_named = NAMES.iter().any(|name| order.details.contains_key(*name));
    if world.alipay.rules.open_ids && !is_named {
        let open_id = open_id_of(BUYER_ID, &order.key.account);
        order.details.insert("buyer_open_id".to_owned(), open_id);
    }
    order
}

/// Whether two orders with one number are for the same payer.
pub(super) fn same(one: &Order, other: &Order) -> bool {
    NAMES
        .iter()
        .all(|name| one.details.get(*name) == other.details.get(*name))
}

/// 16 digits that begin with 2088.
pub(super) fn is_user_id(text: &str) -> bool {
    text.len() == 16 && text.starts_with("2088") && text.bytes().all(|b| b.is_ascii_digit())
}

/// The `open_id` of a payer in an app: the same for ever, another in every app.
pub(super) fn open_id_of(user_id: &str, app_id: &str) -> String {
    let text = format!("{app_id}/{user_id}");
    let digest = hex::encode(digest(&SHA256, text.as_bytes()));
    format!("0{}", digest.get(..35).unwrap_or(&digest))
}
