//! The frame of every APIv3 call: verify the request, let an armed fault strike, carry the call
//! out, sign the answer.
//!
//! A 401 goes out unsigned, as the channel's do; every other answer is signed with the key that
//! the request's `Wechatpay-Serial` names, or with the merchant's public-key-mode key when it
//! names none.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde_json::Value;
use url::form_urlencoded;

use super::authorization::{Authorization, SignedRequest};
use super::problem::{Location, Problem};
use super::sign::{PlatformKey, Signed};
use super::token::token;
use crate::account::WechatAccount;
use crate::faults::{self, Fault};
use crate::key::KeyError;
use crate::ledger::{Channel, TradeKey};
use crate::server::Sandbox;

/// The fault name of a close, the one call that can be too early.
pub const CLOSE: &str = "wechat.close";

/// What a call answers when it succeeds.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// 200 with a JSON body.
    Json(Value),
    /// 204 without a body.
    NoContent,
}

/// A call whose signature was verified.
pub struct Call<'a> {
    /// Where it came in.
    pub sandbox: &'a Sandbox,
    /// Who calls.
    pub account: Arc<WechatAccount>,
    /// The raw body.
    pub body: &'a [u8],
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

    /// Checks the query of a GET: `mchid` and nothing else, and it is the caller.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR`.
    pub fn check_query_mchid(&self) -> Result<(), Problem> {
        let query = self.request.query_string();
        let mut parameters = form_urlencoded::parse(query.as_bytes());
        match (parameters.next(), parameters.next()) {
            (Some((name, mchid)), None) if name == "mchid" && mchid == self.mchid() => Ok(()),
            _ => Err(Problem::field(
                "mchid",
                Location::Url,
                "查询参数应只有mchid，且与Authorization中的mchid一致",
            )),
        }
    }

    /// Checks the `mchid` of a body.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR` when it is not the caller.
    pub fn check_body_mchid(&self, mchid: &str) -> Result<(), Problem> {
        if mchid == self.mchid() {
            return Ok(());
        }
        let issue = "商户号与Authorization中的mchid不一致";
        Err(Problem::field("/mchid", Location::Body, issue))
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
        request,
    };
    if let Err(problem) = check_headers(request, body, &call.account) {
        return sign(&call, Err(problem), None);
    }
    let hit = sandbox.faults().fire(method, out_trade_no);
    faults::answer(hit, |fault| {
        let outcome = match fault {
            Some(Fault::SystemError) => Err(Problem::system_error()),
            Some(Fault::TooEarly) if method == CLOSE => Err(Problem::too_early()),
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

/// The headers that APIv3 asks for besides the signature.
fn check_headers(
    request: &HttpRequest,
    body: &[u8],
    account: &WechatAccount,
) -> Result<(), Problem> {
    let accept = header(request, ACCEPT.as_str()).unwrap_or_default();
    if !accept.contains("application/json") && !accept.contains("*/*") {
        return Err(Problem::malformed("Http头Accept应为application/json"));
    }
    if header(request, USER_AGENT.as_str()).is_none_or(str::is_empty) {
        return Err(Problem::malformed("Http头缺少User-Agent"));
    }
    let json = |value: &str| value.starts_with("application/json");
    if !body.is_empty() && !header(request, CONTENT_TYPE.as_str()).is_some_and(json) {
        return Err(Problem::malformed("Http头Content-Type应为application/json"));
    }
    match PlatformKey::of(account, header(request, "Wechatpay-Serial")) {
        Some(_) => Ok(()),
        None => Err(Problem::malformed(
            "Http头Wechatpay-Serial有误：name the platform key that this merchant was given",
        )),
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
    let (status, number, body) = match outcome {
        Ok(Reply::Json(mut body)) => {
            if fault == Some(Fault::WrongAmount) {
                falsify(&mut body);
            }
            (200, 0, body.to_string())
        }
        Ok(Reply::NoContent) => (204, 0, String::new()),
        Err(problem) => {
            tell(&problem);
            (
                problem.status(),
                problem.number(),
                problem.body().to_string(),
            )
        }
    };
    let named = header(call.request, "Wechatpay-Serial");
    let key =
        PlatformKey::of(&call.account, named).or_else(|| PlatformKey::of(&call.account, None));
    let signed = key.ok_or(KeyError::Private).and_then(|key| {
        Signed::new(
            key,
            call.sandbox.clock().wall().timestamp(),
            token::<16>()?,
            body.as_bytes(),
        )
    });
    let signed = match signed {
        Ok(signed) if fault == Some(Fault::BadSignature) => signed.spoiled(),
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
