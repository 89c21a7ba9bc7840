//! The table `merchants`: the tenants.

use crate::directory::Merchant;
use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "merchants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub name: String,
}

/// None: few rows, each read by its key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<&Merchant> for Model {
    fn from(merchant: &Merchant) -> Model {
        Model {
            id: merchant.id.as_str().to_owned(),
            name: merchant.name.clone(),
        }
    }
}
