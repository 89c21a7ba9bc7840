//! Trade bills (交易账单), as both versions of WeChat Pay make them: UTF-8 with a byte
//! order mark, a line of names, rows whose cells each begin with a backquote, and a
//! line of sums. Cells are found by their column's name, since the columns changed
//! over the years.
//!
//! A bill is read twice: once to its end, which finds out whether it is whole (its
//! hash, its sums, its merchant, every row), and once for whoever asked. Neither
//! keeps more than a line in memory.

mod sheet;
mod text;

use aws_lc_rs::digest::Digest;
use cashier::channel::{Bill, BillFault, BillRow};
use sheet::{Line, Sheet};
use std::fs::File;
use text::Text;

/// Whose bill it has to be.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    /// The merchant that asked for it.
    pub(crate) merchant: String,
    /// The merchant below it that it was asked for, of a service provider.
    pub(crate) sub_merchant: Option<String>,
}

/// Opens a bill that was downloaded, plain or in gzip, once it has been found whole.
/// `hash` is the SHA-1 of the plain text in hexadecimal, where the channel gives one.
/// Blocks while it reads.
///
/// # Errors
/// [`BillFault`]: the bill is not what was asked for, and nothing of it is to be used.
pub(crate) fn open(file: &File, owner: &Owner, hash: Option<&str>) -> Result<Bill, BillFault> {
    let mut sheet = Sheet::begin(Text::open(file)?, owner.clone())?;
    while sheet.next_line()?.is_some() {}
    let digest = sheet.digest();
    if let Some(hash) = hash {
        same_hash(&digest, hash)?;
    }
    let sheet = Sheet::begin(Text::open(file)?, owner.clone())?;
    Ok(Box::new(Rows { sheet: Some(sheet) }))
}

fn same_hash(digest: &Digest, hash: &str) -> Result<(), BillFault> {
    if hex::encode(digest).eq_ignore_ascii_case(hash) {
        return Ok(());
    }
    Err(fault("its text is not the one whose hash the channel gave"))
}

/// The rows of a bill that was found whole.
struct Rows {
    /// `None` after the last row and after a fault.
    sheet: Option<Sheet>,
}

impl Iterator for Rows {
    type Item = Result<BillRow, BillFault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.sheet.as_mut()?.next_line() {
                Ok(Some(Line::Row(row))) => return Some(Ok(row)),
                Ok(Some(Line::Nothing)) => {}
                Ok(None) => self.sheet = None,
                Err(fault) => {
                    self.sheet = None;
                    return Some(Err(fault));
                }
            }
        }
    }
}

/// What is wrong with a bill.
fn fault(what: impl Into<String>) -> BillFault {
    BillFault(what.into())
}

#[cfg(test)]
pub(super) mod tests;
