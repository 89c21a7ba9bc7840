//! Notices as the sandbox sends them, honest and not.

use super::shop::{Shop, fen};
use cashier::channel::{
    Channel, Notice, NoticeFact, NoticeRefusal, Outcome, RawNotice, Receipt, Refunded, Trade,
};
use cashier::id::FlowNo;
use std::time::Duration;

impl Shop {
    async fn opened(&mut self) -> Result<Notice, NoticeRefusal> {
        let body = self.notice().await;
        self.alipay.open_notice(RawNotice {
            headers: &[],
            body: &body,
        })
    }
}

#[tokio::test]
async fn a_payment_is_told_as_the_query_tells_it() {
    let mut shop = Shop::open().await;
    let refund = shop.paid("N1", "RF1", 100).await;
    let Outcome::Done(queried) = shop.alipay.query(&refund.flow_no).await else {
        panic!("not queried")
    };
    let notice = shop.opened().await.unwrap();
    assert_eq!(
        notice.fact,
        NoticeFact::Trade {
            flow_no: FlowNo::new("N1"),
            trade: queried
        }
    );
}

/// Shows F29.
#[tokio::test]
async fn a_refund_is_a_reason_to_ask_and_no_second_payment() {
    let mut shop = Shop::open().await;
    let refund = shop.paid("N2", "RF2", 100).await;
    let paid = shop.opened().await.unwrap();
    assert_eq!(
        shop.alipay.refund(&refund).await,
        Outcome::Done(Refunded::Succeeded)
    );
    let refunded = shop.opened().await.unwrap();
    assert_eq!(
        refunded.fact,
        NoticeFact::Refund {
            flow_no: FlowNo::new("N2"),
            refund_no: refund.refund_no.clone(),
            refunded: None,
        }
    );
    assert_ne!(paid.key, refunded.key);
}

#[tokio::test]
async fn a_resent_notice_has_the_same_key() {
    let settings = sandbox::Settings {
        alipay_schedule: vec![Duration::from_millis(1_100); 3],
        ..sandbox::Settings::default()
    };
    let mut shop = Shop::open_with(settings, "fail").await;
    shop.paid("N3", "RF3", 100).await;
    let first = shop.opened().await.unwrap();
    let again = shop.opened().await.unwrap();
    assert_eq!(first, again);
}

#[tokio::test]
async fn the_answer_to_a_committed_notice_ends_the_resending() {
    let shop = Shop::open().await;
    assert_eq!(shop.alipay.notice_reply(Receipt::Committed).body, "success");
    for receipt in [Receipt::Refused, Receipt::Again] {
        assert_ne!(shop.alipay.notice_reply(receipt).body, "success");
    }
}

#[tokio::test]
async fn dishonest_notices_are_refused_for_what_they_are() {
    let mut shop = Shop::open().await;
    let faults = [
        ("bad_signature", "unverified"),
        ("v2_signed", "unverified"),
        ("sign_type_removed", "unverified"),
        ("wrong_app_id", "identity"),
        ("wrong_seller", "identity"),
    ];
    for (nth, (fault, expected)) in faults.into_iter().enumerate() {
        shop.fault("notice.alipay", fault).await;
        shop.paid(&format!("N4{nth}"), "RF4", 100).await;
        let refusal = shop.opened().await.unwrap_err();
        let kind = match refusal {
            NoticeRefusal::Unverified(_) => "unverified",
            NoticeRefusal::Identity { .. } => "identity",
            NoticeRefusal::Unreadable { .. } | NoticeRefusal::NotNow(_) => "other",
        };
        assert_eq!(kind, expected, "{fault}");
    }
}

#[tokio::test]
async fn a_signed_wrong_amount_is_passed_on_to_be_compared() {
    let mut shop = Shop::open().await;
    shop.fault("notice.alipay", "wrong_amount").await;
    shop.paid("N5", "RF5", 100).await;
    let fact = shop.opened().await.unwrap().fact;
    let NoticeFact::Trade {
        trade: Trade::Paid(payment),
        ..
    } = fact
    else {
        panic!("{fact:?}")
    };
    assert_ne!(payment.amount, fen(8_888));
}
