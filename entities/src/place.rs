//! The cells of a row, read with suspicion: whatever makes no sense becomes an
//! error that names table, column and id.

use cashier::money::Money;
use cashier::store::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::str::FromStr;

/// Where a cell is: the table, and the row's id.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) id: &'a str,
}

impl Place<'_> {
    /// The error that names this place.
    pub(crate) fn corrupt(&self, column: &str, why: impl Display) -> StoreError {
        StoreError::Corrupt(format!("{}.{column} of {}: {why}", self.table, self.id))
    }

    /// An amount in fen.
    pub(crate) fn money(&self, column: &str, fen: i64) -> Result<Money, StoreError> {
        Money::from_fen(fen).map_err(|error| self.corrupt(column, error))
    }

    /// A count.
    pub(crate) fn count(&self, column: &str, number: i64) -> Result<u32, StoreError> {
        u32::try_from(number).map_err(|_| self.corrupt(column, format!("{number} is no count")))
    }

    /// The value of that name, among `all` of its type.
    pub(crate) fn named<T: Copy>(
        &self,
        column: &str,
        text: &str,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<T, StoreError> {
        all.iter()
            .copied()
            .find(|value| name(*value) == text)
            .ok_or_else(|| self.corrupt(column, format!("{text:?} is no name that is known")))
    }

    /// The value that reads that name.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(
        &self,
        column: &str,
        text: &str,
    ) -> Result<T, StoreError> {
        text.parse().map_err(|error| self.corrupt(column, error))
    }

    /// A structure from its JSON text.
    pub(crate) fn structure<T: DeserializeOwned>(
        &self,
        column: &str,
        json: &str,
    ) -> Result<T, StoreError> {
        serde_json::from_str(json).map_err(|error| self.corrupt(column, error))
    }

    /// A structure as JSON text.
    pub(crate) fn json<T: Serialize>(&self, column: &str, value: &T) -> Result<String, StoreError> {
        serde_json::to_string(value).map_err(|error| self.corrupt(column, error))
    }

    /// Refuses a row whose repeated cell differs from what it repeats.
    pub(crate) fn same<T: PartialEq + Display>(
        &self,
        column: &str,
        cell: T,
        truth: T,
    ) -> Result<(), StoreError> {
        if cell == truth {
            return Ok(());
        }
        Err(self.corrupt(column, format!("{cell} here, but {truth} in the request")))
    }
}

/// Text that every database takes: PostgreSQL knows no NUL. For words that came
/// from outside and only people read.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
