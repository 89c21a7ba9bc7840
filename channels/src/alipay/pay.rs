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
        way @ (Way::WxNative | Way::WxH5 | Way::WxJsapi | Way::WxApp) => Outcome::NotSent(Cause {
            kind: CauseKind::Mismatch,
            detail: format!("{way} is not one of Alipay's ways: choose a WeChat Pay account"),
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
