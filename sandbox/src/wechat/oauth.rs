//! 公众号网页授权 (`snsapi_base`): how a page inside WeChat learns the payer's openid. The browser
//! goes through `/connect/oauth2/authorize` (open.weixin.qq.com) and comes back with a code, which
//! the merchant's server exchanges at `/sns/oauth2/access_token` (api.weixin.qq.com). Mini programs
//! exchange theirs at `/sns/jscode2session`.
//!
//! Of the sandbox itself is the parameter `openid`, after `state`: who the payer is this once.

use std::collections::BTreeMap;

use actix_web::http::header::{LOCATION, USER_AGENT};
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::openid::CodeRefused;
use super::portal::WechatApp;
use super::token::token;
use crate::server::Sandbox;

/// The order in which the address names its parameters: WeChat matches it by a pattern.
const ORDER: [&str; 5] = ["appid", "redirect_uri", "response_type", "scope", "state"];

/// Routes: `/connect/oauth2/authorize`, `/sns/oauth2/access_token`, `/sns/jscode2session`.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/connect/oauth2/authorize", web::get().to(authorize))
        .route("/sns/oauth2/access_token", web::get().to(access_token))
        .route("/sns/jscode2session", web::get().to(session));
}

/// Why the page shows an error instead of going back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum PageError {
    #[error("请在微信客户端打开链接: the User-Agent has no MicroMessenger")]
    NotInWechat,
    #[error(
        "链接错误: the parameters are appid, redirect_uri, response_type=code, \
         scope=snsapi_base and state, in this order"
    )]
    Parameters,
    #[error("公众号已被封禁或不存在 (10004): no merchant of this sandbox has the appid {0}")]
    Appid(String),
    #[error(
        "redirect_uri域名与后台配置不一致 (10003): the host of {given} is not {registered}, which was set for this appid"
    )]
    Domain { given: String, registered: String },
    #[error("scope参数错误或没有scope权限 (10005): this sandbox knows snsapi_base only")]
    Scope,
}

async fn authorize(sandbox: Data<Sandbox>, request: HttpRequest) -> HttpResponse {
    match consent(&sandbox, &request) {
        Ok(back) => HttpResponse::Found()
            .insert_header((LOCATION, back.as_str()))
            .finish(),
        Err(error) => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .body(error_page(&error)),
    }
}

/// Where the browser goes back to, with a code for who the payer is.
fn consent(sandbox: &Sandbox, request: &HttpRequest) -> Result<Url, PageError> {
    let openids = &sandbox.wechat().openids;
    let agent = request.headers().get(USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or("");
    if !agent.to_ascii_lowercase().contains("micromessenger") {
        return Err(PageError::NotInWechat);
    }
    let (parameters, chosen) = parameters(request)?;
    let [appid, redirect_uri, response_type, scope, state] = parameters;
    let app = find_app(sandbox, &appid).ok_or_else(|| PageError::Appid(appid.clone()))?;
    if scope != "snsapi_base" {
        return Err(PageError::Scope);
    }
    let letters = state.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let mut back = Url::parse(&redirect_uri).map_err(|_| PageError::Parameters)?;
    if response_type != "code"
        || !letters
        || state.len() > 128
        || !matches!(back.scheme(), "http" | "https")
    {
        return Err(PageError::Parameters);
    }
    if let Some(registered) = app.oauth_domain
        && back.host_str() != Some(registered.as_str())
    {
        return Err(PageError::Domain {
            given: redirect_uri,
            registered,
        });
    }
    let openid = chosen.unwrap_or_else(|| openids.payer(&appid));
    let code = openids
        .grant(&appid, &openid, sandbox.clock().now())
        .map_err(|_| PageError::Parameters)?;
    back.query_pairs_mut()
        .append_pair("code", &code)
        .append_pair("state", &state);
    Ok(back)
}

/// The five parameters in their order, and the payer whom a test chose.
fn parameters(request: &HttpRequest) -> Result<([String; 5], Option<String>), PageError> {
    let mut pairs = form_urlencoded::parse(request.query_string().as_bytes());
    let mut values: [String; 5] = Default::default();
    for (slot, name) in values.iter_mut().zip(ORDER) {
        let (given, value) = pairs.next().ok_or(PageError::Parameters)?;
        if given != name || (value.is_empty() && name != "state") {
            return Err(PageError::Parameters);
        }
        *slot = value.into_owned();
    }
    match (pairs.next(), pairs.next()) {
        (None, _) => Ok((values, None)),
        (Some((name, openid)), None) if name == "openid" && !openid.is_empty() => {
            Ok((values, Some(openid.into_owned())))
        }
        _ => Err(PageError::Parameters),
    }
}

/// What is set for an appid that a merchant registered or bound.
fn find_app(sandbox: &Sandbox, appid: &str) -> Option<WechatApp> {
    sandbox.accounts().wechat_app(appid)
}

fn error_page(error: &PageError) -> String {
    let text = error.to_string();
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>WeChat</title><p>{text}</p></html>"
    )
}

async fn access_token(
    sandbox: Data<Sandbox>,
    query: web::Query<BTreeMap<String, String>>,
) -> HttpResponse {
    let exchanged = exchange(&sandbox, &query, "code").map(|openid| {
        json!({
            "access_token": token::<24>().unwrap_or_default(),
            "expires_in": 7200,
            "refresh_token": token::<24>().unwrap_or_default(),
            "openid": openid,
            "scope": "snsapi_base",
        })
    });
    plain(exchanged)
}

async fn session(
    sandbox: Data<Sandbox>,
    query: web::Query<BTreeMap<String, String>>,
) -> HttpResponse {
    let exchanged = exchange(&sandbox, &query, "js_code").map(
        |openid| json!({ "openid": openid, "session_key": token::<12>().unwrap_or_default() }),
    );
    plain(exchanged)
}

/// Answers the openid, or WeChat's number and words for why not.
fn exchange(
    sandbox: &Sandbox,
    query: &BTreeMap<String, String>,
    code: &str,
) -> Result<String, (u32, &'static str)> {
    let given = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let app = find_app(sandbox, given("appid")).ok_or((40013, "invalid appid"))?;
    let secret = given("secret");
    let known = app
        .secret
        .is_none_or(|known| known.expose_secret() == secret);
    if secret.is_empty() {
        return Err((41004, "appsecret missing"));
    }
    if !known {
        return Err((40125, "invalid appsecret"));
    }
    if given("grant_type") != "authorization_code" {
        return Err((40002, "invalid grant_type"));
    }
    let now = sandbox.clock().now();
    let openids = &sandbox.wechat().openids;
    openids
        .exchange(given("appid"), given(code), now)
        .map_err(|refused| match refused {
            CodeRefused::Invalid => (40029, "invalid code"),
            CodeRefused::Used => (40163, "code been used"),
        })
}

/// JSON under the content type `text/plain`, as WeChat's own is; refusals too are HTTP 200.
fn plain(outcome: Result<Value, (u32, &'static str)>) -> HttpResponse {
    let body = outcome.unwrap_or_else(|(number, text)| {
        let rid = token::<8>().unwrap_or_default();
        json!({ "errcode": number, "errmsg": format!("{text}, rid: {rid}") })
    });
    HttpResponse::Ok()
        .content_type("text/plain")
        .body(body.to_string())
}
