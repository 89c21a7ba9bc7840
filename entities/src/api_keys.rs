//! The table `api_keys`: what merchants authenticate with, by its hash only.

use crate::directory::ApiKey;
use cashier::id::AppId;
use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: String,
    pub app_id: String,
    pub hint: String,
    pub mode: String,
}

/// None: a key is found by its hash.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The row of an application's key.
    pub(crate) fn of(app: &AppId, key: &ApiKey) -> Model {
        Model {
            hash: key.hash.clone(),
            app_id: app.as_str().to_owned(),
            hint: key.hint.clone(),
            mode: key.mode.name().to_owned(),
        }
    }
}
