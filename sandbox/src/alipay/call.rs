//! A request as the gateway believes it: the app known, the parameters complete, the signature
//! right. In that order: an unknown app is told so even without a signature.

use std::sync::Arc;

use super::answer::Answer;
use super::biz::Biz;
use super::params::Params;
use super::{OAUTH_TOKEN, moment, order, seller, sign};
use crate::account::{AlipayAccount, AlipaySubMerchant};
use crate::ledger::{Channel, Trade, TradeKey};
use crate::server::{Sandbox, World};
use crate::token::token;

/// A verified request.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) account: Arc<AlipayAccount>,
    /// Whom a service provider acts for.
    pub(super) merchant: Option<AlipaySubMerchant>,
    pub(super) method: String,
    pub(super) params: Params,
    pub(super) biz: Biz,
    /// Unguessable: names what this call hands out.
    pub(super) token: String,
}

/// A refusal before the method itself: signed once the app is known.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) account: Option<Arc<AlipayAccount>>,
    pub(super) answer: Answer,
}

impl Call {
    /// Checks everything that does not depend on the method.
    pub(super) fn verify(sandbox: &Sandbox, params: Params) -> Result<Self, Refusal> {
        let account = find_account(sandbox, &params).map_err(|answer| Refusal {
            account: None,
            answer,
        })?;
        let refuse = |answer| Refusal {
            account: Some(account.clone()),
            answer,
        };
        let method = check_common(&params).map_err(refuse)?;
        check_certificates(sandbox, &account, &params).map_err(refuse)?;
        check_signature(&account, &params).map_err(refuse)?;
        let merchant = find_merchant(&account, &method, &params).map_err(refuse)?;
        let biz_content = params.get("biz_content").filter(|text| !text.is_empty());
        let biz = match biz_content {
            None if method == OAUTH_TOKEN => Biz::default(),
            text => Biz::parse(text.map(String::as_str)).map_err(refuse)?,
        };
        Ok(Self {
            account,
            merchant,
            method,
            params,
            biz,
            token: token(),
        })
    }

    /// Who gets the money.
    pub(super) fn seller_id(&self) -> &str {
        match &self.merchant {
            Some(merchant) => &merchant.seller_id,
            None => &self.account.app.seller_id,
        }
    }

    /// The trade that `trade_no` (which wins) or `out_trade_no` names, if it is this seller's.
    pub(super) fn find_trade<'a>(&self, world: &'a World) -> Result<Option<&'a Trade>, Answer> {
        let found = self.find_in_app(world)?;
        Ok(found.filter(|trade| seller::of(&trade.order, &self.account) == self.seller_id()))
    }

    fn find_in_app<'a>(&self, world: &'a World) -> Result<Option<&'a Trade>, Answer> {
        let app_id = &self.account.app.app_id;
        if let Some(trade_no) = self.biz.text("trade_no", 64)? {
            return Ok(world.ledger.by_trade_no(Channel::Alipay, app_id, &trade_no));
        }
        match order::out_trade_no(&self.biz)? {
            Some(number) => {
                Ok(world
                    .ledger
                    .trade(&TradeKey::new(Channel::Alipay, app_id, &number)))
            }
            None => Err(Answer::invalid_parameter(
                "trade_no 与 out_trade_no 不能同时为空",
            )),
        }
    }
}

fn find_account(sandbox: &Sandbox, params: &Params) -> Result<Arc<AlipayAccount>, Answer> {
    let app_id = given(params, "app_id")
        .ok_or_else(|| Answer::missing("isv.missing-app-id", "缺少AppID参数"))?;
    sandbox
        .accounts()
        .alipay(app_id)
        .ok_or_else(|| Answer::invalid("isv.invalid-app-id", "无效的AppID参数".to_owned()))
}

/// The common parameters in the gateway's order; gives the method.
fn check_common(params: &Params) -> Result<String, Answer> {
    let method = given(params, "method")
        .ok_or_else(|| Answer::missing("isv.missing-method", "缺少方法名参数"))?;
    match given(params, "sign_type") {
        None => {
            return Err(Answer::missing(
                "isv.missing-signature-type",
                "缺少签名类型参数",
            ));
        }
        Some("RSA2") => {}
        Some(other) => {
            let sub_msg = format!("无效的签名类型 {other}：本应用使用 RSA2");
            return Err(Answer::invalid("isv.invalid-signature-type", sub_msg));
        }
    }
    if given(params, "sign").is_none() {
        return Err(Answer::missing("isv.missing-signature", "缺少签名参数"));
    }
    match given(params, "timestamp") {
        None => return Err(Answer::missing("isv.missing-timestamp", "缺少时间戳参数")),
        Some(text) if text.len() != 19 || moment::parse(text).is_none() => {
            let sub_msg = "非法的时间戳参数：格式应为 yyyy-MM-dd HH:mm:ss（GMT+8）".to_owned();
            return Err(Answer::invalid("isv.invalid-timestamp", sub_msg));
        }
        Some(_) => {}
    }
    match given(params, "version") {
        None => return Err(Answer::missing("isv.missing-version", "缺少版本参数")),
        Some("1.0") => {}
        Some(_) => {
            let sub_msg = "version 应为 1.0".to_owned();
            return Err(Answer::invalid("isv.invalid-parameter", sub_msg));
        }
    }
    check_encoding(params)?;
    Ok(method.to_owned())
}

fn check_encoding(params: &Params) -> Result<(), Answer> {
    if !given(params, "charset").is_some_and(|charset| charset.eq_ignore_ascii_case("utf-8")) {
        let sub_msg = "字符集错误：请在请求地址中设置 charset=utf-8".to_owned();
        return Err(Answer::invalid("isv.invalid-charset", sub_msg));
    }
    if given(params, "format").is_some_and(|format| !format.eq_ignore_ascii_case("JSON")) {
        return Err(Answer::invalid(
            "isv.invalid-format",
            "无效的数据格式，应为 JSON".to_owned(),
        ));
    }
    if given(params, "encrypt_type").is_some() {
        let sub_msg = "此应用未配置接口内容加密".to_owned();
        return Err(Answer::invalid("isv.invalid-encrypt-type", sub_msg));
    }
    Ok(())
}

/// In certificate mode a request names the certificates that it goes by.
fn check_certificates(
    sandbox: &Sandbox,
    account: &AlipayAccount,
    params: &Params,
) -> Result<(), Answer> {
    let Some(certificates) = &account.certificates else {
        return Ok(());
    };
    let invalid = |sub_code: &str, sub_msg: &str| Answer::invalid(sub_code, sub_msg.to_owned());
    match given(params, "app_cert_sn") {
        None => {
            return Err(invalid("isv.missing-app-cert-sn", "缺少应用公钥证书序列号"));
        }
        Some(sn) if sn != certificates.app.sn() => {
            return Err(invalid("isv.app-cert-not-exist", "应用公钥证书不存在"));
        }
        Some(_) => {}
    }
    if certificates.app.expires_at() <= sandbox.clock().now() {
        return Err(invalid("isv.app-cert-expired", "应用公钥证书已过期"));
    }
    match given(params, "alipay_root_cert_sn") {
        None => Err(invalid(
            "isv.missing-alipay-root-cert-sn",
            "缺少支付宝根证书序列号",
        )),
        Some(sn) if sn != certificates.authority.root_sn() => Err(invalid(
            "isv.invalid-alipay-root-cert-sn",
            "支付宝根证书序列号错误",
        )),
        Some(_) => Ok(()),
    }
}

/// The merchant that `app_auth_token` names. An app that merchants let act for them is a service
/// provider's and takes no money itself, so its payment calls must name one.
fn find_merchant(
    account: &AlipayAccount,
    method: &str,
    params: &Params,
) -> Result<Option<AlipaySubMerchant>, Answer> {
    let invalid = || Answer::token_refused("aop.invalid-app-auth-token", "无效的应用授权令牌");
    match given(params, "app_auth_token") {
        Some(token) => account
            .merchant(token)
            .cloned()
            .map(Some)
            .ok_or_else(invalid),
        None if account.merchants.is_empty() || !takes_a_merchant(method) => Ok(None),
        None => Err(invalid()),
    }
}

fn takes_a_merchant(method: &str) -> bool {
    method.starts_with("alipay.trade.") || method.starts_with("alipay.data.")
}

/// A wrong signature is told what the gateway itself would have signed.
fn check_signature(account: &AlipayAccount, params: &Params) -> Result<(), Answer> {
    let text = sign::request_string(params);
    let signature = params.get("sign").map(String::as_str).unwrap_or_default();
    if account.merchant_key.verifies(text.as_bytes(), signature) {
        return Ok(());
    }
    let sub_msg = format!(
        "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：{}",
        text.replace('&', "&amp;")
    );
    Err(Answer::invalid("isv.invalid-signature", sub_msg))
}

fn given<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    params
        .get(name)
        .map(String::as_str)
        .filter(|text| !text.is_empty())
}
