//! Bringing the directory to what the configuration says.

use super::{App, ChannelAccount, Directory, Operator};
use crate::failure::store_error;
use crate::{
    api_keys, app_accounts, apps, channel_accounts, merchants, operators, webhook_secrets,
};
use cashier::id::MerchantId;
use cashier::store::StoreError;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, Insert,
    IntoActiveModel, Iterable, PrimaryKeyToColumn, QueryFilter,
};

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// Its name for Till.
    pub id: MerchantId,
    /// Its name for people, and for payers.
    pub name: String,
}

/// What the directory shall hold. Merchants, applications, accounts and operators
/// that are not in it stay as they are: orders may still refer to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// The merchants.
    pub merchants: Vec<Merchant>,
    /// The channel accounts.
    pub accounts: Vec<ChannelAccount>,
    /// The applications. Their secrets, API keys and accounts become exactly
    /// those that are listed: a key that is no longer listed stops working.
    pub apps: Vec<App>,
    /// The operators. One who is there already gets the key that is listed.
    pub operators: Vec<Operator>,
}

impl Directory {
    /// Writes all of it in one transaction. The same again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a key belongs to two applications or operators,
    /// [`StoreError::Corrupt`] when something refers to a merchant or an account
    /// that is neither there nor in the import; then nothing was written.
    pub async fn import(&self, import: &Import) -> Result<(), StoreError> {
        let apps: Vec<apps::Model> = import
            .apps
            .iter()
            .map(apps::Model::try_from)
            .collect::<Result<_, _>>()?;
        let accounts: Vec<channel_accounts::Model> = import
            .accounts
            .iter()
            .map(channel_accounts::Model::try_from)
            .collect::<Result<_, _>>()?;
        let merchants = import
            .merchants
            .iter()
            .map(merchants::Model::from)
            .collect();
        let operators = import
            .operators
            .iter()
            .map(operators::Model::from)
            .collect();
        let write = self.database.write().await.map_err(store_error)?;
        let db = &write.transaction;
        replace(db, merchants).await.map_err(store_error)?;
        replace(db, accounts).await.map_err(store_error)?;
        replace(db, apps).await.map_err(store_error)?;
        replace(db, operators).await.map_err(store_error)?;
        replace_belongings(db, &import.apps)
            .await
            .map_err(store_error)?;
        write.commit().await.map_err(store_error)
    }
}

/// Adds rows, or gives those that are there the new content.
async fn replace<M, A>(db: &DatabaseTransaction, rows: Vec<M>) -> Result<(), DbErr>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    let keys: Vec<_> = <A::Entity as EntityTrait>::PrimaryKey::iter()
        .map(PrimaryKeyToColumn::into_column)
        .collect();
    let content = OnConflict::columns(keys)
        .update_columns(<A::Entity as EntityTrait>::Column::iter())
        .to_owned();
    Insert::many(rows)
        .on_conflict(content)
        .exec_without_returning(db)
        .await
        .map(|_| ())
}

async fn replace_belongings(db: &DatabaseTransaction, apps: &[App]) -> Result<(), DbErr> {
    let ids = || apps.iter().map(|app| app.id.as_str());
    webhook_secrets::Entity::delete_many()
        .filter(webhook_secrets::Column::AppId.is_in(ids()))
        .exec(db)
        .await?;
    api_keys::Entity::delete_many()
        .filter(api_keys::Column::AppId.is_in(ids()))
        .exec(db)
        .await?;
    app_accounts::Entity::delete_many()
        .filter(app_accounts::Column::AppId.is_in(ids()))
        .exec(db)
        .await?;
    Insert::many(apps.iter().flat_map(secrets_of))
        .exec_without_returning(db)
        .await?;
    Insert::many(apps.iter().flat_map(keys_of))
        .exec_without_returning(db)
        .await?;
    Insert::many(apps.iter().flat_map(accounts_of))
        .exec_without_returning(db)
        .await?;
    Ok(())
}

fn secrets_of(app: &App) -> impl Iterator<Item = webhook_secrets::Model> {
    (0..)
        .zip(&app.webhook_secrets)
        .map(|(position, sealed)| webhook_secrets::Model {
            app_id: app.id.as_str().to_owned(),
            position,
            sealed: sealed.clone(),
        })
}

fn keys_of(app: &App) -> impl Iterator<Item = api_keys::Model> {
    app.api_keys
        .iter()
        .map(|key| api_keys::Model::of(&app.id, key))
}

fn accounts_of(app: &App) -> impl Iterator<Item = app_accounts::Model> {
    (0..)
        .zip(&app.accounts)
        .map(|(priority, account)| app_accounts::Model {
            app_id: app.id.as_str().to_owned(),
            account_id: account.as_str().to_owned(),
            priority,
        })
}
