//! The counter with WeChat Pay under APIv2.

use super::Wallet;
use till_tests::{App, Options, Protocol};

const WALLET: Wallet = Wallet {
    channel: "wechat",
    way: "WX_BAR",
    pay: "v2/micropay",
    query: "v2/orderquery",
    reverse: "v2/reverse",
    patience: 40,
};

till_tests::stories! {
    with super::counter();
    a_code_that_pays_at_once
    a_payer_who_enters_the_password_after_eight_seconds
    a_code_that_is_refused
    a_payment_that_is_never_confirmed
    a_payment_that_is_told_of_after_it_was_taken_back
    a_charge_whose_connection_breaks_before_it_arrives
    a_charge_whose_connection_breaks_after_it_was_done
    a_reversal_whose_connection_breaks
    a_code_that_is_scanned_again
    a_request_that_is_sent_again_under_its_key
    a_merchant_who_closes_while_the_payer_decides
}

fn counter() -> Options {
    super::counter(Protocol::V2)
}

async fn a_code_that_pays_at_once(app: &App) {
    super::paid_at_once(app, &WALLET).await;
}

async fn a_payer_who_enters_the_password_after_eight_seconds(app: &App) {
    super::paid_after_eight_seconds(app, &WALLET).await;
}

async fn a_code_that_is_refused(app: &App) {
    super::refused(app, &WALLET).await;
}

async fn a_payment_that_is_never_confirmed(app: &App) {
    super::never_answered(app, &WALLET).await;
}

async fn a_payment_that_is_told_of_after_it_was_taken_back(app: &App) {
    super::answered_after_our_reverse(app, &WALLET).await;
}

async fn a_charge_whose_connection_breaks_before_it_arrives(app: &App) {
    super::timed_out_before(app, &WALLET).await;
}

async fn a_charge_whose_connection_breaks_after_it_was_done(app: &App) {
    super::timed_out_after(app, &WALLET).await;
}

async fn a_reversal_whose_connection_breaks(app: &App) {
    super::reversal_timed_out(app, &WALLET).await;
}

async fn a_code_that_is_scanned_again(app: &App) {
    super::scanned_again(app, &WALLET).await;
}

async fn a_merchant_who_closes_while_the_payer_decides(app: &App) {
    super::closed_by_the_merchant(app, &WALLET).await;
}

async fn a_request_that_is_sent_again_under_its_key(app: &App) {
    super::asked_again_under_one_key(app, &WALLET).await;
}
