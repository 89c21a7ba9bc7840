//! The channels' notices: sent on the channels' schedules until they are taken,
//! lost, doubled, late and out of order on the way.

use crate::exec::Group;
use crate::letter::{Content, Letter};
use crate::sight::Met;
use crate::world::{World, kind_of};
use cashier::audit::Formula;
use cashier::channel::{RawNotice, Refunded, Trade};
use cashier::exception::ExceptionKind;
use cashier::id::{AccountId, FlowNo, RefundNo};
use cashier::money::Money;
use cashier::time::Span;
use cashier::way::ChannelKind;
use std::sync::Arc;

/// The pauses between Alipay's sends, in seconds.
const ALIPAY: &[u32] = &[240, 600, 600, 3600, 7200, 21_600, 54_000];
/// The pauses between WeChat Pay's sends, in seconds.
const WECHAT: &[u32] = &[
    15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600,
];

/// A payment was made: its notices set out.
pub fn paid(world: &Arc<World>, flow: &FlowNo) {
    let now = world.channel_time();
    let (account, seen) = {
        let mut books = world.bank.books();
        let Some(account) = books
            .ledger
            .trades
            .get(flow)
            .map(|trade| trade.account.clone())
        else {
            return;
        };
        let seen = books.query(kind_of(account.as_str()), flow, now);
        (account, seen)
    };
    let finished = world.exec.chance(world.plan().finished_first);
    let name = if finished {
        "TRADE_FINISHED"
    } else {
        "TRADE_SUCCESS"
    };
    if finished {
        world.sight.met(Met::FinishedFirst);
    }
    if world.exec.chance(world.plan().notice_wrong)
        && let Trade::Paid(payment) = &seen
    {
        let mut payment = payment.clone();
        payment.amount = Money::from_fen(2).unwrap_or_default();
        let content = Content::Trade(flow.clone(), Trade::Paid(payment));
        send(world, &account, format!("{flow}/WRONG"), content);
    }
    let content = Content::Trade(flow.clone(), seen);
    send(world, &account, format!("{flow}/{name}"), content);
}

/// Alipay took a payment back, and says so of its trade.
pub fn reversed(world: &Arc<World>, flow: &FlowNo) {
    let payment = world.bank.books().paid_for(flow, true);
    if let Some(payment) = payment {
        let account = crate::bank::account(ChannelKind::Alipay);
        let content = Content::Trade(flow.clone(), Trade::Paid(payment));
        send(world, &account, format!("{flow}/TRADE_CLOSED"), content);
    }
}

/// Money was given back: Alipay says so with what looks like a payment.
pub fn refunded(world: &Arc<World>, kind: ChannelKind, flow: &FlowNo, refund: &RefundNo) {
    let state = world.bank.books().query_refund(refund);
    let said = match kind {
        ChannelKind::Alipay => None,
        _ => Some(state),
    };
    if said == Some(Refunded::Processing) {
        return;
    }
    let account = crate::bank::account(kind);
    let content = Content::Refund(flow.clone(), refund.clone(), said);
    send(
        world,
        &account,
        format!("{flow}/{refund}/{state:?}"),
        content,
    );
}

/// Sends a notice until it is taken.
fn send(world: &Arc<World>, account: &AccountId, name: String, content: Content) {
    let letter = Letter {
        account: account.clone(),
        key: Some(world.key_used()),
        name,
        content,
    };
    for _ in 0..=u32::from(world.exec.chance(world.plan().notice_doubled)) {
        let (world, letter) = (world.clone(), letter.clone());
        world
            .exec
            .clone()
            .spawn(Group::World, until_taken(world, letter));
    }
}

async fn until_taken(world: Arc<World>, letter: Letter) {
    let exec = &world.exec;
    if exec.chance(world.plan().notice_late) {
        let longest = match exec.below(3) {
            0 => 300,
            1 => 3600,
            _ => 90_000,
        };
        exec.sleep(exec.span(Span::seconds(1), Span::seconds(longest)))
            .await;
    } else {
        exec.sleep(exec.span(Span::millis(5), Span::millis(900)))
            .await;
    }
    let gaps = match kind_of(letter.account.as_str()) {
        ChannelKind::Alipay => ALIPAY,
        _ => WECHAT,
    };
    for gap in gaps.iter().copied().chain([0]) {
        if !exec.chance(world.plan().notice_lost) && deliver(&world, &letter).await {
            return;
        }
        exec.sleep(Span::seconds(gap)).await;
    }
}

/// Whether Till has taken it.
async fn deliver(world: &Arc<World>, letter: &Letter) -> bool {
    let status = put(world, &letter.account, letter.body()).await;
    if status == Some(500) && letter.key > Some(world.key_known(0)) {
        world.sight.met(Met::KeyChanged);
    }
    if status != Some(200) {
        return false;
    }
    is_durable(world, letter);
    if let Content::Trade(flow, Trade::Paid(_)) = &letter.content
        && world.bank.books().reversed_at.contains_key(flow)
    {
        world.sight.met(Met::NoticeAfterReversal);
    }
    if matches!(letter.content, Content::Refund(.., None)) {
        world.sight.met(Met::PartialRefundNotice);
    }
    true
}

/// Puts a body before a node. The status that it answers with, if it does.
pub async fn put(world: &Arc<World>, account: &AccountId, body: Vec<u8>) -> Option<u16> {
    let account = account.clone();
    let taken = world.ask(move |cashier| async move {
        let raw = RawNotice {
            headers: &[],
            body: &body,
        };
        cashier.take_notice(&account, raw).await
    });
    taken.await.flatten().map(|taken| taken.reply.status)
}

/// A4: what was acknowledged is in our rows, at this very moment.
fn is_durable(world: &Arc<World>, letter: &Letter) {
    let Content::Trade(flow, Trade::Paid(payment)) = &letter.content else {
        return;
    };
    let order = world.bank.books().order_of(flow);
    let known = order.and_then(|order| {
        world.memory.audit(&order, |books| {
            let captured =
                books.state.captures.iter().any(|capture| {
                    capture.flow_no == *flow && capture.trade_no == payment.trade_no
                });
            let doubted = books.state.exceptions.iter().any(|exception| {
                exception.kind == ExceptionKind::AmountMismatch
                    && exception.subject == flow.as_str()
            });
            // What is being taken back, or was, is in the rows as that.
            let taken_back = books
                .state
                .flow(flow)
                .is_some_and(|flow| flow.reverse_wanted_at.is_some());
            captured || doubted || taken_back
        })
    });
    if known != Some(true) {
        let (now, row) = (world.exec.now(), format!("notices {}", letter.name));
        world.sight.broken(
            now,
            Formula::A4,
            row,
            "it was acknowledged and is not in the rows",
        );
    }
}
