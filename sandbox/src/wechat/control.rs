//! The part of the control API that only WeChat Pay needs: what becomes of a refund, and the
//! switches for its rules.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Json, Path, Query};
use serde::Deserialize;
use serde_json::json;

use super::settle::{SettleRefused, settle_as};
use super::switches::RulesChange;
use crate::ledger::{Channel, RefundState, TradeKey};
use crate::server::Sandbox;

pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route(
            "/sandbox/refunds/{out_refund_no}",
            web::post().to(decide_refund),
        )
        .route("/sandbox/wechat", web::get().to(rules))
        .route("/sandbox/wechat", web::post().to(set_rules));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    state: RefundState,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    account: Option<String>,
}

/// `POST /sandbox/refunds/{out_refund_no}` `{"state": "SUCCESS" | "ABNORMAL" | "CLOSED" |
/// "PROCESSING"}`, `?account=` when several merchants use the number. A refund that exists changes
/// now, and its merchant is told; one that does not exist yet will take that state when it
/// settles (`PROCESSING`: it never settles by itself).
async fn decide_refund(
    sandbox: Data<Sandbox>,
    number: Path<String>,
    whose: Query<Whose>,
    decision: Json<Decision>,
) -> HttpResponse {
    let trades = trades_with(&sandbox, &number, whose.account.as_deref());
    let trade = match trades.as_slice() {
        [] => {
            sandbox.wechat().switches.plan(&number, decision.state);
            let body = json!({ "out_refund_no": *number, "planned": decision.state });
            return HttpResponse::Accepted().json(body);
        }
        [trade] => trade,
        _ => {
            let detail = "several merchants have a refund with this number: add ?account=<mchid>";
            return refused(409, "account_needed", detail);
        }
    };
    match settle_as(&sandbox, trade, &number, decision.state) {
        Ok(refund) => HttpResponse::Ok()
            .json(json!({ "out_refund_no": refund.out_refund_no, "state": refund.state })),
        Err(error @ SettleRefused::NoRefund) => {
            refused(404, "refund_not_found", &error.to_string())
        }
        Err(error @ SettleRefused::Ended { .. }) => {
            refused(409, "refund_ended", &error.to_string())
        }
    }
}

fn trades_with(sandbox: &Sandbox, out_refund_no: &str, account: Option<&str>) -> Vec<TradeKey> {
    sandbox.with_world(|world, _| {
        let keys = world.ledger.trades().map(|trade| &trade.order.key);
        keys.filter(|key| key.channel == Channel::Wechat)
            .filter(|key| account.is_none_or(|account| key.account == account))
            .filter(|key| world.ledger.refund_of(key, out_refund_no).is_some())
            .cloned()
            .collect()
    })
}

/// `GET /sandbox/wechat`.
async fn rules(sandbox: Data<Sandbox>) -> HttpResponse {
    HttpResponse::Ok().json(sandbox.wechat().switches.rules())
}

/// `POST /sandbox/wechat` with the rules that change: `{"refund_interval_seconds"?,
/// "close_after_seconds"?, "signtest_every"?, "error_spelling"?}`.
async fn set_rules(sandbox: Data<Sandbox>, change: Json<RulesChange>) -> HttpResponse {
    if !change.is_sane() {
        let detail = "rules in seconds are numbers from 0 (off) to 86400";
        return refused(422, "rule_invalid", detail);
    }
    sandbox.wechat().switches.change(*change);
    HttpResponse::Ok().json(sandbox.wechat().switches.rules())
}

pub(super) fn refused(status: u16, code: &str, detail: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status)
        .unwrap_or(actix_web::http::StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).json(json!({ "code": code, "detail": detail }))
}
