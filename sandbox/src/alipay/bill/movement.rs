//! What moved a seller's money in the time of a bill: payments and refunds, by time.

use chrono::{DateTime, Utc};

use super::super::seller;
use super::Bill;
use crate::ledger::{Channel, Refund, Trade, TradeKey};
use crate::server::World;

/// Where a movement is found again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) at: DateTime<Utc>,
    key: TradeKey,
    /// None, the payment itself.
    out_refund_no: Option<String>,
}

/// A payment, or a refund of one.
#[derive(Debug, Clone)]
pub(super) struct Movement {
    pub(super) at: DateTime<Utc>,
    pub(super) trade: Trade,
    pub(super) refund: Option<Refund>,
}

impl Movement {
    /// Fen, negative for a refund.
    pub(super) fn amount(&self) -> i64 {
        match &self.refund {
            Some(refund) => -refund.amount,
            None => self.trade.order.amount,
        }
    }
}

/// Whether there is any.
pub(super) fn any(world: &World, bill: &Bill) -> bool {
    places(world, bill).next().is_some()
}

/// All of them, by time.
pub(super) fn by_time(world: &World, bill: &Bill) -> Vec<Place> {
    let mut all: Vec<_> = places(world, bill).collect();
    all.sort();
    all
}

/// What lies at a place.
pub(super) fn look_up(world: &World, place: &Place) -> Option<Movement> {
    let refund = match &place.out_refund_no {
        Some(number) => Some(world.ledger.refund_of(&place.key, number)?.clone()),
        None => None,
    };
    Some(Movement {
        at: place.at,
        trade: world.ledger.trade(&place.key)?.clone(),
        refund,
    })
}

fn places<'a>(world: &'a World, bill: &'a Bill) -> impl Iterator<Item = Place> + 'a {
    let within = |at: &DateTime<Utc>| (bill.begin..bill.end).contains(at);
    world
        .ledger
        .trades()
        .filter(|trade| is_of(trade, bill))
        .flat_map(move |trade| {
            let key = &trade.order.key;
            let paid = trade.paid_at.filter(within).map(|at| Place {
                at,
                key: key.clone(),
                out_refund_no: None,
            });
            let refunds = world.ledger.refunds_of(key).filter_map(move |refund| {
                let at = refund.succeeded_at.filter(within)?;
                Some(Place {
                    at,
                    key: key.clone(),
                    out_refund_no: Some(refund.out_refund_no.clone()),
                })
            });
            paid.into_iter().chain(refunds)
        })
}

fn is_of(trade: &Trade, bill: &Bill) -> bool {
    let key = &trade.order.key;
    key.channel == Channel::Alipay
        && key.account == bill.account.app.app_id
        && seller::of(&trade.order, &bill.account) == bill.seller_id
}
