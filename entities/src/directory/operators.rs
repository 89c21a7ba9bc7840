//! Operators: people who work on exceptions, each with a key of their own.

use super::Directory;
use crate::failure::store_error;
use crate::operators::{Column, Entity, Model};
use crate::place::storable;
use cashier::store::StoreError;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, Insert, QueryFilter, QueryOrder};

/// An operator, without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name under which they act.
    pub name: String,
    /// The SHA-256 of the whole key, in hexadecimal.
    pub hash: String,
    /// The key's last four characters, for people to know it by.
    pub hint: String,
}

impl Directory {
    /// All operators, by their names.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn operators(&self) -> Result<Vec<Operator>, StoreError> {
        let rows = Entity::find()
            .order_by_asc(Column::Name)
            .all(self.database.connection())
            .await
            .map_err(store_error)?;
        Ok(rows.into_iter().map(Operator::from).collect())
    }

    /// The operator whose key has that hash. Uses the index operators_hash.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn find_operator(&self, hash: &str) -> Result<Option<Operator>, StoreError> {
        let row = Entity::find()
            .filter(Column::Hash.eq(storable(hash)))
            .one(self.database.connection())
            .await
            .map_err(store_error)?;
        Ok(row.map(Operator::from))
    }

    /// Adds an operator. `false`: there is one of that name, who stays as they are.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer, or the key is another's.
    pub async fn add_operator(&self, operator: &Operator) -> Result<bool, StoreError> {
        let _turn = self.database.turn().await;
        let added = Insert::many([Model::from(operator)])
            .on_conflict(OnConflict::column(Column::Name).do_nothing().to_owned())
            .exec_without_returning(self.database.connection())
            .await
            .map_err(store_error)?;
        Ok(added == 1)
    }

    /// Removes an operator: the key stops working. What they did stays. `false`:
    /// there is none of that name.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn remove_operator(&self, name: &str) -> Result<bool, StoreError> {
        let _turn = self.database.turn().await;
        let removed = Entity::delete_by_id(storable(name))
            .exec(self.database.connection())
            .await
            .map_err(store_error)?;
        Ok(removed.rows_affected == 1)
    }
}
