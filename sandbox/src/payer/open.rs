//! Opening: from what was handed out to the order behind it.

use serde_json::{Map, Value};
use url::Url;

use super::{Opened, PayerError};
use crate::artefacts::{Artefact, ArtefactKind};
use crate::ledger::{Channel, TradeState};
use crate::server::{Sandbox, World};
use crate::{alipay, wechat, wechat_v2};

/// Opens an artefact in whatever form it was handed out: text, or a parameter object.
pub fn open(sandbox: &Sandbox, artefact: &Value) -> Result<Opened, PayerError> {
    match artefact {
        Value::String(text) => open_text(sandbox, text.trim()),
        Value::Object(params) => open_params(sandbox, params),
        _ => Err(PayerError::Unreadable(
            "it is neither text nor an object".to_owned(),
        )),
    }
}

fn open_text(sandbox: &Sandbox, text: &str) -> Result<Opened, PayerError> {
    if text.starts_with('{') {
        let params = serde_json::from_str(text)
            .map_err(|error| PayerError::Unreadable(format!("broken JSON: {error}")))?;
        return open_params(sandbox, &params);
    }
    if text.contains("<form") {
        let params = alipay::read_form(text)?;
        return alipay::open_page(sandbox, params);
    }
    if let Ok(url) = Url::parse(text) {
        match url.path() {
            "/gateway.do" => {
                let query = url.query().unwrap_or_default();
                return alipay::open_page(sandbox, alipay::read_query(query));
            }
            "/wallet/h5" => {
                let id = url.query_pairs().find(|(name, _)| name == "id");
                let id = id.map(|(_, id)| id.into_owned()).unwrap_or_default();
                return open_h5(sandbox, &id);
            }
            _ => return open_code(sandbox, text),
        }
    }
    if text.contains("method=alipay.trade.app.pay") {
        return alipay::open_order_string(sandbox, text);
    }
    Err(PayerError::Unreadable(
        "no URL, no form, no order string".to_owned(),
    ))
}

/// Parameters of a page inside a wallet: Alipay's `tradePay` takes a number or an order string.
fn open_params(sandbox: &Sandbox, params: &Map<String, Value>) -> Result<Opened, PayerError> {
    let text = |name: &str| params.get(name).and_then(Value::as_str);
    if let Some(trade_no) = text("tradeNO") {
        return alipay::open_trade(sandbox, trade_no);
    }
    if let Some(order) = text("orderStr") {
        return alipay::open_order_string(sandbox, order);
    }
    match wechat_v2::open_params(sandbox, params) {
        Some(opened) => opened,
        None => wechat::open_params(sandbox, params),
    }
}

/// Scans the text of a QR code. At Alipay this creates the trade.
fn open_code(sandbox: &Sandbox, code: &str) -> Result<Opened, PayerError> {
    sandbox.with_world(|world, now| {
        let artefact = live(world, code, ArtefactKind::QrCode, now)?;
        if artefact.order.key.channel == Channel::Alipay {
            alipay::create_trade(world, &artefact.order, now)?;
        } else {
            payable(world, &artefact, now)?;
        }
        Ok(Opened::of(&artefact.order, code))
    })
}

/// Follows a WeChat `h5_url` with this `id`.
pub fn open_h5(sandbox: &Sandbox, id: &str) -> Result<Opened, PayerError> {
    sandbox.with_world(|world, now| {
        let artefact = live(world, id, ArtefactKind::H5, now)?;
        payable(world, &artefact, now)?;
        Ok(Opened::of(&artefact.order, id))
    })
}

/// The artefact with this code, if it was handed out in this form and can still be opened.
fn live(
    world: &World,
    code: &str,
    kind: ArtefactKind,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Artefact, PayerError> {
    let artefact = world
        .artefacts
        .find(code)
        .filter(|artefact| artefact.kind == kind)
        .ok_or_else(|| PayerError::Unknown(code.to_owned()))?;
    if artefact.is_live(now) {
        return Ok(artefact.clone());
    }
    let why = if artefact.replaced {
        "a newer code of the same order took its place"
    } else {
        "its time is up (支付请求已失效，请重新发起支付)"
    };
    Err(PayerError::Over(why.to_owned()))
}

/// WeChat's trade exists since it was ordered: opening shows whether it can still be paid.
fn payable(
    world: &World,
    artefact: &Artefact,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), PayerError> {
    let trade = world
        .ledger
        .trade(&artefact.order.key)
        .ok_or_else(|| PayerError::Unknown(artefact.code.clone()))?;
    match trade.state {
        TradeState::Waiting if trade.expires_at.is_some_and(|at| at <= now) => Err(
            PayerError::Over("the order has expired (订单已过期)".to_owned()),
        ),
        TradeState::Waiting => Ok(()),
        TradeState::Closed => Err(PayerError::Over(
            "the order is closed (订单已关闭)".to_owned(),
        )),
        _ => Err(PayerError::Over(
            "the order is paid (订单已支付)".to_owned(),
        )),
    }
}
