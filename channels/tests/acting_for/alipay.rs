//! Alipay: the merchant's authorisation, `app_auth_token`, is a parameter of every call and of
//! every address and text that is handed out.

use crate::wire::{Wire, pairs, value};
use crate::{Stopped, every_call, order};
use cashier::channel::{Action, Channel, Offer, Outcome};
use cashier::way::Way;
use channels::alipay::{Account, Alipay, Settings};
use std::sync::Arc;

const TOKEN: &str = "202411BB7c0a4f4e9f1d4f1c8e2b";
const CODE: &str = "281234567890123456";
const BUYER: &str = "2088000000000002";

/// The calls in the order in which [`every_call`] makes them.
const CALLS: [&str; 9] = [
    "alipay.trade.precreate",
    "alipay.trade.create",
    "alipay.trade.pay",
    "alipay.trade.query",
    "alipay.trade.close",
    "alipay.trade.cancel",
    "alipay.trade.refund",
    "alipay.trade.fastpay.refund.query",
    "alipay.data.dataservice.bill.downloadurl.query",
];

fn adapter(url: &str) -> Alipay {
    let settings = Settings {
        gateway_url: format!("{url}/gateway.do"),
        app_auth_token: Some(TOKEN.into()),
        ..Settings::new(
            "2021000000000001",
            "2088000000000001",
            key("app_private_key_pkcs8_base64").into(),
            key("alipay_public_key_spki_base64"),
        )
    };
    Alipay::new(Account::new(settings).unwrap(), Arc::new(Stopped)).unwrap()
}

#[tokio::test]
async fn every_call_to_alipay_shows_the_merchants_authorisation() {
    let mut wire = Wire::open().await;
    let alipay = adapter(&wire.url);
    let orders = [Way::AliQr, Way::AliJsapi, Way::AliBar].map(|way| order(way, BUYER, CODE));
    let sent = every_call(&alipay, &orders, &mut wire).await;
    let forms: Vec<_> = sent.iter().map(|sent| sent.form()).collect();
    let calls: Vec<_> = forms
        .iter()
        .filter_map(|form| value(form, "method"))
        .collect();
    assert_eq!(calls, CALLS);
    for form in &forms {
        assert_eq!(value(form, "app_auth_token"), Some(TOKEN), "{form:?}");
    }
}

#[tokio::test]
async fn what_the_payers_browser_or_app_sends_shows_it_too() {
    let alipay = adapter("http://127.0.0.1:1");
    for way in [Way::AliPc, Way::AliWap, Way::AliApp] {
        let form = match alipay.pay(&order(way, BUYER, CODE)).await {
            Outcome::Done(Offer::Action(Action::Redirect { url })) => {
                pairs(url.split_once('?').unwrap().1)
            }
            Outcome::Done(Offer::Action(Action::App { order_string, .. })) => {
                pairs(&order_string.unwrap())
            }
            other => panic!("{way}: {other:?}"),
        };
        assert_eq!(value(&form, "app_auth_token"), Some(TOKEN), "{way}");
    }
}

fn key(name: &str) -> String {
    let keys: serde_json::Value =
        serde_json::from_str(include_str!("../../fixtures/alipay/00_keys.json")).unwrap();
    keys[name].as_str().unwrap().to_owned()
}
