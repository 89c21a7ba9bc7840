//! The channels change the certificates that they sign with while payers pay: no payment
//! is lost or refused, and a notice under a certificate that is not known yet is not
//! received before it is.

use crate::truth::{Records, Truth, come_to_rest};
use futures_util::future::{join, join_all};
use sandbox::{ALIPAY_SCHEDULE, RenewedKey, Rotation, Sandbox, WECHAT_SCHEDULE};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use till_tests::{ALIPAY_APPS, App, MCHID, Options, until};

till_tests::stories! {
    with super::certified();
    no_payment_is_lost_or_refused_while_alipay_changes_its_certificate
    no_payment_is_lost_or_refused_while_wechat_pay_changes_its_certificate
    alipay_hears_no_success_about_what_cannot_be_checked_yet
    wechat_pay_hears_no_success_about_what_cannot_be_checked_yet
}

fn certified() -> Options {
    Options {
        certificates: true,
        ..Options::default()
    }
}

/// How many payers pay at once.
const PAYERS: usize = 6;

async fn no_payment_is_lost_or_refused_while_alipay_changes_its_certificate(app: &App) {
    for key in [RenewedKey::New, RenewedKey::Same, RenewedKey::New] {
        let renew = move |sandbox: &Sandbox| {
            let [app_id, _] = ALIPAY_APPS;
            sandbox.renew_alipay_certificate(app_id, key).unwrap();
        };
        under_load(app, "ALI_QR", renew).await;
    }
}

async fn no_payment_is_lost_or_refused_while_wechat_pay_changes_its_certificate(app: &App) {
    let steps = [
        Rotation::Announce,
        Rotation::Turns,
        Rotation::Sign,
        Rotation::Retire,
        Rotation::Sudden,
    ];
    for step in steps {
        let rotate = move |sandbox: &Sandbox| {
            sandbox.rotate_wechat(MCHID, step).unwrap();
        };
        under_load(app, "WX_NATIVE", rotate).await;
    }
}

/// Changes something at a channel while payers pay there, and sees that each order was
/// paid, once.
async fn under_load(app: &App, way: &str, change: impl FnOnce(&Sandbox) + Send + 'static) {
    let changed = AtomicBool::new(false);
    let sandbox = app.sandbox.sandbox().clone();
    let changing = async {
        let change = tokio::task::spawn_blocking(move || change(&sandbox));
        change.await.unwrap();
        changed.store(true, Ordering::SeqCst);
    };
    let paying = (0..PAYERS).map(|_| pay_on(app, way, &changed));
    let (paid, ()) = join(join_all(paying), changing).await;
    let orders: Vec<&Value> = paid.iter().flatten().collect();
    come_to_rest(app, &orders).await;
    let records = Records::read(app).await;
    for order in orders {
        let truth = records.about(app, order).await;
        truth.is_paid_once();
        assert_eq!(truth.paid.len(), 1, "{truth:#?}");
    }
}

/// Pays order after order until the change has happened, and two more.
async fn pay_on(app: &App, way: &str, changed: &AtomicBool) -> Vec<Value> {
    let (mut orders, mut left) = (Vec::new(), 2);
    while left > 0 {
        left -= usize::from(changed.load(Ordering::SeqCst));
        let order = app.merchant.order(json!({})).await;
        let payable = app.merchant.flow(&order, json!({ "way": way })).await;
        app.payer.pay(&payable["action"]).await;
        orders.push(order);
    }
    orders
}

/// Whether the notice names its certificate, and where, no document says.
async fn alipay_hears_no_success_about_what_cannot_be_checked_yet(app: &App) {
    for named in ["absent", "signed", "unsigned"] {
        app.payer
            .rule("alipay", json!({ "notice_cert_sn": named }))
            .await;
        let renew = |sandbox: &Sandbox| {
            let [app_id, _] = ALIPAY_APPS;
            let renewed = sandbox.renew_alipay_certificate(app_id, RenewedKey::New);
            renewed.unwrap();
        };
        let download = "alipay.open.app.alipaycert.download";
        not_received(app, "ALI_QR", renew, download, &ALIPAY_SCHEDULE).await;
    }
}

async fn wechat_pay_hears_no_success_about_what_cannot_be_checked_yet(app: &App) {
    let rotate = |sandbox: &Sandbox| {
        sandbox.rotate_wechat(MCHID, Rotation::Sudden).unwrap();
    };
    let download = "wechat.certificates";
    not_received(app, "WX_NATIVE", rotate, download, &WECHAT_SCHEDULE).await;
}

/// A payer pays after the certificate has changed, and the new one takes its time to be
/// downloaded: the notice comes again, by the channel's schedule, and is received then.
async fn not_received(
    app: &App,
    way: &str,
    change: impl FnOnce(&Sandbox) + Send + 'static,
    download: &str,
    schedule: &[Duration],
) {
    let order = app.merchant.order(json!({})).await;
    let payable = app.merchant.flow(&order, json!({ "way": way })).await;
    let number = app.payer.open(&payable["action"]).await;
    let sandbox = app.sandbox.sandbox().clone();
    let changed = tokio::task::spawn_blocking(move || change(&sandbox));
    changed.await.unwrap();
    let fault = json!({ "method": download, "fault": "delay", "delay_ms": 2000 });
    app.payer.break_it(fault).await;
    app.payer.confirm(&number).await;
    assert!(!is_received(app, &number, 1).await);
    let truth = Truth::of(app, &order).await;
    truth.is_undecided();
    assert_eq!(truth.paid.len(), 1, "{truth:#?}");
    app.payer.mend().await;
    for (wait, nth) in schedule.iter().zip(2..) {
        pass(app, *wait).await;
        app.merchant.until_status(&order, "paid").await;
        if is_received(app, &number, nth).await {
            come_to_rest(app, &[&order]).await;
            return Truth::of(app, &order).await.is_paid_once();
        }
    }
    panic!("the notice was never received");
}

async fn pass(app: &App, wait: Duration) {
    app.advance(u32::try_from(wait.as_secs()).unwrap()).await;
}

/// Whether the trade's notice was received when it came for the `nth` time.
async fn is_received(app: &App, number: &str, nth: usize) -> bool {
    until("the notice is answered", async || {
        let log = app.sandbox.sandbox().deliveries();
        let mut answered = log.deliveries(Some(number));
        answered.retain(|one| one.status.is_some());
        match answered.get(nth - 1) {
            Some(one) => Ok(one.received),
            None => Err(answered),
        }
    })
    .await
}
