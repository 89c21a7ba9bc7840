//! Bills: what a day's file holds, compared with the ledger.

use std::io::Read as _;

use chrono::{DateTime, Utc};
use flate2::{Crc, read::DeflateDecoder};
use serde_json::{Value, json};

use crate::merchant::{APP_ID, Merchant, SELLER_ID, act, order};

const BILL: &str = "alipay.data.dataservice.bill.downloadurl.query";
const DAY: u32 = 24 * 3600;

/// One entry of a zip: its name's bytes, its flags, its content.
struct Entry {
    name: Vec<u8>,
    flags: u16,
    text: String,
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap())
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// Reads a zip from its directory, as its own specification says.
fn unzip(file: &[u8]) -> Vec<Entry> {
    let end = file.len() - 22;
    assert_eq!(&file[end..end + 4], b"PK\x05\x06");
    let mut at = u32_at(file, end + 16);
    assert_eq!(at + u32_at(file, end + 12), end);
    (0..u16_at(file, end + 10))
        .map(|_| {
            assert_eq!(&file[at..at + 4], b"PK\x01\x02");
            let (crc, packed, length) = (
                u32_at(file, at + 16),
                u32_at(file, at + 20),
                u32_at(file, at + 24),
            );
            let name_length = usize::from(u16_at(file, at + 28));
            let name = file[at + 46..at + 46 + name_length].to_vec();
            let local = u32_at(file, at + 42);
            assert_eq!(&file[local..local + 4], b"PK\x03\x04");
            let start = local + 30 + name_length;
            assert_eq!(&file[local + 30..start], name);
            let mut content = Vec::new();
            let mut reader = DeflateDecoder::new(&file[start..start + packed]);
            reader.read_to_end(&mut content).unwrap();
            let mut sum = Crc::new();
            sum.update(&content);
            assert_eq!((sum.sum() as usize, content.len()), (crc, length));
            let flags = u16_at(file, at + 8);
            at += 46 + name_length;
            Entry {
                name,
                flags,
                text: gbk(&content),
            }
        })
        .collect()
}

fn gbk(bytes: &[u8]) -> String {
    let (text, _, broken) = encoding_rs::GBK.decode(bytes);
    assert!(!broken);
    text.into_owned()
}

/// The day of this moment in China.
fn day(moment: DateTime<Utc>) -> String {
    let zone = chrono::FixedOffset::east_opt(8 * 3600).unwrap();
    moment.with_timezone(&zone).format("%Y-%m-%d").to_string()
}

async fn ask(merchant: &Merchant, kind: &str, date: &str) -> Value {
    merchant
        .call(BILL, json!({ "bill_type": kind, "bill_date": date }))
        .await
}

async fn fetch(merchant: &Merchant, node: &Value) -> (u16, Vec<u8>) {
    let url = node["bill_download_url"].as_str().unwrap();
    let answer = merchant.http.get(url).send().await.unwrap();
    (
        answer.status().as_u16(),
        answer.bytes().await.unwrap().to_vec(),
    )
}

/// The rows between the header and the closing line, each by its header's names.
fn rows(text: &str) -> Vec<Vec<(String, String)>> {
    let lines: Vec<_> = text
        .split("\r\n")
        .filter(|line| !line.starts_with('#'))
        .collect();
    let names: Vec<_> = lines[0].split(',').collect();
    lines[1..]
        .iter()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let fields: Vec<_> = line.split(',').collect();
            assert_eq!(fields.len(), names.len(), "{line}");
            names
                .iter()
                .zip(fields)
                .map(|(name, field)| ((*name).to_owned(), field.to_owned()))
                .collect()
        })
        .collect()
}

fn at<'a>(row: &'a [(String, String)], name: &str) -> &'a str {
    &row.iter().find(|(known, _)| known == name).unwrap().1
}

/// A day with two payments and a part refund, and the day after it.
async fn a_day() -> (Merchant, String) {
    let merchant = Merchant::start().await;
    let today = merchant.running.sandbox().clock().now();
    // Keep away from midnight, so that all of it is one day.
    let into_day = (today.timestamp() + 8 * 3600).rem_euclid(i64::from(DAY));
    let wait = (i64::from(DAY) + 3600 - into_day).rem_euclid(i64::from(DAY));
    merchant.advance(u32::try_from(wait).unwrap()).await;
    let date = day(merchant.running.sandbox().clock().now());
    merchant.paid("A1").await;
    merchant.paid("A2").await;
    let refund = json!({ "out_trade_no": "A2", "refund_amount": "10.00", "out_request_no": "R1" });
    assert_eq!(
        merchant.call("alipay.trade.refund", refund).await["code"],
        "10000"
    );
    merchant.scanned("A3").await;
    (merchant, date)
}

#[tokio::test]
async fn a_days_trades_are_told_as_the_ledger_knows_them() {
    let (merchant, date) = a_day().await;
    assert_eq!(
        ask(&merchant, "trade", &date).await["sub_code"],
        "BILL_NOT_EXIST"
    );
    merchant.advance(DAY).await;
    let node = ask(&merchant, "trade", &date).await;
    assert_eq!(node["code"], "10000", "{node}");
    assert!(node.get("bill_file_code").is_none());
    let (status, file) = fetch(&merchant, &node).await;
    assert_eq!(status, 200);
    let entries = unzip(&file);
    let compact = date.replace('-', "");
    let names: Vec<_> = entries.iter().map(|entry| gbk(&entry.name)).collect();
    let payee = format!("{SELLER_ID}0156_{compact}");
    assert_eq!(
        names,
        [
            format!("{payee}_业务明细.csv"),
            format!("{payee}_业务明细(汇总).csv")
        ]
    );
    assert!(entries.iter().all(|entry| entry.flags == 0));

    let text = &entries[0].text;
    assert!(
        text.starts_with("#支付宝业务明细查询\r\n#账号：[20880000000000010156]\r\n#起始日期：[")
    );
    assert!(
        text.contains("#交易合计：2笔，商家实收共177.76元，商家优惠共0.00元\r\n"),
        "{text}"
    );
    assert!(
        text.contains("#退款合计：1笔，商家实收退款共-10.00元，商家优惠退款共0.00元\r\n"),
        "{text}"
    );
    let rows = rows(text);
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                at(row, "商户订单号"),
                at(row, "业务类型"),
                at(row, "订单金额（元）"),
                at(row, "退款批次号/请求号"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("A1\t", "交易\t", "88.88", "\t"),
            ("A2\t", "交易\t", "88.88", "\t"),
            ("A2\t", "退款\t", "-10.00", "R1\t"),
        ]
    );
    let trade = merchant.in_ledger("A1").await.unwrap();
    assert_eq!(
        at(&rows[0], "支付宝交易号").trim(),
        trade["trade_no"].as_str().unwrap()
    );
    assert_eq!(at(&rows[0], "商品名称"), "测试商品 A+B 100%");
    assert!(at(&rows[0], "完成时间").starts_with(&date));
    assert!(
        entries[1].text.contains("合计\t,\t,2,1,167.76,167.76,"),
        "{}",
        entries[1].text
    );
}

#[tokio::test]
async fn the_balance_moves_row_by_row() {
    let (merchant, date) = a_day().await;
    merchant.advance(DAY).await;
    let node = ask(&merchant, "signcustomer", &date).await;
    let entries = unzip(&fetch(&merchant, &node).await.1);
    assert!(
        gbk(&entries[0].name).ends_with("_账务明细.csv")
            && gbk(&entries[1].name).ends_with("_账务汇总.csv")
    );
    let text = &entries[0].text;
    assert!(
        text.contains("#支出合计：1笔，共-10.00元") && text.contains("#收入合计：2笔，共177.76元"),
        "{text}"
    );
    let rows = rows(text);
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                at(row, "收入金额（+元）"),
                at(row, "支出金额（-元）"),
                at(row, "账户余额（元）"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("88.88", "", "88.88"),
            ("88.88", "", "177.76"),
            ("", "-10.00", "167.76")
        ]
    );
}

#[tokio::test]
async fn a_day_without_trades_has_a_file_with_headers_only() {
    let (merchant, date) = a_day().await;
    merchant.advance(2 * DAY).await;
    let next = day(merchant.running.sandbox().clock().now() - chrono::TimeDelta::days(1));
    assert_ne!(next, date);
    let node = ask(&merchant, "trade", &next).await;
    assert_eq!(node["bill_file_code"], "EMPTY_DATA_WITH_BILL_FILE");
    let entries = unzip(&fetch(&merchant, &node).await.1);
    assert!(rows(&entries[0].text).is_empty());
}

#[tokio::test]
async fn an_address_is_good_for_half_a_minute() {
    let (merchant, date) = a_day().await;
    merchant.advance(DAY).await;
    let node = ask(&merchant, "trade", &date).await;
    assert_eq!(fetch(&merchant, &node).await.0, 200);
    merchant.advance(30).await;
    assert_eq!(fetch(&merchant, &node).await.0, 403);
    let forged = json!({ "bill_download_url": format!("{}/downloadBillFile.resource?token=x", merchant.running.url()) });
    assert_eq!(fetch(&merchant, &forged).await.0, 403);
}

#[tokio::test]
async fn a_request_that_cannot_be_is_refused() {
    let merchant = Merchant::start().await;
    for (biz, sub_code) in [
        (json!({ "bill_date": "2024-07-24" }), "INVAILID_ARGUMENTS"),
        (json!({ "bill_type": "trade" }), "INVAILID_ARGUMENTS"),
        (
            json!({ "bill_type": "trade", "bill_date": "24.7.2024" }),
            "INVAILID_ARGUMENTS",
        ),
        (
            json!({ "bill_type": "zft_acc", "bill_date": "2024-07-24" }),
            "TYPE_NOT_SUPPORTED",
        ),
    ] {
        assert_eq!(merchant.call(BILL, biz).await["sub_code"], sub_code);
    }
}

#[tokio::test]
async fn a_merchants_bill_holds_its_own_trades_only() {
    let (merchant, date) = a_day().await;
    let path = format!("alipay/{APP_ID}/merchants");
    let leave = json!({ "seller_id": "2088000000000111", "auth_app_id": "2021000000000111" });
    let (_, given) = merchant.control("POST", &path, leave).await;
    let call = async |method: &str, biz: Value| {
        let mut params = merchant.unsigned(method, &biz);
        params.insert(
            "app_auth_token".into(),
            given["app_auth_token"].as_str().unwrap().into(),
        );
        let body = merchant.post(&merchant.signed(params)).await;
        merchant.verified(method, &body)
    };
    let node = call("alipay.trade.precreate", order("I1")).await;
    merchant.open(node["qr_code"].clone()).await;
    merchant
        .control("POST", &act("I1", "pay"), Value::Null)
        .await;
    merchant.advance(DAY).await;
    let node = call(BILL, json!({ "bill_type": "trade", "bill_date": date })).await;
    let entries = unzip(&fetch(&merchant, &node).await.1);
    assert!(entries[0].text.contains("#账号：[20880000000001110156]"));
    let rows = rows(&entries[0].text);
    assert_eq!((rows.len(), at(&rows[0], "商户订单号")), (1, "I1\t"));
}

#[tokio::test]
async fn a_bill_is_cut_falsified_or_another_ones_on_demand() {
    let (merchant, date) = a_day().await;
    merchant.advance(DAY).await;
    let node = ask(&merchant, "trade", &date).await;
    let (_, whole) = fetch(&merchant, &node).await;
    let fault = |fault: &str| json!({ "method": "alipay.bill_file", "fault": fault, "times": 1 });
    merchant.fault(fault("cut")).await;
    assert_eq!(fetch(&merchant, &node).await.1.len(), whole.len() / 2);
    merchant.fault(fault("wrong_amount")).await;
    let lie = unzip(&fetch(&merchant, &node).await.1).remove(0).text;
    assert_eq!(at(&rows(&lie)[0], "订单金额（元）"), "88.89");
    assert!(
        lie.contains("商家实收共177.76元"),
        "the sums stay true: {lie}"
    );
    merchant.fault(fault("wrong_seller")).await;
    let foreign = unzip(&fetch(&merchant, &node).await.1).remove(0);
    assert!(foreign.text.contains("#账号：[20889999999999990156]"));
    assert_eq!(rows(&foreign.text).len(), 3);
    merchant.fault(fault("zip_bomb")).await;
    assert!(fetch(&merchant, &node).await.1.len() < 4 << 20);
    merchant.fault(fault("garbage")).await;
    assert!(fetch(&merchant, &node).await.1.starts_with(b"<html>"));
    let (status, _) = merchant
        .control("POST", "faults", fault("bad_signature"))
        .await;
    assert_eq!(status, 422);
}
