//! The frame of every APIv3 call: verify the request, let an armed fault strike, carry the call
//! out, sign the answer.
//!
//! A 401 goes out unsigned, as the channel's do, and so does a bill file; every other answer is
//! signed with the key that the request's `Wechatpay-Serial` names, or that the merchant's mode
//! says when it names none.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde_json::Value;
use url::form_urlencoded;

use super::authorization::{Authorization, SignedRequest};
use super::problem::Problem;
use super::sign::Signed;
use super::token::token;
use crate::account::WechatAccount;
use crate::faults::{self, Fault};
use crate::key::KeyError;
use crate::ledger::{Channel, TradeKey};
use crate::server::Sandbox;

/// The fault name of a close, the one call that can be too early.
pub const CLOSE: &str = "wechat.close";

/// The fault name of a reverse.
pub const REVERSE: &str = "wechat.reverse";

/// The fault name of a bill file's download, whose answer has no signature to go wrong.
pub const BILL_FILE: &str = "wechat.bill_file";

/// Under which a service provider calls for its sub-merchants.
const PARTNER: &str = "/v3/pay/partner/";

/// What a call answers when it succeeds.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// 200 with a JSON body.
    Json(Value),
    /// 204 without a body.
    NoContent,
    /// 200 with the bytes of a file, unsigned.
    File(Bytes),
}

/// A call whose signature was verified.
pub struct Call<'a> {
    /// Where it came in.
    pub sandbox: &'a Sandbox,
    /// Who calls.
    pub account: Arc<WechatAccount>,
    /// The raw body.
    pub body: &'a [u8],
    /// A fault that changes the answer itself.
    pub fault: Option<Fault>,
    request: &'a HttpRequest,
}

impl Call<'_> {
    /// The caller's mchid.
    pub fn mchid(&self) -> &str {
        &self.account.merchant.mchid
    }

    /// The caller's trade with this number.
    pub fn key(&self, out_trade_no: &str) -> TradeKey {
        TradeKey::new(Channel::Wechat, self.mchid(), out_trade_no)
    }

    /// Whether a service provider calls for a sub-merchant.
    pub fn is_partner(&self) -> bool {
        self.request.path().starts_with(PARTNER)
    }

    /// The query's parameters; of a repeated one the last counts.
    pub fn query(&self) -> BTreeMap<String, String> {
        let query = self.request.query_string();
        form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect()
    }

    /// The `Wechatpay-Serial` header.
    pub fn platform_serial(&self) -> Option<&str> {
        header(self.request, "Wechatpay-Serial")
    }
}

/// The `out_trade_no` of a body, to match faults with; empty if it has none.
pub fn number_in(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body.get("out_trade_no")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// Verifies the request, carries it out through the armed faults, and signs what comes of it.
pub async fn answer(
    sandbox: &Sandbox,
    request: &HttpRequest,
    body: &[u8],
    method: &'static str,
    out_trade_no: &str,
    carry_out: impl FnOnce(&Call<'_>) -> Result<Reply, Problem>,
) -> HttpResponse {
    let account = match verify(sandbox, request, body) {
        Ok(account) => account,
        Err(problem) => return unsigned(&problem),
    };
    let call = Call {
        sandbox,
        account,
        body,
        fault: None,
        request,
    };
    if let Err(problem) = check_headers(&call, method) {
        return sign(&call, Err(problem), None);
    }
    let hit = sandbox.faults().fire(method, out_trade_no);
    faults::answer(hit, |fault| {
        let call = Call { fault, ..call };
        let outcome = match fault {
            Some(Fault::SystemError) => Err(Problem::system_error()),
            Some(Fault::RateLimited) => Err(Problem::rate_limited()),
            Some(Fault::TooEarly) if method == CLOSE => Err(Problem::too_early()),
            Some(Fault::TooEarly) if method == REVERSE => Err(Problem::paying_now()),
            Some(Fault::RateLimitedAfter) => {
                // Carried out, whatever it says.
                let _ = carry_out(&call);
                Err(Problem::rate_limited())
            }
            _ => carry_out(&call),
        };
        sign(&call, outcome, fault)
    })
    .await
}

fn verify(
    sandbox: &Sandbox,
    request: &HttpRequest,
    body: &[u8],
) -> Result<Arc<WechatAccount>, Problem> {
    let header = header(request, AUTHORIZATION.as_str())
        .ok_or_else(|| Problem::unauthorized("Http头缺少Authorization，请检查请求的签名"))?;
    let authorization = Authorization::parse(header)?;
    let account = sandbox.accounts().wechat(&authorization.mchid).ok_or_else(|| {
        Problem::unauthorized(format!(
            "商户未申请过证书：mchid {} is not registered with this sandbox (POST /sandbox/accounts)",
            authorization.mchid
        ))
    })?;
    authorization.check_serial(&account.merchant.serial_no)?;
    authorization.check_clock(sandbox.clock().wall().timestamp())?;
    let uri = request.uri();
    let signed = SignedRequest {
        method: request.method().as_str(),
        target: uri
            .path_and_query()
            .map_or(uri.path(), |target| target.as_str()),
        body,
    };
    authorization.verify(signed, &account.merchant_key)?;
    Ok(account)
}

/// The headers that APIv3 asks for besides the signature. A file may be asked for as anything.
fn check_headers(call: &Call<'_>, method: &str) -> Result<(), Problem> {
    let request = call.request;
    let accept = header(request, ACCEPT.as_str()).unwrap_or_default();
    let takes_json = accept.contains("application/json") || accept.contains("*/*");
    if !takes_json && method != BILL_FILE {
        return Err(Problem::malformed("Http头Accept应为application/json"));
    }
    if header(request, USER_AGENT.as_str()).is_none_or(str::is_empty) {
        return Err(Problem::malformed("Http头缺少User-Agent"));
    }
    let json = |value: &str| value.starts_with("application/json");
    if !call.body.is_empty() && !header(request, CONTENT_TYPE.as_str()).is_some_and(json) {
        return Err(Problem::malformed("Http头Content-Type应为application/json"));
    }
    let account = &call.account;
    match call.platform_serial() {
        Some(id) if account.portal.platform.named(account, id).is_none() => {
            Err(Problem::malformed(
                "Http头Wechatpay-Serial有误：name the platform key that this merchant was given",
            ))
        }
        _ => Ok(()),
    }
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
}

/// Writes and signs the answer; a fault may spoil its signature or its amount.
fn sign(call: &Call<'_>, outcome: Result<Reply, Problem>, fault: Option<Fault>) -> HttpResponse {
    let switches = &call.sandbox.wechat().switches;
    let (status, number, body) = match outcome {
        Ok(Reply::Json(mut body)) => {
            if fault == Some(Fault::WrongAmount) {
                falsify(&mut body);
            }
            (200, 0, body.to_string())
        }
        Ok(Reply::NoContent) => (204, 0, String::new()),
        Ok(Reply::File(bytes)) => return file(bytes),
        Err(problem) => {
            let problem = problem.spelled(switches.rules().error_spelling);
            tell(&problem);
            (
                problem.status(),
                problem.number(),
                problem.body().to_string(),
            )
        }
    };
    let signed = match signature(call, &body) {
        Ok(signed) if fault == Some(Fault::BadSignature) => signed.spoiled(),
        Ok(signed) if fault == Some(Fault::Signtest) || switches.probe_is_due() => signed.probe(),
        Ok(signed) => signed,
        Err(error) => {
            tracing::error!(%error, "an answer could not be signed");
            return unsigned(&Problem::system_error());
        }
    };
    let mut response = start(status, number);
    for header in signed.headers() {
        response.insert_header(header);
    }
    finish(response, body)
}

/// Signs with the key that the request names, or that the merchant's mode says.
fn signature(call: &Call<'_>, body: &str) -> Result<Signed, KeyError> {
    let platform = &call.account.portal.platform;
    let named = platform.answer_key(&call.account, call.platform_serial());
    let key = named.or_else(|| platform.answer_key(&call.account, None));
    let wall = call.sandbox.clock().wall().timestamp();
    Signed::new(
        &key.ok_or(KeyError::Private)?,
        wall,
        token::<16>()?,
        body.as_bytes(),
    )
}

/// A file goes out without a signature: its hash was told before.
fn file(bytes: Bytes) -> HttpResponse {
    start(200, 0)
        .content_type("text/plain; charset=utf-8")
        .body(bytes)
}

/// Adds one fen to what an answer says about money.
pub fn falsify(body: &mut Value) {
    for pointer in ["/amount/refund", "/amount/total"] {
        if let Some(amount) = body.pointer_mut(pointer)
            && let Some(fen) = amount.as_i64()
        {
            *amount = Value::from(fen.saturating_add(1));
            return;
        }
    }
}

/// A refusal without a signature: the caller is not known.
pub fn unsigned(problem: &Problem) -> HttpResponse {
    tell(problem);
    finish(
        start(problem.status(), problem.number()),
        problem.body().to_string(),
    )
}

/// A developer at a desk wants to see why a call was refused.
fn tell(problem: &Problem) {
    let (code, message) = (problem.code(), problem.message());
    tracing::info!(
        status = problem.status(),
        code,
        message,
        "WeChat Pay refuses a call"
    );
}

fn start(status: u16, number: u32) -> HttpResponseBuilder {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    let random = token::<20>().unwrap_or_default().to_uppercase();
    response.insert_header(("Request-ID", format!("08{random}-{number}")));
    response
}

fn finish(mut response: HttpResponseBuilder, body: String) -> HttpResponse {
    if body.is_empty() {
        return response.finish();
    }
    response
        .content_type("application/json; charset=utf-8")
        .body(body)
}
