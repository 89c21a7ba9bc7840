//! The frame of every v2 call: read the XML, verify certificate and signature, let an armed fault
//! strike, carry the call out, sign the answer as the request was signed.
//!
//! A message that is not accepted is answered with `return_code` `FAIL`, a sentence and nothing
//! else: no signature, no `result_code`. A missing certificate is answered by the web server in
//! front of the real thing, with HTTP 400 and a page.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};

use super::closeorder;
use super::merchant::{Account, WechatV2SubMerchant};
use super::refusal::Refusal;
use super::request::Request;
use super::sign::SignType;
use super::xml::{self, Fields, Unreadable};
use crate::faults::{self, Fault, Hit};
use crate::ledger::{Channel, Trade, TradeKey};
use crate::server::{Sandbox, World};
use crate::tls::Shown;
use crate::token::token;

/// What a wrong signature is told.
pub const WRONG_SIGN: &str = "签名错误，请检查后再试";

/// One path of v2.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// The name for faults: `v2/micropay`.
    pub name: &'static str,
    /// Whether the merchant's certificate is asked for.
    pub needs_certificate: bool,
    /// Whether it answers a file, and its refusals have a form of their own.
    pub is_bill: bool,
}

/// A call whose signature was verified.
pub struct Call<'a> {
    /// Where it came in.
    pub sandbox: &'a Sandbox,
    /// Who calls.
    pub account: Arc<Account>,
    /// How the call is signed, and so its answer.
    pub sign_type: SignType,
    /// A service provider's call: for whom.
    pub sub: Option<WechatV2SubMerchant>,
    /// What goes wrong with this call.
    pub fault: Option<Fault>,
    fields: Fields,
}

/// What comes of a call.
pub enum Reply {
    /// Fields to be signed.
    Fields(Fields),
    /// A bill: text or its gzip.
    File(Bytes),
}

impl Call<'_> {
    /// The fields to be read.
    pub fn request(&self) -> Request<'_> {
        Request(&self.fields)
    }

    /// The caller's `mch_id`.
    pub fn mch_id(&self) -> &str {
        &self.account.merchant.mch_id
    }

    /// The appid that the call names, if it is one of the merchant's; else the merchant's first.
    pub fn appid(&self) -> &str {
        let named = self.fields.get("appid");
        let own = named.filter(|appid| self.account.has_app(appid));
        own.unwrap_or(&self.account.merchant.appid)
    }

    /// The caller's trade with this number.
    pub fn key(&self, out_trade_no: &str) -> TradeKey {
        TradeKey::new(Channel::Wechat, self.mch_id(), out_trade_no)
    }

    /// Whether the trade belongs to the sub-merchant that this call is for.
    pub fn owns(&self, trade: &Trade) -> bool {
        let sub = self.sub.as_ref().map(|sub| &sub.sub_mch_id);
        trade.order.details.get("sub_mchid") == sub
    }

    /// The trade that the call names, `transaction_id` before `out_trade_no`.
    ///
    /// # Errors
    /// `LACK_PARAMS`, `ORDERNOTEXIST`.
    pub fn find_trade(&self, world: &World) -> Result<Trade, Refusal> {
        let request = self.request();
        let found = match (
            request.given("transaction_id"),
            request.given("out_trade_no"),
        ) {
            (Some(id), _) => world
                .ledger
                .by_trade_no(Channel::Wechat, self.mch_id(), id)
                .filter(|trade| trade.paid_at.is_some()),
            (None, Some(number)) => world.ledger.trade(&self.key(number)),
            (None, None) => return Err(Refusal::absent("out_trade_no")),
        };
        let found = found.filter(|trade| self.owns(trade));
        found.cloned().ok_or_else(|| Refusal::of("ORDERNOTEXIST"))
    }
}

/// Verifies the request, carries it out through the armed faults, and signs what comes of it.
pub async fn answer(
    sandbox: &Sandbox,
    http: &HttpRequest,
    body: &[u8],
    service: Service,
    carry_out: impl FnOnce(&Call<'_>) -> Result<Reply, Refusal>,
) -> HttpResponse {
    let mut call = match verify(sandbox, http, body, service) {
        Ok(call) => call,
        Err(Stopped::Unsigned(message)) => return unsigned(service, &message),
        Err(Stopped::Certificate(title)) => return no_certificate(title),
    };
    if let Err(refusal) = check_merchant(&call, service) {
        return sign(&call, service, Err(refusal), None);
    }
    let hit = sandbox.faults().fire(service.name, &number_of(&call));
    call.fault = hit.map(|hit| hit.fault);
    faults::answer(hit, |fault| {
        let outcome = through(hit, service, || carry_out(&call));
        sign(&call, service, outcome, fault)
    })
    .await
}

/// Carries the call out, or lies about it as the fault asks.
fn through(
    hit: Option<Hit>,
    service: Service,
    carry_out: impl FnOnce() -> Result<Reply, Refusal>,
) -> Result<Reply, Refusal> {
    let code = hit.and_then(|hit| hit.err_code).unwrap_or("SYSTEMERROR");
    let recall = |refusal: Refusal| match service.name {
        "v2/reverse" => refusal.with("recall", "Y"),
        _ => refusal,
    };
    match hit.map(|hit| hit.fault) {
        Some(Fault::SystemError) => Err(recall(Refusal::of("SYSTEMERROR"))),
        Some(Fault::TooEarly) => Err(closeorder::too_early()),
        Some(Fault::RefusedBefore) => Err(recall(Refusal::of(code))),
        Some(Fault::RefusedAfter) => {
            // Done, and nobody is told so.
            let _ = carry_out();
            Err(recall(Refusal::of(code)))
        }
        Some(Fault::UnsignedBefore) => Err(Refusal::transport("频率限制")),
        Some(Fault::UnsignedAfter) => {
            // Done, and nobody is told so.
            let _ = carry_out();
            Err(Refusal::transport("System Error"))
        }
        _ => carry_out(),
    }
}

/// Why a call goes no further, without a signature.
enum Stopped {
    /// `return_code` `FAIL` with this sentence.
    Unsigned(String),
    /// The web server's page with this title.
    Certificate(&'static str),
}

fn verify<'a>(
    sandbox: &'a Sandbox,
    http: &HttpRequest,
    body: &[u8],
    service: Service,
) -> Result<Call<'a>, Stopped> {
    let unsigned = |message: &str| Stopped::Unsigned(message.to_owned());
    if *http.method() != Method::POST || body.is_empty() {
        return Err(unsigned("post数据为空"));
    }
    let fields = xml::read("xml", body).map_err(|error| match error {
        Unreadable::Encoding => unsigned("编码格式错误"),
        _ => Stopped::Unsigned(format!("XML格式错误：{error}")),
    })?;
    let mch_id = fields.get("mch_id").map(String::as_str).unwrap_or_default();
    let account = sandbox.accounts().wechat_v2().find(mch_id).ok_or_else(|| {
        Stopped::Unsigned(format!(
            "商户号mch_id与注册的商户不一致：mch_id {mch_id:?} is not registered with this \
             sandbox (POST /sandbox/accounts, channel wechat_v2)"
        ))
    })?;
    if service.needs_certificate {
        check_certificate(sandbox, http, &account)?;
    }
    let sign_type = SignType::named(fields.get("sign_type").map(String::as_str))
        .ok_or_else(|| unsigned("签名类型sign_type应为MD5或HMAC-SHA256"))?;
    if !sign_type.verifies(&fields, account.key()) {
        return Err(unsigned(WRONG_SIGN));
    }
    Ok(Call {
        sandbox,
        sub: sub_of(&account, Request(&fields)),
        account,
        sign_type,
        fault: None,
        fields,
    })
}

/// The sub-merchant that the call names, if it is linked.
fn sub_of(account: &Account, request: Request<'_>) -> Option<WechatV2SubMerchant> {
    let named = request.given("sub_mch_id")?;
    let mut subs = account.merchant.sub_merchants.iter();
    subs.find(|sub| sub.sub_mch_id == named).cloned()
}

/// The certificate of this merchant, shown on the https port or to what stands in front.
fn check_certificate(
    sandbox: &Sandbox,
    http: &HttpRequest,
    account: &Account,
) -> Result<(), Stopped> {
    let shown = http
        .peer_addr()
        .and_then(|peer| sandbox.visitors().shown(peer));
    match shown {
        Some(Shown::Certificate(der)) if der == account.certificate => Ok(()),
        Some(Shown::Certificate(_)) => Err(Stopped::Certificate("The SSL certificate error")),
        None if account.merchant.certificate_checked_by_proxy => Ok(()),
        Some(Shown::Nothing) | None => {
            Err(Stopped::Certificate("No required SSL certificate was sent"))
        }
    }
}

/// What every call says about who calls.
fn check_merchant(call: &Call<'_>, service: Service) -> Result<(), Refusal> {
    let request = call.request();
    request.required("nonce_str", 32)?;
    if !call.account.has_app(&request.required("appid", 32)?) {
        return Err(Refusal::of("APPID_MCHID_NOT_MATCH"));
    }
    let provider = !call.account.merchant.sub_merchants.is_empty();
    match (&call.sub, request.given("sub_mch_id")) {
        (Some(_), _) => check_sub_appid(call),
        (None, Some(_)) => Err(Refusal::business(
            "NOAUTH",
            "特约子商户商户号未授权服务商的产品权限",
        )),
        (None, None) if provider && !service.is_bill => Err(Refusal::absent("sub_mch_id")),
        (None, None) => Ok(()),
    }
}

fn check_sub_appid(call: &Call<'_>) -> Result<(), Refusal> {
    let request = call.request();
    let given = request.given("sub_appid");
    let bound = call.sub.as_ref().and_then(|sub| sub.sub_appid.as_deref());
    if given.is_none() || given == bound {
        return Ok(());
    }
    Err(Refusal::business(
        "APPID_MCHID_NOT_MATCH",
        "sub_mch_id与sub_appid不匹配",
    ))
}

/// The order number that the call is about, to match faults with.
fn number_of(call: &Call<'_>) -> String {
    let request = call.request();
    if let Some(number) = request.given("out_trade_no") {
        return number.to_owned();
    }
    call.sandbox.read_world(|world| {
        let ledger = &world.ledger;
        let by_id = request
            .given("transaction_id")
            .and_then(|id| ledger.by_trade_no(Channel::Wechat, call.mch_id(), id))
            .map(|trade| &trade.order.key);
        let by_refund = request
            .given("out_refund_no")
            .and_then(|number| ledger.refund_numbered(Channel::Wechat, call.mch_id(), number))
            .map(|refund| &refund.trade);
        by_id
            .or(by_refund)
            .map(|key| key.out_trade_no.clone())
            .unwrap_or_default()
    })
}

/// Writes and signs the answer; a fault may spoil its signature or its amount.
fn sign(
    call: &Call<'_>,
    service: Service,
    outcome: Result<Reply, Refusal>,
    fault: Option<Fault>,
) -> HttpResponse {
    let (result_code, more) = match outcome {
        Ok(Reply::File(file)) => return HttpResponse::Ok().content_type("text/plain").body(file),
        Ok(Reply::Fields(more)) => ("SUCCESS", more),
        Err(Refusal::Transport { message }) => return unsigned(service, &message),
        Err(Refusal::Business { code, .. }) if service.is_bill => {
            return unsigned(service, bill_issue(code));
        }
        Err(Refusal::Business {
            code,
            description,
            more,
        }) => {
            tell(service, code, &description);
            let own = [("err_code", code), ("err_code_des", &description)];
            let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
            ("FAIL", more.into_iter().chain(own).collect())
        }
    };
    let mut fields = heading(call, result_code);
    fields.extend(more);
    if fault == Some(Fault::WrongAmount) {
        falsify(&mut fields);
    }
    let sign = call.sign_type.sign(&fields, call.account.key());
    let sign = match fault {
        Some(Fault::BadSignature) => spoiled(&sign),
        _ => sign,
    };
    fields.insert("sign".to_owned(), sign);
    send(&fields)
}

/// The bill's own words for what other calls say by a code.
fn bill_issue(code: &'static str) -> &'static str {
    match code {
        "LACK_PARAMS" => "missing parameter",
        "PARAM_ERROR" => "data format error",
        code => code,
    }
}

/// What every signed answer begins with.
fn heading(call: &Call<'_>, result_code: &str) -> Fields {
    let merchant = &call.account.merchant;
    let own = [
        ("return_code", "SUCCESS"),
        ("return_msg", "OK"),
        ("appid", call.appid()),
        ("mch_id", &merchant.mch_id),
        ("nonce_str", &token()),
        ("result_code", result_code),
    ];
    let mut fields: Fields = own
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    for name in ["sub_mch_id", "sub_appid", "device_info"] {
        if let Some(value) = call.request().given(name) {
            fields.insert(name.to_owned(), value.to_owned());
        }
    }
    fields
}

/// Adds one fen to what a message says about money.
pub fn falsify(fields: &mut Fields) {
    for name in ["refund_fee", "refund_fee_0", "total_fee"] {
        if let Some(amount) = fields.get_mut(name)
            && let Ok(fen) = amount.parse::<i64>()
        {
            *amount = fen.saturating_add(1).to_string();
            return;
        }
    }
}

/// The same signature with its last digit changed.
pub fn spoiled(sign: &str) -> String {
    let mut sign = sign.to_owned();
    let last = sign.pop();
    sign.push(if last == Some('0') { '1' } else { '0' });
    sign
}

/// `return_code` `FAIL`, without a signature.
fn unsigned(service: Service, message: &str) -> HttpResponse {
    tell(service, "FAIL", message);
    send(&refused(service, message))
}

/// What is said without a signature.
pub fn refused(service: Service, message: &str) -> Fields {
    let own = [("return_code", "FAIL"), ("return_msg", message)];
    let mut fields: Fields = own
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    if service.is_bill {
        bill_refused(&mut fields, message);
    }
    fields
}

/// A bill is refused in English, and with a number.
fn bill_refused(fields: &mut Fields, message: &str) {
    let (message, number) = match message {
        WRONG_SIGN => ("sign error", "20001"),
        message => (message, "20002"),
    };
    fields.insert("return_msg".to_owned(), message.to_owned());
    fields.insert("error_code".to_owned(), number.to_owned());
}

/// The page of the web server that looks at certificates.
fn no_certificate(title: &str) -> HttpResponse {
    tracing::info!(title, "WeChat Pay v2 refuses a call for its certificate");
    HttpResponse::BadRequest()
        .content_type("text/html")
        .body(format!(
            "<html>\r\n<head><title>400 {title}</title></head>\r\n<body>\r\n\
             <center><h1>400 Bad Request</h1></center>\r\n<center>{title}</center>\r\n\
             <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        ))
}

/// A developer at a desk wants to see why a call was refused.
fn tell(service: Service, code: &str, message: &str) {
    tracing::info!(
        service = service.name,
        code,
        message,
        "WeChat Pay v2 refuses a call"
    );
}

fn send(fields: &Fields) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/xml; charset=utf-8")
        .body(xml::write(fields))
}
