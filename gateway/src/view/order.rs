//! An order: the snapshot that events hold too, and what only the interface
//! adds: the checkout page's address, the first flow's action, the timeline.

use super::action::ActionView;
use super::flow::{CaptureView, FlowView};
use super::refund::RefundView;
use super::schema;
use super::timeline::LineView;
use cashier::snapshot::{OrderSnapshot, snapshot};
use cashier::state::OrderState;
use cashier::timeline::Entry;
use cashier::way::Way;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An order.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderView {
    /// Its id.
    #[schema(example = "ord_01JD3V0Q9G5T0M4N8R2X7Y6Z1A")]
    id: String,
    /// Always `order`.
    #[schema(example = "order")]
    object: &'static str,
    /// The merchant's own number.
    #[schema(example = "SHOP-2026-000042")]
    merchant_order_no: String,
    /// What is to be paid, in fen.
    #[schema(example = 8800)]
    amount: i64,
    /// Always `CNY`.
    #[schema(example = "CNY")]
    currency: &'static str,
    /// What is bought.
    subject: String,
    /// What is bought, in more words.
    body: Option<String>,
    /// Where it stands.
    #[schema(schema_with = schema::order_status)]
    status: &'static str,
    /// Whether a close was asked for and is not confirmed yet.
    closing: bool,
    /// Why it was closed.
    #[schema(schema_with = schema::close_reason)]
    close_reason: Option<&'static str>,
    /// When it was closed.
    #[schema(format = DateTime)]
    closed_at: Option<String>,
    /// When the channel took the money.
    #[schema(format = DateTime)]
    paid_at: Option<String>,
    /// The way that it was paid by.
    #[schema(schema_with = schema::paid_way)]
    paid_way: Option<&'static str>,
    /// How much of it the payer has back, in fen.
    amount_refunded: i64,
    /// The ways that are allowed; empty means all.
    #[schema(schema_with = schema::ways)]
    ways: Vec<&'static str>,
    /// Where its events go, in place of the application's webhook.
    notify_url: Option<String>,
    /// Where the payer goes afterwards.
    return_url: Option<String>,
    /// The merchant's own notes.
    metadata: BTreeMap<String, String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it can no longer be paid.
    #[schema(format = DateTime)]
    expires_at: String,
    /// Counts the events: drop what is older than what you have.
    version: u32,
    /// The tries at paying it, oldest first.
    flows: Vec<FlowView>,
    /// The money that channels took, oldest first.
    captures: Vec<CaptureView>,
    /// The refunds, oldest first.
    refunds: Vec<RefundView>,
    /// The payer's page.
    #[schema(format = "uri")]
    checkout_url: String,
    /// What the payer's side does to pay, where the request asked for a first flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<ActionView>,
    /// Everything that was asked, answered, noticed, decided and told, oldest first:
    /// only with `expand=timeline`.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeline: Option<Vec<LineView>>,
}

/// The address of an order's checkout page.
pub fn checkout_url(public_url: &str, state: &OrderState) -> String {
    format!("{public_url}/checkout/{}", state.order.token)
}

impl OrderView {
    /// The order, with its page under that public address.
    pub fn of(state: &OrderState, public_url: &str) -> OrderView {
        let OrderSnapshot {
            id,
            object,
            merchant_order_no,
            amount,
            currency,
            subject,
            body,
            status,
            closing,
            close_reason,
            closed_at,
            paid_at,
            paid_way,
            amount_refunded,
            ways,
            notify_url,
            return_url,
            metadata,
            created_at,
            expires_at,
            version,
            flows,
            captures,
            refunds,
        } = snapshot(state);
        OrderView {
            id,
            object,
            merchant_order_no,
            amount: amount.fen(),
            currency,
            subject,
            body,
            status,
            closing,
            close_reason,
            closed_at,
            paid_at,
            paid_way: paid_way.map(Way::name),
            amount_refunded: amount_refunded.fen(),
            ways: ways.into_iter().map(Way::name).collect(),
            notify_url,
            return_url,
            metadata,
            created_at,
            expires_at,
            version,
            flows: flows.into_iter().map(FlowView::from).collect(),
            captures: captures.into_iter().map(CaptureView::from).collect(),
            refunds: refunds.into_iter().map(RefundView::from).collect(),
            checkout_url: checkout_url(public_url, state),
            action: None,
            timeline: None,
        }
    }

    /// With what the payer's side does to pay.
    pub fn with_action(self, action: ActionView) -> OrderView {
        OrderView {
            action: Some(action),
            ..self
        }
    }

    /// With its timeline.
    pub fn with_timeline(self, entries: Vec<Entry>) -> OrderView {
        OrderView {
            timeline: Some(entries.into_iter().map(LineView::from).collect()),
            ..self
        }
    }
}
