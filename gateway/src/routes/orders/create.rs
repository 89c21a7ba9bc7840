//! Makes an order and, where a way is named, its first flow in the same commit.

use crate::auth::Caller;
use crate::idempotency::Reply;
use crate::problem::{Code, Problem};
use crate::routes::field::amount::Amount;
use crate::routes::field::metadata::Metadata;
use crate::routes::field::payer::{Payer, Said};
use crate::routes::field::{link, number, payer, text, ways};
use crate::routes::orders::pay::{not_there, wish};
use crate::routes::posted::Posted;
use crate::shared::{Settings, Shared};
use crate::view::flow::PayableView;
use crate::view::order::{OrderView, checkout_url};
use crate::view::schema;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use cashier::command::{NewOrder, Opened, PayCommand};
use cashier::time::Span;
use cashier::way::Way;
use serde::Deserialize;
use serde_json::json;
use std::ops::RangeInclusive;
use utoipa::ToSchema;

/// How long an order can be paid, in seconds.
const LIFE: RangeInclusive<u32> = 120..=604_800;
/// How long, where the merchant does not say, in seconds.
const USUAL_LIFE: u32 = 7200;

/// An order to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateOrder {
    /// The merchant's own number of the order, unique in the application.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^[A-Za-z0-9_\-.|*@:]+$",
        example = "SHOP-2026-000042"
    )]
    merchant_order_no: String,
    /// What is to be paid, in fen.
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000_000_000_i64, example = 8800)]
    amount: Amount,
    /// Only `CNY`.
    #[schema(default = "CNY", example = "CNY")]
    currency: Option<String>,
    /// What is bought, in one line, for the payer.
    #[schema(min_length = 1, max_length = 127, example = "Longjing tea, 100 g")]
    subject: String,
    /// What is bought, in more words.
    #[schema(max_length = 512)]
    body: Option<String>,
    /// The payer's address. WX_H5 needs it.
    #[schema(example = "203.0.113.7")]
    client_ip: Option<String>,
    /// The ways that are allowed; all that the application has, if left out.
    #[schema(schema_with = schema::asked_ways)]
    ways: Option<Vec<String>>,
    /// Where this order's events go, in place of the application's webhook.
    #[schema(max_length = 500, format = "uri")]
    notify_url: Option<String>,
    /// Where the payer goes afterwards.
    #[schema(
        max_length = 500,
        format = "uri",
        example = "https://shop.example/paid"
    )]
    return_url: Option<String>,
    /// How long it can be paid, in seconds.
    #[schema(minimum = 120, maximum = 604_800, default = 7200)]
    expires_in: Option<u32>,
    /// The merchant's own notes: at most 20 keys of 40 characters, values of
    /// 500 characters.
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    metadata: Option<Metadata>,
    /// Makes the first flow at once, in this way.
    #[schema(schema_with = schema::first_way)]
    way: Option<String>,
    /// The payer's WeChat openid. WX_JSAPI and WX_LITE need it.
    #[schema(max_length = 128)]
    openid: Option<String>,
    /// The payer's user_id at Alipay, or their open_id. ALI_JSAPI needs it.
    #[schema(max_length = 128)]
    buyer_id: Option<String>,
    /// The payment code that the payer shows, as it was scanned. AUTO_BAR, ALI_BAR and
    /// WX_BAR need it.
    #[schema(max_length = 37, example = "281234567890123456")]
    auth_code: Option<String>,
}

/// Makes an order. The same number with the same content is the same order.
#[utoipa::path(post, path = "/v1/orders", tag = "orders", operation_id = "create_order",
    request_body = CreateOrder,
    responses(
        (status = 201, description = "The order is made", body = OrderView),
        (status = 200, description = "The same order was made before", body = OrderView),
        (status = 409, description = "`order_conflict`: the number was used with other content; `payment_in_progress`, `order_paid`, `order_closed` and `order_expired` where a first flow was asked for"),
        (status = 422, description = "`way_unavailable`, `channel_refused`, `idempotency_mismatch`"),
    ))]
pub async fn handle(
    shared: web::Data<Shared>,
    posted: Posted<CreateOrder>,
) -> Result<HttpResponse, Problem> {
    let Posted {
        caller,
        body,
        ticket,
    } = posted;
    let asked = Asked::check(&caller, &body, &shared.settings)?;
    let pay = match asked.way {
        Some(way) => Some(first_flow(&shared, &caller, way, &asked)?),
        None => None,
    };
    check_served(&shared, &caller, &asked.order.ways)?;
    let work = async {
        let opened = shared.cashier.open(asked.order, pay).await;
        reply(
            &shared,
            opened.map_err(|no| Problem::refused(&no, shared.clock.now()))?,
        )
    };
    ticket.once(&shared, &caller, work).await
}

/// A request whose fields have all been checked.
struct Asked {
    order: NewOrder,
    way: Option<Way>,
    payer: Payer,
}

impl Asked {
    fn check(caller: &Caller, body: &CreateOrder, settings: &Settings) -> Result<Asked, Problem> {
        let http_allowed = settings.allow_private_webhooks;
        let url = |field, text: &Option<String>| {
            text.as_deref()
                .map(|text| link::check(field, text, http_allowed))
                .transpose()
        };
        check_currency(body.currency.as_deref())?;
        let order = NewOrder {
            merchant: caller.app.merchant.clone(),
            app: caller.app.id.clone(),
            merchant_order_no: number::check("merchant_order_no", &body.merchant_order_no)?,
            amount: body.amount.money()?,
            subject: text::check("subject", &body.subject, 1..=127)?,
            body: body
                .body
                .as_deref()
                .map(|b| text::check("body", b, 0..=512))
                .transpose()?,
            client_ip: body
                .client_ip
                .as_deref()
                .map(payer::client_ip)
                .transpose()?,
            ways: ways::many(body.ways.as_deref())?,
            notify_url: url("notify_url", &body.notify_url)?,
            return_url: url("return_url", &body.return_url)?,
            metadata: body.metadata.clone().unwrap_or_default().checked()?,
            expires_in: life(body.expires_in)?,
            policy: caller.app.policy,
        };
        let said = Said {
            openid: body.openid.as_deref(),
            buyer_id: body.buyer_id.as_deref(),
            auth_code: body.auth_code.as_deref(),
        };
        let way = body
            .way
            .as_deref()
            .map(|name| ways::asked(name, said))
            .transpose()?;
        let payer = match (way, said.field()) {
            (Some(way), _) => said.checked(way)?,
            (None, None) => Payer::default(),
            (None, Some(field)) => {
                return Err(Problem::invalid(field, "is only for an order with `way`"));
            }
        };
        Ok(Asked { order, way, payer })
    }
}

fn check_currency(currency: Option<&str>) -> Result<(), Problem> {
    match currency {
        None | Some("CNY") => Ok(()),
        Some(_) => Err(Problem::invalid("currency", "must be CNY")),
    }
}

fn life(seconds: Option<u32>) -> Result<Span, Problem> {
    let seconds = seconds.unwrap_or(USUAL_LIFE);
    if LIFE.contains(&seconds) {
        return Ok(Span::seconds(seconds));
    }
    let rule = format!("must be {} to {} seconds", LIFE.start(), LIFE.end());
    Err(Problem::invalid("expires_in", rule))
}

fn first_flow(
    shared: &Shared,
    caller: &Caller,
    way: Way,
    asked: &Asked,
) -> Result<PayCommand, Problem> {
    if !asked.order.ways.is_empty() && !asked.order.ways.contains(&way) {
        let detail =
            format!("`way` {way} is not among the order's `ways`; add it, or choose one of them");
        return Err(Problem::new(Code::WayUnavailable, detail).with("field", "way"));
    }
    let mut wish = wish(shared, caller, way)?;
    (wish.payer, wish.auth_code) = (asked.payer.name.clone(), asked.payer.code.clone());
    wish.client_ip = asked.order.client_ip.clone();
    wish.return_url = asked.order.return_url.clone();
    super::pay::check_complete(&wish)?;
    Ok(wish)
}

/// An order that nobody could pay is not made.
fn check_served(shared: &Shared, caller: &Caller, wanted: &[Way]) -> Result<(), Problem> {
    let served = shared.registry.ways(caller.app_id());
    if served
        .iter()
        .any(|way| wanted.is_empty() || wanted.contains(way))
    {
        return Ok(());
    }
    let detail = "no channel account of this application serves such a way; \
                  name other `ways`, or have a channel account set up";
    Err(Problem::new(Code::WayUnavailable, detail).with("field", "ways"))
}

fn reply(shared: &Shared, opened: Opened) -> Result<Reply, Problem> {
    let Opened {
        state,
        created,
        flow,
    } = opened;
    let public_url = &shared.settings.public_url;
    let view = OrderView::of(&state, public_url);
    let view = match flow {
        None => view,
        Some(Ok(no)) => {
            let payable = PayableView::of(&state, &no).ok_or_else(not_there)?;
            view.with_action(payable.into_action())
        }
        Some(Err(refusal)) => {
            return Err(Problem::refused(&refusal, shared.clock.now())
                .with("order_id", json!(state.order.id))
                .with("checkout_url", checkout_url(public_url, &state)));
        }
    };
    Reply::new(
        if created {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        },
        &view,
    )
}
