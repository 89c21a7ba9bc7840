//! Who the payer is: the authorize page, and `alipay.system.oauth.token`.
//!
//! The page sends the simulated payer back at once, with a code that one token call can use. The
//! token call's parameters are top-level ones; its success has no `code`, its failures come as
//! `error_response`.

use std::collections::BTreeMap;

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use url::Url;

use super::answer::Answer;
use super::buyer::{BUYER_ID, is_user_id, open_id_of};
use super::call::Call;
use super::moment;
use crate::server::{Sandbox, World};
use crate::token::token;
use crate::wallet;

/// How long a code can be used.
const CODE_LIFE: TimeDelta = TimeDelta::minutes(3);
/// Seconds that an access token is good for.
const EXPIRES_IN: i64 = 1_296_000;
/// Seconds that a refresh token is good for.
const RE_EXPIRES_IN: i64 = 2_592_000;
/// How many codes and refresh tokens are remembered of each.
const REMEMBERED: usize = 10_000;

/// What an app may learn of a payer.
#[derive(Debug, Clone)]
struct Grant {
    app_id: String,
    user_id: String,
    until: DateTime<Utc>,
    used: bool,
}

/// Codes and refresh tokens.
#[derive(Debug, Default)]
pub(super) struct Grants {
    codes: BTreeMap<String, Grant>,
    refresh_tokens: BTreeMap<String, Grant>,
}

impl Grants {
    fn give_code(&mut self, grant: Grant, now: DateTime<Utc>) -> String {
        self.codes.retain(|_, grant| grant.until > now);
        let code = token();
        if self.codes.len() < REMEMBERED {
            self.codes.insert(code.clone(), grant);
        }
        code
    }

    fn give_refresh_token(&mut self, grant: Grant, now: DateTime<Utc>) -> String {
        self.refresh_tokens.retain(|_, grant| grant.until > now);
        let name = token();
        if self.refresh_tokens.len() < REMEMBERED {
            self.refresh_tokens.insert(name.clone(), grant);
        }
        name
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Visit {
    app_id: String,
    scope: String,
    redirect_uri: String,
    #[serde(default)]
    state: Option<String>,
    /// Not Alipay's: which payer the wallet belongs to.
    #[serde(default)]
    payer: Option<String>,
}

/// `GET /oauth2/publicAppAuthorize.htm`: the wallet's payer agrees, and goes back.
pub(super) async fn authorize(
    sandbox: web::Data<Sandbox>,
    visit: Result<web::Query<Visit>, actix_web::Error>,
) -> HttpResponse {
    let visit = match visit {
        Ok(visit) => visit.into_inner(),
        Err(error) => return mistake(&error.to_string()),
    };
    let user_id = visit.payer.as_deref().unwrap_or(BUYER_ID);
    if !matches!(visit.scope.as_str(), "auth_base" | "auth_user") {
        return mistake("scope is auth_base or auth_user (授权范围错误)");
    }
    if !is_user_id(user_id) {
        return mistake("payer is a user_id: 16 digits that begin with 2088");
    }
    if sandbox.accounts().alipay(&visit.app_id).is_none() {
        return mistake("this app_id is not registered (无效的AppID参数)");
    }
    let target = Url::parse(&visit.redirect_uri)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(mut target) = target else {
        return mistake("redirect_uri is an absolute http(s) address (回调地址错误)");
    };
    let code = sandbox.with_world(|world, now| {
        let grant = Grant {
            app_id: visit.app_id.clone(),
            user_id: user_id.to_owned(),
            until: now + CODE_LIFE,
            used: false,
        };
        world.alipay.grants.give_code(grant, now)
    });
    target
        .query_pairs_mut()
        .append_pair("app_id", &visit.app_id)
        .append_pair("source", "alipay_wallet")
        .append_pair("scope", &visit.scope)
        .append_pair("auth_code", &code);
    if let Some(state) = &visit.state {
        target.query_pairs_mut().append_pair("state", state);
    }
    HttpResponse::Found()
        .insert_header((LOCATION, target.as_str()))
        .finish()
}

fn mistake(why: &str) -> HttpResponse {
    HttpResponse::BadRequest()
        .content_type("text/html; charset=utf-8")
        .body(wallet::error_page(why))
}

/// `alipay.system.oauth.token`. What it refuses belongs under `error_response`.
pub(super) fn carry_out(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Answer, Answer> {
    let given = |name: &str| call.params.get(name).filter(|text| !text.is_empty());
    let app_id = &call.account.app.app_id;
    let grants = &mut world.alipay.grants;
    let user_id = match given("grant_type").map(String::as_str) {
        Some("authorization_code") => {
            let invalid = || Answer::invalid("isv.code-invalid", "授权码code无效".to_owned());
            let grant = given("code").and_then(|code| grants.codes.get_mut(code));
            let grant = grant
                .filter(|grant| !grant.used && now < grant.until)
                .ok_or_else(invalid)?;
            use_by(grant, app_id)?
        }
        Some("refresh_token") => {
            let sub_msg = "刷新令牌refresh_token无效".to_owned();
            let invalid = || Answer::invalid("isv.refresh-token-invalid", sub_msg);
            let grant = given("refresh_token");
            let grant = grant
                .and_then(|name| grants.refresh_tokens.get_mut(name))
                .ok_or_else(invalid)?;
            if grant.used {
                let sub_msg = "刷新令牌已被使用".to_owned();
                return Err(Answer::invalid("isv.refreshed-token-invalid", sub_msg));
            }
            if grant.until <= now {
                let sub_msg = "刷新令牌已过期".to_owned();
                return Err(Answer::invalid("isv.refresh-token-time-out", sub_msg));
            }
            use_by(grant, app_id)?
        }
        _ => {
            let sub_msg = "授权类型grant_type无效".to_owned();
            return Err(Answer::invalid("isv.grant-type-invalid", sub_msg));
        }
    };
    let grant = Grant {
        app_id: app_id.clone(),
        user_id: user_id.clone(),
        until: now + TimeDelta::seconds(RE_EXPIRES_IN),
        used: false,
    };
    let refresh_token = grants.give_refresh_token(grant, now);
    let named = if world.alipay.rules.open_ids {
        ("open_id", open_id_of(&user_id, app_id))
    } else {
        ("user_id", user_id)
    };
    Ok(Answer::without_code()
        .with("access_token", format!("authusrB{}", token()))
        .with(named.0, named.1)
        .with("expires_in", EXPIRES_IN.to_string())
        .with("refresh_token", refresh_token)
        .with("re_expires_in", RE_EXPIRES_IN.to_string())
        .with("auth_start", moment::text(now)))
}

/// Uses a grant up, for the app that it was given to.
fn use_by(grant: &mut Grant, app_id: &str) -> Result<String, Answer> {
    if grant.app_id != app_id {
        let sub_msg = "授权码与应用不匹配".to_owned();
        return Err(Answer::invalid("isv.unmatched-app-id", sub_msg));
    }
    grant.used = true;
    Ok(grant.user_id.clone())
}
