//! What `unifiedorder` and `micropay` have in common: reading and checking an order.
//!
//! Relaxed against the real channel, because this runs on a developer's desk: addresses of payers
//! may be loopback addresses, and `notify_url` may be plain http for loopback hosts.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::call::Call;
use super::refusal::Refusal;
use super::request::Request;
use crate::ledger::{self, Expiry, Scan, Trade, TradeState};
use crate::wechat::{lifetime, notify_url};

/// How far in the future `time_expire` has to be.
const SOONEST_EXPIRY: TimeDelta = TimeDelta::minutes(1);

/// How the payer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TradeType {
    /// A page inside WeChat, or a mini program.
    Jsapi,
    /// A code that the payer scans.
    Native,
    /// A merchant's own app.
    App,
    /// A link in a phone's browser.
    Mweb,
    /// A code of the payer's that the merchant scans.
    Micropay,
}

impl TradeType {
    /// The channel's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jsapi => "JSAPI",
            Self::Native => "NATIVE",
            Self::App => "APP",
            Self::Mweb => "MWEB",
            Self::Micropay => "MICROPAY",
        }
    }

    /// Reads `trade_type`.
    ///
    /// # Errors
    /// `LACK_PARAMS`, `PARAM_ERROR`.
    pub fn read(request: Request<'_>) -> Result<Self, Refusal> {
        let known = [Self::Jsapi, Self::Native, Self::App, Self::Mweb];
        let name = request.required("trade_type", 16)?;
        let found = known.into_iter().find(|known| known.name() == name);
        found.ok_or_else(|| Refusal::field("trade_type", "取值应为 JSAPI | NATIVE | APP | MWEB"))
    }
}

/// An order as the merchant asked for it, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// How it is paid.
    pub trade_type: TradeType,
    /// The merchant's number.
    pub out_trade_no: String,
    /// What is bought.
    pub body: String,
    /// Echoed in queries and notices once it is paid.
    pub attach: Option<String>,
    /// Fen.
    pub total_fee: i64,
    /// From when on it cannot be paid.
    pub time_expire: Option<DateTime<Utc>>,
    /// Where the notice goes.
    pub notify_url: Option<String>,
    /// Who pays, under the caller's appid.
    pub openid: Option<String>,
    /// Who pays, under the sub-merchant's appid.
    pub sub_openid: Option<String>,
}

impl Order {
    /// Reads the fields of an order.
    ///
    /// # Errors
    /// `LACK_PARAMS`, `PARAM_ERROR`.
    pub fn read(request: Request<'_>, trade_type: TradeType) -> Result<Self, Refusal> {
        let order = Self {
            trade_type,
            out_trade_no: request.out_trade_no()?,
            body: request.required("body", 128)?,
            attach: request.text("attach", 127)?,
            total_fee: request.fen("total_fee")?,
            time_expire: request.moment("time_expire")?,
            notify_url: notify_url_of(request, trade_type)?,
            openid: request.text("openid", 128)?,
            sub_openid: request.text("sub_openid", 128)?,
        };
        request.moment("time_start")?;
        request.address("spbill_create_ip")?;
        request.choice("fee_type", &["CNY"])?;
        request.choice("limit_pay", &["no_credit"])?;
        request.choice("receipt", &["Y"])?;
        request.choice("profit_sharing", &["Y", "N"])?;
        request.text("device_info", 32)?;
        request.text("goods_tag", 32)?;
        request.text("detail", 6000)?;
        match trade_type {
            TradeType::Jsapi => order.check_payer(request)?,
            TradeType::Native => {
                request.required("product_id", 32)?;
            }
            TradeType::Mweb => check_scene(request)?,
            TradeType::App | TradeType::Micropay => {}
        }
        Ok(order)
    }

    /// JSAPI says who pays: under one of the two appids.
    fn check_payer(&self, request: Request<'_>) -> Result<(), Refusal> {
        match (&self.openid, &self.sub_openid) {
            (None, None) => Err(Refusal::business("PARAM_ERROR", "JSAPI支付必须传openid")),
            (_, Some(_)) if request.given("sub_appid").is_none() => Err(Refusal::business(
                "PARAM_ERROR",
                "JSAPI支付传了sub_openid时，sub_appid必传",
            )),
            _ => Ok(()),
        }
    }

    /// Checks that it can be paid for a while yet.
    ///
    /// # Errors
    /// `PARAM_ERROR`.
    pub fn check_expiry(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        if self
            .time_expire
            .is_some_and(|at| at <= now + SOONEST_EXPIRY)
        {
            let issue = "time_expire时间过短，刷卡至少1分钟，其他1分钟";
            return Err(Refusal::business("PARAM_ERROR", issue));
        }
        Ok(())
    }

    /// The order as the ledger keeps it.
    pub fn to_ledger(&self, call: &Call<'_>, now: DateTime<Utc>) -> ledger::Order {
        let request = call.request();
        let device_info = request.given("device_info").map(str::to_owned);
        let sub_appid = request.given("sub_appid").map(str::to_owned);
        let sub_mchid = call.sub.as_ref().map(|sub| sub.sub_mch_id.clone());
        let mut details = BTreeMap::from([
            ("protocol".to_owned(), super::PROTOCOL.to_owned()),
            ("appid".to_owned(), call.appid().to_owned()),
            ("sign_type".to_owned(), call.sign_type.name().to_owned()),
            ("content".to_owned(), request.content()),
        ]);
        let optional = [
            ("openid", self.openid.clone()),
            ("sub_openid", self.sub_openid.clone()),
            ("device_info", device_info),
            ("sub_appid", sub_appid),
            ("sub_mchid", sub_mchid),
        ];
        details.extend(
            optional
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?))),
        );
        ledger::Order {
            key: call.key(&self.out_trade_no),
            amount: self.total_fee,
            subject: self.body.clone(),
            product: self.trade_type.name().to_owned(),
            notify_url: self.notify_url.clone(),
            return_url: None,
            attach: self.attach.clone(),
            expiry: Expiry::At(self.time_expire.unwrap_or(now + lifetime::UNPAID)),
            details,
        }
    }
}

/// The number is in use: only an unpaid order with the same parameters may be repeated.
///
/// # Errors
/// `ORDERPAID`, `ORDERCLOSED`, `ORDERREVERSED`, `TRADE_ERROR`, `INVALID_REQUEST`.
pub fn check_repetition(call: &Call<'_>, trade: &Trade) -> Result<(), Refusal> {
    match (trade.scan, trade.state) {
        (Some(Scan::Reversed), _) => return Err(Refusal::of("ORDERREVERSED")),
        (_, TradeState::Closed) => return Err(Refusal::of("ORDERCLOSED")),
        (Some(Scan::Failed), TradeState::Waiting) => return Err(Refusal::of("TRADE_ERROR")),
        (_, TradeState::Paid | TradeState::Refunded | TradeState::Finished) => {
            return Err(Refusal::of("ORDERPAID"));
        }
        (_, TradeState::Waiting) => {}
    }
    if trade.order.details.get("content") == Some(&call.request().content()) {
        return Ok(());
    }
    Err(Refusal::of("INVALID_REQUEST"))
}

/// Barcode payments tell nobody: the answer is the notice.
fn notify_url_of(request: Request<'_>, trade_type: TradeType) -> Result<Option<String>, Refusal> {
    if trade_type == TradeType::Micropay {
        return Ok(None);
    }
    let url = request.required("notify_url", 256)?;
    match notify_url::issue(&url) {
        None => Ok(Some(url)),
        Some(issue) => Err(Refusal::field("notify_url", issue)),
    }
}

/// MWEB says what page or app it is paid from.
fn check_scene(request: Request<'_>) -> Result<(), Refusal> {
    let scene = request.required("scene_info", 256)?;
    let scene: Value = serde_json::from_str(&scene).unwrap_or_default();
    let kind = scene.pointer("/h5_info/type").and_then(Value::as_str);
    if matches!(kind, Some("Wap" | "IOS" | "Android")) {
        return Ok(());
    }
    Err(Refusal::field(
        "scene_info",
        "应为JSON，h5_info.type取值 Wap | IOS | Android",
    ))
}
