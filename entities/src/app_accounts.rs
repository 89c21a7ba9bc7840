//! The table `app_accounts`: which channel accounts an application uses, and
//! which before which.

use sea_orm::entity::prelude::*;

/// A row. The lowest priority comes first.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "app_accounts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub app_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: String,
    pub priority: i64,
}

/// None: links are read with their application.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
