//! `POST /orders/{no}/refund`: gives the whole price back.

use super::merchant::Merchant;
use super::sales::Sales;
use super::sheet;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

/// Asks for the refund. The order's page shows when the gateway says that it is done.
pub(super) async fn handle(
    merchant: web::Data<Merchant>,
    sales: web::Data<Sales>,
    no: web::Path<String>,
) -> HttpResponse {
    let Some(sale) = sales.find(&no) else {
        return sheet::unknown();
    };
    match merchant
        .refund(&sale.order, &sale.no, sale.article.fen)
        .await
    {
        Ok(()) => {
            sales.note_refund(&sale.no);
            sheet::see_other(&format!("/orders/{}", sale.no))
        }
        Err(why) => sheet::say(
            StatusCode::BAD_GATEWAY,
            "暂时无法退款 · No refund",
            &why.to_string(),
        ),
    }
}
