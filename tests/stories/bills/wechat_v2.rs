//! WeChat Pay's bills under APIv2: nobody signs them, and they have no hash.

use super::Shop;
use till_tests::{App, Options, Protocol};

const SHOP: Shop = Shop {
    account: "shop_wechat",
    way: "WX_NATIVE",
    questions: ["v2/orderquery", "v2/closeorder"],
};

mod meanwhile {
    use super::SHOP;
    use till_tests::App;

    till_tests::stories! {
        with super::super::super::awake(till_tests::Protocol::V2);
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
    super::still(Protocol::V2)
}

async fn a_bill_that_does_not_come_is_told_once_it_is_a_day_late(app: &App) {
    super::told_once_it_is_late(app, &SHOP, "v2/downloadbill").await;
}

async fn payments_of_another_system_are_counted_and_no_alarm_each(app: &App) {
    super::another_systems_payments_are_counted(app, &SHOP).await;
}

async fn a_bill_with_anything_wrong_is_refused_whole_and_asked_for_again(app: &App) {
    let faults = [
        ("v2/downloadbill", "wrong_sums"),
        ("v2/downloadbill", "wrong_seller"),
        ("v2/downloadbill", "cut"),
        ("v2/downloadbill", "zip_bomb"),
        ("v2/downloadbill", "garbage"),
        ("v2/downloadbill", "http_500"),
        ("v2/downloadbill", "timeout_before"),
    ];
    super::refused_whole(app, &SHOP, &faults).await;
}
