//! Making a flow payable: page.pay, wap.pay and app.pay are signed and handed out
//! without a call; precreate asks Alipay for a QR code, create makes a trade for a
//! payer who is known. A payer's code (pay) is decided by Alipay at once.

use super::client::{Addresses, Client, Said, unsendable};
use super::codes::{Call, Meaning};
use super::convert;
use super::settings::PayerId;
use super::wire::{Charged, Created, Order, Precreated};
use cashier::channel::{Action, Cause, CauseKind, Offer, Outcome, PayRequest, Trade};
use cashier::time::Span;
use cashier::way::Way;
use std::collections::BTreeMap;

/// Alipay takes no end that is nearer than a minute. A payment by the payer's code
/// may be given less; it is taken back then, so that the later end here does no harm.
const NEAREST_END: Span = Span::seconds(65);

pub(super) async fn pay(client: &Client, request: &PayRequest) -> Outcome<Offer> {
    match request.way {
        Way::AliPc => page(client, request).map(Offer::Action),
        Way::AliWap => wap(client, request).map(Offer::Action),
        Way::AliApp => app(client, request).map(Offer::Action),
        Way::AliQr => precreate(client, request).await.map(Offer::Action),
        Way::AliJsapi => create(client, request).await.map(Offer::Action),
        Way::AliBar => charge(client, request).await.map(Offer::Trade),
        way => mismatch(format!(
            "{way} is not one of this adapter's ways: choose another account"
        )),
    }
}

fn page(client: &Client, request: &PayRequest) -> Outcome<Action> {
    let link = order(request, &client.account().product_codes.page).and_then(|order| {
        let order = Order {
            qr_pay_mode: Some("2"),
            ..order
        };
        client.link("alipay.trade.page.pay", &order, browser(request))
    });
    handed_out(link.map(|url| Action::Redirect { url }))
}

fn wap(client: &Client, request: &PayRequest) -> Outcome<Action> {
    let link = order(request, &client.account().product_codes.wap).and_then(|order| {
        let order = Order {
            quit_url: request.return_url.as_deref(),
            ..order
        };
        client.link("alipay.trade.wap.pay", &order, browser(request))
    });
    handed_out(link.map(|url| Action::Redirect { url }))
}

fn app(client: &Client, request: &PayRequest) -> Outcome<Action> {
    let order_string = order(request, &client.account().product_codes.app)
        .and_then(|order| client.order_string("alipay.trade.app.pay", &order, server(request)));
    handed_out(order_string.map(|text| Action::App {
        order_string: Some(text),
        params: None,
    }))
}

async fn precreate(client: &Client, request: &PayRequest) -> Outcome<Action> {
    let order = match order(request, &client.account().product_codes.precreate) {
        Ok(order) => order,
        Err(cause) => return Outcome::NotSent(cause),
    };
    match client
        .ask(
            Call::Precreate,
            &order,
            Some(&request.flow_no),
            server(request),
        )
        .await
    {
        Ok(Said::Yes(Precreated { qr_code })) if qr_code.is_empty() => {
            unreadable("the answer's qr_code is empty".to_owned())
        }
        Ok(Said::Yes(Precreated { qr_code })) => Outcome::Done(Action::QrCode { text: qr_code }),
        Ok(Said::No(no)) => no.into_outcome(),
        Err(lost) => lost.into(),
    }
}

/// A trade for a known payer exists at once; the wallet's bridge opens it by Alipay's
/// own number.
async fn create(client: &Client, request: &PayRequest) -> Outcome<Action> {
    let account = client.account();
    let Some(payer) = request.payer.as_deref() else {
        return mismatch("ALI_JSAPI needs the payer".to_owned());
    };
    let order = match order(request, &account.product_codes.jsapi) {
        Ok(order) => order,
        Err(cause) => return Outcome::NotSent(cause),
    };
    let (buyer_id, buyer_open_id) = match account.payer_id {
        PayerId::UserId => (Some(payer), None),
        PayerId::OpenId => (None, Some(payer)),
    };
    let order = Order {
        buyer_id,
        buyer_open_id,
        op_app_id: Some(&account.op_app_id),
        ..order
    };
    match client
        .ask(
            Call::Create,
            &order,
            Some(&request.flow_no),
            server(request),
        )
        .await
    {
        Ok(Said::Yes(Created { trade_no })) if trade_no.is_empty() => {
            unreadable("the answer's trade_no is empty".to_owned())
        }
        Ok(Said::Yes(Created { trade_no })) => Outcome::Done(Action::Jsapi {
            params: BTreeMap::from([("tradeNO".to_owned(), trade_no)]),
        }),
        Ok(Said::No(no)) => no.into_outcome(),
        Err(lost) => lost.into(),
    }
}

/// Alipay charges the payer, asks them for their password, or refuses.
async fn charge(client: &Client, request: &PayRequest) -> Outcome<Trade> {
    let Some(auth_code) = request.auth_code.as_deref() else {
        return mismatch("ALI_BAR needs the payer's code".to_owned());
    };
    let request = PayRequest {
        expires_at: request.expires_at.max(client.now().plus(NEAREST_END)),
        ..request.clone()
    };
    let order = match order(&request, &client.account().product_codes.bar) {
        Ok(order) => order,
        Err(cause) => return Outcome::NotSent(cause),
    };
    let order = Order {
        scene: Some("bar_code"),
        auth_code: Some(auth_code),
        ..order
    };
    match client
        .ask(Call::Pay, &order, Some(&request.flow_no), server(&request))
        .await
    {
        Ok(Said::Yes(charged)) => charged_as(client, &charged),
        Ok(Said::No(no)) if no.meaning == Meaning::Waiting => Outcome::Done(Trade::Waiting),
        Ok(Said::No(no)) => no.into_outcome(),
        Err(lost) => lost.into(),
    }
}

fn charged_as(client: &Client, charged: &Charged) -> Outcome<Trade> {
    let said = convert::Said {
        trade_no: &charged.trade_no,
        status: "TRADE_SUCCESS",
        total_amount: &charged.total_amount,
        paid_at: charged.gmt_payment.as_deref(),
        refunded: false,
        payer: charged
            .buyer_open_id
            .as_deref()
            .or(charged.buyer_user_id.as_deref()),
    };
    match convert::trade(said, client.now()) {
        Ok(trade) => Outcome::Done(trade),
        Err(detail) => unreadable(detail),
    }
}

fn order<'a>(request: &'a PayRequest, product_code: &'a str) -> Result<Order<'a>, Cause> {
    Ok(Order {
        out_trade_no: request.flow_no.as_str(),
        total_amount: request.amount.to_yuan(),
        subject: convert::subject(&request.subject),
        product_code,
        time_expire: convert::time_text(request.expires_at)
            .ok_or_else(|| unsendable("expires_at is outside of the calendar"))?,
        qr_pay_mode: None,
        quit_url: None,
        scene: None,
        auth_code: None,
        buyer_id: None,
        buyer_open_id: None,
        op_app_id: None,
    })
}

fn browser(request: &PayRequest) -> Addresses<'_> {
    Addresses {
        notify: Some(&request.notify_url),
        back: request.return_url.as_deref(),
    }
}

fn server(request: &PayRequest) -> Addresses<'_> {
    Addresses {
        notify: Some(&request.notify_url),
        back: None,
    }
}

fn handed_out(action: Result<Action, Cause>) -> Outcome<Action> {
    match action {
        Ok(action) => Outcome::Done(action),
        Err(cause) => Outcome::NotSent(cause),
    }
}

fn mismatch<T>(detail: String) -> Outcome<T> {
    Outcome::NotSent(Cause {
        kind: CauseKind::Mismatch,
        detail,
    })
}

fn unreadable<T>(detail: String) -> Outcome<T> {
    Outcome::Unknown(Cause {
        kind: CauseKind::Unreadable,
        detail,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use cashier::id::FlowNo;
    use cashier::money::Money;
    use cashier::time::Timestamp;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;
    use url::form_urlencoded;

    fn request(way: Way) -> PayRequest {
        PayRequest {
            flow_no: FlowNo::new("SIM20240724000002"),
            way,
            amount: Money::from_fen(8_888).unwrap(),
            subject: "测试 A/B".to_owned(),
            // 2024-07-24 03:22:50.5 GMT+8
            expires_at: Timestamp::from_millis(1_721_762_570_500),
            notify_url: "https://till.example/notify/acc_1".to_owned(),
            return_url: Some("https://till.example/back".to_owned()),
            client_ip: None,
            payer: None,
            auth_code: None,
        }
    }

    /// What is handed out for a way, as Alipay reads it: the parameters beside the
    /// content, and the content.
    async fn handed_out(way: Way) -> (BTreeMap<String, String>, Value) {
        let text = match pay(&fixture::client(), &request(way)).await {
            Outcome::Done(Offer::Action(Action::Redirect { url })) => {
                let query = url.strip_prefix("https://openapi.alipay.com/gateway.do?");
                query.unwrap().to_owned()
            }
            Outcome::Done(Offer::Action(Action::App {
                order_string: Some(text),
                params: None,
            })) => text,
            other => panic!("{other:?}"),
        };
        let mut parameters: BTreeMap<String, String> = form_urlencoded::parse(text.as_bytes())
            .into_owned()
            .collect();
        assert!(parameters.remove("sign").is_some());
        let content = parameters.remove("biz_content").unwrap();
        (parameters, serde_json::from_str(&content).unwrap())
    }

    fn beside(method: &str, back: bool) -> BTreeMap<String, String> {
        let mut expected = BTreeMap::from([
            ("app_id", "2021000000000001"),
            ("charset", "utf-8"),
            ("format", "JSON"),
            ("method", method),
            ("notify_url", "https://till.example/notify/acc_1"),
            ("sign_type", "RSA2"),
            ("timestamp", "2024-07-24 03:07:50"),
            ("version", "1.0"),
        ]);
        if back {
            expected.insert("return_url", "https://till.example/back");
        }
        expected
            .into_iter()
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect()
    }

    fn content(product_code: &str) -> Value {
        json!({
            "out_trade_no": "SIM20240724000002",
            "total_amount": "88.88",
            "subject": "测试 A B",
            "product_code": product_code,
            "time_expire": "2024-07-24 03:22:50",
        })
    }

    #[tokio::test]
    async fn a_page_carries_exactly_what_the_document_asks_for() {
        let mut expected = content("FAST_INSTANT_TRADE_PAY");
        expected["qr_pay_mode"] = json!("2");
        assert_eq!(
            handed_out(Way::AliPc).await,
            (beside("alipay.trade.page.pay", true), expected)
        );
    }

    #[tokio::test]
    async fn a_phone_page_also_says_where_a_payer_lands_who_leaves() {
        let mut expected = content("QUICK_WAP_WAY");
        expected["quit_url"] = json!("https://till.example/back");
        assert_eq!(
            handed_out(Way::AliWap).await,
            (beside("alipay.trade.wap.pay", true), expected)
        );
    }

    #[tokio::test]
    async fn an_order_string_has_no_address_to_return_to() {
        assert_eq!(
            handed_out(Way::AliApp).await,
            (
                beside("alipay.trade.app.pay", false),
                content("QUICK_MSECURITY_PAY")
            )
        );
    }
}
