//! A bill's text, line by line: unpacked on the way, hashed on the way, and given up
//! where a line or the whole has no end.

use super::fault;
use aws_lc_rs::digest::{Context, Digest, SHA1_FOR_LEGACY_USE_ONLY};
use cashier::channel::BillFault;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};

/// The longest line, in bytes: far above any row of a bill.
const LINE: u64 = 16 * 1024;

/// The longest text, in bytes: some ten million rows. A small file that unpacks to
/// more is not a bill.
const WHOLE: u64 = 4 * 1024 * 1024 * 1024;

/// What a gzip file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What the text begins with.
const MARK: &str = "\u{feff}";

/// A bill's text on its way.
pub(super) struct Text {
    reader: BufReader<Box<dyn Read + Send>>,
    hash: Context,
    bytes: u64,
    lines: u64,
    line: Vec<u8>,
}

impl Text {
    /// Begins at the beginning of the file.
    pub(super) fn open(file: &File) -> Result<Text, BillFault> {
        let mut file = file.try_clone().map_err(lost)?;
        let reader: Box<dyn Read + Send> = if is_gzip(&mut file).map_err(lost)? {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        Ok(Text {
            reader: BufReader::new(reader),
            hash: Context::new(&SHA1_FOR_LEGACY_USE_ONLY),
            bytes: 0,
            lines: 0,
            line: Vec::new(),
        })
    }

    /// The next line without its end; `None` after the last.
    pub(super) fn next_line(&mut self) -> Result<Option<&str>, BillFault> {
        self.line.clear();
        let mut bounded = (&mut self.reader).take(LINE);
        let read =
            bounded
                .read_until(b'\n', &mut self.line)
                .map_err(|error| match error.kind() {
                    io::ErrorKind::UnexpectedEof => fault("it is cut off"),
                    io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                        fault("it cannot be unpacked")
                    }
                    _ => lost(error),
                })?;
        if read == 0 {
            return Ok(None);
        }
        self.hash.update(&self.line);
        self.lines += 1;
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(read).unwrap_or(WHOLE));
        let ends = self.line.ends_with(b"\n");
        if !ends && self.line.len() as u64 >= LINE || self.bytes > WHOLE {
            return Err(fault(format!("line {} has no end", self.lines)));
        }
        let line = std::str::from_utf8(&self.line)
            .map_err(|_| fault(format!("line {} is not UTF-8", self.lines)))?;
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        Ok(Some(match self.lines {
            1 => line.strip_prefix(MARK).unwrap_or(line),
            _ => line,
        }))
    }

    /// The SHA-1 of what was read.
    pub(super) fn digest(self) -> Digest {
        self.hash.finish()
    }
}

fn is_gzip(file: &mut File) -> io::Result<bool> {
    file.rewind()?;
    let mut begin = Vec::new();
    file.take(2).read_to_end(&mut begin)?;
    file.rewind()?;
    Ok(begin == GZIP)
}

fn lost(error: io::Error) -> BillFault {
    fault(format!("its file on this machine cannot be read: {error}"))
}
