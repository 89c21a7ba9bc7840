//! What holds of an order's rows together with the channels' own ledger. Only
//! tests can read that ledger.

use super::{Books, Breach, Findings, Formula, Ledger, TradeEntry, TradeState};
use crate::flow::{Flow, FlowStatus};
use crate::money::Money;
use crate::order::OrderStatus;
use crate::policy::Switch;
use crate::refund::RefundStatus;
use crate::state::OrderState;
use crate::time::Timestamp;

use Formula as F;

/// Checks one order at any moment. `now` is the channels' time (UTC).
pub fn check(books: &Books<'_>, ledger: &Ledger, now: Timestamp) -> Vec<Breach> {
    let mut found = Findings::default();
    let state = books.state;
    captures(&mut found, state, ledger);
    refunds(&mut found, state, ledger);
    for flow in &state.flows {
        if let Some(trade) = ledger.trades.get(&flow.no) {
            of_trade(&mut found, state, flow, trade, now);
        }
        given_back(&mut found, flow, ledger);
    }
    payable(&mut found, state, ledger, now);
    found.0
}

/// A1: what we believe was taken was taken.
fn captures(found: &mut Findings, state: &OrderState, ledger: &Ledger) {
    for capture in &state.captures {
        let row = || format!("captures {}", capture.id);
        let taken = ledger.trades.get(&capture.flow_no).is_some_and(|trade| {
            trade.is_paid()
                && trade.account == capture.account
                && trade.trade_no == capture.trade_no
                && trade.amount == capture.amount
        });
        found.check(taken, F::A1, row, || {
            "the channel has not taken this money".to_owned()
        });
    }
}

/// A1, A8: what we believe was given back was, and what failed was not.
fn refunds(found: &mut Findings, state: &OrderState, ledger: &Ledger) {
    for refund in &state.refunds {
        let row = || format!("refunds {}", refund.no);
        let entry = ledger.refunds.get(&refund.no);
        if refund.status == RefundStatus::Succeeded {
            let given = entry.is_some_and(|entry| {
                entry.succeeded
                    && entry.account == refund.account
                    && entry.flow_no == refund.request.flow_no
                    && entry.amount == refund.amount()
            });
            found.check(given, F::A1, row, || {
                "the channel has not given this money back".to_owned()
            });
        }
        if refund.status == RefundStatus::Failed {
            let given = entry.is_some_and(|entry| entry.succeeded);
            found.check(!given, F::A8, row, || {
                "it counts as failed and was given back".to_owned()
            });
        }
    }
}

/// A5, A7: one trade and its flow.
fn of_trade(
    found: &mut Findings,
    state: &OrderState,
    flow: &Flow,
    trade: &TradeEntry,
    now: Timestamp,
) {
    let row = || format!("flows {}", flow.no);
    let same = trade.account == flow.account && trade.expires_at == flow.expires_at();
    found.check(same, F::A5, row, || {
        "the channel was told of another account or end".to_owned()
    });
    if flow.status == FlowStatus::Closed {
        found.check(trade.closed, F::A7, row, || {
            "it counts as closed, the channel has not closed it".to_owned()
        });
    }
    if matches!(flow.status, FlowStatus::Expired | FlowStatus::Failed) {
        found.check(!trade.is_payable(now), F::A7, row, || {
            format!("it counts as {} and can still be paid", flow.status.name())
        });
    }
    if state.order.status == OrderStatus::Closed {
        found.check(!trade.is_payable(now), F::A16, row, || {
            "its order counts as closed and it can still be paid".to_owned()
        });
    }
    // Whoever shows a code is told at the counter, and goes. What the channel takes
    // against its own word, nobody can know before it says so.
    let told_no =
        flow.way().is_barcode() && flow.status.is_settled() && flow.status != FlowStatus::Paid;
    if told_no {
        let is_contradicted = trade.closed && trade.is_paid();
        let none = !matches!(trade.state, TradeState::Waiting | TradeState::Paid);
        found.check(none || is_contradicted, F::A16, row, || {
            format!(
                "the payer was told that it is {}, and the channel holds the money or waits for it",
                flow.status.name()
            )
        });
    }
}

/// A9 at the channel.
fn given_back(found: &mut Findings, flow: &Flow, ledger: &Ledger) {
    let back = ledger.given_back(&flow.no);
    let taken = ledger.trades.get(&flow.no).filter(|trade| trade.is_paid());
    let taken = taken.map_or(Money::ZERO, |trade| trade.amount);
    let row = || format!("flows {}", flow.no);
    found.check(back.is_some_and(|back| back <= taken), F::A9, row, || {
        "more was given back at the channel than was taken".to_owned()
    });
}

/// A6: what can be paid at the same time is a recorded overlap.
fn payable(found: &mut Findings, state: &OrderState, ledger: &Ledger, now: Timestamp) {
    let can_be_paid = |flow: &&Flow| {
        let trade = ledger.trades.get(&flow.no);
        // What never left Till cannot be paid by anybody.
        let left = flow.action.is_some() || flow.way().is_barcode();
        left && trade.is_some_and(|trade| trade.is_payable(now))
    };
    let payable: Vec<&Flow> = state.flows.iter().filter(can_be_paid).collect();
    let newest = payable.last().map(|flow| &flow.no);
    let strict = state.order.policy.switch == Switch::Strict;
    for flow in payable.iter().filter(|flow| Some(&flow.no) != newest) {
        let row = || format!("flows {}", flow.no);
        found.check(!strict, F::A6, row, || {
            "another flow can be paid at the same time although the policy is strict".to_owned()
        });
        let watched = flow.superseded_at.is_some() && flow.next.is_some();
        found.check(watched, F::A6, row, || {
            "another flow can be paid at the same time, and nothing watches this one".to_owned()
        });
    }
}

/// Checks everything that the channels did against all of our orders: nothing
/// without a row (A5), and at rest no money that we do not know of (Q1).
pub fn check_all<'a>(
    orders: impl IntoIterator<Item = &'a OrderState>,
    ledger: &Ledger,
    at_rest: bool,
) -> Vec<Breach> {
    let mut found = Findings::default();
    let (mut flows, mut refunds) = (Vec::new(), Vec::new());
    for state in orders {
        flows.extend(state.flows.iter().map(|flow| (&flow.no, flow, state)));
        refunds.extend(state.refunds.iter().map(|refund| (&refund.no, refund)));
    }
    let flows: std::collections::BTreeMap<_, _> = flows
        .into_iter()
        .map(|(no, flow, state)| (no, (flow, state)))
        .collect();
    let refunds: std::collections::BTreeMap<_, _> = refunds.into_iter().collect();
    for (no, trade) in &ledger.trades {
        let row = || format!("trade {no} at {}", trade.account);
        let flow = flows.get(no);
        found.check(flow.is_some(), F::A5, row, || {
            "Till has no flow of this number".to_owned()
        });
        let Some((flow, state)) = flow else { continue };
        if at_rest && trade.state == TradeState::Paid {
            let known = state
                .captures
                .iter()
                .any(|capture| capture.flow_no == flow.no && capture.trade_no == trade.trade_no);
            found.check(known, F::Q1, row, || {
                "Till does not know that it is paid".to_owned()
            });
        }
    }
    for (no, entry) in &ledger.refunds {
        let row = || format!("refund {no} at {}", entry.account);
        let refund = refunds.get(no);
        found.check(refund.is_some(), F::A5, row, || {
            "Till has no refund of this number".to_owned()
        });
        if at_rest && entry.succeeded {
            let known = refund.is_some_and(|refund| refund.status == RefundStatus::Succeeded);
            found.check(known, F::Q1, row, || {
                "Till does not know that the payer has it".to_owned()
            });
        }
    }
    found.0
}
