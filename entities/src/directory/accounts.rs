//! Channel accounts.

use super::Directory;
use crate::channel_accounts::{Column, Entity};
use crate::failure::store_error;
use cashier::id::{AccountId, MerchantId};
use cashier::store::StoreError;
use cashier::way::{ChannelKind, Way};
use sea_orm::{EntityTrait, QueryOrder};

/// A merchant's credentials at one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelAccount {
    /// Its name, which is in the address of its notices.
    pub id: AccountId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// The channel.
    pub kind: ChannelKind,
    /// The ways of paying that it serves.
    pub ways: Vec<Way>,
    /// The credentials, sealed, as text.
    pub sealed: String,
    /// Whether new payments may use it. Notices and queries always may.
    pub enabled: bool,
}

impl Directory {
    /// All channel accounts, also those that are not enabled, by their names.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer or a row makes no sense.
    pub async fn accounts(&self) -> Result<Vec<ChannelAccount>, StoreError> {
        let rows = self.accounts_each().await?;
        rows.into_iter().map(|(_, account)| account).collect()
    }

    /// The same, each by itself: a row that makes no sense does not hide the others.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn accounts_each(
        &self,
    ) -> Result<Vec<(AccountId, Result<ChannelAccount, StoreError>)>, StoreError> {
        let rows = Entity::find()
            .order_by_asc(Column::Id)
            .all(self.database.connection())
            .await
            .map_err(store_error)?;
        Ok(rows
            .into_iter()
            .map(|row| {
                (
                    AccountId::new(row.id.clone()),
                    ChannelAccount::try_from(row),
                )
            })
            .collect())
    }
}
