//! `GET /`: what can be bought.

use super::catalogue::{ARTICLES, Article};
use super::sheet;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

#[derive(Template)]
#[template(path = "shop/list.html")]
struct List {
    articles: &'static [Article],
    refresh: bool,
}

/// Shows the goods.
pub(super) async fn handle() -> HttpResponse {
    sheet::send(
        StatusCode::OK,
        &List {
            articles: &ARTICLES,
            refresh: false,
        },
    )
}
