//! The counter with WeChat Pay under APIv3.

use super::Wallet;
use till_tests::Protocol;

const WALLET: Wallet = Wallet {
    channel: "wechat",
    way: "WX_BAR",
    pay: "wechat.codepay",
    query: "wechat.query",
    reverse: "wechat.reverse",
    patience: 40,
};

counter!(WALLET, Protocol::V3);
