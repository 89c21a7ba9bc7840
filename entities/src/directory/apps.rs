//! Applications, each with its secrets and channel accounts.

use super::{ApiKey, Directory, Mode};
use crate::failure::store_error;
use crate::place::{Place, storable};
use crate::{api_keys, app_accounts, apps, webhook_secrets};
use cashier::id::{AccountId, AppId, MerchantId};
use cashier::policy::Policy;
use cashier::store::StoreError;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::HashMap;

/// A merchant's application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Its name for Till.
    pub id: AppId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its name for people.
    pub name: String,
    /// What is copied into each of its orders.
    pub policy: Policy,
    /// Where its events go.
    pub webhook_url: Option<String>,
    /// What its events are signed with, sealed, as text. The first signs alone;
    /// while a secret is replaced there are two, and both sign.
    pub webhook_secrets: Vec<String>,
    /// Its API keys, by their hashes.
    pub api_keys: Vec<ApiKey>,
    /// The channel accounts that it uses, the preferred one first.
    pub accounts: Vec<AccountId>,
}

/// What belongs to an application, in its order.
#[derive(Default)]
struct Belongings {
    webhook_secrets: Vec<String>,
    api_keys: Vec<ApiKey>,
    accounts: Vec<AccountId>,
}

impl Directory {
    /// All applications, by their names.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer or a row makes no sense.
    pub async fn apps(&self) -> Result<Vec<App>, StoreError> {
        let db = self.database.connection();
        let rows = apps::Entity::find()
            .order_by_asc(apps::Column::Id)
            .all(db)
            .await;
        self.with_belongings(rows.map_err(store_error)?).await
    }

    /// The application of that name.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer or a row makes no sense.
    pub async fn app(&self, id: &AppId) -> Result<Option<App>, StoreError> {
        let db = self.database.connection();
        let row = apps::Entity::find_by_id(storable(id.as_str()))
            .one(db)
            .await;
        let rows = row.map_err(store_error)?.into_iter().collect();
        Ok(self.with_belongings(rows).await?.pop())
    }

    /// Three queries, however many applications there are.
    async fn with_belongings(&self, rows: Vec<apps::Model>) -> Result<Vec<App>, StoreError> {
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let mut of_app: HashMap<String, Belongings> = HashMap::new();
        for secret in self.secrets_of(&ids).await? {
            of_app
                .entry(secret.app_id)
                .or_default()
                .webhook_secrets
                .push(secret.sealed);
        }
        for key in self.keys_of(&ids).await? {
            let place = Place {
                table: "api_keys",
                id: &key.hint,
            };
            let mode = place.named("mode", &key.mode, &Mode::ALL, Mode::name)?;
            let known = ApiKey {
                hash: key.hash,
                hint: key.hint,
                mode,
            };
            of_app.entry(key.app_id).or_default().api_keys.push(known);
        }
        for link in self.accounts_of(&ids).await? {
            let account = AccountId::new(link.account_id);
            of_app
                .entry(link.app_id)
                .or_default()
                .accounts
                .push(account);
        }
        rows.into_iter()
            .map(|row| {
                let belongings = of_app.remove(&row.id).unwrap_or_default();
                read(row, belongings)
            })
            .collect()
    }

    async fn secrets_of(&self, apps: &[&str]) -> Result<Vec<webhook_secrets::Model>, StoreError> {
        webhook_secrets::Entity::find()
            .filter(webhook_secrets::Column::AppId.is_in(apps.iter().copied()))
            .order_by_asc(webhook_secrets::Column::Position)
            .all(self.database.connection())
            .await
            .map_err(store_error)
    }

    async fn keys_of(&self, apps: &[&str]) -> Result<Vec<api_keys::Model>, StoreError> {
        api_keys::Entity::find()
            .filter(api_keys::Column::AppId.is_in(apps.iter().copied()))
            .order_by_asc(api_keys::Column::Hash)
            .all(self.database.connection())
            .await
            .map_err(store_error)
    }

    async fn accounts_of(&self, apps: &[&str]) -> Result<Vec<app_accounts::Model>, StoreError> {
        app_accounts::Entity::find()
            .filter(app_accounts::Column::AppId.is_in(apps.iter().copied()))
            .order_by_asc(app_accounts::Column::Priority)
            .all(self.database.connection())
            .await
            .map_err(store_error)
    }
}

fn read(row: apps::Model, belongings: Belongings) -> Result<App, StoreError> {
    let place = Place {
        table: "apps",
        id: &row.id,
    };
    Ok(App {
        policy: place.structure("policy", &row.policy)?,
        id: AppId::new(row.id),
        merchant: MerchantId::new(row.merchant_id),
        name: row.name,
        webhook_url: row.webhook_url,
        webhook_secrets: belongings.webhook_secrets,
        api_keys: belongings.api_keys,
        accounts: belongings.accounts,
    })
}
