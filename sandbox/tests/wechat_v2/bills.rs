//! Bills: text or gzip on success, XML in English on failure.

use std::io::Read as _;

use serde_json::json;

use crate::merchant::Merchant;
use crate::message::{Fields, fields, read, write};

/// The sandbox's day in Beijing, and the seconds until ten in the morning of the next.
async fn today(merchant: &Merchant) -> (String, i64) {
    let (_, clock) = merchant.control("GET", "/clock", json!({})).await;
    let now = chrono::DateTime::parse_from_rfc3339(clock["now"].as_str().unwrap()).unwrap();
    let beijing = now.naive_utc() + chrono::TimeDelta::hours(8);
    let ready = beijing
        .date()
        .succ_opt()
        .unwrap()
        .and_hms_opt(10, 0, 0)
        .unwrap();
    let day = beijing.date().format("%Y%m%d").to_string();
    (day, (ready - beijing).num_seconds())
}

/// What came, byte for byte.
async fn download(merchant: &Merchant, call: &Fields) -> Vec<u8> {
    let body = write(&merchant.signed(call));
    let url = format!("{}/pay/downloadbill", merchant.running.url());
    let answer = merchant.http.post(url).body(body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}

async fn failure(merchant: &Merchant, call: &Fields) -> (String, String) {
    let bytes = download(merchant, call).await;
    let answer = read("xml", std::str::from_utf8(&bytes).unwrap());
    assert_eq!(answer["return_code"], "FAIL");
    assert!(
        !answer.contains_key("sign") && !answer.contains_key("err_code"),
        "{answer:?}"
    );
    (answer["return_msg"].clone(), answer["error_code"].clone())
}

#[tokio::test]
async fn a_days_trades_and_refunds_are_in_its_bill_from_ten_in_the_morning_on() {
    let merchant = Merchant::start().await;
    let (day, ready) = today(&merchant).await;
    merchant.paid("order_000001").await;
    merchant.native("order_unpaid").await;
    merchant
        .done(
            "/secapi/pay/refund",
            &merchant.refund("order_000001", "R1", 30),
        )
        .await;
    let code = merchant.code("pay").await;
    merchant
        .done("/pay/micropay", &merchant.scan("order_000002", &code))
        .await;
    merchant.reverse("order_000002").await;
    let call = fields([("bill_date", &*day), ("bill_type", "ALL")]);
    assert_eq!(failure(&merchant, &call).await.0, "No Bill Exist");
    merchant.advance(ready - 60).await;
    assert_eq!(failure(&merchant, &call).await.0, "Bill Creating");
    merchant.advance(61).await;
    let bytes = download(&merchant, &call).await;
    let text = std::str::from_utf8(&bytes).unwrap();
    let text = text.strip_prefix('\u{feff}').unwrap();
    let lines: Vec<_> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 7, "{text}");
    let rows: Vec<Vec<_>> = lines[1..5]
        .iter()
        .map(|line| line.strip_prefix('`').unwrap().split(",`").collect())
        .collect();
    let columns: Vec<_> = lines[0].split(',').collect();
    let cell = |row: &Vec<&str>, name: &str| {
        let place = columns.iter().position(|column| *column == name).unwrap();
        row[place].to_owned()
    };
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                cell(row, "商户订单号"),
                cell(row, "交易状态"),
                cell(row, "退款金额"),
            )
        })
        .collect();
    let of = |number: &str, state: &str, back: &str| {
        (number.to_owned(), state.to_owned(), back.to_owned())
    };
    assert_eq!(
        told,
        [
            of("order_000001", "SUCCESS", "0.00"),
            of("order_000001", "REFUND", "0.30"),
            of("order_000002", "SUCCESS", "0.00"),
            of("order_000002", "REVOKED", "1.00"),
        ]
    );
    assert_eq!(cell(&rows[0], "商户数据包"), "桌号7");
    assert!(
        lines[6].starts_with("`4,`2.00,`1.30,`0.00,"),
        "{}",
        lines[6]
    );

    let mut zipped = call.clone();
    zipped.insert("tar_type".to_owned(), "GZIP".to_owned());
    let zipped = download(&merchant, &zipped).await;
    let mut unzipped = Vec::new();
    flate2::read::GzDecoder::new(&zipped[..])
        .read_to_end(&mut unzipped)
        .unwrap();
    assert_eq!(unzipped, bytes);
}

#[tokio::test]
async fn what_is_wrong_with_the_call_is_said_in_english_with_a_number() {
    let merchant = Merchant::start().await;
    for (call, message) in [
        (fields([("bill_date", "20190219")]), "No Bill Exist"),
        (
            fields([("bill_date", "20190219"), ("bill_type", "X")]),
            "invalid bill_type",
        ),
        (fields([("bill_date", "2019-2-1")]), "data format error"),
        (
            fields([("bill_date", "20190219"), ("tar_type", "ZIP")]),
            "data format error",
        ),
        (Fields::new(), "missing parameter"),
    ] {
        let (told, number) = failure(&merchant, &call).await;
        assert_eq!((&*told, &*number), (message, "20002"));
    }
    let mut forged = merchant.signed(&fields([("bill_date", "20190219")]));
    forged.insert("sign".to_owned(), "0".repeat(32));
    let (_, text) = merchant
        .send("/pay/downloadbill", &write(&forged))
        .await
        .unwrap();
    let answer = read("xml", &text);
    assert_eq!(
        (&*answer["return_msg"], &*answer["error_code"]),
        ("sign error", "20001")
    );
}

#[tokio::test]
async fn a_bill_can_be_falsified_cut_or_blown_up() {
    let merchant = Merchant::start().await;
    let (day, ready) = today(&merchant).await;
    merchant.paid("order_000001").await;
    merchant.advance(ready + 1).await;
    let call = fields([("bill_date", &*day), ("tar_type", "GZIP")]);
    let honest = download(&merchant, &call).await;
    for fault in [
        "wrong_amount",
        "wrong_sums",
        "wrong_seller",
        "cut",
        "zip_bomb",
        "garbage",
    ] {
        merchant
            .fault(json!({ "method": "v2/downloadbill", "fault": fault, "times": 1 }))
            .await;
        assert_ne!(download(&merchant, &call).await, honest, "{fault}");
    }
    assert_eq!(download(&merchant, &call).await, honest);
}
