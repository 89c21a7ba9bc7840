//! `POST /pay/micropay`: the merchant scans the payer's code. The answer is the payment; no notice
//! is ever sent.

use chrono::{DateTime, Utc};

use super::auth_code;
use super::call::{Call, Reply};
use super::order::{Order, TradeType, check_repetition};
use super::refusal::Refusal;
use super::trade_view::paid;
use crate::barcode::Behaviour;
use crate::ledger::{Channel, TradeKey};
use crate::server::World;
use crate::wechat::lifetime;

/// Takes the payment.
///
/// # Errors
/// `USERPAYING` while the payer is asked for the password; `SYSTEMERROR` when the channel does not
/// know; `NOTENOUGH` when the payer cannot pay; `AUTH_CODE_ERROR`, `AUTH_CODE_INVALID`,
/// `AUTHCODEEXPIRE` for the code, and then there is no order; `ORDERPAID` and the like for a
/// number that is in use.
pub fn carry_out(call: &Call<'_>) -> Result<Reply, Refusal> {
    let order = Order::read(call.request(), TradeType::Micropay)?;
    let auth_code = auth_code::read(call.request())?;
    call.sandbox.with_world(|world, now| {
        let key = call.key(&order.out_trade_no);
        if let Some(trade) = lifetime::aged(world, &key, now) {
            check_repetition(call, trade)?;
            return Err(Refusal::of("USERPAYING"));
        }
        order.check_expiry(now)?;
        let behaviour = world
            .barcodes
            .take(&auth_code, Channel::Wechat, now)
            .map_err(auth_code::unusable)?;
        world.ledger.open(&order.to_ledger(call, now), now);
        charge(world, &key, behaviour, now)
    })
}

fn charge(
    world: &mut World,
    key: &TradeKey,
    behaviour: Behaviour,
    now: DateTime<Utc>,
) -> Result<Reply, Refusal> {
    match behaviour {
        Behaviour::Pay => match world.ledger.pay(key, now) {
            Ok(trade) => Ok(Reply::Fields(paid(&trade, now))),
            Err(_) => Err(Refusal::of("SYSTEMERROR")),
        },
        Behaviour::AskPassword => {
            world.ledger.ask_password(key);
            Err(Refusal::of("USERPAYING"))
        }
        Behaviour::Silent => {
            world.ledger.ask_password(key);
            Err(Refusal::of("SYSTEMERROR"))
        }
        Behaviour::Refuse => {
            world.ledger.fail_scan(key);
            Err(Refusal::of("NOTENOUGH"))
        }
    }
}
