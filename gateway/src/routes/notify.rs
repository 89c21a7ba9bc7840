//! The channels' notices: raw bytes in, and the answer that the channel expects
//! out. Nothing is believed here; the cashier commits before it says yes.

use crate::json;
use crate::problem::Problem;
use crate::shared::Shared;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use cashier::channel::{NoticeReply, RawNotice};
use cashier::id::AccountId;
use cashier::shell::TakenNotice;

/// Takes a notice for the channel account that the address names.
#[utoipa::path(post, path = "/notify/{account_id}", tag = "channels", operation_id = "take_notice",
    params(("account_id" = String, Path, description = "The channel account")),
    request_body(description = "The channel's notice, as the channel sends it", content_type = "*/*"),
    responses(
        (status = 200, description = "Alipay: `success` or `fail`. WeChat Pay: received"),
        (status = 204, description = "WeChat Pay: received"),
        (status = "4XX", description = "Not believed"),
        (status = "5XX", description = "Could not be dealt with now; to be sent again"),
    ))]
pub(super) async fn handle(
    shared: web::Data<Shared>,
    account: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let account = AccountId::new(account.into_inner());
    let body = json::read(&mut payload.into_inner(), shared.settings.notice_limit).await?;
    let headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let raw = RawNotice {
        headers: &headers,
        body: &body,
    };
    let taken = shared.cashier.take_notice(&account, raw).await;
    let TakenNotice {
        reply,
        receipt,
        verdict,
    } = taken.ok_or_else(|| Problem::not_found("there is no such channel account"))?;
    tracing::info!(account.id = %account, notice.receipt = ?receipt, notice.verdict = %verdict, "a notice came in");
    #[cfg(feature = "crash-points")]
    if receipt == cashier::channel::Receipt::Committed {
        crate::crash::reached("notice.committed");
        crate::crash::reached_after_reply("notice.replied");
    }
    Ok(answer(&reply))
}

fn answer(reply: &NoticeReply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = HttpResponse::build(status);
    if reply.body.is_empty() {
        return answer.finish();
    }
    answer.content_type(reply.content_type).body(reply.body)
}
