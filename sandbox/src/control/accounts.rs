//! Registering accounts over HTTP.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::{Refusal, read};
use crate::account::{AlipayApp, RegisterError, WechatMerchant};
use crate::server::Sandbox;
use crate::wechat_v2::WechatV2Merchant;

#[derive(Deserialize)]
#[serde(tag = "channel", rename_all = "snake_case")]
enum NewAccount {
    Alipay(NewApp),
    Wechat(WechatMerchant),
    WechatV2(WechatV2Merchant),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewApp {
    app_id: String,
    seller_id: String,
    app_public_key_pem: String,
    /// Certificate mode.
    #[serde(default)]
    certificates: bool,
}

/// Answers what the merchant verifies the channel with. Making a key takes a moment of CPU, so it
/// happens beside the event loop.
pub(super) async fn register(
    sandbox: web::Data<Sandbox>,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    let account = read(&body)?;
    let registered = web::block(move || match account {
        NewAccount::Alipay(new) => register_app(&sandbox, new),
        NewAccount::Wechat(merchant) => sandbox
            .register_wechat(merchant)
            .map(|platform| json!(platform)),
        NewAccount::WechatV2(merchant) => sandbox
            .register_wechat_v2(merchant)
            .map(|platform| json!(platform)),
    });
    match registered.await {
        Ok(answer) => Ok(HttpResponse::Ok().json(answer?)),
        Err(_) => Ok(HttpResponse::ServiceUnavailable().finish()),
    }
}

fn register_app(sandbox: &Sandbox, new: NewApp) -> Result<Value, RegisterError> {
    let app = AlipayApp {
        app_id: new.app_id,
        seller_id: new.seller_id,
        app_public_key_pem: new.app_public_key_pem,
    };
    if new.certificates {
        let certificates = sandbox.register_alipay_with_certificates(app)?;
        return Ok(json!(certificates));
    }
    let key = sandbox.register_alipay(app)?;
    Ok(json!({"alipay_public_key_pem": key}))
}
