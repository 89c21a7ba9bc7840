//! The counter with WeChat Pay under APIv2.

use super::Wallet;
use till_tests::Protocol;

const WALLET: Wallet = Wallet {
    channel: "wechat",
    way: "WX_BAR",
    pay: "v2/micropay",
    query: "v2/orderquery",
    reverse: "v2/reverse",
    patience: 40,
};

counter!(WALLET, Protocol::V2);
