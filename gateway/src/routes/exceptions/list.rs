//! Exceptions in pages, newest first, by cursor.

use super::view;
use crate::auth::Operator;
use crate::problem::Problem;
use crate::shared::Shared;
use crate::view::exception::ExceptionsView;
use actix_web::{HttpResponse, web};
use cashier::desk::{Owner, Place, Search, Standing};
use cashier::exception::ExceptionKind;
use cashier::id::{AccountId, ExceptionId, MerchantId, OrderId};
use cashier::time::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

/// The most exceptions of a page.
const MOST: u32 = 100;
/// How many, where the request does not say.
const USUAL: u32 = 50;

/// Which exceptions, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// `open` (if left out), `resolved` or `all`.
    #[param(example = "open", default = "open")]
    status: Option<String>,
    /// One kind.
    #[param(example = "late_payment")]
    kind: Option<String>,
    /// One merchant's.
    #[param(example = "tea")]
    merchant: Option<String>,
    /// One order's.
    order: Option<String>,
    /// One channel account's.
    #[param(example = "tea_alipay")]
    account: Option<String>,
    /// The `next` of the page before; from the newest on, if left out.
    after: Option<String>,
    /// The most exceptions of the page.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
}

/// The exceptions, newest first.
#[utoipa::path(get, path = "/ops/v1/exceptions", tag = "exceptions", operation_id = "list_exceptions",
    params(Wanted),
    responses((status = 200, description = "A page of exceptions", body = ExceptionsView)))]
pub async fn handle(
    shared: web::Data<Shared>,
    _operator: Operator,
    wanted: web::Query<Wanted>,
) -> Result<HttpResponse, Problem> {
    let search = search(&shared, &wanted)?;
    let after = wanted.after.as_deref().map(place).transpose()?;
    let limit = limit(wanted.limit.as_deref())?;
    let found = shared
        .desk
        .exceptions(&search, after.as_ref(), limit + 1)
        .await;
    let found = found.map_err(|error| Problem::store(&error))?;
    Ok(HttpResponse::Ok().json(page(&shared, found, limit)))
}

fn page(shared: &Shared, mut found: Vec<Standing>, limit: u32) -> ExceptionsView {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| has_more);
    ExceptionsView {
        next: last.map(|last| {
            let exception = &last.exception;
            format!("{}.{}", exception.opened_at.millis(), exception.id)
        }),
        data: found.iter().map(|found| view(shared, found)).collect(),
        has_more,
    }
}

fn search(shared: &Shared, wanted: &Wanted) -> Result<Search, Problem> {
    let open = match wanted.status.as_deref() {
        None | Some("open") => Some(true),
        Some("resolved") => Some(false),
        Some("all") => None,
        Some(_) => return Err(Problem::invalid("status", "must be open, resolved or all")),
    };
    Ok(Search {
        open,
        kind: wanted.kind.as_deref().map(kind).transpose()?,
        owner: wanted.merchant.as_deref().map(|id| {
            let merchant = MerchantId::new(id);
            Owner {
                accounts: shared.registry.accounts_of(&merchant),
                merchant,
            }
        }),
        order: wanted.order.as_deref().map(OrderId::new),
        account: wanted.account.as_deref().map(AccountId::new),
    })
}

fn kind(name: &str) -> Result<ExceptionKind, Problem> {
    let mut kinds = ExceptionKind::ALL.into_iter();
    kinds.find(|kind| kind.name() == name).ok_or_else(|| {
        let names = ExceptionKind::ALL.map(ExceptionKind::name).join(", ");
        Problem::invalid("kind", format!("must be one of {names}"))
    })
}

fn place(text: &str) -> Result<Place, Problem> {
    let read = || {
        let (millis, id) = text.split_once('.')?;
        let is_number = millis.bytes().all(|b| b.is_ascii_digit());
        let opened_at = millis.parse().ok().filter(|_| is_number)?;
        Some(Place {
            opened_at: Timestamp::from_millis(opened_at),
            id: ExceptionId::new(id),
        })
    };
    read().ok_or_else(|| {
        Problem::invalid("after", "must be the `next` of the page before, unchanged")
    })
}

fn limit(text: Option<&str>) -> Result<u32, Problem> {
    let Some(text) = text else { return Ok(USUAL) };
    text.parse()
        .ok()
        .filter(|limit| (1..=MOST).contains(limit))
        .ok_or_else(|| {
            Problem::invalid("limit", format!("must be a whole number from 1 to {MOST}"))
        })
}
