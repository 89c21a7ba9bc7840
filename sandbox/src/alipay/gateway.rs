//! `/gateway.do`: GET or POST, query and form together, always HTTP 200.

use actix_web::{HttpRequest, HttpResponse, web};

use super::answer::{self, Answer};
use super::biz::Biz;
use super::call::{Call, Refusal};
use super::params::{self, Params};
use super::{APP_PAY, PAGE_PAY, PRECREATE, WAP_PAY};
use super::{close, page, precreate, query, refund, refund_query};
use crate::faults::{self, Fault};
use crate::ledger::Channel;
use crate::notice::{self, NoticeKind};
use crate::server::Sandbox;
use crate::token::token;

/// The routes of this channel.
pub(crate) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/gateway.do")
            .route(web::get().to(handle))
            .route(web::post().to(handle)),
    );
}

async fn handle(
    sandbox: web::Data<Sandbox>,
    request: HttpRequest,
    form: web::Bytes,
) -> HttpResponse {
    let params = params::merge(request.query_string(), &form);
    let method = params.get("method").cloned().unwrap_or_default();
    let hit = sandbox
        .faults()
        .fire(&method, &out_trade_no(&sandbox, &params));
    faults::answer(hit, |fault| match method.as_str() {
        PAGE_PAY | WAP_PAY => page::show(&sandbox, params),
        _ => carry_out(&sandbox, params, fault),
    })
    .await
}

/// The number that the call is about, as far as it says so.
fn out_trade_no(sandbox: &Sandbox, params: &Params) -> String {
    let biz = params.get("biz_content").map(String::as_str);
    if let Some(number) = Biz::hint(biz, "out_trade_no") {
        return number;
    }
    let app_id = params.get("app_id").map(String::as_str).unwrap_or_default();
    let trade_no = Biz::hint(biz, "trade_no").unwrap_or_default();
    sandbox.read_world(|world| {
        let trade = world.ledger.by_trade_no(Channel::Alipay, app_id, &trade_no);
        trade
            .map(|trade| trade.order.key.out_trade_no.clone())
            .unwrap_or_default()
    })
}

fn carry_out(sandbox: &Sandbox, params: Params, fault: Option<Fault>) -> HttpResponse {
    let method = params
        .get("method")
        .filter(|method| !method.is_empty())
        .cloned();
    let (account, answer) = match Call::verify(sandbox, params) {
        Ok(call) if fault == Some(Fault::SystemError) => {
            (Some(call.account), Answer::system_error())
        }
        Ok(call) => {
            let answer = dispatch(sandbox, &call).unwrap_or_else(|refused| refused);
            (Some(call.account), answer)
        }
        Err(Refusal { account, answer }) => (account, answer),
    };
    let key = account.as_ref().map(|account| account.channel_key.as_ref());
    answer::respond(method.as_deref(), answer, key, fault, token())
}

fn dispatch(sandbox: &Sandbox, call: &Call) -> Result<Answer, Answer> {
    match call.method.as_str() {
        PRECREATE => sandbox.with_world(|world, now| precreate::carry_out(world, call, now)),
        "alipay.trade.query" => sandbox.with_world(|world, _| query::carry_out(world, call)),
        "alipay.trade.close" => sandbox.with_world(|world, now| close::carry_out(world, call, now)),
        "alipay.trade.refund" => {
            let (answer, moved) =
                sandbox.with_world(|world, now| refund::carry_out(world, call, now))?;
            if let Some(trade) = moved {
                notice::announce(sandbox, &trade, NoticeKind::Refund);
            }
            Ok(answer)
        }
        "alipay.trade.fastpay.refund.query" => {
            sandbox.with_world(|world, _| refund_query::carry_out(world, call))
        }
        APP_PAY => Err(Answer::invalid(
            "isv.invalid-method",
            "app支付由手机端的支付宝打开：把订单字符串交给钱包（POST /sandbox/payer/open）"
                .to_owned(),
        )),
        _ => Err(Answer::invalid(
            "isv.invalid-method",
            "不存在的方法名".to_owned(),
        )),
    }
}
