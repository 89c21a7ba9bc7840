//! Bills: archives, archives around any two texts, and whole bills around any rows.

use super::{Expected, Side, checked};
use crate::fuzz::{check_rows, fen, file, yuan};
use cashier::channel::BillRow;
use cashier::time::{Day, Timestamp};
use encoding_rs::GBK;
use std::io::{Cursor, Write};
use std::sync::LazyLock;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// The seller of the seeds, on 2019-09-16.
static EXPECTED: LazyLock<Expected> = LazyLock::new(|| {
    let day = Day::of(Timestamp::from_millis(1_568_606_400_000)).expect("a day");
    Expected::new("2088000000000001", day).expect("a day with a next one")
});

/// What stands between the two texts: bytes that GBK never has.
const BETWEEN: &[u8] = b"\xff\xff";

/// `a` and an archive, `t` and the texts of its two files, or `r` and rows in UTF-8.
pub fn bill(data: &[u8]) {
    match data.split_first() {
        Some((b'a', archive)) => drop(archived(archive)),
        Some((b't', texts)) => {
            let mut at = texts.windows(BETWEEN.len());
            if let Some(at) = at.position(|bytes| bytes == BETWEEN) {
                let (detail, rest) = texts.split_at(at);
                let rows = archived(&packed(detail, rest.split_at(BETWEEN.len()).1));
                assert!(rows.is_none_or(|rows| rows.len() == count(detail)));
            }
        }
        Some((b'r', rows)) => around(&String::from_utf8_lossy(rows)),
        _ => {}
    }
}

/// With their head and their sums around them, rows are refused for themselves alone.
fn around(rows: &str) {
    let rows = rows.trim_end_matches('\n');
    let (paid, refunded) = sums(rows);
    let head = "#账号：[20880000000000010156]\n\
        #起始日期：[2019年09月16日 00:00:00] 终止日期：[2019年09月17日 00:00:00]";
    let detail = format!(
        "#支付宝业务明细查询\n{head}\n#业务明细列表\n支付宝交易号,商户订单号,业务类型,完成时间,\
         订单金额（元）,商家实收（元）,退款批次号/请求号\n{rows}\n#业务明细列表结束\n\
         #交易合计：{}笔，商家实收共{}元\n#退款合计：{}笔，商家实收退款共{}元\n#导出时间\n",
        paid.count,
        yuan(paid.received),
        refunded.count,
        yuan(refunded.received)
    );
    let summary = format!(
        "#支付宝业务汇总查询\n{head}\n#业务汇总列表\n门店编号,交易订单总笔数,退款订单总笔数,\
         订单金额（元）,商家实收（元）\n合计,{},{},{},{}\n#业务汇总列表结束\n#导出时间\n",
        paid.count,
        refunded.count,
        yuan(paid.ordered),
        yuan(paid.received)
    );
    let detail = GBK.encode(&detail).0;
    let Some(rows) = archived(&packed(&detail, &GBK.encode(&summary).0)) else {
        return;
    };
    assert_eq!(rows.len(), count(&detail));
    let (mut came, mut went) = (0, 0);
    for row in rows {
        match row {
            BillRow::Paid { payment, .. } => came += payment.amount.fen(),
            BillRow::Refunded { amount, .. } => went -= amount.fen(),
        }
    }
    assert_eq!((came, went), (paid.ordered, refunded.ordered));
}

/// The sums of payments and of refunds, read without any care.
fn sums(rows: &str) -> (Side, Side) {
    let (mut paid, mut refunded) = (Side::default(), Side::default());
    for line in rows.lines() {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        if let [_, _, kind, _, ordered, received, _] = cells[..] {
            let side = match kind {
                "退款" => &mut refunded,
                _ => &mut paid,
            };
            side.count += 1;
            side.ordered += fen(ordered);
            side.received += fen(received);
        }
    }
    (paid, refunded)
}

/// It is refused whole, or has the same rows twice.
fn archived(archive: &[u8]) -> Option<Vec<BillRow>> {
    let bill = checked(file(archive), &EXPECTED).ok()?;
    let rows = check_rows(bill);
    let again = checked(file(archive), &EXPECTED).expect("it was whole before");
    assert_eq!(check_rows(again), rows);
    Some(rows)
}

/// How many rows a whole text has: lines that say something, but for the columns' names.
fn count(detail: &[u8]) -> usize {
    let lines = detail.split(|byte| *byte == b'\n');
    let first = |line: &[u8]| line.iter().copied().find(|byte| !b" \t\r".contains(byte));
    let said = lines.filter_map(first).filter(|byte| *byte != b'#');
    said.count().saturating_sub(1)
}

fn packed(detail: &[u8], summary: &[u8]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [("业务明细.csv", detail), ("业务明细(汇总).csv", summary)] {
        archive
            .start_file(name, SimpleFileOptions::default())
            .expect("room");
        archive.write_all(text).expect("room");
    }
    archive.finish().expect("room").into_inner()
}
