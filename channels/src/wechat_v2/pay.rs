//! Orders (统一下单): `/pay/unifiedorder` for every way in which the payer does
//! something first. Repeating an order with the same parameters is safe: WeChat
//! answers with a new handle. What the payer's side gets is a QR text, an address, or
//! parameters that are signed here (JSAPI调起支付, APP调起支付).

use super::account::Account;
use super::answer::{cause, same};
use super::client::Client;
use super::codes::Call;
use super::convert;
use super::sign::SIGN;
use super::wire::{CNY, Fields};
use cashier::channel::{Action, Cause, CauseKind, Outcome, PayRequest};
use cashier::way::Way;
use serde_json::json;
use std::collections::BTreeMap;
use url::Url;

/// The payer's address where it plays no part: the field must be there.
pub(super) const NO_ADDRESS: &str = "127.0.0.1";

/// The most bytes of the page's name in `scene_info`, which is bounded as a whole.
const PAGE_NAME: usize = 32;

/// What is said about a way of another channel.
const NOT_OURS: &str = "this is not one of this adapter's ways: choose another account";

/// Makes a flow payable.
pub(super) async fn pay(client: &Client, request: &PayRequest) -> Outcome<Action> {
    let order = match order(client.account(), request) {
        Ok(order) => order,
        Err(message) => return Outcome::NotSent(cause(CauseKind::Mismatch, message)),
    };
    match client.call(Call::Pay, order).await {
        Ok(fields) => match action(client, request, &fields) {
            Ok(action) => Outcome::Done(action),
            Err(cause) => Outcome::Unknown(cause),
        },
        Err(failure) => failure.outcome(|_| None),
    }
}

/// What both kinds of orders hold.
pub(super) fn common(request: &PayRequest) -> Fields {
    let mut order = Fields::default();
    let number = request.flow_no.as_str();
    order.set("body", convert::body(&request.subject, number));
    order.set("out_trade_no", number);
    order.set("total_fee", request.amount.fen().to_string());
    order.set("fee_type", CNY);
    let address = request.client_ip.as_deref().unwrap_or(NO_ADDRESS);
    order.set("spbill_create_ip", address);
    order
}

fn order(account: &Account, request: &PayRequest) -> Result<Fields, &'static str> {
    let mut order = common(request);
    let expires = convert::written(request.expires_at).ok_or("expires_at is no date")?;
    order.set("time_expire", expires);
    order.set("notify_url", &request.notify_url);
    let trade_type = trade_type(request.way).ok_or(NOT_OURS)?;
    order.set("trade_type", trade_type);
    match request.way {
        Way::WxNative => order.set("product_id", request.flow_no.as_str()),
        Way::WxJsapi | Way::WxLite => {
            let openid = request.payer.as_deref();
            let openid = openid.ok_or("WX_JSAPI and WX_LITE need the payer's openid")?;
            if let Some((field, lite)) = account.ordered_under(request.way) {
                order.set(field, lite);
            }
            order.set(openid_field(account), openid);
        }
        Way::WxH5 => {
            let address = request.client_ip.as_deref();
            address.ok_or("WX_H5 needs the payer's client_ip")?;
            order.set("scene_info", scene(request));
        }
        _ => {}
    }
    Ok(order)
}

fn trade_type(way: Way) -> Option<&'static str> {
    match way {
        Way::WxNative => Some("NATIVE"),
        Way::WxH5 => Some("MWEB"),
        Way::WxJsapi | Way::WxLite => Some("JSAPI"),
        Way::WxApp => Some("APP"),
        _ => None,
    }
}

/// Under whose application the payer is known.
fn openid_field(account: &Account) -> &'static str {
    let sub = account.sub_merchant.as_ref();
    match sub.and_then(|sub| sub.appid.as_ref()) {
        Some(_) => "sub_openid",
        None => "openid",
    }
}

/// The page from which WeChat is opened: it stands where the notices go.
fn scene(request: &PayRequest) -> String {
    let page = Url::parse(&request.notify_url).map(|url| url.origin().ascii_serialization());
    let name = convert::plain(&request.subject, PAGE_NAME);
    json!({ "h5_info": {
        "type": "Wap",
        "wap_url": page.unwrap_or_default(),
        "wap_name": name,
    }})
    .to_string()
}

/// What the payer's side does with a yes.
fn action(client: &Client, request: &PayRequest, fields: &Fields) -> Result<Action, Cause> {
    let trade_type = trade_type(request.way).unwrap_or_default();
    same(fields, "trade_type", trade_type)?;
    let prepay_id = fields.need("prepay_id")?;
    let (seconds, account) = (client.now().seconds(), client.account());
    match request.way {
        Way::WxNative => Ok(Action::QrCode {
            text: fields.need("code_url")?.to_owned(),
        }),
        Way::WxH5 => redirect(fields.need("mweb_url")?, request.return_url.as_deref()),
        Way::WxApp => Ok(Action::App {
            order_string: None,
            params: Some(app(account, seconds, client.nonce(), prepay_id)),
        }),
        _ => Ok(Action::Jsapi {
            params: jsapi(account, request.way, seconds, client.nonce(), prepay_id),
        }),
    }
}

/// The parameters of `getBrandWCPayRequest`, with `paySign`. `timestamp` is in seconds
/// since the epoch, UTC.
fn jsapi(
    account: &Account,
    way: Way,
    timestamp: i64,
    nonce: String,
    prepay_id: &str,
) -> BTreeMap<String, String> {
    let mut params = Fields::default();
    params.set("appId", account.wallet_appid(way));
    params.set("timeStamp", timestamp.to_string());
    params.set("nonceStr", nonce);
    params.set("package", format!("prepay_id={prepay_id}"));
    params.set("signType", account.signer.kind().name());
    let signature = account.signer.sign(&params);
    params.set("paySign", signature);
    params.into()
}

/// The parameters of the app SDK's `PayReq`, with `sign`. The id is bare and no method
/// is named, unlike in [`jsapi`].
fn app(
    account: &Account,
    timestamp: i64,
    nonce: String,
    prepay_id: &str,
) -> BTreeMap<String, String> {
    let mut params = Fields::default();
    params.set("appid", account.wallet_appid(Way::WxApp));
    params.set("partnerid", account.collector());
    params.set("prepayid", prepay_id);
    params.set("package", "Sign=WXPay");
    params.set("noncestr", nonce);
    params.set("timestamp", timestamp.to_string());
    let signature = account.signer.sign(&params);
    params.set(SIGN, signature);
    params.into()
}

/// The H5 address, with the place to which WeChat sends the payer back.
fn redirect(mweb_url: &str, return_url: Option<&str>) -> Result<Action, Cause> {
    let parsed = Url::parse(mweb_url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    let mut url =
        parsed.ok_or_else(|| cause(CauseKind::Unreadable, "mweb_url is no web address"))?;
    if let Some(back) = return_url {
        url.query_pairs_mut().append_pair("redirect_url", back);
    }
    Ok(Action::Redirect { url: url.into() })
}

#[cfg(test)]
pub(super) mod tests;
