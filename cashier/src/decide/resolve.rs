//! Exceptions that are over by themselves: exactly those about which nothing is
//! left to do. All others wait for a person.

use super::draft::Draft;
use crate::exception::{Exception, ExceptionKind};
use crate::flow::Flow;
use crate::refund::{Refund, RefundStatus};
use crate::state::OrderState;

/// Resolves what is over, in the decision that ends it.
pub(super) fn settle(draft: &mut Draft<'_>) {
    let over: Vec<(Exception, String)> = draft
        .state
        .exceptions
        .iter()
        .filter(|exception| !draft.state.is_resolved(&exception.id))
        .filter_map(|exception| Some((exception.clone(), end_of(&draft.state, exception)?)))
        .collect();
    for (exception, reason) in over {
        draft.resolve(&exception, reason);
    }
}

/// Why nothing is left to do about an exception, in words; `None`: something is.
fn end_of(state: &OrderState, exception: &Exception) -> Option<String> {
    match exception.kind {
        ExceptionKind::DuplicatePayment | ExceptionKind::LatePayment => {
            let back = state.refunds.iter().find(|refund| {
                refund.is_automatic() && refund.capture.as_str() == exception.about()
            });
            back.filter(|refund| refund.status == RefundStatus::Succeeded)
                .map(came_back)
        }
        ExceptionKind::RefundFailed | ExceptionKind::RefundAbnormal => refund(state, exception)
            .filter(|refund| refund.status == RefundStatus::Succeeded)
            .map(came_back),
        ExceptionKind::NoAnswer => flow(state, exception)
            .filter(|flow| flow.status.is_settled())
            .map(|flow| format!("the channel answered: the flow is {}", flow.status.name()))
            .or_else(|| {
                refund(state, exception)
                    .filter(|refund| refund.status.is_settled())
                    .map(|refund| {
                        format!("the channel answered: the refund {}", refund.status.name())
                    })
            }),
        // Whose delivery it is about is not an order's matter: see `delivery`.
        ExceptionKind::WebhookExhausted
        | ExceptionKind::AmountMismatch
        | ExceptionKind::IdentityMismatch
        | ExceptionKind::UnknownTrade
        | ExceptionKind::ExternalRefund
        | ExceptionKind::NoticeUnprocessable
        | ExceptionKind::BillRefused => None,
    }
}

fn came_back(refund: &Refund) -> String {
    format!(
        "the refund {} of {} CNY has reached the payer",
        refund.no,
        refund.amount()
    )
}

fn flow<'a>(state: &'a OrderState, exception: &Exception) -> Option<&'a Flow> {
    let about = exception.about();
    state.flows.iter().find(|flow| flow.no.as_str() == about)
}

fn refund<'a>(state: &'a OrderState, exception: &Exception) -> Option<&'a Refund> {
    let about = exception.about();
    state
        .refunds
        .iter()
        .find(|refund| refund.no.as_str() == about)
}
