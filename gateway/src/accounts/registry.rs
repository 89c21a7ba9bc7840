//! Applications and channel accounts, held ready: credentials unsealed, keys
//! parsed, HTTP clients pooled. Loaded from the database, and loaded again when
//! somebody has imported; an account that has not changed keeps its adapter.

use super::metered::Metered;
use super::{App, Credentials, Owner, Seal, SealFault, Surroundings};
use crate::webhook::{Endpoint, Endpoints};
use cashier::channel::Channel;
use cashier::id::{AccountId, AppId, MerchantId};
use cashier::shell::Channels;
use cashier::store::StoreError;
use cashier::way::Way;
use entities::Directory;
use entities::directory::{self, ChannelAccount};
use governor::Quota;
use secrecy::SecretString;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// What the registry needs from the program around it.
#[derive(Clone)]
pub struct RegistrySettings {
    /// The beginning of every public address, without a slash at its end.
    pub public_url: String,
    /// For the adapters.
    pub surroundings: Surroundings,
    /// How many calls an account may make.
    pub quota: Quota,
}

/// Why the registry could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadFault {
    /// The database does not answer, or holds nonsense.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret does not open.
    #[error("the secrets of {owner}: {fault}")]
    Sealed {
        /// Whose.
        owner: String,
        /// Why.
        fault: SealFault,
    },
    /// An account's credentials cannot be used.
    #[error("channel account {account}: {problem}")]
    Account {
        /// Which.
        account: AccountId,
        /// Why, and what to do.
        problem: String,
    },
}

/// Who is served, and how to speak with their channels.
pub struct Registry {
    directory: Directory,
    seal: Seal,
    settings: RegistrySettings,
    loaded: RwLock<Arc<Loaded>>,
}

/// One state of the directory.
#[derive(Default)]
struct Loaded {
    apps: HashMap<AppId, Ready>,
    accounts: HashMap<AccountId, Account>,
    rows: Rows,
}

/// An application and its accounts, the preferred one first.
struct Ready {
    app: Arc<App>,
    accounts: Vec<AccountId>,
}

struct Account {
    ways: Vec<Way>,
    enabled: bool,
    sealed: String,
    channel: Arc<dyn Channel>,
}

#[derive(Default, PartialEq, Eq)]
struct Rows {
    apps: Vec<directory::App>,
    accounts: Vec<ChannelAccount>,
}

impl Registry {
    /// Whose a channel account is.
    pub fn merchant_of(&self, account: &AccountId) -> Option<MerchantId> {
        let loaded = self.loaded();
        let mut accounts = loaded.rows.accounts.iter();
        let found = accounts.find(|known| known.id == *account)?;
        Some(found.merchant.clone())
    }

    /// A merchant's channel accounts.
    pub fn accounts_of(&self, merchant: &MerchantId) -> Vec<AccountId> {
        let loaded = self.loaded();
        let accounts = loaded.rows.accounts.iter();
        accounts
            .filter(|known| known.merchant == *merchant)
            .map(|known| known.id.clone())
            .collect()
    }

    /// Loads the registry.
    ///
    /// # Errors
    /// [`LoadFault`].
    pub async fn load(
        directory: Directory,
        seal: Seal,
        settings: RegistrySettings,
    ) -> Result<Registry, LoadFault> {
        let loaded = RwLock::new(Arc::new(Loaded::default()));
        let registry = Registry {
            directory,
            seal,
            settings,
            loaded,
        };
        registry.reload().await?;
        Ok(registry)
    }

    /// Loads it again. `true` if anything had changed.
    ///
    /// # Errors
    /// [`LoadFault`]; what was loaded before stays.
    pub async fn reload(&self) -> Result<bool, LoadFault> {
        let accounts = self.directory.accounts().await?;
        let apps = self.directory.apps().await?;
        let rows = Rows { apps, accounts };
        let before = self.loaded();
        if rows == before.rows {
            return Ok(false);
        }
        let after = Arc::new(self.build(rows, &before)?);
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = after;
        Ok(true)
    }

    /// The application, if there is one of that id.
    pub fn app(&self, id: &AppId) -> Option<Arc<App>> {
        self.loaded().apps.get(id).map(|ready| ready.app.clone())
    }

    /// The ways of paying that the application can offer, in their own order.
    pub fn ways(&self, app: &AppId) -> Vec<Way> {
        let loaded = self.loaded();
        Way::ALL
            .into_iter()
            .filter(|way| loaded.account_for(app, *way).is_some())
            .collect()
    }

    /// The channel account that serves a way for the application: the first of
    /// its list that is enabled and has the way.
    pub fn account_for(&self, app: &AppId, way: Way) -> Option<AccountId> {
        self.loaded().account_for(app, way).cloned()
    }

    /// The accounts in use whose channel has daily bills.
    pub fn accounts_with_bills(&self) -> Vec<AccountId> {
        let loaded = self.loaded();
        let accounts = loaded.accounts.iter();
        let mut with_bills: Vec<AccountId> = accounts
            .filter(|(_, account)| account.enabled && account.channel.bills().is_some())
            .map(|(id, _)| id.clone())
            .collect();
        with_bills.sort();
        with_bills
    }

    /// Where the channel sends its notices for this account.
    pub fn notify_url(&self, account: &AccountId) -> String {
        format!("{}/notify/{account}", self.settings.public_url)
    }

    fn loaded(&self) -> Arc<Loaded> {
        self.loaded
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn build(&self, rows: Rows, before: &Loaded) -> Result<Loaded, LoadFault> {
        let mut accounts = HashMap::new();
        for row in &rows.accounts {
            accounts.insert(row.id.clone(), self.account(row, before)?);
        }
        let mut apps = HashMap::new();
        for row in &rows.apps {
            apps.insert(row.id.clone(), self.ready(row)?);
        }
        Ok(Loaded {
            apps,
            accounts,
            rows,
        })
    }

    fn account(&self, row: &ChannelAccount, before: &Loaded) -> Result<Account, LoadFault> {
        let kept = before
            .accounts
            .get(&row.id)
            .filter(|account| account.sealed == row.sealed);
        let channel = match kept {
            Some(account) => account.channel.clone(),
            None => self.adapter(row)?,
        };
        let (ways, sealed) = (row.ways.clone(), row.sealed.clone());
        Ok(Account {
            ways,
            enabled: row.enabled,
            sealed,
            channel,
        })
    }

    fn adapter(&self, row: &ChannelAccount) -> Result<Arc<dyn Channel>, LoadFault> {
        let opened = self.open(&Owner::Account(row.id.as_str()), &row.sealed)?;
        let around = &self.settings.surroundings;
        let adapter = Credentials::from_json(&opened)
            .and_then(|credentials| credentials.adapter(around))
            .map_err(|problem| LoadFault::Account {
                account: row.id.clone(),
                problem,
            })?;
        let quota = self.settings.quota;
        Ok(Arc::new(Metered::new(adapter, row.id.clone(), quota)))
    }

    fn ready(&self, row: &directory::App) -> Result<Ready, LoadFault> {
        let owner = Owner::Webhook(row.id.as_str());
        let secrets = row
            .webhook_secrets
            .iter()
            .map(|sealed| self.open(&owner, sealed));
        let app = Arc::new(App {
            id: row.id.clone(),
            merchant: row.merchant.clone(),
            name: row.name.clone(),
            policy: row.policy,
            webhook_url: row.webhook_url.clone(),
            webhook_secrets: secrets.collect::<Result<_, _>>()?,
        });
        Ok(Ready {
            app,
            accounts: row.accounts.clone(),
        })
    }

    fn open(&self, owner: &Owner<'_>, sealed: &str) -> Result<SecretString, LoadFault> {
        let fault = |fault| LoadFault::Sealed {
            owner: owner.to_string(),
            fault,
        };
        self.seal.open(owner, sealed).map_err(fault)
    }
}

impl Loaded {
    fn account_for(&self, app: &AppId, way: Way) -> Option<&AccountId> {
        let serves = |account: &Account| account.enabled && account.ways.contains(&way);
        let accounts = &self.apps.get(app)?.accounts;
        accounts
            .iter()
            .find(|id| self.accounts.get(*id).is_some_and(serves))
    }
}

impl Channels for Registry {
    fn channel(&self, account: &AccountId) -> Option<Arc<dyn Channel>> {
        self.loaded()
            .accounts
            .get(account)
            .map(|account| account.channel.clone())
    }
}

impl Endpoints for Registry {
    fn endpoint(&self, app: &AppId) -> Option<Endpoint> {
        let app = self.app(app)?;
        let secrets = app.webhook_secrets.clone();
        Some(Endpoint {
            url: app.webhook_url.clone(),
            secrets,
        })
    }
}
