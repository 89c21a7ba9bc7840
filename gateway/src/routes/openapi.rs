//! The API document: what programs are generated from. It is committed as
//! `docs/openapi.json`, and a test compares the two.

use super::{events, exceptions, health, notify, orders, refunds};
use crate::problem::Code;
use serde_json::json;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};

/// The document of the whole interface.
pub fn document() -> utoipa::openapi::OpenApi {
    Interface::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Till",
        description = "An aggregated payment gateway over Alipay and WeChat Pay. Amounts are \
            whole fen, times RFC 3339 in UTC, unknown fields are refused. Errors are RFC 9457 \
            documents with a stable `code`. Every answer carries `X-Request-Id`. Send \
            `Idempotency-Key` with every POST: the same key and body get the same answer.",
    ),
    tags(
        (name = "orders", description = "What is to be paid"),
        (name = "refunds", description = "What is given back"),
        (name = "events", description = "What happened: the pull side of the webhooks"),
        (name = "channels", description = "For Alipay and WeChat Pay"),
        (name = "exceptions", description = "What a person must see. For operators, with a key of `till operator add`"),
        (name = "operation", description = "For those who run Till"),
    ),
    paths(
        orders::create::handle,
        orders::find::handle,
        orders::get::handle,
        orders::pay::handle,
        orders::close::handle,
        orders::refund::handle,
        refunds::get::handle,
        events::list::handle,
        events::redeliver::handle,
        exceptions::list::handle,
        exceptions::get::handle,
        exceptions::note::handle,
        exceptions::resolve::handle,
        notify::handle,
        health::healthz,
        health::readyz,
    ),
    modifiers(&Everywhere),
)]
struct Interface;

/// What is the same for every operation of merchants, and of operators.
struct Everywhere;

impl Modify for Everywhere {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("till_test_… or till_live_…")
            .build();
        components.add_security_scheme("api_key", SecurityScheme::Http(key));
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("till_ops_…")
            .build();
        components.add_security_scheme("ops_key", SecurityScheme::Http(key));
        components
            .schemas
            .insert("Problem".to_owned(), RefOr::T(problem()));
        for (path, item) in &mut document.paths.paths {
            let key = match path.as_str() {
                merchants if merchants.starts_with("/v1/") => Some("api_key"),
                operators if operators.starts_with("/ops/") => Some("ops_key"),
                _ => None,
            };
            if let Some(key) = key {
                let PathItem { get, post, .. } = item;
                get.iter_mut().for_each(|operation| guard(operation, key));
                post.iter_mut().for_each(|operation| guard(operation, key));
                post.iter_mut().for_each(take_idempotency_key);
            }
        }
    }
}

fn guard(operation: &mut Operation, key: &str) {
    let none: [&str; 0] = [];
    operation.security = Some(vec![SecurityRequirement::new(key, none)]);
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            response
                .headers
                .insert("X-Request-Id".to_owned(), RefOr::T(request_id()));
            if status.starts_with(['4', '5']) {
                let content = RefOr::T(problem_content());
                response
                    .content
                    .insert(crate::problem::CONTENT_TYPE.to_owned(), content);
            }
        }
    }
    let other = ResponseBuilder::new()
        .description("A problem: 400, 401, 404, 405, 413, 415, 429, 500 or 503")
        .header("X-Request-Id", request_id())
        .content(crate::problem::CONTENT_TYPE, problem_content())
        .build();
    operation
        .responses
        .responses
        .insert("default".to_owned(), RefOr::T(other));
}

fn take_idempotency_key(operation: &mut Operation) {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255))
        .build();
    let header = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "The same key and body get the same answer, marked Idempotent-Replayed",
        ))
        .schema(Some(text))
        .build();
    operation
        .parameters
        .get_or_insert_default()
        .push(RefOr::T(header));
}

fn request_id() -> utoipa::openapi::header::Header {
    let id = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom("uuid".to_owned())))
        .build();
    HeaderBuilder::new()
        .description(Some("Names the request in our log"))
        .schema(Some(id))
        .build()
}

fn problem_content() -> utoipa::openapi::Content {
    ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build()
}

/// The document of a problem (RFC 9457).
fn problem() -> Schema {
    let text = |description: &str| {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(description))
            .build()
    };
    let code = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("What programs may rely on"))
        .enum_values(Some(Code::ALL.map(Code::name)))
        .build();
    let number = |description: &str| {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .description(Some(description))
            .build()
    };
    ObjectBuilder::new()
        .description(Some("What went wrong, and what to do"))
        .property("type", text("urn:till:problem: and the code"))
        .property("title", text("A few words, the same for every problem of the code"))
        .property("status", number("The HTTP status"))
        .property("code", code)
        .property("detail", text("What to do"))
        .property("request_id", text("The same as X-Request-Id; for a kept answer, the first request's"))
        .property("retry_after", number("After how many seconds to ask again"))
        .property("field", text("The field that breaks a rule"))
        .required("type")
        .required("title")
        .required("status")
        .required("code")
        .required("detail")
        .examples([json!({
            "type": "urn:till:problem:payment_in_progress",
            "title": "A payment is being processed",
            "status": 409,
            "code": "payment_in_progress",
            "detail": "a payment of this order is being processed (支付处理中，不允许重复支付); wait for its outcome, then ask again",
            "retry_after": 3,
            "request_id": "0190a0f2-79b0-7c3e-8c1d-2b1f0a9d8e7f",
        })])
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_document_is_the_one_that_is_served() {
        let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
        let served = document().to_pretty_json().unwrap() + "\n";
        let known = std::fs::read_to_string(committed).unwrap_or_default();
        if known != served {
            std::fs::write(committed, &served).unwrap();
            panic!(
                "docs/openapi.json was not up to date; it is now: look at the difference and commit it"
            );
        }
    }

    #[test]
    fn every_code_is_in_the_document_and_every_operation_is_guarded_by_its_own_key() {
        let document = serde_json::to_value(document()).unwrap();
        let codes = &document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
        assert_eq!(codes.as_array().unwrap().len(), Code::ALL.len());
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let guarded = |key: &str| operation["security"][0][key].is_array();
                let (merchants, operators) = (path.starts_with("/v1/"), path.starts_with("/ops/"));
                assert_eq!(guarded("api_key"), merchants, "{method} {path}");
                assert_eq!(guarded("ops_key"), operators, "{method} {path}");
            }
        }
    }
}
