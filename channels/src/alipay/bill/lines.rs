//! A bill's lines: GBK, of bounded length, ended by CRLF or LF; and the fields of a
//! line, which may stand in quotes and end in tabs.

use encoding_rs::GBK;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

/// The longest line, in bytes.
const LONGEST_LINE: u64 = 64 * 1024;

/// A file on its way.
pub(super) struct Lines {
    file: BufReader<File>,
    raw: Vec<u8>,
}

impl Lines {
    pub(super) fn new(file: File) -> Lines {
        Lines {
            file: BufReader::new(file),
            raw: Vec::new(),
        }
    }

    /// The next line, without its end and the blanks around it; `None` at the file's
    /// end. A character that is none is replaced: the names of goods are anybody's.
    ///
    /// # Errors
    /// It cannot be read, or has no end.
    pub(super) fn next(&mut self) -> Result<Option<String>, String> {
        self.raw.clear();
        let mut bounded = self.file.by_ref().take(LONGEST_LINE + 1);
        let read = bounded
            .read_until(b'\n', &mut self.raw)
            .map_err(|error| format!("it cannot be read: {error}"))?;
        if u64::try_from(read).unwrap_or(u64::MAX) > LONGEST_LINE {
            return Err("a line of it is too long".to_owned());
        }
        let (text, _) = GBK.decode_without_bom_handling(&self.raw);
        Ok((read > 0).then(|| text.trim_matches(BLANK).to_owned()))
    }

    /// The next line, which must be there.
    ///
    /// # Errors
    /// It is not, or cannot be read.
    pub(super) fn must_come(&mut self) -> Result<String, String> {
        self.next()?.ok_or_else(|| "it is cut".to_owned())
    }

    /// Back to the beginning.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn rewind(mut self) -> Result<Lines, String> {
        let back = self.file.seek(SeekFrom::Start(0));
        back.map_err(|error| format!("it cannot be read again: {error}"))?;
        Ok(self)
    }
}

const BLANK: [char; 4] = [' ', '\t', '\r', '\n'];

/// The fields of a line.
///
/// # Errors
/// A quote that does not end.
pub(super) fn fields(line: &str) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (field, after) = rest.split_at(end);
                (field.to_owned(), after)
            }
        };
        all.push(field.trim_matches(BLANK).to_owned());
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None if after.is_empty() => return Ok(all),
            None => return Err("a field goes on after its quotes".to_owned()),
        }
    }
}

/// What stands up to the closing quote, and what follows it; tabs may stand between.
fn unquoted(quoted: &str) -> Result<(String, &str), String> {
    let mut field = String::new();
    let mut rest = quoted;
    loop {
        let (before, after) = rest.split_once('"').ok_or("a quote does not end")?;
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Ok((field, after.trim_start_matches(['\t', ' ']))),
        }
    }
}

/// A column's name with the brackets that all files agree on.
pub(super) fn column(header: &[String], name: &str) -> Result<usize, String> {
    let plain = |text: &str| text.replace('(', "（").replace(')', "）");
    let mut found = header
        .iter()
        .enumerate()
        .filter(|(_, column)| plain(column) == name);
    match (found.next(), found.next()) {
        (Some((at, _)), None) => Ok(at),
        _ => Err(format!("there is not one column {name}")),
    }
}

/// An amount of yuan that may be negative, in fen.
///
/// # Errors
/// It is none.
pub(super) fn fen(text: &str) -> Result<i64, String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    cashier::money::Money::from_yuan(digits)
        .map(|amount| sign * amount.fen())
        .map_err(|error| format!("an amount is {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_may_be_quoted_and_end_in_tabs() {
        let read = |line: &str| fields(line).unwrap();
        assert_eq!(read("a\t,\t, b ,c"), ["a", "", "b", "c"]);
        assert_eq!(
            read("\"a,b\"\t,\"say \"\"x\"\"\",\"\""),
            ["a,b", "say \"x\"", ""]
        );
        assert_eq!(read("5\" pipe,x"), ["5\" pipe", "x"]);
        assert_eq!(read(""), [""]);
        for bad in ["\"a", "\"a\"b,c", "\"a\"\""] {
            assert!(fields(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn amounts_may_be_negative_and_nothing_else() {
        assert_eq!(fen("-0.04"), Ok(-4));
        assert_eq!(fen("88.88"), Ok(8_888));
        for bad in ["", "-", "--1", "+1", "1.234", "1,000.00"] {
            assert!(fen(bad).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_line_makes_it_panic(line in "[\",\t a你-]{0,40}") {
            let _ = fields(&line);
        }
    }
}
