//! The archive of a bill: two files, one of every trade and one of sums, told apart by
//! their names, which are GBK and do not say so. How large they may become is bounded
//! in all and against what was packed.

use encoding_rs::GBK;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use zip::ZipArchive;

/// The most files in an archive; Alipay has two.
const MOST_FILES: u16 = 8;

/// The longest directory of an archive, in bytes: the names of so few files.
const LONGEST_DIRECTORY: u32 = 16 * 1024;

/// The most bytes that an archive may unpack to, in all.
const UNPACKED_LIMIT: u64 = 2 * 1024 * 1024 * 1024;

/// The most bytes that one packed byte may become. Rows that are alike pack well, at
/// most to a fiftieth; what is made to hurt, to a thousandth.
const MOST_EXPANSION: u64 = 200;

/// So much may be unpacked whatever was packed.
const ALWAYS_ALLOWED: u64 = 1024 * 1024;

/// The signature of the record at an archive's end, and its length.
const END: &[u8; 4] = b"PK\x05\x06";
const END_LENGTH: usize = 22;

/// The most bytes at the end in which that record may stand: it, and a comment.
const END_WITHIN: u64 = 22 + 65_535;

/// A bill's two files, unpacked, each at its beginning.
pub(super) struct Files {
    /// 业务明细.
    pub(super) detail: File,
    /// 业务明细(汇总).
    pub(super) summary: File,
}

/// Unpacks an archive.
///
/// # Errors
/// What is wrong with it.
pub(super) fn unpack(mut archive: File) -> Result<Files, String> {
    let files = few_files(&mut archive)?;
    let damaged = |error: zip::result::ZipError| format!("the archive is damaged: {error}");
    let mut archive = ZipArchive::new(BufReader::new(archive)).map_err(damaged)?;
    // Of two files of one name only one would be seen.
    if archive.len() != usize::from(files) {
        return Err("the archive holds a file twice".to_owned());
    }
    let mut left = UNPACKED_LIMIT;
    let (mut detail, mut summary) = (None, None);
    for position in 0..archive.len() {
        let mut entry = archive.by_index(position).map_err(damaged)?;
        let name = name(entry.name_raw());
        let place = match () {
            () if name.contains("汇总") => &mut summary,
            () if name.contains("明细") => &mut detail,
            () => return Err("the archive holds a file that is none of a bill".to_owned()),
        };
        let packed = entry.compressed_size();
        if place
            .replace(unpacked(&mut entry, packed, &mut left)?)
            .is_some()
        {
            return Err("the archive holds a file twice".to_owned());
        }
    }
    match (detail, summary) {
        (Some(detail), Some(summary)) => Ok(Files { detail, summary }),
        _ => Err("the archive does not hold a file of trades and one of sums".to_owned()),
    }
}

/// Reads what the archive's end says of its directory before anybody reads that into
/// memory: how many files there are.
fn few_files(archive: &mut File) -> Result<u16, String> {
    let unreadable = |error: std::io::Error| format!("the archive cannot be read: {error}");
    let length = archive.seek(SeekFrom::End(0)).map_err(unreadable)?;
    let start = length.saturating_sub(END_WITHIN);
    archive.seek(SeekFrom::Start(start)).map_err(unreadable)?;
    let mut tail = Vec::new();
    archive.read_to_end(&mut tail).map_err(unreadable)?;
    archive.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let end = tail
        .windows(END_LENGTH)
        .rposition(|window| window.starts_with(END))
        .and_then(|at| tail.get(at..at + END_LENGTH))
        .ok_or("the archive has no end: it is cut, or no archive")?;
    let files = end.get(10..12).and_then(|bytes| bytes.try_into().ok());
    let files = files.map_or(u16::MAX, u16::from_le_bytes);
    let directory = end.get(12..16).and_then(|bytes| bytes.try_into().ok());
    let directory = directory.map_or(u32::MAX, u32::from_le_bytes);
    if files > MOST_FILES || directory > LONGEST_DIRECTORY {
        return Err("the archive holds too many files".to_owned());
    }
    Ok(files)
}

fn unpacked(entry: &mut impl Read, packed: u64, left: &mut u64) -> Result<File, String> {
    let unwritten = |error: std::io::Error| format!("it cannot be unpacked: {error}");
    let allowed = packed
        .saturating_mul(MOST_EXPANSION)
        .max(ALWAYS_ALLOWED)
        .min(*left);
    let mut file = tempfile::tempfile().map_err(unwritten)?;
    let mut bounded = entry.take(allowed + 1);
    let copied = std::io::copy(&mut bounded, &mut file).map_err(unwritten)?;
    if copied > allowed {
        return Err("the archive unpacks to more than a bill can be".to_owned());
    }
    *left -= copied;
    file.seek(SeekFrom::Start(0)).map_err(unwritten)?;
    Ok(file)
}

fn name(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => GBK.decode_without_bom_handling(raw).0.into_owned(),
    }
}
