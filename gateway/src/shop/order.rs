//! `GET /orders/{no}`: what the shop knows of an order, which is what the
//! gateway's signed events have told it.

use super::catalogue::yuan;
use super::merchant::{Line, Merchant};
use super::sales::{Sale, Sales};
use super::sheet;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

#[derive(Template)]
#[template(path = "shop/order.html")]
struct OrderPage<'a> {
    sale: &'a Sale,
    state: &'a str,
    verified: bool,
    refunded: Option<String>,
    timeline: Vec<Line>,
    refresh: bool,
}

/// Shows an order.
pub(super) async fn handle(
    merchant: web::Data<Merchant>,
    sales: web::Data<Sales>,
    no: web::Path<String>,
) -> HttpResponse {
    let Some(sale) = sales.find(&no) else {
        return sheet::unknown();
    };
    let order = merchant.order(&sale.order).await;
    let refunded = sale.latest().map(|news| news.data.order.amount_refunded);
    let page = OrderPage {
        state: sale.state(),
        verified: !sale.news.is_empty(),
        refunded: refunded.filter(|fen| *fen > 0).map(yuan),
        timeline: order.map(|order| order.timeline).unwrap_or_default(),
        refresh: sale.is_under_way(),
        sale: &sale,
    };
    sheet::send(StatusCode::OK, &page)
}
