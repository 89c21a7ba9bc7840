//! Simulated Alipay: the open platform's v1 gateway in key mode (RSA2).
//!
//! What is followed is Alipay's own documentation as digested in the project's protocol notes:
//! when a trade exists, what closes it, what a repeated call answers, what a notice carries.

mod amount;
mod answer;
mod biz;
mod buyer;
mod call;
mod cancel;
mod close;
mod control;
mod create;
mod desk;
mod gateway;
mod jsapi;
mod moment;
mod notify;
mod order;
mod page;
mod params;
mod pay;
mod precreate;
mod query;
mod refund;
mod refund_query;
mod rules;
mod sign;

#[cfg(test)]
mod fixture;

pub(crate) use create::create_trade;
pub(crate) use desk::Desk;
pub(crate) use gateway::configure;
pub(crate) use jsapi::open_trade;
pub(crate) use notify::{return_url, send_notice};
pub(crate) use page::{open_order_string, open_page, sign_in};
pub(crate) use params::{read_form, read_query};
pub use rules::{NoticeCertSn, Rules, Told};

const PAGE_PAY: &str = "alipay.trade.page.pay";
const WAP_PAY: &str = "alipay.trade.wap.pay";
const APP_PAY: &str = "alipay.trade.app.pay";
const PRECREATE: &str = "alipay.trade.precreate";
const PAY: &str = "alipay.trade.pay";
const CREATE: &str = "alipay.trade.create";
const CANCEL: &str = "alipay.trade.cancel";
