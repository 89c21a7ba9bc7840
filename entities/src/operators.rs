//! The table `operators`: who works on exceptions, and the hash of their key.

use crate::directory::Operator;
use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "operators")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub hash: String,
    pub hint: String,
}

/// None: an operator stands alone.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<&Operator> for Model {
    fn from(operator: &Operator) -> Model {
        Model {
            name: operator.name.clone(),
            hash: operator.hash.clone(),
            hint: operator.hint.clone(),
        }
    }
}

impl From<Model> for Operator {
    fn from(row: Model) -> Operator {
        Operator {
            name: row.name,
            hash: row.hash,
            hint: row.hint,
        }
    }
}
