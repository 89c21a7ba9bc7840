//! Simulated Alipay: the open platform's v1 gateway in key mode (RSA2).
//!
//! What is followed is Alipay's own documentation as digested in the project's protocol notes:
//! when a trade exists, what closes it, what a repeated call answers, what a notice carries.

mod amount;
mod answer;
mod biz;
mod call;
mod close;
mod create;
mod gateway;
mod moment;
mod notify;
mod order;
mod page;
mod params;
mod precreate;
mod query;
mod refund;
mod refund_query;
mod sign;

#[cfg(test)]
mod fixture;

pub(crate) use create::create_trade;
pub(crate) use gateway::configure;
pub(crate) use notify::{return_url, send_notice};
pub(crate) use page::{open_order_string, open_page, sign_in};
pub(crate) use params::{read_form, read_query};

/// The number of the one test payer.
const BUYER_ID: &str = "2088000000000002";
/// The test payer's masked login.
const BUYER_LOGON_ID: &str = "pay***@sandbox.com";

const PAGE_PAY: &str = "alipay.trade.page.pay";
const WAP_PAY: &str = "alipay.trade.wap.pay";
const APP_PAY: &str = "alipay.trade.app.pay";
const PRECREATE: &str = "alipay.trade.precreate";
