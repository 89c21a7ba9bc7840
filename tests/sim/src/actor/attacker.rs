//! Somebody who forges, replays and probes, and a merchant who looks at what is
//! not theirs.

use crate::actor::merchant::stranger;
use crate::letter::{Content, Letter};
use crate::post;
use crate::sight::Met;
use crate::world::{World, accounts};
use cashier::audit::{Formula, TradeState};
use cashier::channel::{Payment, Trade};
use cashier::command::Refusal;
use cashier::id::FlowNo;
use cashier::time::Span;
use std::sync::Arc;

/// Tries a few things.
pub async fn attack(world: Arc<World>) {
    let exec = &world.exec;
    for _ in 0..8 {
        exec.sleep(exec.span(Span::seconds(20), Span::minutes(12)))
            .await;
        match exec.below(4) {
            0 => forge(&world).await,
            1 => probe(&world).await,
            2 => elsewhere(&world).await,
            _ => pry(&world).await,
        }
    }
}

/// A flow that exists, with what a payment of it would look like.
fn aim(world: &World) -> Option<(Letter, FlowNo)> {
    let books = world.bank.books();
    let count = u32::try_from(books.ledger.trades.len()).ok()?;
    let index = usize::try_from(world.exec.below(count)).ok()?;
    let (flow, trade) = books.ledger.trades.iter().nth(index)?;
    let trade_no = match trade.state {
        TradeState::Paid => trade.trade_no.clone(),
        _ => "4200000000000".to_owned(),
    };
    let payment = Payment {
        trade_no,
        amount: trade.amount,
        paid_at: world.exec.now(),
        payer: None,
        returned: false,
    };
    let letter = Letter {
        account: trade.account.clone(),
        key: None,
        name: format!("{flow}/FORGED"),
        content: Content::Trade(flow.clone(), Trade::Paid(payment)),
    };
    Some((letter, flow.clone()))
}

/// Nobody's signature: it must change nothing, which A1 and A3 will tell.
async fn forge(world: &Arc<World>) {
    if let Some((letter, flow)) = aim(world) {
        refused(world, &letter, &flow, letter.account.clone()).await;
    }
}

async fn refused(
    world: &Arc<World>,
    letter: &Letter,
    flow: &FlowNo,
    account: cashier::id::AccountId,
) {
    let status = post::put(world, &account, letter.body()).await;
    if status == Some(200) {
        let (now, row) = (world.exec.now(), format!("notices {flow}"));
        world.sight.broken(
            now,
            Formula::A11,
            row,
            "what must be refused was acknowledged",
        );
    }
}

/// A genuine notice, brought to another account.
async fn elsewhere(world: &Arc<World>) {
    let Some((mut letter, flow)) = aim(world) else {
        return;
    };
    letter.key = Some(0);
    let other = accounts()
        .into_iter()
        .find(|account| *account != letter.account);
    if let Some(other) = other {
        refused(world, &letter, &flow, other).await;
    }
}

/// The channel of another account signs, truly, what names our flow: it is not that
/// account's flow, so it changes nothing, and a person is told of it (A11, A4).
pub async fn impersonate(world: Arc<World>) {
    let exec = &world.exec;
    for _ in 0..4 {
        exec.sleep(exec.span(Span::seconds(20), Span::minutes(12)))
            .await;
        let Some((mut letter, flow)) = aim(&world) else {
            continue;
        };
        let accounts = accounts();
        let Some(other) = accounts.iter().find(|other| **other != letter.account) else {
            continue;
        };
        letter.account = other.clone();
        letter.key = Some(0);
        letter.name = format!("{flow}/IMPOSTOR");
        let status = post::put(&world, other, letter.body()).await;
        let subject = format!("{other}/{flow}");
        let mut strays = world.memory.strays().into_iter();
        if status == Some(200) && !strays.any(|stray| stray.about() == subject) {
            let (now, row) = (exec.now(), format!("notices {subject}"));
            let detail = "another account's notice was acknowledged and nobody is told";
            world.sight.broken(now, Formula::A4, row, detail);
        }
    }
}

async fn probe(world: &Arc<World>) {
    let account = accounts()[0].clone();
    let letter = Letter {
        account: account.clone(),
        key: Some(0),
        name: "probe".to_owned(),
        content: Content::Probe,
    };
    if post::put(world, &account, letter.body()).await == Some(400) {
        world.sight.met(Met::ProbeRefused);
    }
}

/// Another merchant asks for an order that is not theirs (A12).
async fn pry(world: &Arc<World>) {
    let Some(order) = world
        .memory
        .orders()
        .first()
        .map(|state| state.order.id.clone())
    else {
        return;
    };
    let id = order.clone();
    let said = world
        .ask(move |cashier| async move { cashier.order(&stranger(), &id).await })
        .await;
    if !matches!(
        said,
        None | Some(Err(Refusal::NotFound | Refusal::StoreUnavailable))
    ) {
        let (now, row) = (world.exec.now(), format!("orders {order}"));
        world
            .sight
            .broken(now, Formula::A12, row, "another merchant was shown it");
    }
}
