//! What happens to everybody: keys change, the merchant's server falls down, refunds
//! that need a person find one, somebody refunds by hand, and at some time all is
//! calm.

use crate::exec::Group;
use crate::post;
use crate::world::{World, kind_of};
use cashier::channel::Refunded;
use cashier::money::Money;
use cashier::time::Span;
use std::sync::{Arc, PoisonError};

/// Lets it all happen.
pub fn begin(world: &Arc<World>) {
    let plan = world.plan();
    let exec = &world.exec;
    if plan.key_change {
        exec.spawn(Group::World, change_key(world.clone()));
    }
    if plan.merchant_down {
        exec.spawn(Group::World, merchant_falls(world.clone()));
    }
    if plan.external_refund > 0 {
        exec.spawn(Group::World, refund_by_hand(world.clone()));
    }
    exec.spawn(Group::World, mend_refunds(world.clone()));
    exec.spawn(Group::World, calm(world.clone()));
}

async fn calm(world: Arc<World>) {
    world.exec.sleep(world.plan().calm_after).await;
    world
        .sight
        .trace(world.exec.now(), format_args!("the faults end"));
    world.calm();
}

async fn change_key(world: Arc<World>) {
    let exec = &world.exec;
    exec.sleep(exec.span(Span::minutes(1), Span::minutes(30)))
        .await;
    world.change_key();
    exec.sleep(exec.span(Span::seconds(5), Span::minutes(5)))
        .await;
    world.learn_key();
}

async fn merchant_falls(world: Arc<World>) {
    let exec = &world.exec;
    exec.sleep(exec.span(Span::minutes(0), Span::minutes(30)))
        .await;
    let back = exec.now().plus(outage(&world));
    *world
        .merchant_back
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = back;
}

/// A short outage, or one of more than a day.
fn outage(world: &World) -> Span {
    let exec = &world.exec;
    match exec.below(3) {
        0 => exec.span(Span::minutes(25 * 60), Span::minutes(60 * 60)),
        _ => exec.span(Span::seconds(20), Span::minutes(90)),
    }
}

async fn refund_by_hand(world: Arc<World>) {
    let exec = &world.exec;
    for _ in 0..4 {
        exec.sleep(exec.span(Span::minutes(2), Span::minutes(25)))
            .await;
        let (now, one) = (world.channel_time(), Money::from_fen(1).unwrap_or_default());
        let mut books = world.bank.books();
        let Some(flow) = books.paid_at.keys().next().cloned() else {
            continue;
        };
        let Some(refund) = books.refund_by_hand(&flow, one, now) else {
            continue;
        };
        let account = books
            .ledger
            .trades
            .get(&flow)
            .map(|trade| trade.account.clone());
        drop(books);
        if let Some(account) = account {
            post::refunded(&world, kind_of(account.as_str()), &flow, &refund);
        }
    }
}

/// After some days, somebody in the back office deals with the refunds that need a
/// person.
async fn mend_refunds(world: Arc<World>) {
    world.exec.sleep(Span::minutes(5 * 24 * 60)).await;
    let mut books = world.bank.books();
    for refund in books.open_refunds() {
        books.settle_refund(&refund, Refunded::Succeeded);
    }
}
