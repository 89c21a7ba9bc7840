//! `alipay.trade.precreate`: a QR code. No trade exists until somebody scans it.

use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::call::Call;
use super::create::agrees;
use super::{moment, order};
use crate::artefacts::{Artefact, ArtefactKind};
use crate::ledger::{Order, Trade, TradeState};
use crate::server::World;

/// The longest that a QR code can be scanned, whatever was asked for: 2 hours, in seconds.
const QR_LIFE: i64 = 2 * 3600;

pub(super) fn carry_out(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Answer, Answer> {
    let order = order::read(call, now)?;
    if order.expiry.is_over(now) {
        return Err(order::too_late());
    }
    if let Some(trade) = world.ledger.trade(&order.key) {
        check_repeat(trade, &order)?;
    }
    let asked = call
        .biz
        .timeout("qr_code_timeout_express", now)?
        .unwrap_or(QR_LIFE);
    let expires_at = moment::after(now, asked.min(QR_LIFE));
    let code = match world.artefacts.newest_of(&order.key, ArtefactKind::QrCode) {
        Some(former) if !agrees(&former.order, &order) => return Err(order::inconsistent()),
        Some(former) if former.is_live(now) => former.code.clone(),
        _ => format!("https://qr.alipay.com/bax{}", call.token),
    };
    let answer = Answer::success()
        .with("out_trade_no", order.key.out_trade_no.clone())
        .with("qr_code", code.clone());
    world.artefacts.hand_out(Artefact {
        code,
        kind: ArtefactKind::QrCode,
        order,
        created_at: now,
        expires_at: Some(expires_at),
        replaced: false,
    });
    Ok(answer)
}

fn check_repeat(trade: &Trade, order: &Order) -> Result<(), Answer> {
    match trade.state {
        TradeState::Closed if trade.paid_at.is_none() => Err(order::closed()),
        TradeState::Waiting if agrees(&trade.order, order) => Ok(()),
        TradeState::Waiting => Err(order::inconsistent()),
        _ => Err(order::paid()),
    }
}
