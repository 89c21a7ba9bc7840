//! Certificates that are fetched with an answer that is not the channel's: what proves
//! WeChat Pay's is that answer, what proves Alipay's is who issued them.

use super::{arm, has_struck};
use crate::truth::{Truth, come_to_rest, until_idle};
use sandbox::{RenewedKey, Rotation};
use serde_json::{Value, json};
use till_tests::{ALIPAY_APPS, App, MCHID, Options};

till_tests::stories! {
    with super::certified();
    a_certificate_of_alipay_is_worth_what_the_roots_say
    a_certificate_of_wechat_pay_that_does_not_come_from_it_is_not_taken
}

fn certified() -> Options {
    Options {
        certificates: true,
        ..Options::default()
    }
}

/// What proves Alipay's certificate is the chain to its roots, whoever hands it over:
/// the answer is signed with the certificate that it brings.
async fn a_certificate_of_alipay_is_worth_what_the_roots_say(app: &App) {
    for fault in ["bad_signature", "unsigned"] {
        let [app_id, _] = ALIPAY_APPS;
        let renewed = app.sandbox.sandbox();
        renewed
            .renew_alipay_certificate(app_id, RenewedKey::New)
            .unwrap();
        let order = app.merchant.order(json!({})).await;
        arm(app, "alipay.open.app.alipaycert.download", fault).await;
        let payable = app.merchant.flow(&order, json!({ "way": "ALI_QR" })).await;
        assert!(has_struck(app, "alipay.open.app.alipaycert.download"));
        app.payer.pay(&payable["action"]).await;
        is_paid(app, &order).await;
    }
}

/// The answer names a certificate that is only in the answer; one that it does not
/// fit brings none.
async fn a_certificate_of_wechat_pay_that_does_not_come_from_it_is_not_taken(app: &App) {
    for fault in ["bad_signature", "signtest"] {
        let sandbox = app.sandbox.sandbox();
        sandbox.rotate_wechat(MCHID, Rotation::Sudden).unwrap();
        let order = app.merchant.order(json!({})).await;
        arm(app, "wechat.certificates", fault).await;
        // The download that keeps certificates fresh, and the answer's own.
        let fault = json!({ "method": "wechat.certificates", "fault": fault });
        app.payer.break_it(fault).await;
        let answer = app
            .merchant
            .try_flow(&order, json!({ "way": "WX_NATIVE" }))
            .await;
        answer.problem(503, "channel_unavailable");
        until_idle(app, &order).await;
        let truth = Truth::of(app, &order).await;
        truth.is_undecided();
        let flow = &truth.order["flows"][0];
        assert_eq!(flow["status"], "unknown", "{truth:#?}");
        app.payer.force(flow["flow_no"].as_str().unwrap()).await;
        app.payer.mend().await;
        is_paid(app, &order).await;
    }
}

async fn is_paid(app: &App, order: &Value) {
    come_to_rest(app, &[order]).await;
    Truth::of(app, order).await.is_paid_once();
}
