//! Notices as the sandbox sends them, honest and not.

use super::shop::{Shop, fen};
use cashier::channel::{
    Channel, Notice, NoticeFact, NoticeRefusal, Outcome, RawNotice, Receipt, Trade,
};
use cashier::id::FlowNo;
use cashier::way::Way;
use channels::wechat_v2::{Settings, SignType};
use serde_json::json;
use std::time::Duration;

impl Shop {
    fn read(&self, body: &[u8]) -> Result<Notice, NoticeRefusal> {
        self.wechat.open_notice(RawNotice { headers: &[], body })
    }

    async fn opened(&mut self) -> Result<Notice, NoticeRefusal> {
        let body = self.notice().await;
        self.read(&body)
    }
}

/// Resends come at once.
async fn hasty(replies: &'static [&'static str]) -> Shop {
    let settings = sandbox::Settings {
        wechat_schedule: vec![Duration::from_millis(1); 3],
        ..sandbox::Settings::default()
    };
    Shop::open_with(settings, json!({}), replies).await
}

#[tokio::test]
async fn a_payment_is_told_as_the_query_tells_it() {
    let mut shop = Shop::open().await;
    shop.sell("NOTICE1").await;
    let flow_no = FlowNo::new("NOTICE1");
    let Outcome::Done(trade) = shop.wechat.query(&flow_no).await else {
        panic!()
    };
    let notice = shop.opened().await.unwrap();
    assert_eq!(notice.fact, NoticeFact::Trade { flow_no, trade });
}

#[tokio::test]
async fn each_end_of_a_refund_is_a_reason_to_ask() {
    let mut shop = Shop::open().await;
    for (number, refund_no, state) in [
        ("NOTICE2", "R2", "SUCCESS"),
        ("NOTICE3", "R3", "ABNORMAL"),
        ("NOTICE4", "R4", "CLOSED"),
    ] {
        let refund = shop.paid(number, refund_no, 100).await;
        shop.opened().await.unwrap();
        shop.wechat.refund(&refund).await;
        shop.control(&format!("refunds/{refund_no}"), json!({ "state": state }))
            .await;
        let fact = shop.opened().await.unwrap().fact;
        let (flow_no, refund_no) = (refund.flow_no, refund.refund_no);
        let refunded = None;
        assert_eq!(
            fact,
            NoticeFact::Refund {
                flow_no,
                refund_no,
                refunded
            }
        );
    }
}

#[tokio::test]
async fn only_the_answer_to_a_committed_notice_ends_the_resending() {
    let mut shop = hasty(&["FAIL", "SUCCESS"]).await;
    shop.sell("NOTICE5").await;
    let (first, again) = (shop.notice().await, shop.notice().await);
    assert_eq!(shop.read(&first).unwrap(), shop.read(&again).unwrap());
    for (receipt, code) in [
        (Receipt::Committed, "SUCCESS"),
        (Receipt::Refused, "FAIL"),
        (Receipt::Again, "FAIL"),
    ] {
        let body = shop.wechat.notice_reply(receipt).body;
        assert!(
            body.contains(&format!("<return_code><![CDATA[{code}]]>")),
            "{body}"
        );
    }
}

/// Shows F32.
#[tokio::test]
async fn dishonest_notices_are_refused_for_what_they_are() {
    let mut shop = Shop::open().await;
    for (number, fault) in [
        ("NOTICE6", "bad_signature"),
        ("NOTICE7", "wrong_seller"),
        ("NOTICE8", "wrong_app_id"),
    ] {
        shop.fault("notice.wechat", fault);
        shop.sell(number).await;
        let refused = shop.opened().await.unwrap_err();
        let expected = match fault {
            "bad_signature" => matches!(refused, NoticeRefusal::Unverified(_)),
            _ => matches!(refused, NoticeRefusal::Identity { .. }),
        };
        assert!(expected, "{fault}: {refused:?}");
    }
}

#[tokio::test]
async fn a_wrong_amount_is_a_fact_for_the_core_to_judge() {
    let mut shop = Shop::open().await;
    shop.fault("notice.wechat", "wrong_amount");
    shop.sell("NOTICE9").await;
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

#[tokio::test]
async fn a_notice_of_the_other_method_is_not_believed() {
    let mut shop = Shop::open().await;
    let md5 = shop.with(Settings {
        sign_type: SignType::Md5,
        ..shop.settings()
    });
    md5.pay(&shop.request("NOTICEA", Way::WxNative)).await;
    shop.sandbox
        .sandbox()
        .force_pay("NOTICEA", Some(super::shop::MCHID))
        .unwrap();
    let body = shop.notice().await;
    assert!(matches!(
        shop.read(&body),
        Err(NoticeRefusal::Unverified(_))
    ));
    let notice = md5.open_notice(RawNotice {
        headers: &[],
        body: &body,
    });
    assert!(notice.is_ok(), "{notice:?}");
}
