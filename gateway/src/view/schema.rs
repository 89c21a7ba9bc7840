//! How words of the core look in the API document: the lists come from the core
//! itself, so that the document cannot forget one.

use crate::routes::field::payer::AUTO_BAR;
use cashier::capture::CaptureKind;
use cashier::event::EventKind;
use cashier::exception::{EntryKind, ExceptionKind};
use cashier::flow::FlowStatus;
use cashier::journal::Source;
use cashier::order::{CloseReason, OrderStatus};
use cashier::refund::RefundStatus;
use cashier::way::Way;
use serde_json::Value;
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, SchemaType, Type};

fn one_of<'a>(what: &str, names: impl IntoIterator<Item = &'a str>) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(what))
        .enum_values(Some(names))
        .build()
}

/// One of the names, or nothing.
fn one_or_none<'a>(what: &str, names: impl IntoIterator<Item = &'a str>) -> Object {
    let names = names.into_iter().map(Value::from).chain([Value::Null]);
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some(what))
        .enum_values(Some(names))
        .build()
}

/// A way of paying.
pub fn way() -> Object {
    one_of("The way of paying", Way::ALL.map(Way::name))
}

/// A way of paying that a request wishes for, or leaves to the payer's code.
pub fn wished_way() -> Object {
    let what = "The way of paying; `AUTO_BAR` goes by the payer's `auth_code`";
    one_of(what, wished())
}

/// A way of paying that a request may leave out.
pub fn first_way() -> Object {
    let what = "Makes the first flow at once, in this way; `AUTO_BAR` goes by `auth_code`";
    one_or_none(what, wished())
}

fn wished() -> impl Iterator<Item = &'static str> {
    Way::ALL.into_iter().map(Way::name).chain([AUTO_BAR])
}

/// The way that an order was paid by.
pub fn paid_way() -> Object {
    one_or_none("The way that it was paid by", Way::ALL.map(Way::name))
}

/// The ways that an order allows.
pub fn ways() -> Array {
    let what = "The ways that are allowed; empty means all";
    ArrayBuilder::new()
        .items(way())
        .description(Some(what))
        .build()
}

/// The ways that a request allows.
pub fn asked_ways() -> Array {
    let what = "The ways that are allowed, each once; all that there are, if left out";
    ArrayBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .items(way())
        .min_items(Some(1))
        .description(Some(what))
        .build()
}

/// Where an order stands.
pub fn order_status() -> Object {
    let what = "Where it stands. `paid` is final; what was given back is in `amount_refunded`";
    one_of(what, OrderStatus::ALL.map(OrderStatus::name))
}

/// Why an order was closed.
pub fn close_reason() -> Object {
    one_or_none("Why it was closed", CloseReason::ALL.map(CloseReason::name))
}

/// Where a flow stands.
pub fn flow_status() -> Object {
    let what = "Where it stands. `unknown`: the channel has not answered; Till keeps asking";
    one_of(what, FlowStatus::ALL.map(FlowStatus::name))
}

/// What a capture means.
pub fn capture_kind() -> Object {
    let what = "What it means for the order: `winner` paid it; everything else is given back, \
                or shown to a person";
    one_of(what, CaptureKind::ALL.map(CaptureKind::name))
}

/// Where a refund stands.
pub fn refund_status() -> Object {
    let what = "Where it stands. `unknown`: it was sent and the channel has not answered; Till \
                keeps asking. `abnormal`: a person must act at the channel";
    one_of(what, RefundStatus::ALL.map(RefundStatus::name))
}

/// Where a line of the timeline came from.
pub fn source() -> Object {
    one_of(
        "Who or what brought it about",
        Source::ALL.map(Source::name),
    )
}

/// What an event tells of.
pub fn event_kind() -> Object {
    one_of("What happened", EventKind::ALL.map(EventKind::name))
}

/// The kind of an exception.
pub fn exception_kind() -> Object {
    one_of(
        "What kind of thing it is",
        ExceptionKind::ALL.map(ExceptionKind::name),
    )
}

/// Whether an exception is over.
pub fn exception_status() -> Object {
    one_of("Whether it is over", ["open", "resolved"])
}

/// What an entry of an exception is.
pub fn entry_kind() -> Object {
    one_of("What it is", EntryKind::ALL.map(EntryKind::name))
}
