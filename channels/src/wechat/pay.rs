//! Orders (Native, H5, JSAPI, APP 下单): `POST /v3/pay/transactions/{native,h5,jsapi,app}`.
//!
//! Repeating an order with the same parameters is safe: WeChat answers with a new
//! handle. What the payer's side gets is a QR text, an address, or parameters that
//! are signed here (JSAPI调起支付, APP调起支付).

use super::answer::{cause, read, unknown};
use super::client::Client;
use super::codes::Call;
use super::convert;
use super::wire::{CNY, H5, H5Info, Native, Order, OrderAmount, Prepaid, Scene};
use cashier::channel::{Action, Cause, CauseKind, Outcome, PayRequest};
use cashier::way::Way;
use url::Url;

/// The kind of browser that an H5 order is for; WeChat wants one of three and `Wap`
/// is any.
const H5_KIND: &str = "Wap";

/// What is said about a way of another channel.
const NOT_OURS: &str = "this is not one of this adapter's ways: choose another account";

/// Makes a flow payable.
pub(super) async fn pay(client: &Client, request: &PayRequest) -> Outcome<Action> {
    let (product, order) = match order(client, request) {
        Ok(order) => order,
        Err(message) => return not_payable(message),
    };
    match client
        .post(
            Call::Pay,
            &client.account().names.payments(&[product]),
            &order,
        )
        .await
    {
        Ok(body) => action(client, request, &body).unwrap_or_else(Outcome::Unknown),
        Err(failure) => failure.outcome(|_| None),
    }
}

fn order<'a>(
    client: &'a Client,
    request: &'a PayRequest,
) -> Result<(&'static str, Order<'a>), &'static str> {
    let names = &client.account().names;
    let (mut payer, mut scene_info) = (None, None);
    let product = match request.way {
        Way::WxNative => "native",
        Way::WxApp => "app",
        Way::WxJsapi | Way::WxLite => {
            let openid = request
                .payer
                .as_deref()
                .ok_or("WX_JSAPI and WX_LITE need the payer's openid")?;
            payer = Some(names.payer(openid));
            "jsapi"
        }
        Way::WxH5 => {
            let ip = request
                .client_ip
                .as_deref()
                .ok_or("WX_H5 needs the payer's client_ip")?;
            scene_info = Some(Scene {
                payer_client_ip: ip,
                h5_info: H5Info { kind: H5_KIND },
            });
            "h5"
        }
        _ => return Err(NOT_OURS),
    };
    let order = Order {
        seller: names.seller(request.way),
        description: convert::description(&request.subject, request.flow_no.as_str()),
        out_trade_no: request.flow_no.as_str(),
        time_expire: convert::rfc3339(request.expires_at).ok_or("expires_at is no date")?,
        notify_url: &request.notify_url,
        amount: OrderAmount {
            total: request.amount.fen(),
            currency: CNY,
        },
        payer,
        scene_info,
    };
    Ok((product, order))
}

/// What the payer's side does with the answer. An `Err` is the cause of an outcome
/// that is not known.
fn action(client: &Client, request: &PayRequest, body: &[u8]) -> Result<Outcome<Action>, Cause> {
    let (signer, names) = (&client.account().signer, &client.account().names);
    let appid = names.wallet_appid(request.way);
    let seconds = client.now().seconds();
    let action = match request.way {
        Way::WxNative => Action::QrCode {
            text: given(read::<Native>(body)?.code_url, "code_url")?,
        },
        Way::WxH5 => redirect(&read::<H5>(body)?.h5_url, request.return_url.as_deref())?,
        Way::WxJsapi | Way::WxLite => {
            let prepay_id = given(read::<Prepaid>(body)?.prepay_id, "prepay_id")?;
            match signer.jsapi(appid, seconds, client.nonce(), &prepay_id) {
                Ok(params) => Action::Jsapi { params },
                Err(_) => return Ok(not_signed()),
            }
        }
        Way::WxApp => {
            let prepay_id = given(read::<Prepaid>(body)?.prepay_id, "prepay_id")?;
            match signer.app(
                appid,
                names.collector(),
                seconds,
                client.nonce(),
                &prepay_id,
            ) {
                Ok(params) => Action::App {
                    order_string: None,
                    params: Some(params),
                },
                Err(_) => return Ok(not_signed()),
            }
        }
        _ => return Ok(not_payable(NOT_OURS)),
    };
    Ok(Outcome::Done(action))
}

/// The order exists, and what the wallet needs could not be signed: it may be asked
/// for again.
fn not_signed() -> Outcome<Action> {
    unknown(
        CauseKind::ChannelError,
        "the wallet's parameters could not be signed",
    )
}

/// The request lacks what its way of paying needs: nothing is sent.
fn not_payable(message: &str) -> Outcome<Action> {
    Outcome::NotSent(cause(CauseKind::Mismatch, message))
}

fn given(text: String, name: &str) -> Result<String, Cause> {
    if text.is_empty() {
        return Err(cause(
            CauseKind::Unreadable,
            format!("the answer's {name} is empty"),
        ));
    }
    Ok(text)
}

/// The H5 address, with the place to which WeChat sends the payer back.
fn redirect(h5_url: &str, return_url: Option<&str>) -> Result<Action, Cause> {
    let parsed = Url::parse(h5_url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    let mut url = parsed.ok_or_else(|| cause(CauseKind::Unreadable, "h5_url is no web address"))?;
    if let Some(back) = return_url {
        url.query_pairs_mut().append_pair("redirect_url", back);
    }
    Ok(Action::Redirect { url: url.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_h5_address_gets_the_return_address_and_keeps_its_own_query() {
        let base = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=2";
        let back = "https://shop.example.com/done?order=1&x=二";
        let Ok(Action::Redirect { url }) = redirect(base, Some(back)) else {
            panic!()
        };
        let added =
            "&redirect_url=https%3A%2F%2Fshop.example.com%2Fdone%3Forder%3D1%26x%3D%E4%BA%8C";
        assert_eq!(url, format!("{base}{added}"));
        assert_eq!(
            redirect(base, None),
            Ok(Action::Redirect {
                url: base.to_owned()
            })
        );
        for bad in ["", "javascript:alert(1)", "weixin://wxpay", "/relative"] {
            assert!(redirect(bad, None).is_err(), "{bad}");
        }
    }
}
