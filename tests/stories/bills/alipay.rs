//! Alipay's bills: an archive that nobody signs, with two files that must agree.

use super::Shop;
use till_tests::{App, Options, Protocol};

const SHOP: Shop = Shop {
    account: "shop_alipay",
    way: "ALI_QR",
    questions: ["alipay.trade.query", "alipay.trade.close"],
};

mod meanwhile {
    use super::SHOP;
    use till_tests::App;

    till_tests::stories! {
        with super::super::super::awake(till_tests::Protocol::V3);
        what_nobody_told_of_is_found_in_the_bill
    }

    async fn what_nobody_told_of_is_found_in_the_bill(app: &App) {
        super::super::what_nobody_told_of_is_found(app, &SHOP).await;
    }
}

till_tests::stories! {
    with super::still();
    a_bill_with_anything_wrong_is_refused_whole_and_asked_for_again
    a_bill_that_does_not_come_is_told_once_it_is_a_day_late
    payments_of_another_system_are_counted_and_no_alarm_each
}

fn still() -> Options {
    super::still(Protocol::V3)
}

async fn a_bill_that_does_not_come_is_told_once_it_is_a_day_late(app: &App) {
    super::told_once_it_is_late(app, &SHOP, "alipay.bill_file").await;
}

async fn payments_of_another_system_are_counted_and_no_alarm_each(app: &App) {
    super::another_systems_payments_are_counted(app, &SHOP).await;
}

async fn a_bill_with_anything_wrong_is_refused_whole_and_asked_for_again(app: &App) {
    let faults = [
        ("alipay.bill_file", "cut"),
        ("alipay.bill_file", "wrong_amount"),
        ("alipay.bill_file", "wrong_seller"),
        ("alipay.bill_file", "zip_bomb"),
        ("alipay.bill_file", "garbage"),
        ("alipay.bill_file", "http_500"),
        (
            "alipay.data.dataservice.bill.downloadurl.query",
            "bad_signature",
        ),
        (
            "alipay.data.dataservice.bill.downloadurl.query",
            "timeout_before",
        ),
    ];
    super::refused_whole(app, &SHOP, &faults).await;
}
