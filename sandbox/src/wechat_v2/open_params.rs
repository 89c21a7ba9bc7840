//! The wallet is called by a page (JSAPI) or an app (APP) for an order that was made through v2.

use serde_json::{Map, Value};

use super::client_params::{self, ClientParams, ClientParamsError};
use super::order::TradeType;
use super::sign::SignType;
use crate::artefacts::{Artefact, ArtefactKind};
use crate::ledger::TradeState;
use crate::payer::{Opened, PayerError};
use crate::server::Sandbox;
use crate::wechat::lifetime;

/// Opens the parameters as the wallet does: signature, prepay_id, still payable. `None` when the
/// order behind them was not made through v2.
pub(crate) fn open_params(
    sandbox: &Sandbox,
    parameters: &Map<String, Value>,
) -> Option<Result<Opened, PayerError>> {
    let prepay_id = client_params::prepay_id(parameters)?;
    let artefact = sandbox
        .read_world(|world| world.artefacts.find(prepay_id).cloned())
        .filter(|artefact| artefact.kind == ArtefactKind::PrepayId)
        .filter(|artefact| super::made(&artefact.order))?;
    Some(open(sandbox, parameters, &artefact))
}

fn open(
    sandbox: &Sandbox,
    parameters: &Map<String, Value>,
    artefact: &Artefact,
) -> Result<Opened, PayerError> {
    let params = ClientParams::parse(parameters).map_err(|error| match error {
        ClientParamsError::Shape => PayerError::Unreadable(error.to_string()),
        _ => PayerError::Refused(error.to_string()),
    })?;
    check_order(&params, artefact)?;
    let mch_id = &artefact.order.key.account;
    let account = sandbox
        .accounts()
        .wechat_v2()
        .find(mch_id)
        .ok_or_else(|| PayerError::Refused(format!("merchant {mch_id} is not registered")))?;
    let sign_type = artefact.order.details.get("sign_type").map(String::as_str);
    params
        .verify(
            SignType::named(sign_type).unwrap_or(SignType::Md5),
            account.key(),
        )
        .map_err(|error| PayerError::Refused(error.to_string()))?;
    check_payable(sandbox, artefact)?;
    Ok(Opened::of(&artefact.order, &params.prepay_id))
}

/// The prepay id was made for this product, appid and merchant.
fn check_order(params: &ClientParams, artefact: &Artefact) -> Result<(), PayerError> {
    let product = match params.partner_id {
        Some(_) => TradeType::App,
        None => TradeType::Jsapi,
    };
    let refuse = |what: &str| Err(PayerError::Refused(what.to_owned()));
    if artefact.order.product != product.name() {
        return refuse("the prepay_id was made for another product (JSAPI and APP do not mix)");
    }
    let details = &artefact.order.details;
    let app_id = details.get("sub_appid").or_else(|| details.get("appid"));
    if app_id != Some(&params.app_id) {
        return refuse("the appid is not the one of the order (sub_appid, if it has one)");
    }
    // Which of a provider's two ids an app names, the documents do not say.
    let mch_id = Some(&artefact.order.key.account);
    let partner_id = params.partner_id.as_ref();
    if partner_id.is_some() && partner_id != mch_id && partner_id != details.get("sub_mchid") {
        return refuse("partnerid is not the mch_id of the order");
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
