//! Whose money it is: the app's own seller, or the merchant that a service provider acts for.

use super::call::Call;
use crate::account::AlipayAccount;
use crate::ledger::Order;

const SELLER: &str = "seller_id";
const APP: &str = "auth_app_id";

/// What an order keeps about the merchant behind a service provider.
pub(super) fn details(call: &Call) -> Vec<(String, String)> {
    match &call.merchant {
        Some(merchant) => vec![
            (SELLER.to_owned(), merchant.seller_id.clone()),
            (APP.to_owned(), merchant.auth_app_id.clone()),
        ],
        None => Vec::new(),
    }
}

/// The seller of an order of this app.
pub(super) fn of<'a>(order: &'a Order, account: &'a AlipayAccount) -> &'a str {
    order.details.get(SELLER).unwrap_or(&account.app.seller_id)
}

/// `auth_app_id` of an order of this app.
pub(super) fn auth_app_id<'a>(order: &'a Order, account: &'a AlipayAccount) -> &'a str {
    order.details.get(APP).unwrap_or(&account.app.app_id)
}
