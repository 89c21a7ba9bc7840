//! Ways in for `tests/fuzz`, and for nobody else: each takes what a stranger may send,
//! panics when a promise is broken, and says nothing. Where a signature or a seal
//! stands before the code, the vectors' throw-away keys make one, so that what lies
//! behind it is reached too.

pub use crate::alipay::fuzz::{
    answer as alipay_answer, bill as alipay_bill, notice as alipay_notice,
};
pub use crate::wechat::fuzz::{bill as wechat_bill, notice as wechat_notice};
pub use crate::wechat_v2::fuzz::message as wechat_v2;

use cashier::channel::{BillFault, BillRow};
use cashier::money::Money;
use std::fs::File;
use std::io::{Seek, Write};

/// A downloaded file with this content.
pub(crate) fn file(content: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(content).expect("it can be written");
    file.rewind().expect("it can be read");
    file
}

/// A bill that was found whole holds rows alone, each of some money and with numbers.
pub(crate) fn check_rows(bill: impl Iterator<Item = Result<BillRow, BillFault>>) -> Vec<BillRow> {
    let rows: Vec<_> = bill
        .map(|row| row.expect("a bill that was found whole has no faulty row"))
        .collect();
    for row in &rows {
        let (flow_no, number, amount) = match row {
            BillRow::Paid { flow_no, payment } => {
                (flow_no, payment.trade_no.as_str(), payment.amount)
            }
            BillRow::Refunded {
                flow_no,
                refund_no,
                amount,
            } => (flow_no, refund_no.as_str(), *amount),
        };
        assert!(
            !flow_no.as_str().is_empty() && !number.is_empty(),
            "{row:?}"
        );
        assert!(amount.is_positive(), "{row:?}");
    }
    rows
}

/// An amount of yuan in fen; what is none is nothing.
pub(crate) fn fen(text: &str) -> i64 {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    sign * Money::from_yuan(digits).map_or(0, Money::fen)
}

/// An amount of fen in yuan.
pub(crate) fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", fen.abs() / 100, fen.abs() % 100)
}
