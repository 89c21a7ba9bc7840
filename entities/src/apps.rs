//! The table `apps`: the merchants' applications.

use crate::directory::App;
use crate::place::Place;
use cashier::store::StoreError;
use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "apps")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub merchant_id: String,
    pub name: String,
    pub policy: String,
    pub webhook_url: Option<String>,
}

/// None: few rows, each read by its key.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<&App> for Model {
    type Error = StoreError;

    fn try_from(app: &App) -> Result<Model, StoreError> {
        let place = Place {
            table: "apps",
            id: app.id.as_str(),
        };
        Ok(Model {
            id: app.id.as_str().to_owned(),
            merchant_id: app.merchant.as_str().to_owned(),
            name: app.name.clone(),
            policy: place.json("policy", &app.policy)?,
            webhook_url: app.webhook_url.clone(),
        })
    }
}
