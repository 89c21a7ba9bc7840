//! What a bill says that the books do not.

use crate::failure::store_error;
use crate::place::storable;
use crate::{captures, refunds};
use cashier::channel::BillRow;
use cashier::id::AccountId;
use cashier::refund::RefundStatus;
use cashier::store::StoreError;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QuerySelect};
use std::collections::HashSet;

/// The rows that say something new. Two queries, by the index
/// captures_account_id_trade_no and the primary key of refunds.
pub(super) async fn news(
    db: &DatabaseConnection,
    account: &AccountId,
    rows: Vec<BillRow>,
) -> Result<Vec<BillRow>, StoreError> {
    let taken = taken(db, account, &rows).await?;
    let returned = returned(db, account, &rows).await?;
    let is_known = |row: &BillRow| match row {
        BillRow::Paid { payment, .. } => {
            taken.contains(&(payment.trade_no.clone(), payment.amount.fen()))
        }
        BillRow::Refunded {
            refund_no, amount, ..
        } => returned.contains(&(refund_no.as_str().to_owned(), amount.fen())),
    };
    Ok(rows.into_iter().filter(|row| !is_known(row)).collect())
}

/// The trades that are captured, with their amounts in fen.
async fn taken(
    db: &DatabaseConnection,
    account: &AccountId,
    rows: &[BillRow],
) -> Result<HashSet<(String, i64)>, StoreError> {
    let trades: Vec<String> = rows
        .iter()
        .filter_map(|row| match row {
            BillRow::Paid { payment, .. } => Some(storable(&payment.trade_no)),
            BillRow::Refunded { .. } => None,
        })
        .collect();
    if trades.is_empty() {
        return Ok(HashSet::new());
    }
    let known: Vec<(String, i64)> = captures::Entity::find()
        .select_only()
        .columns([captures::Column::TradeNo, captures::Column::Amount])
        .filter(captures::Column::AccountId.eq(storable(account.as_str())))
        .filter(captures::Column::TradeNo.is_in(trades))
        .into_tuple()
        .all(db)
        .await
        .map_err(store_error)?;
    Ok(known.into_iter().collect())
}

/// The refunds that succeeded, with their amounts in fen.
async fn returned(
    db: &DatabaseConnection,
    account: &AccountId,
    rows: &[BillRow],
) -> Result<HashSet<(String, i64)>, StoreError> {
    let numbers: Vec<String> = rows
        .iter()
        .filter_map(|row| match row {
            BillRow::Refunded { refund_no, .. } => Some(storable(refund_no.as_str())),
            BillRow::Paid { .. } => None,
        })
        .collect();
    if numbers.is_empty() {
        return Ok(HashSet::new());
    }
    let known: Vec<(String, i64)> = refunds::Entity::find()
        .select_only()
        .columns([refunds::Column::RefundNo, refunds::Column::Amount])
        .filter(refunds::Column::AccountId.eq(storable(account.as_str())))
        .filter(refunds::Column::Status.eq(RefundStatus::Succeeded.name()))
        .filter(refunds::Column::RefundNo.is_in(numbers))
        .into_tuple()
        .all(db)
        .await
        .map_err(store_error)?;
    Ok(known.into_iter().collect())
}
