//! `/gateway.do`: GET or POST, query and form together, always HTTP 200.

use actix_web::{HttpRequest, HttpResponse, web};

use super::answer::{self, Answer};
use super::call::{Call, Refusal};
use super::params;
use super::{
    APP_PAY, BILL_URL, CANCEL, CERT_DOWNLOAD, CREATE, OAUTH_TOKEN, PAGE_PAY, PAY, PRECREATE,
    WAP_PAY,
};
use super::{
    bill, cancel, close, control, download, jsapi, oauth, order, page, pay, precreate, query,
    refund, refund_query,
};
use crate::faults::{self, Fault};
use crate::ledger::Trade;
use crate::notice::{self, NoticeKind};
use crate::server::Sandbox;
use crate::token::token;

/// The routes of this channel.
pub(crate) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/gateway.do")
            .route(web::get().to(handle))
            .route(web::post().to(handle)),
    )
    .route("/downloadBillFile.resource", web::get().to(bill::download))
    .route(
        "/oauth2/publicAppAuthorize.htm",
        web::get().to(oauth::authorize),
    )
    .configure(control::configure);
}

/// A request that is not proven to be the merchant's meets no fault.
async fn handle(
    sandbox: web::Data<Sandbox>,
    request: HttpRequest,
    form: web::Bytes,
) -> HttpResponse {
    let params = params::merge(request.query_string(), &form);
    let method = params
        .get("method")
        .filter(|method| !method.is_empty())
        .cloned();
    let for_browsers = matches!(method.as_deref(), Some(PAGE_PAY | WAP_PAY));
    let call = match Call::verify(&sandbox, params) {
        Ok(call) => call,
        Err(refusal) if for_browsers => return page::show_refusal(&refusal),
        Err(Refusal { account, answer }) => {
            let method = method.filter(|method| method != OAUTH_TOKEN);
            return answer::respond(method.as_deref(), answer, account.as_deref(), None, token());
        }
    };
    let hit = sandbox
        .faults()
        .fire(&call.method, &out_trade_no(&sandbox, &call));
    faults::answer(hit, |fault| {
        if for_browsers {
            page::show(&sandbox, &call)
        } else {
            carry_out(&sandbox, &call, fault)
        }
    })
    .await
}

/// The number that the call is about, as far as it says so.
fn out_trade_no(sandbox: &Sandbox, call: &Call) -> String {
    sandbox.read_world(|world| match call.find_trade(world) {
        Ok(Some(trade)) => trade.order.key.out_trade_no.clone(),
        _ => order::out_trade_no(&call.biz)
            .ok()
            .flatten()
            .unwrap_or_default(),
    })
}

fn carry_out(sandbox: &Sandbox, call: &Call, fault: Option<Fault>) -> HttpResponse {
    let done = match fault {
        Some(Fault::SystemError) => Err(system_error(call)),
        Some(Fault::SystemErrorAfter) => {
            let done = dispatch(sandbox, call);
            tracing::debug!(
                carried_out = done.is_ok(),
                "the caller is told nothing of it"
            );
            Err(Answer::unknown())
        }
        _ => dispatch(sandbox, call),
    };
    // OAuth is one of the older interfaces: it refuses in another node.
    let node = match &done {
        Err(_) if call.method == OAUTH_TOKEN => None,
        _ => Some(call.method.as_str()),
    };
    let answer = done.unwrap_or_else(|refused| refused);
    answer::respond(node, answer, Some(&call.account), fault, token())
}

/// A cancel that did not work says whether to call again; OAuth has no `ACQ.` codes.
fn system_error(call: &Call) -> Answer {
    if call.method == OAUTH_TOKEN {
        return Answer::unknown();
    }
    let retry = (call.method == CANCEL).then_some("Y");
    Answer::system_error().with_some("retry_flag", retry)
}

fn dispatch(sandbox: &Sandbox, call: &Call) -> Result<Answer, Answer> {
    match call.method.as_str() {
        PRECREATE => sandbox.with_world(|world, now| precreate::carry_out(world, call, now)),
        "alipay.trade.query" => sandbox.with_world(|world, _| query::carry_out(world, call)),
        "alipay.trade.close" => sandbox.with_world(|world, now| close::carry_out(world, call, now)),
        PAY => {
            let done = sandbox.with_world(|world, now| pay::carry_out(world, call, now))?;
            Ok(announced(sandbox, done, NoticeKind::Paid))
        }
        CREATE => sandbox.with_world(|world, now| jsapi::carry_out(world, call, now)),
        CANCEL => {
            let done = sandbox.with_world(|world, now| cancel::carry_out(world, call, now))?;
            Ok(announced(sandbox, done, NoticeKind::Refund))
        }
        "alipay.trade.refund" => {
            let done = sandbox.with_world(|world, now| refund::carry_out(world, call, now))?;
            Ok(announced(sandbox, done, NoticeKind::Refund))
        }
        BILL_URL => bill::carry_out(sandbox, call),
        OAUTH_TOKEN => sandbox.with_world(|world, now| oauth::carry_out(world, call, now)),
        CERT_DOWNLOAD => download::carry_out(call),
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

/// The answer of a call; if money moved, its notice goes out.
fn announced(sandbox: &Sandbox, done: (Answer, Option<Trade>), kind: NoticeKind) -> Answer {
    let (answer, moved) = done;
    if let Some(trade) = moved {
        notice::announce(sandbox, &trade, kind);
    }
    answer
}
