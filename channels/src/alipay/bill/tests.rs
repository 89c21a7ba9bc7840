//! Bills as the documents show them, and everything that makes one unusable.

use super::*;
use cashier::channel::Payment;
use cashier::id::{FlowNo, RefundNo};
use cashier::money::Money;
use cashier::time::Timestamp;
use encoding_rs::GBK;
use std::io::Write;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const HEADER: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,\
    操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,\
    商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,\
    服务费（元）,分润（元）,备注";

const PAID: &str = "2019091622001400000000000001\t,F1\t,交易,茶,2019-09-16 10:00:00,\
    2019-09-16 10:00:05,\t,\t,\t,\t,pay***@example.com\t,88.88,80.00,0.00,0.00,8.88,0.00,0.00,,\
    0.00\t,0.00,\t,0.48,0.00,";

const REFUNDED: &str = "2019091522001400000000000009\t,F0\t,退款,\"茶, 绿\",2019-09-15 10:00:00,\
    2019-09-16 11:00:00,\t,\t,\t,\t,pay***@example.com\t,-1.00,-1.00,0.00,0.00,0.00,0.00,0.00,,\
    0.00\t,0.00,R0\t,0.00,0.00,";

/// The two files of a day with a payment and a refund.
fn texts() -> (String, String) {
    let detail = [
        "#支付宝业务明细查询",
        "#账号：[20880000000000010156]",
        "#起始日期：[2019年09月16日 00:00:00]   终止日期：[2019年09月17日 00:00:00]",
        "#-----------------------------------------业务明细列表----------------------------------------",
        HEADER,
        PAID,
        REFUNDED,
        "#-----------------------------------------业务明细列表结束------------------------------------",
        "#交易合计：1笔，商家实收共80.00元，商家优惠共0.00元",
        "#退款合计：1笔，商家实收退款共-1.00元，商家优惠退款共0.00元",
        "#导出时间：[2019年09月17日 05:46:49]",
    ];
    let summary = [
        "#支付宝业务汇总查询",
        "#账号：[20880000000000010156]",
        "#起始日期：[2019年09月16日 00:00:00]   终止日期：[2019年09月17日 00:00:00]",
        "#-----------------------------------------业务汇总列表----------------------------------------",
        "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,\
         商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）",
        "合计,\t,1,1,87.88,79.00,8.88,0.00,0.00,0.48,0.00,78.52",
        "#----------------------------------------业务汇总列表结束-------------------------------------",
        "#导出时间：[2019年09月17日 05:46:49]",
    ];
    (detail.join("\r\n"), summary.join("\r\n"))
}

fn gbk(text: &str) -> Vec<u8> {
    let (bytes, _, lossy) = GBK.encode(text);
    assert!(!lossy);
    bytes.into_owned()
}

/// An archive of these files. The names are GBK and no flag says so: they are put in
/// the place of others of their length.
fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (nth, (name, content)) in files.iter().enumerate() {
        archive
            .start_file(placeholder(nth, name), deflated)
            .unwrap();
        archive.write_all(content).unwrap();
    }
    let mut bytes = archive.finish().unwrap().into_inner();
    for (nth, (name, _)) in files.iter().enumerate() {
        let (placeholder, name) = (placeholder(nth, name), gbk(name));
        let mut from = 0;
        while let Some(at) = bytes[from..]
            .windows(name.len())
            .position(|part| part == placeholder.as_bytes())
        {
            bytes[from + at..from + at + name.len()].copy_from_slice(&name);
            from += at;
        }
    }
    bytes
}

fn placeholder(nth: usize, name: &str) -> String {
    format!("{nth}{}", "~".repeat(gbk(name).len() - 1))
}

const DETAIL: &str = "20880000000000010156_20190916_业务明细.csv";
const SUMMARY: &str = "20880000000000010156_20190916_业务明细(汇总).csv";

fn day() -> Day {
    // 2019-09-16 12:00 in China.
    Day::of(Timestamp::from_millis(1_568_606_400_000)).unwrap()
}

fn read(archive: &[u8]) -> Result<Vec<BillRow>, String> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(archive).unwrap();
    let expected = Expected::new("2088000000000001", day()).unwrap();
    let rows: Result<Vec<BillRow>, BillFault> = checked(file, &expected)?.collect();
    Ok(rows.unwrap())
}

fn read_texts(detail: &str, summary: &str) -> Result<Vec<BillRow>, String> {
    read(&packed(&[(DETAIL, &gbk(detail)), (SUMMARY, &gbk(summary))]))
}

#[test]
fn a_day_is_its_payments_and_its_refunds() {
    let (detail, summary) = texts();
    let paid = BillRow::Paid {
        flow_no: FlowNo::new("F1"),
        payment: Payment {
            trade_no: "2019091622001400000000000001".to_owned(),
            amount: Money::from_fen(8_888).unwrap(),
            // 2019-09-16T02:00:05Z
            paid_at: Timestamp::from_millis(1_568_599_205_000),
            payer: None,
            returned: false,
        },
    };
    let refunded = BillRow::Refunded {
        flow_no: FlowNo::new("F0"),
        refund_no: RefundNo::new("R0"),
        amount: Money::from_fen(100).unwrap(),
    };
    let expected = Ok(vec![paid, refunded]);
    assert_eq!(read_texts(&detail, &summary), expected);
    // Whatever ends the lines, whichever file comes first, and with sums of payments
    // alone.
    let lines = |text: &str| gbk(&format!("{}\n", text.replace("\r\n", "\n")));
    let gross = summary.replace("87.88,79.00", "88.88,80.00");
    let turned = packed(&[(SUMMARY, &lines(&gross)), (DETAIL, &lines(&detail))]);
    assert_eq!(read(&turned), expected);
}

#[test]
fn a_day_on_which_nothing_happened_has_no_rows() {
    let (detail, summary) = texts();
    let detail = detail
        .replace(&format!("{PAID}\r\n{REFUNDED}\r\n"), "")
        .replace("1笔，商家实收共80.00元", "0笔，商家实收共0.00元")
        .replace("1笔，商家实收退款共-1.00元", "0笔，商家实收退款共0.00元");
    let none = summary.replace("1,1,87.88,79.00", "0,0,0.00,0.00");
    assert_eq!(read_texts(&detail, &none), Ok(Vec::new()));
    let without: Vec<&str> = summary
        .lines()
        .filter(|line| !line.starts_with("合计"))
        .collect();
    assert_eq!(read_texts(&detail, &without.join("\r\n")), Ok(Vec::new()));
    assert!(read_texts(&detail, &summary).is_err());
}

#[test]
fn a_bill_that_was_changed_anywhere_is_refused_whole() {
    let (detail, summary) = texts();
    for (from, to) in [
        // An amount, in the column that the foot adds up and in the other.
        ("88.88,80.00", "88.88,80.01"),
        ("88.88,80.00", "88.89,80.00"),
        ("-1.00,-1.00", "-2.00,-1.00"),
        ("-1.00,-1.00", "1.00,1.00"),
        ("88.88,80.00", "-88.88,80.00"),
        ("88.88,80.00", "0.00,80.00"),
        ("88.88,80.00", "88.88,eighty"),
        ("共80.00元", "共80.01元"),
        ("共-1.00元", "共1.00元"),
        ("交易合计：1笔", "交易合计：2笔"),
        // Another account's, another day's, and another kind's.
        ("20880000000000010156", "20880000000000020156"),
        ("[2019年09月16日", "[2019年09月15日"),
        ("[2019年09月17日 00", "[2019年09月18日 00"),
        ("#支付宝业务明细查询", "#支付宝账务明细查询"),
        // What cannot be understood.
        (",交易,", ",充值,"),
        ("2019-09-16 10:00:05", "today"),
        (",F1\t,", ",\t,"),
        ("2019091622001400000000000001", ""),
        ("\"茶, 绿\"", "茶, 绿"),
        ("\"茶, 绿\"", "\"茶, 绿"),
        ("订单金额（元）", "金额"),
        ("业务明细列表结束", "another list"),
        ("#导出时间", "#a line more\r\n#导出时间"),
        ("05:46:49]", "05:46:49]\r\nmore"),
    ] {
        let changed = detail.replacen(from, to, 1);
        assert_ne!(changed, detail, "{from}");
        assert!(read_texts(&changed, &summary).is_err(), "{from} -> {to}");
    }
    let twice = detail.replace(PAID, &format!("{PAID}\r\n{PAID}"));
    assert!(read_texts(&twice, &summary).is_err());
    let short: Vec<&str> = detail.lines().filter(|line| *line != PAID).collect();
    assert!(read_texts(&short.join("\r\n"), &summary).is_err());
    let long = detail.replace(PAID, &format!("{PAID}{}", "x".repeat(70_000)));
    assert!(read_texts(&long, &summary).is_err());
}

#[test]
fn sums_beside_it_that_are_others_are_refused() {
    let (detail, summary) = texts();
    for (from, to) in [
        ("1,1,87.88", "2,1,87.88"),
        ("1,1,87.88", "1,2,87.88"),
        ("87.88,79.00", "87.89,79.00"),
        ("87.88,79.00", "87.88,79.01"),
        ("87.88,79.00", "88.88,79.00"),
        ("合计,", "分店,"),
        ("合计,", "合计,\t,1,1,87.88,79.00\r\n合计,"),
        ("20880000000000010156", "20880000000000020156"),
        ("[2019年09月16日", "[2019年09月15日"),
        ("业务汇总列表结束", "another list"),
        ("#导出时间", "#"),
    ] {
        let changed = summary.replacen(from, to, 1);
        assert_ne!(changed, summary, "{from}");
        assert!(read_texts(&detail, &changed).is_err(), "{from} -> {to}");
    }
}

#[test]
fn a_bill_that_is_cut_anywhere_is_refused() {
    let (detail, summary) = texts();
    let (detail, summary) = (gbk(&detail), gbk(&summary));
    let whole = packed(&[(DETAIL, &detail), (SUMMARY, &summary)]);
    assert!(read(&whole).is_ok());
    for length in 0..whole.len() {
        assert!(read(&whole[..length]).is_err(), "{length}");
    }
    // A whole archive of a file that was cut before: its last line ends with `]`.
    let last = detail.len() - "#导出时间：[2019年09月17日 05:46:49]".len() - 6;
    for length in (0..last).step_by(7) {
        let cut = packed(&[(DETAIL, &detail[..length]), (SUMMARY, &summary)]);
        assert!(read(&cut).is_err(), "{length}");
    }
}

#[test]
fn an_archive_that_is_none_or_that_lies_is_refused() {
    let (detail, summary) = texts();
    let (detail, summary) = (gbk(&detail), gbk(&summary));
    let files: &[(&str, &[u8])] = &[(DETAIL, &detail), (SUMMARY, &summary)];
    let whole = packed(files);
    for archive in [
        Vec::new(),
        b"<html>expired</html>".to_vec(),
        packed(&files[..1]),
        packed(&files[1..]),
        packed(&[]),
        packed(&[files[0], files[1], (DETAIL, &detail)]),
        packed(&[files[0], files[1], ("../../etc/passwd", b"root")]),
        packed(&[files[0]; 20]),
    ] {
        assert!(read(&archive).is_err());
    }
    let mut many = whole.clone();
    let end = many.len() - 22;
    many[end + 8..end + 12].copy_from_slice(&[0xff; 4]);
    assert!(read(&many).is_err());
    // One bit of what is packed.
    let mut damaged = whole.clone();
    damaged[200] ^= 1;
    assert!(read(&damaged).is_err());
}

#[test]
fn an_archive_that_swells_is_not_unpacked_to_its_end() {
    let (_, summary) = texts();
    let swollen = vec![b'#'; 32 * 1024 * 1024];
    let archive = packed(&[(DETAIL, &swollen), (SUMMARY, &gbk(&summary))]);
    assert!(archive.len() < 64 * 1024, "{}", archive.len());
    let refused = read(&archive).unwrap_err();
    assert!(refused.contains("more than a bill can be"), "{refused}");
}

#[test]
fn only_alipays_own_hosts_are_asked_for_a_bill() {
    let gateway = Url::parse("https://openapi.alipay.com/gateway.do").unwrap();
    let allowed = |address: &str| trusted(address, &gateway).map(String::from);
    let bill = "https://dwbillcenter.alipay.com/downloadBillFile.resource?token=t";
    assert_eq!(allowed(bill).as_deref(), Some(bill));
    assert_eq!(
        allowed(&bill.replace("https", "http")).as_deref(),
        Some(bill)
    );
    for address in [
        "https://dwbillcenter.alipay.com.example.com/x",
        "https://alipay.com.example.com/x",
        "https://notalipay.com/x",
        "https://user@dwbillcenter.alipay.com/x",
        "https://dwbillcenter.alipay.com:8443/x",
        "ftp://dwbillcenter.alipay.com/x",
        "http://127.0.0.1/x",
        "file:///etc/passwd",
        "dwbillcenter.alipay.com",
        "",
    ] {
        assert_eq!(allowed(address), None, "{address}");
    }
    let sandbox = Url::parse("http://127.0.0.1:8090/gateway.do").unwrap();
    let own = "http://127.0.0.1:8090/bill.zip";
    assert_eq!(
        trusted(own, &sandbox).map(String::from).as_deref(),
        Some(own)
    );
    assert_eq!(trusted("http://127.0.0.1:8091/bill.zip", &sandbox), None);
}
