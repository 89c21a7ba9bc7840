//! A day of a hundred thousand trades needs no more memory than a quiet one. What the
//! whole process ever held is measured, so that this is a program of its own: nothing
//! else may run in it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helper fails its test by a panic"
)]

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cashier::channel::{BillRow, Bills, Outcome};
use cashier::time::{Clock, Day, Span, Timestamp};
use channels::alipay::{Account, Alipay, Settings};
use encoding_rs::GBK;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// 2024-07-25 12:00 in China; the bill is of the day before.
const NOW: Timestamp = Timestamp::from_millis(1_721_880_000_000);

const HEADER: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,订单金额（元）,\
    商家实收（元）,退款批次号/请求号,备注";

struct Stopped;

#[async_trait]
impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        NOW
    }

    async fn sleep(&self, _: Span) {}
}

#[tokio::test]
async fn a_hundred_thousand_trades_need_no_more_memory_than_a_hundred() {
    let quiet = received(100).await;
    assert_eq!(quiet, 100);
    let before = most_memory();
    assert_eq!(received(100_000).await, 100_000);
    let grown = most_memory() - before;
    // The sheet alone has more than twelve million bytes.
    assert!(grown < 4_000_000, "{grown} bytes more than for a hundred");
}

/// How many rows a day of so many trades is read as.
async fn received(trades: u32) -> usize {
    let url = serve(archive(trades)).await;
    let settings = Settings {
        gateway_url: format!("{url}/gateway.do"),
        ..Settings::new(
            "2021000000000001",
            "2088000000000001",
            key("app_private_key_pkcs8_base64").into(),
            key("alipay_public_key_spki_base64"),
        )
    };
    let alipay = Alipay::new(Account::new(settings).unwrap(), Arc::new(Stopped)).unwrap();
    let outcome = alipay.bill(Day::of(NOW).unwrap().before().unwrap()).await;
    let Outcome::Done(Some(bill)) = outcome else {
        panic!("no bill")
    };
    bill.map(Result::unwrap)
        .filter(|row| matches!(row, BillRow::Paid { .. }))
        .count()
}

/// A day's archive, in a file: one fen for each trade.
fn archive(trades: u32) -> File {
    let mut archive = ZipWriter::new(tempfile::tempfile().unwrap());
    let head = |title: &str, list: &str| {
        format!(
            "#支付宝{title}\r\n#账号：[20880000000000010156]\r\n#起始日期：[2024年07月24日 00:00:00]   \
             终止日期：[2024年07月25日 00:00:00]\r\n#-----{list}-----\r\n"
        )
    };
    let made = "#导出时间：[2024年07月25日 05:46:49]\r\n";
    let total = format!("{}.{:02}", trades / 100, trades % 100);
    archive
        .start_file("业务明细.csv", SimpleFileOptions::default())
        .unwrap();
    let mut sheet = BufWriter::new(&mut archive);
    let mut write = |text: &str| sheet.write_all(&GBK.encode(text).0).unwrap();
    write(&head("业务明细查询", "业务明细列表"));
    write(&format!("{HEADER}\r\n"));
    for number in 0..trades {
        write(&format!(
            "20240724220014{number:014}\t,FLOW{number:024}\t,交易,茶,2024-07-24 10:00:00,\
             2024-07-24 10:00:05,0.01,0.01,\t,\r\n"
        ));
    }
    write("#-----业务明细列表结束-----\r\n");
    write(&format!(
        "#交易合计：{trades}笔，商家实收共{total}元，商家优惠共0.00元\r\n"
    ));
    write("#退款合计：0笔，商家实收退款共0.00元，商家优惠退款共0.00元\r\n");
    write(made);
    drop(sheet);
    archive
        .start_file("业务明细(汇总).csv", SimpleFileOptions::default())
        .unwrap();
    let summary = format!(
        "{}门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）\r\n\
         合计,,{trades},0,{total},{total}\r\n#-----业务汇总列表结束-----\r\n{made}",
        head("业务汇总查询", "业务汇总列表")
    );
    archive.write_all(&GBK.encode(&summary).0).unwrap();
    let mut file = archive.finish().unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file
}

/// Answers the question for the address, then the download, piece by piece.
async fn serve(mut archive: File) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let node = format!(r#"{{"code":"10000","bill_download_url":"{url}/bill.csv.zip"}}"#);
    let sign = sign(&node);
    let answer = format!(
        r#"{{"alipay_data_dataservice_bill_downloadurl_query_response":{node},"sign":"{sign}"}}"#
    );
    let length = archive.metadata().unwrap().len();
    tokio::spawn(async move {
        for is_download in [false, true] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = vec![0; 8192];
            let _ = stream.read(&mut seen).await.unwrap();
            let size = if is_download {
                length
            } else {
                answer.len() as u64
            };
            let head =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {size}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            if is_download {
                let mut piece = vec![0; 16 * 1024];
                loop {
                    let read = archive.read(&mut piece).unwrap();
                    if read == 0 {
                        break;
                    }
                    stream.write_all(&piece[..read]).await.unwrap();
                }
            } else {
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            let _ = stream.shutdown().await;
        }
    });
    url
}

fn sign(text: &str) -> String {
    let key = STANDARD
        .decode(key("alipay_private_key_pkcs8_base64"))
        .unwrap();
    let key = RsaKeyPair::from_pkcs8(&key).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut signature,
    )
    .unwrap();
    STANDARD.encode(signature)
}

fn key(name: &str) -> String {
    let keys: serde_json::Value =
        serde_json::from_str(include_str!("../../fixtures/alipay/00_keys.json")).unwrap();
    keys[name].as_str().unwrap().to_owned()
}

/// The most memory that this process ever held, in bytes.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}
