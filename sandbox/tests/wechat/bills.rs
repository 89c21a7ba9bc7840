//! Daily bills: when there is one, what it says of the ledger's day, its hash, and how it can be
//! wrong.

use std::collections::BTreeMap;
use std::io::Read as _;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use chrono::{DateTime, Duration, FixedOffset, NaiveDate};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::merchant::{APPID, Answer, Departure, MCHID, Merchant};

/// The sandbox's time in Beijing.
async fn beijing(merchant: &Merchant) -> DateTime<FixedOffset> {
    let (_, clock) = merchant.control("GET", "/clock", json!({})).await;
    let now = DateTime::parse_from_rfc3339(clock["now"].as_str().unwrap()).unwrap();
    now.with_timezone(&FixedOffset::east_opt(8 * 3600).unwrap())
}

/// Moves to `hour` o'clock of the next day in Beijing; answers the day that is over then.
async fn tomorrow(merchant: &Merchant, hour: u32) -> NaiveDate {
    let now = beijing(merchant).await;
    let day = now.date_naive();
    let then = (day + Duration::days(1)).and_hms_opt(hour, 0, 1).unwrap();
    merchant
        .advance((then - now.naive_local()).num_seconds() + 1)
        .await;
    day
}

async fn ask(merchant: &Merchant, query: &str) -> Answer {
    let target = format!("/v3/bill/tradebill?{query}");
    merchant.call("GET", &target, "").await
}

/// Downloads what an answer points at, byte for byte.
async fn download(merchant: &Merchant, answer: &Answer) -> (u16, HeaderMap, Vec<u8>) {
    let url = answer.body["download_url"].as_str().unwrap();
    let target = url.strip_prefix(&merchant.running.url()).unwrap();
    assert!(target.starts_with("/v3/billdownload/file?token="), "{url}");
    merchant
        .send_for_bytes("GET", target, "", &Departure::default())
        .await
        .unwrap()
}

fn sha1(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes))
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(bytes);
    decoder.read_to_end(&mut plain).unwrap();
    plain
}

type Row = BTreeMap<String, String>;

/// Reads a bill as the documents describe it: its rows by column names, and its summary.
fn read(csv: &[u8]) -> (Vec<Row>, Row) {
    let text = std::str::from_utf8(csv).unwrap();
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark");
    let mut lines: Vec<_> = text.split("\r\n").collect();
    assert_eq!(lines.pop(), Some(""));
    let cells = |line: &str| -> Vec<String> {
        let line = line.strip_prefix('`').expect("a backtick");
        line.split(",`").map(str::to_owned).collect()
    };
    let named = |header: &str, line: &str| -> Row {
        let (names, cells): (Vec<_>, _) = (header.split(',').collect(), cells(line));
        assert_eq!(names.len(), cells.len(), "{line}");
        names.into_iter().map(str::to_owned).zip(cells).collect()
    };
    let summary = named(lines[lines.len() - 2], lines[lines.len() - 1]);
    let rows = lines[1..lines.len() - 2].iter();
    (rows.map(|line| named(lines[0], line)).collect(), summary)
}

/// Fen of an amount in yuan with two decimals.
fn fen(yuan: &str) -> i64 {
    let (whole, part) = yuan.split_once('.').unwrap();
    assert_eq!(part.len(), 2, "{yuan}");
    format!("{whole}{part}").parse().unwrap()
}

/// A day with two payments, a refund, and an order that nobody paid.
async fn day_of_trade(merchant: &Merchant) {
    // A new day, so that midnight does not come between.
    tomorrow(merchant, 1).await;
    for number in ["order_000001", "order_000002"] {
        let code = merchant.native(number).await;
        merchant.pay(&code, number).await;
        merchant.advance(60).await;
    }
    merchant.native("order_unpaid").await;
    let refund = merchant.refund("order_000001", "refund_1", 30).await;
    assert_eq!(refund.status, 200);
    merchant.advance(60).await;
    merchant
        .until(|| async { merchant.refund_status("refund_1").await == "SUCCESS" })
        .await;
}

#[tokio::test]
async fn a_bill_tells_every_payment_and_refund_that_the_ledger_has_of_that_day() {
    let merchant = Merchant::start().await;
    day_of_trade(&merchant).await;
    let day = tomorrow(&merchant, 10).await;
    let answer = ask(&merchant, &format!("bill_date={day}&bill_type=ALL")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["hash_type"], "SHA1");
    let (status, headers, csv) = download(&merchant, &answer).await;
    assert_eq!(status, 200);
    assert!(
        !headers.contains_key("Wechatpay-Signature"),
        "a file is not signed"
    );
    assert_eq!(answer.body["hash_value"], sha1(&csv));

    let (rows, summary) = read(&csv);
    let (trades, refunds) = merchant.ledger().await;
    let paid: Vec<_> = trades
        .iter()
        .filter(|trade| trade["paid_at"].is_string())
        .collect();
    assert_eq!((paid.len(), refunds.len(), rows.len()), (2, 1, 3));
    for trade in paid {
        let row = rows
            .iter()
            .find(|row| row["交易状态"] == "SUCCESS" && trade["out_trade_no"] == row["商户订单号"])
            .unwrap();
        assert_eq!(trade["trade_no"], row["微信订单号"]);
        assert_eq!(trade["amount"], fen(&row["订单金额"]));
        assert_eq!((&*row["商户号"], &*row["公众账号ID"]), (MCHID, APPID));
        assert_eq!(
            (&*row["交易类型"], &*row["商户数据包"]),
            ("NATIVE", "桌号7")
        );
        let paid_at = DateTime::parse_from_rfc3339(trade["paid_at"].as_str().unwrap()).unwrap();
        let local = paid_at.with_timezone(&FixedOffset::east_opt(8 * 3600).unwrap());
        assert_eq!(
            row["交易时间"],
            local.format("%Y-%m-%d %H:%M:%S").to_string()
        );
    }
    let row = rows.iter().find(|row| row["交易状态"] == "REFUND").unwrap();
    assert_eq!(refunds[0]["out_refund_no"], row["商户退款单号"]);
    assert_eq!(refunds[0]["amount"], fen(&row["退款金额"]));
    assert_eq!(refunds[0]["trade_no"], row["微信订单号"]);
    assert_eq!(row["退款状态"], "SUCCESS");
    assert_eq!(summary["总交易单数"], "3");
    assert_eq!(fen(&summary["订单总金额"]), 200);
    assert_eq!(fen(&summary["退款总金额"]), 30);
}

#[tokio::test]
async fn a_gzip_has_the_hash_of_what_is_inside_it_and_the_kinds_share_the_rows() {
    let merchant = Merchant::start().await;
    day_of_trade(&merchant).await;
    let day = tomorrow(&merchant, 10).await;
    for (kind, states) in [
        ("ALL", vec!["SUCCESS", "SUCCESS", "REFUND"]),
        ("SUCCESS", vec!["SUCCESS", "SUCCESS"]),
        ("REFUND", vec!["REFUND"]),
    ] {
        let query = format!("bill_date={day}&bill_type={kind}&tar_type=GZIP");
        let answer = ask(&merchant, &query).await;
        let (_, _, gzip) = download(&merchant, &answer).await;
        let csv = gunzip(&gzip);
        assert_eq!(answer.body["hash_value"], sha1(&csv), "{kind}");
        let (rows, _) = read(&csv);
        let told: Vec<_> = rows.iter().map(|row| row["交易状态"].as_str()).collect();
        assert_eq!(told, states, "{kind}");
    }
    let none = ask(
        &merchant,
        &format!("bill_date={day}&bill_type=RECHARGE_REFUND"),
    )
    .await;
    assert_eq!(none.code(), (400, "NO_STATEMENT_EXIST"));
}

#[tokio::test]
async fn there_is_no_bill_before_ten_or_of_a_day_without_trade_or_that_is_not_over() {
    let merchant = Merchant::start().await;
    day_of_trade(&merchant).await;
    let today = beijing(&merchant).await.date_naive();
    let none = ask(&merchant, &format!("bill_date={today}")).await;
    assert_eq!(none.code(), (400, "NO_STATEMENT_EXIST"));
    let day = tomorrow(&merchant, 8).await;
    assert_eq!(day, today);
    let early = ask(&merchant, &format!("bill_date={day}")).await;
    assert_eq!(early.code(), (400, "STATEMENT_CREATING"));
    merchant.advance(2 * 3600).await;
    assert_eq!(
        ask(&merchant, &format!("bill_date={day}")).await.status,
        200
    );
    let before = day - Duration::days(1);
    let empty = ask(&merchant, &format!("bill_date={before}")).await;
    assert_eq!(empty.code(), (400, "NO_STATEMENT_EXIST"));
    for wrong in [
        "bill_date=20260101",
        "bill_type=ALL",
        "bill_date=2026-1-1",
        "bill_date=2026-01-01&bill_type=all",
        "bill_date=2026-01-01&tar_type=ZIP",
        "bill_date=2026-01-01&colour=red",
    ] {
        assert_eq!(
            ask(&merchant, wrong).await.code(),
            (400, "PARAM_ERROR"),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_download_needs_the_merchants_own_signature_within_five_minutes() {
    let merchant = Merchant::start().await;
    merchant.register("1900009192");
    day_of_trade(&merchant).await;
    let day = tomorrow(&merchant, 10).await;
    let answer = ask(&merchant, &format!("bill_date={day}")).await;
    let url = answer.body["download_url"].as_str().unwrap();
    let unsigned = merchant.http.get(url).send().await.unwrap();
    assert_eq!(unsigned.status(), 401);
    let target = url.strip_prefix(&merchant.running.url()).unwrap();
    let other = Departure {
        mchid: Some("1900009192".to_owned()),
        ..Departure::default()
    };
    let (status, _, _) = merchant.send("GET", target, "", &other).await.unwrap();
    assert_eq!(status, 400);
    merchant.advance(301).await;
    assert_eq!(merchant.call("GET", target, "").await.status, 400);
}

#[tokio::test]
async fn a_reversed_payment_shows_as_revoked() {
    let merchant = Merchant::start().await;
    tomorrow(&merchant, 1).await;
    let show = json!({ "channel": "wechat", "behaviour": "pay" });
    let (_, code) = merchant.control("POST", "/payer/barcode", show).await;
    let body = json!({
        "appid": APPID, "mchid": MCHID, "description": "一杯茶", "out_trade_no": "order_000001",
        "payer": { "auth_code": code["auth_code"] }, "amount": { "total": 100 },
        "scene_info": { "store_info": { "id": "0001" } },
    });
    let paid = merchant
        .call("POST", "/v3/pay/transactions/codepay", &body.to_string())
        .await;
    assert_eq!(paid.status, 200);
    let target = "/v3/pay/transactions/out-trade-no/order_000001/reverse";
    let body = json!({ "appid": APPID, "mchid": MCHID }).to_string();
    assert_eq!(merchant.call("POST", target, &body).await.status, 200);
    let day = tomorrow(&merchant, 10).await;
    let answer = ask(&merchant, &format!("bill_date={day}")).await;
    let (rows, summary) = read(&download(&merchant, &answer).await.2);
    let states: Vec<_> = rows.iter().map(|row| row["交易状态"].as_str()).collect();
    assert_eq!(states, ["SUCCESS", "REVOKED"]);
    assert_eq!(rows[1]["商户退款单号"], "0", "nobody gave it a number");
    assert_eq!(summary["订单总金额"], summary["退款总金额"]);
}

/// Asks for and downloads the bill of `day` under a fault.
async fn faulty(
    merchant: &Merchant,
    day: NaiveDate,
    method: &str,
    fault: &str,
) -> (Value, Vec<u8>) {
    merchant
        .fault(json!({ "method": method, "fault": fault, "times": 1 }))
        .await;
    let query = format!("bill_date={day}&tar_type=GZIP");
    let answer = ask(merchant, &query).await;
    let (status, _, file) = download(merchant, &answer).await;
    assert_eq!(status, 200);
    (answer.body["hash_value"].clone(), file)
}

#[tokio::test]
async fn a_bill_can_be_wrong_in_every_way_on_demand_and_is_right_again_afterwards() {
    let merchant = Merchant::start().await;
    day_of_trade(&merchant).await;
    let day = tomorrow(&merchant, 10).await;
    let answer = ask(&merchant, &format!("bill_date={day}")).await;
    let (truth, right) = (
        answer.body["hash_value"].clone(),
        download(&merchant, &answer).await.2,
    );

    let (hash, file) = faulty(&merchant, day, "wechat.bill", "wrong_hash").await;
    assert_ne!(hash, truth);
    assert_eq!(gunzip(&file), right);

    let (hash, file) = faulty(&merchant, day, "wechat.bill", "wrong_amount").await;
    let (rows, _) = read(&gunzip(&file));
    assert_eq!(hash, sha1(&gunzip(&file)));
    assert_eq!(fen(&rows[0]["订单金额"]), 101);

    let (hash, file) = faulty(&merchant, day, "wechat.bill", "wrong_sums").await;
    assert_eq!(hash, sha1(&gunzip(&file)));
    assert_eq!(gunzip(&file).len(), right.len());
    assert_eq!(read(&gunzip(&file)).0, read(&right).0);
    assert_ne!(gunzip(&file), right);

    let (hash, file) = faulty(&merchant, day, "wechat.bill", "wrong_seller").await;
    let (rows, _) = read(&gunzip(&file));
    assert_eq!(hash, sha1(&gunzip(&file)));
    assert!(rows.iter().all(|row| row["商户号"] != MCHID));

    let (hash, file) = faulty(&merchant, day, "wechat.bill_file", "wrong_amount").await;
    assert_eq!(hash, truth);
    assert_ne!(sha1(&gunzip(&file)), sha1(&right));

    let (_, file) = faulty(&merchant, day, "wechat.bill_file", "cut").await;
    let mut plain = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&file[..]);
    assert!(decoder.read_to_end(&mut plain).is_err());

    let (_, file) = faulty(&merchant, day, "wechat.bill_file", "zip_bomb").await;
    let decoder = flate2::read::GzDecoder::new(&file[..]);
    let mut inside = decoder.take(64 << 20);
    let read = std::io::copy(&mut inside, &mut std::io::sink()).unwrap();
    assert_eq!(read, 64 << 20);

    let answer = ask(&merchant, &format!("bill_date={day}")).await;
    assert_eq!(answer.body["hash_value"], truth);
    assert_eq!(download(&merchant, &answer).await.2, right);
}

#[tokio::test]
async fn a_day_of_100_000_trades_is_downloaded_whole() {
    let merchant = Merchant::start().await;
    tomorrow(&merchant, 1).await;
    let path = format!("/wechat/{MCHID}/fill");
    let fill = json!({ "trades": 100_000, "amount": 88 });
    let (status, made) = merchant.control("POST", &path, fill).await;
    assert_eq!((status, &made["trades"]), (200, &json!(100_000)));
    let day = tomorrow(&merchant, 10).await;
    let answer = ask(&merchant, &format!("bill_date={day}&tar_type=GZIP")).await;
    let (status, _, gzip) = download(&merchant, &answer).await;
    let csv = gunzip(&gzip);
    assert_eq!(
        (status, &answer.body["hash_value"]),
        (200, &json!(sha1(&csv)))
    );
    let text = std::str::from_utf8(&csv).unwrap();
    assert_eq!(text.lines().count(), 100_003);
    let total = "`100000,`88000.00,`0.00,`0.00,`1000.00000,`88000.00,`0.00\r\n";
    assert!(text.ends_with(total));
    let none = json!({ "trades": 0 });
    assert_eq!(merchant.control("POST", &path, none).await.0, 422);
}
