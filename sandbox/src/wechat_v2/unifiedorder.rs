//! `POST /pay/unifiedorder`: makes the order, or meets the one that already has its number, and
//! hands out what the payer needs.

use chrono::{DateTime, Utc};

use super::call::{Call, Reply};
use super::order::{Order, TradeType, check_repetition};
use super::refusal::Refusal;
use super::xml::Fields;
use crate::artefacts::{Artefact, ArtefactKind};
use crate::ledger::{Trade, beijing};
use crate::server::World;
use crate::token::token;
use crate::wechat::lifetime;

/// Makes the order.
///
/// # Errors
/// `LACK_PARAMS`, `PARAM_ERROR` (also for an openid under another appid); for a number that is in use `INVALID_REQUEST` (other
/// parameters), `ORDERPAID`, `ORDERCLOSED`.
pub fn carry_out(call: &Call<'_>) -> Result<Reply, Refusal> {
    let trade_type = TradeType::read(call.request())?;
    let order = Order::read(call.request(), trade_type)?;
    check_payer(call, &order)?;
    let public_url = call.sandbox.public_url();
    call.sandbox.with_world(|world, now| {
        let key = call.key(&order.out_trade_no);
        match lifetime::aged(world, &key, now) {
            Some(trade) => check_repetition(call, trade)?,
            None => order.check_expiry(now)?,
        }
        let trade = world.ledger.open(&order.to_ledger(call, now), now);
        Ok(Reply::Fields(hand_out(
            world,
            trade_type,
            &trade,
            now,
            &public_url,
        )))
    })
}

/// The payer's openid is one under the appid that the payer sees.
fn check_payer(call: &Call<'_>, order: &Order) -> Result<(), Refusal> {
    let request = call.request();
    let appid = call.appid();
    let (openid, appid) = match (&order.sub_openid, &order.openid) {
        (Some(openid), _) => (openid, request.given("sub_appid").unwrap_or(appid)),
        (None, Some(openid)) => (openid, appid),
        (None, None) => return Ok(()),
    };
    let accounts = call.sandbox.accounts();
    let openids = &call.sandbox.wechat().openids;
    if openids.is_of_another(accounts, openid, appid) {
        return Err(Refusal::business("PARAM_ERROR", "openid与appid不匹配"));
    }
    Ok(())
}

/// A new handle for the payer. A new `code_url` takes the place of the old one.
fn hand_out(
    world: &mut World,
    trade_type: TradeType,
    trade: &Trade,
    now: DateTime<Utc>,
    public_url: &str,
) -> Fields {
    let prepay_id = new_prepay_id(now);
    let mut fields = Fields::from([
        ("trade_type".to_owned(), trade_type.name().to_owned()),
        ("prepay_id".to_owned(), prepay_id.clone()),
    ]);
    let (kind, code, life) = match trade_type {
        TradeType::Native => {
            let random: String = token().chars().take(12).collect();
            let code = format!("weixin://wxpay/bizpayurl?pr={random}");
            world
                .artefacts
                .replace(&trade.order.key, ArtefactKind::QrCode);
            fields.insert("code_url".to_owned(), code.clone());
            (ArtefactKind::QrCode, code, lifetime::PREPAY)
        }
        TradeType::Mweb => {
            let id = token();
            fields.insert(
                "mweb_url".to_owned(),
                format!("{public_url}/wallet/h5?id={id}"),
            );
            (ArtefactKind::H5, id, lifetime::H5)
        }
        TradeType::Jsapi | TradeType::App | TradeType::Micropay => {
            (ArtefactKind::PrepayId, prepay_id, lifetime::PREPAY)
        }
    };
    world.artefacts.hand_out(Artefact {
        code,
        kind,
        order: trade.order.clone(),
        created_at: now,
        expires_at: Some(now + life),
        replaced: false,
    });
    fields
}

fn new_prepay_id(now: DateTime<Utc>) -> String {
    let random: String = token().chars().take(20).collect();
    format!("wx{}{random}", beijing(now).format("%Y%m%d%H%M%S"))
}
