//! The counter with Alipay.

use super::Wallet;
use till_tests::Protocol;

const WALLET: Wallet = Wallet {
    channel: "alipay",
    way: "ALI_BAR",
    pay: "alipay.trade.pay",
    query: "alipay.trade.query",
    reverse: "alipay.trade.cancel",
    patience: 60,
};

counter!(WALLET, Protocol::V3);
