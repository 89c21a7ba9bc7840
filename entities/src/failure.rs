//! What the database's errors mean to the core.

use cashier::store::StoreError;
use sea_orm::sqlx::error::{DatabaseError, Error as SqlxError};
use sea_orm::{DbErr, RuntimeErr};

/// Translates an error. A taken unique key, a deadlock and a failed
/// serialization are conflicts: the transaction is gone, and deciding again from
/// fresh state is the cure. A refused value or foreign key is nonsense, which
/// repeating does not cure. All else may pass: the database does not answer.
pub(crate) fn store_error(error: DbErr) -> StoreError {
    match &error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => match cause.as_ref() {
            SqlxError::Database(cause) => database_error(cause.as_ref()),
            SqlxError::ColumnDecode { .. } | SqlxError::Decode(_) => {
                StoreError::Corrupt(error.to_string())
            }
            _ => StoreError::Unavailable(error.to_string()),
        },
        DbErr::Type(_) | DbErr::Json(_) | DbErr::TryIntoErr { .. } => {
            StoreError::Corrupt(error.to_string())
        }
        _ => StoreError::Unavailable(error.to_string()),
    }
}

fn database_error(error: &dyn DatabaseError) -> StoreError {
    let code = error.code().unwrap_or_default();
    if error.is_unique_violation() {
        return StoreError::Conflict(format!("{} is taken", constraint(error)));
    }
    match code.as_ref() {
        "40001" | "40P01" => StoreError::Conflict(error.message().to_owned()),
        refused if refused.starts_with("22") || refused.starts_with("23") => {
            StoreError::Corrupt(error.message().to_owned())
        }
        _ if error.is_foreign_key_violation() || error.is_check_violation() => {
            StoreError::Corrupt(error.message().to_owned())
        }
        _ => StoreError::Unavailable(error.message().to_owned()),
    }
}

/// PostgreSQL gives the constraint's name, SQLite the columns.
fn constraint(error: &dyn DatabaseError) -> String {
    match error.constraint() {
        Some(name) => name.to_owned(),
        None => error
            .message()
            .trim_start_matches("UNIQUE constraint failed: ")
            .to_owned(),
    }
}
