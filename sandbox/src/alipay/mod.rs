//! Simulated Alipay: the open platform's v1 gateway (RSA2), in key mode and certificate mode.
//!
//! What is followed is Alipay's own documentation as digested in the project's protocol notes:
//! when a trade exists, what closes it, what a repeated call answers, what a notice carries.

mod amount;
mod answer;
mod authority;
mod bill;
mod biz;
mod buyer;
mod call;
mod cancel;
mod certificate;
mod close;
mod control;
mod create;
mod desk;
mod download;
mod gateway;
mod jsapi;
mod moment;
mod notify;
mod oauth;
mod order;
mod page;
mod params;
mod pay;
mod precreate;
mod query;
mod refund;
mod refund_query;
mod rules;
mod seller;
mod sign;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod vectors;

pub use authority::{Authority, SavedAuthority};
pub use certificate::{Certificate, CertificateError};
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
const CERT_DOWNLOAD: &str = "alipay.open.app.alipaycert.download";
const OAUTH_TOKEN: &str = "alipay.system.oauth.token";
const BILL_URL: &str = "alipay.data.dataservice.bill.downloadurl.query";
const CANCEL: &str = "alipay.trade.cancel";
