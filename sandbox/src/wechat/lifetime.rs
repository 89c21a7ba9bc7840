//! How long things live at WeChat Pay: handles, and orders that nobody pays.

use chrono::{DateTime, TimeDelta, Utc};

use crate::ledger::{Trade, TradeKey, TradeState};
use crate::server::World;

/// A `prepay_id` and a `code_url`: two hours, whatever `time_expire` says.
pub const PREPAY: TimeDelta = TimeDelta::hours(2);

/// An `h5_url`: five minutes.
pub const H5: TimeDelta = TimeDelta::minutes(5);

/// An unpaid order: after this WeChat Pay closes it by itself.
pub const UNPAID: TimeDelta = TimeDelta::days(7);

/// The trade as it stands at `now`: one that nobody paid for [`UNPAID`] is closed first. Passing
/// `time_expire` alone does not close it.
pub fn aged<'a>(world: &'a mut World, key: &TradeKey, now: DateTime<Utc>) -> Option<&'a Trade> {
    let trade = world.ledger.trade(key)?;
    let old = trade.created_at + UNPAID;
    let over = trade
        .expires_at
        .map_or(old, |expires_at| expires_at.max(old));
    if trade.state == TradeState::Waiting && over <= now {
        world.ledger.close(key, over);
    }
    world.ledger.trade(key)
}
