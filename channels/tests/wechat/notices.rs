//! Notices as the sandbox sends them, honest and not.

use super::shop::{Arrived, MCHID, Shop, fen};
use cashier::channel::{
    Channel, Notice, NoticeFact, NoticeRefusal, Outcome, RawNotice, Receipt, Refunded, Trade,
};
use cashier::id::FlowNo;
use channels::wechat::Settings;
use sandbox::NoticeKind;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

impl Shop {
    fn read(&self, (headers, body): &Arrived) -> Result<Notice, NoticeRefusal> {
        self.wechat.open_notice(RawNotice { headers, body })
    }

    async fn opened(&mut self) -> Result<Notice, NoticeRefusal> {
        let arrived = self.notice().await;
        self.read(&arrived)
    }
}

/// Resends come at once.
fn hasty() -> sandbox::Settings {
    sandbox::Settings {
        wechat_schedule: vec![Duration::from_millis(1); 3],
        ..sandbox::Settings::default()
    }
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
async fn each_end_of_a_refund_is_told() {
    let mut shop = Shop::open().await;
    for (number, refund_no, state, refunded) in [
        ("NOTICE2", "R2", "SUCCESS", Refunded::Succeeded),
        ("NOTICE3", "R3", "ABNORMAL", Refunded::Abnormal),
        ("NOTICE4", "R4", "CLOSED", Refunded::Closed),
    ] {
        let refund = shop.paid(number, refund_no, 100).await;
        shop.opened().await.unwrap();
        shop.wechat.refund(&refund).await;
        shop.control(&format!("refunds/{refund_no}"), json!({ "state": state }))
            .await;
        let fact = shop.opened().await.unwrap().fact;
        let (flow_no, refund_no) = (refund.flow_no, refund.refund_no);
        assert_eq!(
            fact,
            NoticeFact::Refund {
                flow_no,
                refund_no,
                refunded: Some(refunded)
            }
        );
    }
}

#[tokio::test]
async fn a_resent_notice_is_written_anew_and_has_the_same_key() {
    let mut shop = Shop::open_with(hasty(), &[500, 200]).await;
    shop.sell("NOTICE5").await;
    let (first, again) = (shop.notice().await, shop.notice().await);
    assert_ne!(first, again);
    assert_eq!(shop.read(&first).unwrap(), shop.read(&again).unwrap());
}

/// Shows F34.
#[tokio::test]
async fn only_the_answer_to_a_committed_notice_ends_the_resending() {
    for (receipt, status) in [
        (Receipt::Committed, 200),
        (Receipt::Refused, 401),
        (Receipt::Again, 500),
    ] {
        let replies: &'static [u16] = Vec::leak(vec![status, 200]);
        let mut shop = Shop::open_with(hasty(), replies).await;
        assert_eq!(shop.wechat.notice_reply(receipt).status, status);
        shop.sell("NOTICE6").await;
        shop.notice().await;
        if receipt != Receipt::Committed {
            shop.notice().await;
        }
        // Another notice, so that everything before it has been dealt with.
        shop.sell("NOTICE7").await;
        let last = shop.opened().await.unwrap();
        let NoticeFact::Trade { flow_no, .. } = last.fact else {
            panic!("{last:?}")
        };
        assert_eq!(flow_no, FlowNo::new("NOTICE7"), "{receipt:?}");
    }
}

/// Shows F32.
#[tokio::test]
async fn a_probe_is_refused_and_the_right_message_after_it_is_believed() {
    let mut shop = Shop::open_with(hasty(), &[200, 401, 200]).await;
    shop.sell("NOTICE8").await;
    let honest = shop.opened().await.unwrap();
    let probe = NoticeKind::Signtest;
    shop.sandbox
        .sandbox()
        .notify("NOTICE8", Some(MCHID), probe, BTreeMap::new())
        .unwrap();
    let refused = shop.opened().await.unwrap_err();
    assert!(
        matches!(refused, NoticeRefusal::Unverified(_)),
        "{refused:?}"
    );
    assert_eq!(shop.opened().await.unwrap(), honest);
}

/// Shows F34.
#[tokio::test]
async fn a_notice_sealed_with_another_key_is_refused_and_asking_tells_the_truth() {
    let mut shop = Shop::open().await;
    shop.sell("SEALED1").await;
    let (headers, body) = shop.notice().await;
    let changed = shop.with(Settings {
        apiv3_key: "0123456789abcdef0123456789abcdef".into(),
        ..shop.settings()
    });
    let raw = RawNotice {
        headers: &headers,
        body: &body,
    };
    let refused = changed.open_notice(raw).unwrap_err();
    assert!(
        matches!(refused, NoticeRefusal::Unreadable { .. }),
        "{refused:?}"
    );
    // No receipt, so that it is sent again for a day; and a query is not sealed.
    assert_eq!(changed.notice_reply(Receipt::Refused).status, 401);
    let asked = changed.query(&FlowNo::new("SEALED1")).await;
    assert!(matches!(asked, Outcome::Done(Trade::Paid(_))), "{asked:?}");
    assert!(shop.wechat.open_notice(raw).is_ok(), "it was good");
}

#[tokio::test]
async fn dishonest_notices_are_refused_for_what_they_are() {
    let mut shop = Shop::open().await;
    for (number, fault, expected) in [
        ("FORGED1", "bad_signature", None),
        ("FORGED2", "wrong_app_id", Some("FORGED2")),
        ("FORGED3", "wrong_seller", Some("FORGED3")),
    ] {
        shop.fault("notice.wechat", fault);
        shop.sell(number).await;
        let flow = match shop.opened().await.unwrap_err() {
            NoticeRefusal::Unverified(_) => None,
            NoticeRefusal::Identity { flow_no, .. } => flow_no,
            other => panic!("{fault}: {other:?}"),
        };
        assert_eq!(flow, expected.map(FlowNo::new), "{fault}");
    }
}

#[tokio::test]
async fn a_wrong_amount_is_a_fact_of_its_own_for_the_core_to_judge() {
    let mut shop = Shop::open().await;
    shop.fault("notice.wechat", "wrong_amount");
    shop.sell("AMOUNT1").await;
    let wrong = shop.opened().await.unwrap();
    let NoticeFact::Trade {
        trade: Trade::Paid(payment),
        ..
    } = &wrong.fact
    else {
        panic!()
    };
    assert_eq!(payment.amount, fen(8_889));
    let paid = NoticeKind::Paid;
    shop.sandbox
        .sandbox()
        .notify("AMOUNT1", Some(MCHID), paid, BTreeMap::new())
        .unwrap();
    let right = shop.opened().await.unwrap();
    assert_ne!(
        wrong.key, right.key,
        "the right notice must not be taken for a repetition"
    );
}

#[tokio::test]
async fn a_recorded_notice_cannot_be_replayed_after_five_minutes() {
    let mut shop = Shop::open().await;
    shop.sell("REPLAY1").await;
    let (headers, body) = shop.notice().await;
    let raw = RawNotice {
        headers: &headers,
        body: &body,
    };
    assert!(shop.wechat.open_notice(raw).is_ok(), "it is good at first");
    let later = shop.ahead(cashier::time::Span::seconds(302));
    let refused = later.open_notice(raw).unwrap_err();
    assert!(
        matches!(refused, NoticeRefusal::Unverified(_)),
        "{refused:?}"
    );
}
