//! The pages themselves and how they are sent.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use askama::Template;

use crate::ledger::Channel;
use crate::payer::PayerError;

/// The wallet's front page.
#[derive(Template)]
#[template(path = "home.html")]
pub(super) struct Home {
    pub(super) items: Vec<Item>,
}

/// Something that can still be paid.
pub(super) struct Item {
    pub(super) brand: Brand,
    pub(super) subject: String,
    pub(super) amount: String,
    pub(super) out_trade_no: String,
    pub(super) link: String,
}

/// A payment code.
#[derive(Template)]
#[template(path = "barcode.html")]
pub(super) struct Barcode {
    pub(super) brand: Brand,
    pub(super) code: String,
    /// SVG, drawn here.
    pub(super) drawing: String,
}

/// A cashier.
#[derive(Template)]
#[template(path = "cashier.html")]
pub(super) struct Cashier {
    pub(super) brand: Brand,
    pub(super) subject: String,
    pub(super) amount: String,
    pub(super) out_trade_no: String,
    pub(super) account: String,
    pub(super) code: String,
    pub(super) redirect_url: String,
    pub(super) stage: Stage,
}

/// What the payer can do now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Sign in, which creates the trade.
    SignIn,
    /// Pay or leave.
    Confirm,
    /// Nothing: paid.
    Paid,
    /// Nothing: closed, expired or replaced.
    Over,
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    title: &'a str,
    text: &'a str,
}

/// How a channel looks.
#[derive(Clone, Copy)]
pub(super) struct Brand {
    pub(super) name: &'static str,
    pub(super) chinese: &'static str,
    pub(super) class: &'static str,
}

impl From<Channel> for Brand {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Alipay => Self {
                name: "Sandbox Alipay",
                chinese: "沙箱支付宝",
                class: "alipay",
            },
            Channel::Wechat => Self {
                name: "Sandbox WeChat Pay",
                chinese: "沙箱微信支付",
                class: "wechat",
            },
        }
    }
}

/// `¥88.88`
pub(super) fn money(fen: i64) -> String {
    format!("¥{}.{:02}", fen / 100, (fen % 100).unsigned_abs())
}

/// A page that says what is wrong, as text.
pub(crate) fn error_page(why: &str) -> String {
    let page = Message {
        title: "This payment cannot be opened 无法打开此付款",
        text: why,
    };
    page.render().unwrap_or_else(|error| error.to_string())
}

pub(super) fn message(status: StatusCode, title: &str, text: &str) -> HttpResponse {
    send(status, &Message { title, text })
}

pub(super) fn refusal(error: &PayerError) -> HttpResponse {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::CONFLICT);
    message(status, "This cannot be paid 无法付款", &error.to_string())
}

pub(super) fn send(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(html) => HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(html),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

pub(super) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, location))
        .finish()
}
