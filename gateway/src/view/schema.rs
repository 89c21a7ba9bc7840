//! How words of the core look in the API document: the lists come from the core
//! itself, so that the document cannot forget one.

use cashier::capture::CaptureKind;
use cashier::event::EventKind;
use cashier::flow::FlowStatus;
use cashier::journal::Source;
use cashier::order::{CloseReason, OrderStatus};
use cashier::refund::RefundStatus;
use cashier::way::Way;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names))
        .build()
}

/// A way of paying.
pub fn way() -> Object {
    one_of(Way::ALL.map(Way::name))
}

/// Several ways of paying.
pub fn ways() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::ArrayBuilder::new()
        .items(way())
        .build()
}

/// Where an order stands.
pub fn order_status() -> Object {
    one_of(OrderStatus::ALL.map(OrderStatus::name))
}

/// Why an order was closed.
pub fn close_reason() -> Object {
    one_of(CloseReason::ALL.map(CloseReason::name))
}

/// Where a flow stands.
pub fn flow_status() -> Object {
    one_of(FlowStatus::ALL.map(FlowStatus::name))
}

/// What a capture means.
pub fn capture_kind() -> Object {
    one_of(CaptureKind::ALL.map(CaptureKind::name))
}

/// Where a refund stands.
pub fn refund_status() -> Object {
    one_of(RefundStatus::ALL.map(RefundStatus::name))
}

/// Where a line of the timeline came from.
pub fn source() -> Object {
    one_of(Source::ALL.map(Source::name))
}

/// What an event tells of.
pub fn event_kind() -> Object {
    one_of(EventKind::ALL.map(EventKind::name))
}
