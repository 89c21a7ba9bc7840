//! Which days' bills of an account were taken, and what they said.

use super::Directory;
use crate::bills::{Column, Entity, Model};
use crate::failure::store_error;
use crate::place::storable;
use cashier::id::AccountId;
use cashier::store::StoreError;
use cashier::time::{Day, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, Insert, QueryFilter, QuerySelect};
use std::collections::HashSet;

/// A day's bill that was taken to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenBill {
    /// Whose.
    pub account: AccountId,
    /// The day, by Chinese clocks.
    pub day: Day,
    /// When it was taken (UTC).
    pub at: Timestamp,
    /// How many rows it has.
    pub rows: u64,
    /// How many of them said something new.
    pub news: u64,
}

impl Directory {
    /// Of these days, those whose bill of any account was taken, as pairs of account
    /// and day (`yyyy-MM-dd`).
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn taken_bills(
        &self,
        days: &[Day],
    ) -> Result<HashSet<(AccountId, String)>, StoreError> {
        let days = days.iter().map(Day::to_string);
        let found: Vec<(String, String)> = Entity::find()
            .select_only()
            .columns([Column::AccountId, Column::Day])
            .filter(Column::Day.is_in(days))
            .into_tuple()
            .all(self.database.connection())
            .await
            .map_err(store_error)?;
        Ok(found
            .into_iter()
            .map(|(account, day)| (AccountId::new(account), day))
            .collect())
    }

    /// Records that a bill was taken. Taken again, the later time and counts stand.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn record_bill(&self, bill: &TakenBill) -> Result<(), StoreError> {
        let _turn = self.database.turn().await;
        Insert::many([Model::from(bill)])
            .on_conflict(
                OnConflict::columns([Column::AccountId, Column::Day])
                    .update_columns([Column::TakenAt, Column::Rows, Column::News])
                    .to_owned(),
            )
            .exec_without_returning(self.database.connection())
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

impl From<&TakenBill> for Model {
    fn from(bill: &TakenBill) -> Model {
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Model {
            account_id: storable(bill.account.as_str()),
            day: bill.day.to_string(),
            taken_at: bill.at.millis(),
            rows: count(bill.rows),
            news: count(bill.news),
        }
    }
}
