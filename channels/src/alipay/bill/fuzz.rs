//! Bills: archives, and archives around any two texts.

use super::{Expected, checked};
use crate::fuzz::{check_rows, file};
use cashier::channel::BillRow;
use cashier::time::{Day, Timestamp};
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

/// `a` and an archive, or `t` and the texts of its two files.
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
        _ => {}
    }
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
