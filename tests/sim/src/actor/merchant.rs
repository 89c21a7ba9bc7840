//! A merchant: makes an order, repeats itself, closes, refunds, and is sometimes
//! down.

use crate::actor::payer::{self, Screens};
use crate::exec::Group;
use crate::sight::Met;
use crate::world::World;
use cashier::audit::Formula;
use cashier::command::{NewOrder, RefundCommand, Refusal};
use cashier::event::EventKind;
use cashier::id::{AppId, MerchantId, OrderId};
use cashier::money::Money;
use cashier::refund::Refund;
use cashier::time::Span;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The smallest and largest amount of an order, in fen.
const AMOUNTS: (u32, u32) = (1, 100_000);

/// The application of the merchants of a world.
pub fn app() -> AppId {
    AppId::new("app1")
}

/// Another merchant's application.
pub fn stranger() -> AppId {
    AppId::new("app2")
}

fn new_order(world: &World, number: u32, amount: Money) -> NewOrder {
    let plan = world.plan();
    NewOrder {
        merchant: MerchantId::new("m1"),
        app: app(),
        merchant_order_no: format!("A-{number}"),
        amount,
        subject: "Tea".to_owned(),
        body: None,
        client_ip: None,
        ways: Vec::new(),
        notify_url: None,
        return_url: None,
        metadata: BTreeMap::new(),
        expires_in: plan.expires_in,
        policy: plan.policy,
    }
}

/// Sells one thing.
pub async fn sell(world: Arc<World>, number: u32) {
    let exec = &world.exec;
    exec.sleep(exec.span(Span::millis(0), Span::minutes(3)))
        .await;
    let fen = AMOUNTS.0 + exec.below(AMOUNTS.1 - AMOUNTS.0);
    let amount = Money::from_fen(i64::from(fen)).unwrap_or(Money::MAX);
    let new = new_order(&world, number, amount);
    let order = open(&world, new.clone()).await;
    let screens: Screens = Screens::default();
    // Sometimes all at once, as a double click or two tabs that a browser restores.
    let apart = if exec.chance(250) {
        Span::millis(30)
    } else {
        Span::minutes(4)
    };
    for _ in 0..=exec.below(3) {
        let tab = payer::pay(world.clone(), order.clone(), screens.clone(), apart);
        exec.spawn(Group::World, tab);
    }
    if exec.chance(300) {
        exec.spawn(Group::World, open_again(world.clone(), new, order.clone()));
    }
    if exec.chance(250) {
        exec.spawn(Group::World, close(world.clone(), order.clone()));
    }
    if exec.chance(600) {
        exec.spawn(
            Group::World,
            refund_when_paid(world.clone(), order.clone(), amount),
        );
    }
}

/// Makes the order, again and again until there is an answer.
async fn open(world: &Arc<World>, new: NewOrder) -> OrderId {
    loop {
        let asked = new.clone();
        let pay = world
            .exec
            .chance(200)
            .then(|| payer::wish(cashier::way::Way::AliPc));
        let said = world.ask(move |cashier| async move { cashier.open(asked, pay).await });
        if let Some(Ok(opened)) = said.await {
            return opened.state.order.id;
        }
        world.exec.sleep(Span::seconds(3)).await;
    }
}

/// The same number again: the same order, or a conflict (A13).
async fn open_again(world: Arc<World>, new: NewOrder, order: OrderId) {
    let exec = &world.exec;
    exec.sleep(exec.span(Span::millis(0), Span::minutes(20)))
        .await;
    let other = exec.chance(300);
    let mut asked = new;
    if other {
        asked.amount = Money::from_fen(asked.amount.fen() + 1).unwrap_or(Money::MAX);
    }
    let said = world
        .ask(move |cashier| async move { cashier.open(asked, None).await })
        .await;
    let (now, row) = (exec.now(), format!("orders {order}"));
    match said {
        Some(Ok(opened)) if other || opened.created || opened.state.order.id != order => {
            world.sight.broken(
                now,
                Formula::A13,
                row,
                "the same number made something else",
            );
        }
        Some(Err(Refusal::OrderConflict { .. })) if !other => {
            world
                .sight
                .broken(now, Formula::A13, row, "the same order again is a conflict");
        }
        _ => {}
    }
}

async fn close(world: Arc<World>, order: OrderId) {
    let exec = &world.exec;
    for _ in 0..=exec.below(2) {
        exec.sleep(exec.span(Span::millis(0), Span::minutes(15)))
            .await;
        let id = order.clone();
        let said = world
            .ask(move |cashier| async move { cashier.close(&id).await })
            .await;
        let status = said
            .and_then(Result::ok)
            .map(|state| state.order.status.name());
        world
            .sight
            .trace(exec.now(), format_args!("merchant closes: {status:?}"));
    }
}

/// Gives money back once the merchant has heard that it is paid.
async fn refund_when_paid(world: Arc<World>, order: OrderId, amount: Money) {
    let exec = &world.exec;
    let paid = |world: &World| {
        let heard = world.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let events = heard.get(&order);
        events.is_some_and(|events| {
            events
                .iter()
                .any(|event| event.kind == EventKind::OrderPaid)
        })
    };
    let give_up = exec.now().plus(Span::minutes(200));
    while !paid(&world) {
        if exec.now() > give_up {
            return;
        }
        exec.sleep(Span::seconds(20)).await;
    }
    exec.sleep(exec.span(Span::millis(0), Span::minutes(10)))
        .await;
    let answers = Arc::new(Mutex::new(BTreeMap::new()));
    for _ in 0..=exec.below(3) {
        let number = exec.below(3);
        let whole = u32::try_from(amount.fen()).unwrap_or(u32::MAX);
        let fen = match exec.below(3) {
            0 => whole,
            1 => whole.div_ceil(2),
            _ => 1 + exec.below(whole),
        };
        let wish = RefundCommand {
            merchant_refund_no: format!("R-{order}-{number}"),
            amount: Money::from_fen(i64::from(fen)).unwrap_or(Money::MAX),
            reason: None,
        };
        for _ in 0..=exec.below(2) {
            let asking = refund(world.clone(), order.clone(), wish.clone(), answers.clone());
            exec.spawn(Group::World, asking);
        }
        if exec.chance(500) {
            exec.sleep(exec.span(Span::millis(0), Span::minutes(3)))
                .await;
        }
    }
}

/// Whether so much was left of the payment, whatever was asked for so far, that a
/// refund of this amount cannot have been too much at any time.
fn could_be_refunded(world: &World, order: &OrderId, amount: Money) -> bool {
    let left = world.memory.audit(order, |books| {
        let winner = books.state.winner()?;
        let of_winner = |refund: &&Refund| refund.capture == winner.id;
        let ever = books.state.refunds.iter().filter(of_winner);
        winner
            .amount
            .checked_sub(Money::sum(ever.map(Refund::amount))?)
    });
    left.flatten().is_some_and(|left| left >= amount)
}

/// Which refund each of the merchant's numbers turned out to be.
type Answers = Arc<Mutex<BTreeMap<String, cashier::id::RefundNo>>>;

async fn refund(world: Arc<World>, order: OrderId, wish: RefundCommand, answers: Answers) {
    let number = wish.merchant_refund_no.clone();
    for _ in 0..3 {
        let (id, asked) = (order.clone(), wish.clone());
        let said = world
            .ask(move |cashier| async move { cashier.refund(&id, asked).await })
            .await;
        let now = world.exec.now();
        match said {
            Some(Ok(asked)) => {
                let mut known = answers.lock().unwrap_or_else(PoisonError::into_inner);
                let first = known
                    .entry(number.clone())
                    .or_insert_with(|| asked.refund.clone());
                if *first != asked.refund {
                    let row = format!("refunds {}", asked.refund);
                    world
                        .sight
                        .broken(now, Formula::A13, row, "the same number is two refunds");
                }
                return;
            }
            Some(Err(Refusal::RefundExceedsCapture { .. })) => {
                world.sight.met(Met::RefundCapped);
                if could_be_refunded(&world, &order, wish.amount) {
                    let (row, detail) = (format!("orders {order}"), "there is enough to refund");
                    world.sight.broken(now, Formula::A16, row, detail);
                }
                return;
            }
            Some(Err(Refusal::StoreUnavailable)) | None => {
                world.exec.sleep(Span::seconds(2)).await;
            }
            Some(Err(_)) => return,
        }
    }
}
