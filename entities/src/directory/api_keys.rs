//! API keys: who calls.

use super::Directory;
use crate::failure::store_error;
use crate::place::{Place, storable};
use crate::{api_keys, apps};
use cashier::id::{AppId, MerchantId};
use cashier::store::StoreError;
use sea_orm::EntityTrait;

/// An API key, without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The SHA-256 of the whole key, in hexadecimal.
    pub hash: String,
    /// Its last four characters, for people to know it by.
    pub hint: String,
    /// What it is for.
    pub mode: Mode,
}

/// What an API key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Trying things out.
    Test,
    /// Real money.
    Live,
}

/// Who calls with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOwner {
    /// The application.
    pub app: AppId,
    /// Its merchant.
    pub merchant: MerchantId,
    /// What the key is for.
    pub mode: Mode,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 2] = [Mode::Test, Mode::Live];

    /// The name in database and keys.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Test => "test",
            Mode::Live => "live",
        }
    }
}

impl Directory {
    /// The owner of the key with that hash, if there is such a key. Uses the
    /// primary keys.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer or a row makes no sense.
    pub async fn find_api_key(&self, hash: &str) -> Result<Option<KeyOwner>, StoreError> {
        let db = self.database.connection();
        let key = api_keys::Entity::find_by_id(storable(hash))
            .one(db)
            .await
            .map_err(store_error)?;
        let Some(key) = key else {
            return Ok(None);
        };
        let place = Place {
            table: "api_keys",
            id: &key.hint,
        };
        let app = apps::Entity::find_by_id(&key.app_id)
            .one(db)
            .await
            .map_err(store_error)?
            .ok_or_else(|| place.corrupt("app_id", "there is no such application"))?;
        Ok(Some(KeyOwner {
            mode: place.named("mode", &key.mode, &Mode::ALL, Mode::name)?,
            app: AppId::new(app.id),
            merchant: MerchantId::new(app.merchant_id),
        }))
    }
}
