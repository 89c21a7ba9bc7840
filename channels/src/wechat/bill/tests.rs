use super::*;
use crate::wechat::fixture;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cashier::channel::Payment;
use cashier::id::{FlowNo, RefundNo};
use cashier::money::Money;
use cashier::time::Timestamp;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn owner() -> Owner {
    Owner {
        merchant: "1900009191".to_owned(),
        sub_merchant: None,
    }
}

fn vector() -> String {
    let vector = fixture::read("30_bill.json");
    vector["csv_utf8"].as_str().unwrap().to_owned()
}

fn rows(bytes: &[u8], hash: Option<&str>) -> Result<Vec<BillRow>, BillFault> {
    open(&file(bytes), &owner(), hash)?.collect()
}

fn refused(bytes: &[u8], hash: Option<&str>) -> String {
    match open(&file(bytes), &owner(), hash) {
        Ok(_) => panic!("it was taken"),
        Err(BillFault(why)) => why,
    }
}

/// What the vector's table says.
fn expected() -> Vec<BillRow> {
    vec![
        BillRow::Paid {
            flow_no: FlowNo::new("20150806125346"),
            payment: Payment {
                trade_no: "4200000263201902167700134902".to_owned(),
                amount: Money::from_fen(88).unwrap(),
                paid_at: Timestamp::from_millis(1_550_512_352_000),
                payer: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".to_owned()),
                returned: false,
            },
        },
        BillRow::Refunded {
            flow_no: FlowNo::new("20150806125346"),
            refund_no: RefundNo::new("R20150806125346-1"),
            amount: Money::from_fen(30).unwrap(),
        },
    ]
}

pub(in crate::wechat) fn vectors() {
    let vector = fixture::read("30_bill.json");
    let text = |name: &str| vector[name].as_str().unwrap();
    let plain = STANDARD.decode(text("csv_base64")).unwrap();
    let gzip = STANDARD.decode(text("gzip_base64")).unwrap();
    assert_eq!(plain, text("csv_utf8").as_bytes());
    let hash = text("sha1_hex_of_raw_csv");
    for bytes in [&plain, &gzip] {
        assert_eq!(rows(bytes, Some(hash)), Ok(expected()));
        assert_eq!(rows(bytes, Some(&hash.to_uppercase())), Ok(expected()));
        let of_the_packed = text("sha1_hex_of_gzip_bytes_do_not_use");
        assert!(refused(bytes, Some(of_the_packed)).contains("hash"));
    }
}

#[test]
fn a_bill_that_was_cut_anywhere_is_refused_whole() {
    let plain = vector();
    let gzip = zipped(plain.as_bytes());
    for cut in 1..gzip.len() {
        refused(&gzip[..cut], None);
    }
    // The sum line's own end may be missing: nothing else can be.
    let last =
        plain.trim_end().rfind('\n').unwrap() + "`2,`0.88,`0.30,`0.00,`0.01000,`0.88,`0.3".len();
    for cut in 0..last {
        refused(&plain.as_bytes()[..cut], None);
    }
}

#[test]
fn a_bill_whose_content_was_changed_is_refused_for_what_it_is() {
    let plain = vector();
    for (from, to, why) in [
        ("`0.88,`0.00,`\r\n", "`0.89,`0.00,`\r\n", "订单金额"),
        ("`0.00,`0.30,`\r\n", "`0.00,`0.31,`\r\n", "申请退款金额"),
        ("`0.88,`0.00,`\r\n", "`8.8e1,`0.00,`\r\n", "订单金额"),
        ("`0.88,`0.00,`\r\n", "`-0.88,`0.00,`\r\n", "订单金额"),
        ("\r\n`2,", "\r\n`3,", "number of rows"),
        ("`1900009191,`0,`,", "`1900009192,`0,`,", "another merchant"),
        (
            "`1900009191,`0,`,",
            "`1900009191,`1900009192,`,",
            "another merchant",
        ),
        ("`SUCCESS,`OTHERS", "`SUCCESSFUL,`OTHERS", "交易状态"),
        ("`ORIGINAL,`SUCCESS", "`ORIGINAL,`PERHAPS", "退款状态"),
        ("`CNY,`0.88", "`USD,`0.88", "货币种类"),
        ("2019-02-19 01:52:32", "2019-02-30 01:52:32", "交易时间"),
        ("商户订单号,", "订单,", "商户订单号"),
        ("`NATIVE,`SUCCESS,", "`NATIVE`SUCCESS,", "row 1"),
        ("`0.88,`0.30\r\n", "`0.88,`0.30\r\n`1\r\n", "after its sums"),
        ("`0.88,`0.30\r\n", "`0.88\r\n", "cells"),
    ] {
        assert!(plain.contains(from), "{from}");
        let changed = plain.replacen(from, to, 1);
        let seen = refused(changed.as_bytes(), None);
        assert!(seen.contains(why), "{from} {to}: {seen}");
    }
    assert!(refused(b"", None).contains("empty"));
    assert!(refused(&[0xff; 100], None).contains("UTF-8"));
}

#[test]
fn a_text_of_the_merchants_own_cannot_move_the_amounts() {
    let plain = vector();
    for tricky in ["a,`b", "`,`9.99,`", ",`,`,`,`,`,`,`,`,`"] {
        let tricked = plain.replace("QQ会员充值,一个月", tricky);
        assert_eq!(rows(tricked.as_bytes(), None), Ok(expected()), "{tricky}");
    }
}

#[test]
fn a_small_file_that_unpacks_without_end_is_given_up_early() {
    let bomb = zipped(&vec![0; 8 * 1024 * 1024]);
    assert!(bomb.len() < 100_000);
    assert!(refused(&bomb, None).contains("no end"));
    let mut after_the_names = vector().into_bytes();
    after_the_names.resize(8 * 1024 * 1024, b'`');
    assert!(refused(&zipped(&after_the_names), None).contains("no end"));
}

#[test]
fn a_payment_that_was_taken_back_is_money_that_is_not_ours() {
    let revoked = vector().replace("`NATIVE,`REFUND,", "`MICROPAY,`REVOKED,");
    let rows = rows(revoked.as_bytes(), None).unwrap();
    let BillRow::Paid { payment, .. } = &rows[1] else {
        panic!("{rows:?}")
    };
    assert!(payment.returned);
    assert_eq!(payment.amount.fen(), 30);
}

#[test]
fn a_refund_that_failed_is_no_row() {
    for state in ["FAIL", "CHANGE", "ABNORMAL", "REFUNDCLOSE", "CLOSED"] {
        let failed = vector().replace("`ORIGINAL,`SUCCESS", &format!("`ORIGINAL,`{state}"));
        let read = rows(failed.as_bytes(), None);
        assert_eq!(read, Ok(expected()[..1].to_vec()), "{state}");
    }
}

#[test]
fn a_merchant_below_a_provider_has_its_own_bill() {
    let below = vector().replace("`1900009191,`0,", "`1900009191,`1900000109,");
    let of = |sub: &str| Owner {
        sub_merchant: Some(sub.to_owned()),
        ..owner()
    };
    assert!(open(&file(below.as_bytes()), &of("1900000109"), None).is_ok());
    assert!(open(&file(below.as_bytes()), &of("1900000110"), None).is_err());
    assert!(open(&file(below.as_bytes()), &owner(), None).is_err());
}

/// The file is on disk, and memory is a line: the rows are counted and not kept.
#[test]
fn a_day_of_a_hundred_thousand_trades_is_read_row_by_row() {
    const ROWS: usize = 100_000;
    let vector = vector();
    let mut lines = vector.split_inclusive("\r\n");
    let (names, row) = (lines.next().unwrap(), lines.next().unwrap());
    let sum_names = lines.nth(1).unwrap();
    let mut encoder = GzEncoder::new(tempfile::tempfile().unwrap(), Compression::fast());
    encoder.write_all(names.as_bytes()).unwrap();
    for number in 0..ROWS {
        let row = row.replace("20150806125346", &format!("F{number:07}"));
        encoder.write_all(row.as_bytes()).unwrap();
    }
    encoder.write_all(sum_names.as_bytes()).unwrap();
    let sums = "`100000,`88000.00,`0.00,`0.00,`1000.00000,`88000.00,`0.00\r\n";
    encoder.write_all(sums.as_bytes()).unwrap();
    let bill = open(&encoder.finish().unwrap(), &owner(), None).unwrap();
    let read = bill.map(|row| assert!(row.is_ok())).count();
    assert_eq!(read, ROWS);
}

#[test]
fn every_vector_of_a_bill_is_read() {
    vectors();
}
