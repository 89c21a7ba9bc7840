//! Alipay: a zip of two sheets in GBK, behind a signed address.

use crate::{At, Made, Served, Stopped};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cashier::channel::Bills;
use channels::alipay::{Account, Alipay, Settings};
use encoding_rs::GBK;
use std::io::{BufWriter, Write};
use std::sync::Arc;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const HEADER: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,订单金额（元）,\
    商家实收（元）,退款批次号/请求号,备注";

pub struct Day;

impl At for Day {
    const NAME: &'static str = "Alipay";

    fn bill(trades: u32) -> Made {
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
        let mut length = 0;
        let mut sheet = BufWriter::new(&mut archive);
        let mut write = |text: &str| {
            let (bytes, _, _) = GBK.encode(text);
            length += bytes.len() as u64;
            sheet.write_all(&bytes).unwrap();
        };
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
        Made {
            file: archive.finish().unwrap(),
            hash: String::new(),
            length,
        }
    }

    /// The answer to the question for the address, then the download.
    fn answers(url: &str, made: Made) -> Vec<Served> {
        let node = format!(r#"{{"code":"10000","bill_download_url":"{url}/bill.csv.zip"}}"#);
        let sign = sign(&node);
        let answer = format!(
            r#"{{"alipay_data_dataservice_bill_downloadurl_query_response":{node},"sign":"{sign}"}}"#
        );
        vec![Served::Text(Vec::new(), answer), Served::File(made.file)]
    }

    fn adapter(url: &str) -> impl Bills {
        let settings = Settings {
            gateway_url: format!("{url}/gateway.do"),
            ..Settings::new(
                "2021000000000001",
                "2088000000000001",
                key("app_private_key_pkcs8_base64").into(),
                key("alipay_public_key_spki_base64"),
            )
        };
        Alipay::new(Account::new(settings).unwrap(), Arc::new(Stopped)).unwrap()
    }
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
