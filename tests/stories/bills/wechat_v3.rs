//! WeChat Pay's bills under APIv3: the signed answer names the file's hash.

use super::Shop;
use till_tests::{App, Options, Protocol};

const SHOP: Shop = Shop {
    account: "shop_wechat",
    way: "WX_NATIVE",
    questions: ["wechat.query", "wechat.close"],
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
    super::told_once_it_is_late(app, &SHOP, "wechat.bill_file").await;
}

async fn payments_of_another_system_are_counted_and_no_alarm_each(app: &App) {
    super::another_systems_payments_are_counted(app, &SHOP).await;
}

async fn a_bill_with_anything_wrong_is_refused_whole_and_asked_for_again(app: &App) {
    let faults = [
        ("wechat.bill", "wrong_hash"),
        ("wechat.bill", "wrong_sums"),
        ("wechat.bill", "wrong_seller"),
        ("wechat.bill", "bad_signature"),
        ("wechat.bill", "timeout_before"),
        ("wechat.bill_file", "wrong_amount"),
        ("wechat.bill_file", "cut"),
        ("wechat.bill_file", "zip_bomb"),
        ("wechat.bill_file", "garbage"),
        ("wechat.bill_file", "http_500"),
    ];
    super::refused_whole(app, &SHOP, &faults).await;
}
