//! Registering accounts over HTTP.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::refusal::{Refusal, read};
use crate::account::{AlipayApp, WechatMerchant};
use crate::server::Sandbox;
use crate::wechat_v2::WechatV2Merchant;

#[derive(Deserialize)]
#[serde(tag = "channel", rename_all = "snake_case")]
enum NewAccount {
    Alipay(AlipayApp),
    Wechat(WechatMerchant),
    WechatV2(WechatV2Merchant),
}

/// Answers what the merchant verifies the channel with. Making a key takes a moment of CPU, so it
/// happens beside the event loop.
pub(super) async fn register(
    sandbox: web::Data<Sandbox>,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    let account = read(&body)?;
    let registered = web::block(move || match account {
        NewAccount::Alipay(app) => sandbox
            .register_alipay(app)
            .map(|key| json!({"alipay_public_key_pem": key})),
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
