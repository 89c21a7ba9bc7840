//! `POST /buy`: makes an order at the gateway and sends the payer to its page.

use super::catalogue::Article;
use super::merchant::Merchant;
use super::sales::{Sale, Sales};
use super::sheet;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Wish {
    article: usize,
}

/// Buys one article.
pub(super) async fn handle(
    merchant: web::Data<Merchant>,
    sales: web::Data<Sales>,
    wish: web::Form<Wish>,
) -> HttpResponse {
    let Some(article) = Article::numbered(wish.article) else {
        return sheet::unknown();
    };
    let no = merchant.new_number();
    match merchant.create(&no, article.name, article.fen).await {
        Ok(order) => {
            let checkout_url = order.checkout_url.clone();
            sales.add(Sale {
                no,
                article,
                order: order.id,
                checkout_url: order.checkout_url,
                news: Vec::new(),
                refund_asked: false,
            });
            sheet::see_other(&checkout_url)
        }
        Err(why) => sheet::say(
            StatusCode::BAD_GATEWAY,
            "暂时无法下单 · No order",
            &why.to_string(),
        ),
    }
}
