//! What the five ordering calls have in common: reading and checking the body of an order.
//!
//! Relaxed against the real channel, because this runs on a developer's desk: the address of an
//! H5 payer may be a loopback address.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::fields::Fields;
use super::notify_url::notify_url;
use super::problem::Problem;

/// How the payer will pay, which decides the fields and what is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// A code that the payer scans.
    Native,
    /// A link in a phone's browser.
    H5,
    /// A page inside WeChat, or a mini program.
    Jsapi,
    /// A merchant's own app.
    App,
    /// The merchant scans the payer's payment code.
    Codepay,
}

impl Product {
    /// `trade_type` in queries and notices: H5 shows as `MWEB`.
    pub fn trade_type(self) -> &'static str {
        match self {
            Self::Native => "NATIVE",
            Self::H5 => "MWEB",
            Self::Jsapi => "JSAPI",
            Self::App => "APP",
            Self::Codepay => "MICROPAY",
        }
    }
}

/// Who is to be paid, under which appid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payee {
    /// The caller's appid (`appid`, or `sp_appid` in service-provider mode).
    pub appid: String,
    /// The caller (`mchid`, or `sp_mchid`).
    pub mchid: String,
    /// In service-provider mode: for whom it is.
    pub sub: Option<SubPayee>,
}

/// The sub-merchant of a service provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubPayee {
    /// `sub_mchid`.
    pub mchid: String,
    /// `sub_appid`: then the payer sees the order under this one.
    pub appid: Option<String>,
}

/// Who will pay, where the order says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payer {
    /// An openid under the caller's appid (`openid`, `sp_openid`).
    Caller(String),
    /// An openid under the sub-merchant's appid (`sub_openid`).
    Sub(String),
}

/// An order as the merchant asked for it, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Who is to be paid.
    pub payee: Payee,
    /// What is bought.
    pub description: String,
    /// The merchant's number, unique per `mchid`.
    pub out_trade_no: String,
    /// The last moment at which it can be paid.
    pub time_expire: Option<DateTime<Utc>>,
    /// Echoed in queries and notices once it is paid.
    pub attach: Option<String>,
    /// Where the notice goes; a payment code's payment has none.
    pub notify_url: Option<String>,
    /// Fen.
    pub total: i64,
    /// JSAPI only: who will pay.
    pub payer: Option<Payer>,
    /// Payment codes only: what was scanned.
    pub auth_code: Option<String>,
    /// The whole body: an order repeated under its number must equal it.
    pub content: Value,
}

impl Order {
    /// Reads the body of an ordering call, in a service provider's names if `partner`.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR` that names the field.
    pub fn parse(product: Product, partner: bool, body: &[u8]) -> Result<Self, Problem> {
        let mut fields = Fields::parse(body)?;
        let content = fields.content();
        let payee = payee(partner, &mut fields)?;
        let (payer, auth_code) = payer(product, &payee, &mut fields)?;
        let order = Self {
            description: fields.required_text("description", 127)?,
            out_trade_no: out_trade_no(&mut fields)?,
            time_expire: time_expire(product, &mut fields)?,
            attach: fields.text("attach", 128)?,
            notify_url: told_at(product, &mut fields)?,
            total: total(&mut fields)?,
            payee,
            payer,
            auth_code,
            content,
        };
        fields.text("goods_tag", 32)?;
        if product != Product::Codepay {
            fields.choices(
                "limit_pay",
                &["no_balance", "no_credit", "no_debit", "balance_only"],
            )?;
        }
        fields.flag("support_fapiao")?;
        detail(&mut fields)?;
        match product {
            Product::Codepay => scanner(&mut fields)?,
            _ => scene_info(product, &mut fields)?,
        }
        settle_info(&mut fields)?;
        fields.finish()?;
        Ok(order)
    }
}

fn payee(partner: bool, fields: &mut Fields) -> Result<Payee, Problem> {
    if !partner {
        return Ok(Payee {
            appid: fields.required_text("appid", 32)?,
            mchid: fields.required_text("mchid", 32)?,
            sub: None,
        });
    }
    Ok(Payee {
        appid: fields.required_text("sp_appid", 32)?,
        mchid: fields.required_text("sp_mchid", 32)?,
        sub: Some(SubPayee {
            mchid: fields.required_text("sub_mchid", 32)?,
            appid: fields.text("sub_appid", 32)?,
        }),
    })
}

/// An order that waits for its payer says where it is told.
fn told_at(product: Product, fields: &mut Fields) -> Result<Option<String>, Problem> {
    if product == Product::Codepay {
        return Ok(None);
    }
    let url = notify_url(fields, 255)?.ok_or_else(|| fields.absent("notify_url"))?;
    Ok(Some(url))
}

fn out_trade_no(fields: &mut Fields) -> Result<String, Problem> {
    let number = fields.required_text("out_trade_no", 32)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-*|".contains(&byte);
    if number.len() >= 6 && number.bytes().all(allowed) {
        return Ok(number);
    }
    Err(fields.refuse("out_trade_no", "只能是数字、大小写字母_-*|，长度6至32"))
}

fn time_expire(product: Product, fields: &mut Fields) -> Result<Option<DateTime<Utc>>, Problem> {
    if product == Product::Codepay {
        return Ok(None);
    }
    let Some(text) = fields.text("time_expire", 64)? else {
        return Ok(None);
    };
    match DateTime::parse_from_rfc3339(&text) {
        Ok(moment) => Ok(Some(moment.to_utc())),
        Err(_) => Err(fields.refuse(
            "time_expire",
            "应为RFC 3339格式，例如2018-06-08T10:34:56+08:00",
        )),
    }
}

fn total(fields: &mut Fields) -> Result<i64, Problem> {
    let mut amount = fields.required_object("amount")?;
    let total = amount.required_integer("total", 1)?;
    amount.choice("currency", &["CNY"])?;
    amount.finish()?;
    Ok(total)
}

/// Only JSAPI orders say who pays, and they must; a payment code stands for its payer.
fn payer(
    product: Product,
    payee: &Payee,
    fields: &mut Fields,
) -> Result<(Option<Payer>, Option<String>), Problem> {
    if !matches!(product, Product::Jsapi | Product::Codepay) {
        return Ok((None, None));
    }
    let mut payer = fields.required_object("payer")?;
    let read = match (product, &payee.sub) {
        (Product::Codepay, _) => (None, Some(payer.required_text("auth_code", 32)?)),
        (_, None) => (
            Some(Payer::Caller(payer.required_text("openid", 128)?)),
            None,
        ),
        (_, Some(sub)) => (Some(payer_of_partner(sub, &mut payer)?), None),
    };
    payer.finish()?;
    Ok(read)
}

/// `sp_openid` or `sub_openid`, the latter under a `sub_appid`.
fn payer_of_partner(sub: &SubPayee, payer: &mut Fields) -> Result<Payer, Problem> {
    let sp_openid = payer.text("sp_openid", 128)?;
    let sub_openid = payer.text("sub_openid", 128)?;
    match (sp_openid, sub_openid) {
        (Some(openid), None) => Ok(Payer::Caller(openid)),
        (None, Some(openid)) if sub.appid.is_some() => Ok(Payer::Sub(openid)),
        (None, Some(_)) => Err(payer.refuse("sub_openid", "传入sub_openid时必须传入sub_appid")),
        _ => Err(payer.refuse("sp_openid", "sp_openid和sub_openid二选一")),
    }
}

fn detail(fields: &mut Fields) -> Result<(), Problem> {
    let Some(mut detail) = fields.object("detail")? else {
        return Ok(());
    };
    detail.integer("cost_price", 0)?;
    detail.text("invoice_id", 32)?;
    for mut goods in detail.objects("goods_detail")? {
        goods.required_text("merchant_goods_id", 32)?;
        goods.text("wechatpay_goods_id", 32)?;
        goods.text("goods_name", 256)?;
        goods.required_integer("quantity", 1)?;
        goods.required_integer("unit_price", 0)?;
        goods.finish()?;
    }
    detail.finish()
}

/// Optional everywhere, and required with `h5_info` for H5.
fn scene_info(product: Product, fields: &mut Fields) -> Result<(), Problem> {
    let mut scene = match (product, fields.object("scene_info")?) {
        (_, Some(scene)) => scene,
        (Product::H5, None) => return Err(fields.absent("scene_info")),
        (_, None) => return Ok(()),
    };
    let address = scene.required_text("payer_client_ip", 45)?;
    if address.parse::<IpAddr>().is_err() {
        return Err(scene.refuse("payer_client_ip", "应为IPv4或IPv6地址"));
    }
    scene.text("device_id", 32)?;
    if let Some(mut store) = scene.object("store_info")? {
        store.required_text("id", 32)?;
        store.text("name", 256)?;
        store.text("area_code", 32)?;
        store.text("address", 512)?;
        store.finish()?;
    }
    if product == Product::H5 {
        h5_info(&mut scene)?;
    }
    scene.finish()
}

/// The machine that scanned, required for payment codes.
fn scanner(fields: &mut Fields) -> Result<(), Problem> {
    let mut scene = fields.required_object("scene_info")?;
    scene.text("device_id", 32)?;
    if let Some(address) = scene.text("device_ip", 45)?
        && address.parse::<IpAddr>().is_err()
    {
        return Err(scene.refuse("device_ip", "应为IPv4或IPv6地址"));
    }
    let mut store = scene.required_object("store_info")?;
    store.text("id", 32)?;
    store.text("out_id", 32)?;
    store.finish()?;
    scene.finish()
}

fn h5_info(scene: &mut Fields) -> Result<(), Problem> {
    let mut info = scene.required_object("h5_info")?;
    if info.choice("type", &["Wap", "iOS", "Android"])?.is_none() {
        return Err(info.absent("type"));
    }
    info.text("app_name", 64)?;
    info.text("app_url", 128)?;
    info.text("bundle_id", 128)?;
    info.text("package_name", 128)?;
    info.finish()
}

fn settle_info(fields: &mut Fields) -> Result<(), Problem> {
    let Some(mut settle) = fields.object("settle_info")? else {
        return Ok(());
    };
    settle.flag("profit_sharing")?;
    settle.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn native() -> Value {
        json!({
            "mchid": "1900009191", "out_trade_no": "1217752501201407033233368018",
            "appid": "wxd678efh567hg6787", "description": "Image形象店-深圳腾大-QQ公仔",
            "notify_url": "https://pay.example.com/wx/v3/notify",
            "amount": { "total": 1, "currency": "CNY" },
        })
    }

    fn refused(product: Product, body: &Value, pointer: &str) {
        let problem = Order::parse(product, false, body.to_string().as_bytes()).unwrap_err();
        assert_eq!((problem.status(), problem.code()), (400, "PARAM_ERROR"));
        assert_eq!(problem.body()["detail"]["field"], pointer, "{problem:?}");
    }

    #[test]
    fn the_orders_of_the_vectors_are_read() {
        let vectors = crate::wechat::fixture::read("20_v3_request_sign.json");
        let mut read = 0;
        for case in vectors["cases"].as_array().unwrap() {
            let product = match case["name"].as_str().unwrap() {
                "native" | "native_ascii_escaped_body" => Product::Native,
                "h5" => Product::H5,
                "jsapi" => Product::Jsapi,
                "codepay" => Product::Codepay,
                _ => continue,
            };
            let body = case["body"].as_str().unwrap().as_bytes();
            let order = Order::parse(product, false, body).unwrap();
            if product == Product::Codepay {
                assert_eq!(order.out_trade_no, "1217752501201407033233368019");
                assert_eq!(order.auth_code.as_deref(), Some("130061098828009406"));
            } else {
                assert_eq!(order.out_trade_no, "1217752501201407033233368018");
            }
            assert_eq!(order.description, "Image形象店-深圳腾大-QQ公仔");
            assert_eq!(order.total, 1);
            if product == Product::Jsapi {
                let openid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".to_owned();
                assert_eq!(order.payer, Some(Payer::Caller(openid)));
                assert_eq!(order.attach.as_deref(), Some("自定义数据"));
                // 2018-06-08T10:34:56+08:00
                assert_eq!(order.time_expire.unwrap().timestamp(), 1_528_425_296);
            }
            read += 1;
        }
        assert_eq!(read, 5);
    }

    #[test]
    fn every_required_field_is_missed_by_its_name() {
        for name in [
            "appid",
            "mchid",
            "description",
            "out_trade_no",
            "notify_url",
            "amount",
        ] {
            let mut body = native();
            body.as_object_mut().unwrap().remove(name);
            refused(Product::Native, &body, &format!("/{name}"));
        }
        refused(Product::Jsapi, &native(), "/payer");
        refused(Product::H5, &native(), "/scene_info");
        let mut h5 = native();
        h5["scene_info"] = json!({ "payer_client_ip": "14.23.150.211" });
        refused(Product::H5, &h5, "/scene_info/h5_info");
        h5["scene_info"]["h5_info"] = json!({ "type": "wap" });
        refused(Product::H5, &h5, "/scene_info/h5_info/type");
        h5["scene_info"] = json!({ "h5_info": { "type": "Wap" } });
        refused(Product::H5, &h5, "/scene_info/payer_client_ip");
    }

    #[test]
    fn values_outside_the_documented_bounds_are_refused() {
        for (name, value) in [
            ("out_trade_no", json!("12345")),
            ("out_trade_no", json!("a".repeat(33))),
            ("out_trade_no", json!("with space")),
            ("description", json!("长".repeat(128))),
            ("attach", json!("a".repeat(129))),
            ("time_expire", json!("2018-06-08 10:34:56")),
            (
                "notify_url",
                json!(format!("https://pay.example.com/{}", "a".repeat(240))),
            ),
            ("limit_pay", json!("no_credit")),
            ("limit_pay", json!(["cash"])),
        ] {
            let mut body = native();
            body[name] = value;
            refused(Product::Native, &body, &format!("/{name}"));
        }
        for (value, pointer) in [
            (json!({ "total": 0 }), "/amount/total"),
            (json!({ "total": "1" }), "/amount/total"),
            (json!({ "total": 1, "currency": "USD" }), "/amount/currency"),
            (json!({ "total": 1, "refund": 1 }), "/amount/refund"),
        ] {
            let mut body = native();
            body["amount"] = value;
            refused(Product::Native, &body, pointer);
        }
        for name in ["trade_type", "sign", "nonce_str", "payer", "mch_id"] {
            let mut body = native();
            body[name] = json!("x");
            refused(Product::Native, &body, &format!("/{name}"));
        }
    }
}
