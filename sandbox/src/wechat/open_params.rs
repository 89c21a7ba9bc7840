//! The wallet is called by a page (JSAPI) or an app (APP): verifies the parameters and finds the
//! order behind the `prepay_id`.

use serde_json::{Map, Value};

use super::client_params::{ClientParams, ClientParamsError};
use super::lifetime;
use super::order::Product;
use crate::artefacts::{Artefact, ArtefactKind};
use crate::ledger::TradeState;
use crate::payer::{Opened, PayerError};
use crate::server::Sandbox;

/// Opens JSAPI or APP parameters as the wallet does: signature, prepay_id, still payable.
///
/// # Errors
/// [`PayerError`] that says what the wallet would not take.
pub(crate) fn open_params(
    sandbox: &Sandbox,
    parameters: &Map<String, Value>,
) -> Result<Opened, PayerError> {
    let params = ClientParams::parse(parameters).map_err(|error| match error {
        ClientParamsError::Shape => PayerError::Unreadable(error.to_string()),
        _ => PayerError::Refused(error.to_string()),
    })?;
    let artefact = sandbox
        .with_world(|world, _| world.artefacts.find(&params.prepay_id).cloned())
        .filter(|artefact| artefact.kind == ArtefactKind::PrepayId)
        .ok_or_else(|| PayerError::Unknown(params.prepay_id.clone()))?;
    check_order(&params, &artefact)?;
    let mchid = &artefact.order.key.account;
    let account = sandbox
        .accounts()
        .wechat(mchid)
        .ok_or_else(|| PayerError::Refused(format!("merchant {mchid} is not registered")))?;
    params
        .verify(&account.merchant_key)
        .map_err(|error| PayerError::Refused(error.to_string()))?;
    check_payable(sandbox, &artefact)?;
    Ok(Opened::of(&artefact.order, &params.prepay_id))
}

/// The prepay id was made for this product, appid and merchant.
fn check_order(params: &ClientParams, artefact: &Artefact) -> Result<(), PayerError> {
    let product = match params.partner_id {
        Some(_) => Product::App,
        None => Product::Jsapi,
    };
    let refuse = |what: &str| Err(PayerError::Refused(what.to_owned()));
    if artefact.order.product != product.trade_type() {
        return refuse("the prepay_id was made for another product (JSAPI and APP do not mix)");
    }
    let details = &artefact.order.details;
    let seen = details.get("sub_appid").or_else(|| details.get("appid"));
    if seen != Some(&params.app_id) {
        return refuse("the appid is not the one of the order");
    }
    // Service providers are documented with either number.
    let payees = [Some(&artefact.order.key.account), details.get("sub_mchid")];
    if params.partner_id.is_some() && !payees.contains(&params.partner_id.as_ref()) {
        return refuse("partnerid is not the mchid of the order");
    }
    Ok(())
}

fn check_payable(sandbox: &Sandbox, artefact: &Artefact) -> Result<(), PayerError> {
    let over = |why: &str| Err(PayerError::Over(why.to_owned()));
    sandbox.with_world(|world, now| {
        if !artefact.is_live(now) {
            return over("its time is up (支付请求已失效，请重新发起支付)");
        }
        match lifetime::aged(world, &artefact.order.key, now).map(|trade| trade.state) {
            Some(TradeState::Waiting) => Ok(()),
            Some(TradeState::Closed) => over("the order is closed (该订单已关闭)"),
            Some(_) => over("the order is paid (该订单已支付)"),
            None => Err(PayerError::Unknown(artefact.code.clone())),
        }
    })
}
