//! The table `channel_accounts`: the merchants' credentials at the channels, sealed.

use crate::directory::ChannelAccount;
use crate::place::Place;
use cashier::id::{AccountId, MerchantId};
use cashier::store::StoreError;
use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "channel_accounts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub merchant_id: String,
    pub kind: String,
    pub ways: String,
    pub sealed: String,
    pub enabled: bool,
}

/// None: few rows, read together.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<&ChannelAccount> for Model {
    type Error = StoreError;

    fn try_from(account: &ChannelAccount) -> Result<Model, StoreError> {
        let place = Place {
            table: "channel_accounts",
            id: account.id.as_str(),
        };
        Ok(Model {
            id: account.id.as_str().to_owned(),
            merchant_id: account.merchant.as_str().to_owned(),
            kind: account.kind.name().to_owned(),
            ways: place.json("ways", &account.ways)?,
            sealed: account.sealed.clone(),
            enabled: account.enabled,
        })
    }
}

impl TryFrom<Model> for ChannelAccount {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let place = Place {
            table: "channel_accounts",
            id: &row.id,
        };
        Ok(ChannelAccount {
            kind: place.parsed("kind", &row.kind)?,
            ways: place.structure("ways", &row.ways)?,
            id: AccountId::new(row.id),
            merchant: MerchantId::new(row.merchant_id),
            sealed: row.sealed,
            enabled: row.enabled,
        })
    }
}
