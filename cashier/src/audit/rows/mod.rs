//! What holds of an order's rows after every commit.
mod capture;
mod event;
mod exception;
mod flow;
mod order;
mod refund;

use super::{Books, Breach, Findings, Formula};
use crate::money::Money;
use crate::state::OrderState;

/// Checks every formula that an order's rows alone can break.
pub fn check(books: &Books<'_>) -> Vec<Breach> {
    let mut found = Findings::default();
    let state = books.state;
    order::check(&mut found, state);
    for flow in &state.flows {
        flow::check(&mut found, state, flow);
    }
    flow::overlaps(&mut found, state);
    flow::codes(&mut found, state);
    for (index, capture) in state.captures.iter().enumerate() {
        capture::check(&mut found, state, capture, index);
    }
    for (index, refund) in state.refunds.iter().enumerate() {
        refund::check(&mut found, state, refund, index);
    }
    exception::reported(&mut found, state);
    exception::resolutions(&mut found, state);
    exception::ended_by_till(&mut found, state);
    event::check(&mut found, books);
    found.0
}

fn row_of_order(state: &OrderState) -> String {
    format!("orders {}", state.order.id)
}

fn is_amount(amount: Money) -> bool {
    amount.is_positive()
}
