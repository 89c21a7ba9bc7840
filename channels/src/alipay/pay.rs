//! Making a flow payable: page.pay, wap.pay and app.pay are signed and handed out
//! without a call; precreate asks Alipay for a QR code.

use super::client::{Addresses, Client, Said, unsendable};
use super::codes::Call;
use super::convert;
use super::wire::{Order, Precreated};
use cashier::channel::{Action, Cause, CauseKind, Outcome, PayRequest};
use cashier::way::Way;

pub(super) async fn pay(client: &Client, request: &PayRequest) -> Outcome<Action> {
    match request.way {
        Way::AliPc => page(client, request),
        Way::AliWap => wap(client, request),
        Way::AliApp => app(client, request),
        Way::AliQr => precreate(client, request).await,
        way => Outcome::NotSent(Cause {
            kind: CauseKind::Mismatch,
            detail: format!("{way} is not one of this adapter's ways: choose another account"),
        }),
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
        .ask(Call::Precreate, &order, &request.flow_no, server(request))
        .await
    {
        Ok(Said::Yes(Precreated { qr_code })) if qr_code.is_empty() => Outcome::Unknown(Cause {
            kind: CauseKind::Unreadable,
            detail: "the answer's qr_code is empty".to_owned(),
        }),
        Ok(Said::Yes(Precreated { qr_code })) => Outcome::Done(Action::QrCode { text: qr_code }),
        Ok(Said::No(no)) => no.into_outcome(),
        Err(lost) => lost.into(),
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
            Outcome::Done(Action::Redirect { url }) => {
                let query = url.strip_prefix("https://openapi.alipay.com/gateway.do?");
                query.unwrap().to_owned()
            }
            Outcome::Done(Action::App {
                order_string: Some(text),
                params: None,
            }) => text,
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
