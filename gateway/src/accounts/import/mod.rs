//! `till account import`: merchants, applications, API keys, webhooks and channel
//! accounts from a TOML file into the database, in one transaction.
//!
//! Every mistake is reported at once and nothing is written then. The same file
//! again changes nothing: a secret that is sealed already is not sealed anew.
//! Only the hash of an API key is kept.

mod alipay;
mod check;
mod file;
mod read;

use super::same_key::{Keyed, same_key};
use super::{Credentials, Owner, Seal, SealFault, Surroundings};
use crate::config::Mistakes;
use cashier::id::{AccountId, AppId, MerchantId};
use cashier::policy::Policy;
use cashier::store::StoreError;
use cashier::way::Way;
use check::Checking;
use entities::Directory;
use entities::directory::{self, ChannelAccount, Merchant, Mode};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// The fewest random characters of an API key.
const KEY_LENGTH: usize = 32;

/// What an import needs from the program around it.
#[derive(Clone)]
pub struct ImportSettings {
    /// To try whether an account's keys can be used.
    pub surroundings: Surroundings,
    /// Whether webhooks may be plain http.
    pub allow_http_webhooks: bool,
}

/// What was imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// How many merchants.
    pub merchants: usize,
    /// How many applications.
    pub apps: usize,
    /// How many channel accounts.
    pub accounts: usize,
    /// How many operators.
    pub operators: usize,
    /// How many of all these had to be written because they had changed.
    pub changed: usize,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportFault {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file holds mistakes.
    #[error("{0}")]
    Mistakes(#[from] Mistakes),
    /// A secret could not be sealed.
    #[error("a secret could not be sealed: {0}")]
    Seal(#[from] SealFault),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(super) struct PlannedMerchant {
    id: String,
    name: String,
    accounts: Vec<PlannedAccount>,
    apps: Vec<PlannedApp>,
}

pub(super) struct PlannedAccount {
    id: String,
    ways: Vec<Way>,
    enabled: bool,
    credentials: Credentials,
}

pub(super) struct PlannedApp {
    id: String,
    name: String,
    policy: Policy,
    accounts: Vec<String>,
    api_keys: Vec<ApiKey>,
    webhook_url: Option<String>,
    webhook_secrets: Vec<SecretString>,
}

/// What is kept of an API key.
pub(super) struct ApiKey {
    hash: String,
    hint: String,
    mode: Mode,
}

impl ApiKey {
    /// `None` if it does not have the shape of a key.
    fn new(key: &SecretString) -> Option<ApiKey> {
        let text = key.expose_secret();
        let (mode, random) = match text.strip_prefix("till_test_") {
            Some(random) => (Mode::Test, random),
            None => (Mode::Live, text.strip_prefix("till_live_")?),
        };
        let plain = random.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if random.len() < KEY_LENGTH || random.len() > 128 || !plain {
            return None;
        }
        let hint = random.get(random.len() - 4..)?.to_owned();
        Some(ApiKey {
            hash: hex::encode(Sha256::digest(text.as_bytes())),
            hint,
            mode,
        })
    }
}

/// Imports a file.
///
/// # Errors
/// [`ImportFault`]; then nothing was written.
pub async fn import(
    path: &Path,
    directory: &Directory,
    seal: &Seal,
    settings: &ImportSettings,
) -> Result<Imported, ImportFault> {
    let (plan, mut mistakes) = plan(path, settings)?;
    let known = Known {
        accounts: directory
            .accounts()
            .await?
            .into_iter()
            .map(|a| (a.id.clone(), a))
            .collect(),
        apps: directory
            .apps()
            .await?
            .into_iter()
            .map(|a| (a.id.clone(), a))
            .collect(),
        seal,
    };
    plan.compare(&known.stored(), &mut mistakes);
    mistakes.into_result()?;
    let Plan {
        merchants,
        operators,
    } = plan;
    let mut import = directory::Import::default();
    let mut changed = 0;
    for merchant in merchants {
        let id = MerchantId::new(merchant.id);
        import.merchants.push(Merchant {
            id: id.clone(),
            name: merchant.name,
        });
        for account in merchant.accounts {
            let account = known.account(&id, account)?;
            changed += usize::from(known.accounts.get(&account.id) != Some(&account));
            import.accounts.push(account);
        }
        for app in merchant.apps {
            let app = known.app(&id, app)?;
            changed += usize::from(known.apps.get(&app.id) != Some(&app));
            import.apps.push(app);
        }
    }
    let before = match operators.is_empty() {
        true => Vec::new(),
        false => directory.operators().await?,
    };
    changed += operators
        .iter()
        .filter(|operator| !before.contains(operator))
        .count();
    import.operators = operators;
    directory.import(&import).await?;
    let (merchants, apps) = (import.merchants.len(), import.apps.len());
    Ok(Imported {
        merchants,
        apps,
        accounts: import.accounts.len(),
        operators: import.operators.len(),
        changed,
    })
}

/// The channel accounts of a file, and all that an import would refuse it for.
#[derive(Debug)]
pub struct FileAccounts {
    /// Those of which everything could be read, also with keys that cannot be used.
    pub accounts: Vec<(AccountId, Credentials)>,
    /// What is wrong, with these accounts and with everything else.
    pub mistakes: Mistakes,
}

/// Reads and checks a file as an import does, and writes nothing. `stored` are the
/// accounts of the database, if it is at hand.
///
/// # Errors
/// [`ImportFault::File`].
pub fn accounts_of_file(
    path: &Path,
    settings: &ImportSettings,
    stored: &[(AccountId, Credentials)],
) -> Result<FileAccounts, ImportFault> {
    let (plan, mut mistakes) = plan(path, settings)?;
    plan.compare(stored, &mut mistakes);
    let accounts = plan.merchants.into_iter().flat_map(|one| one.accounts);
    let accounts = accounts
        .map(|account| (AccountId::new(account.id), account.credentials))
        .collect();
    Ok(FileAccounts { accounts, mistakes })
}

/// What a file asks for.
struct Plan {
    merchants: Vec<PlannedMerchant>,
    operators: Vec<directory::Operator>,
}

impl Plan {
    fn accounts(&self) -> impl Iterator<Item = &PlannedAccount> {
        self.merchants.iter().flat_map(|one| &one.accounts)
    }

    /// Holds the accounts against each other and against the stored ones that stay
    /// beside them.
    fn compare(&self, stored: &[(AccountId, Credentials)], mistakes: &mut Mistakes) {
        let own: Vec<Keyed<'_>> = self
            .accounts()
            .map(|account| (account.id.as_str(), &account.credentials))
            .collect();
        let stays = |id: &AccountId| own.iter().all(|(own, _)| *own != id.as_str());
        let others: Vec<Keyed<'_>> = stored
            .iter()
            .filter(|(id, _)| stays(id))
            .map(|(id, credentials)| (id.as_str(), credentials))
            .collect();
        for (id, problem) in same_key(&own, &others) {
            mistakes.look_at(Some(id));
            mistakes.add(format!("account {id:?}"), problem);
        }
        mistakes.look_at(None);
    }
}

/// Reads and checks a file.
fn plan(path: &Path, settings: &ImportSettings) -> Result<(Plan, Mistakes), ImportFault> {
    let file = |source| ImportFault::File {
        path: path.to_owned(),
        source,
    };
    let text = std::fs::read_to_string(path).map_err(file)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut mistakes = Mistakes::default();
    let (merchants, operators) = read::Reading::new(&text, &mut mistakes).tables_of_file();
    let seen = BTreeSet::new();
    let mut checking = Checking {
        folder,
        settings,
        mistakes: &mut mistakes,
        seen,
    };
    let merchants: Vec<PlannedMerchant> = merchants
        .into_iter()
        .map(|merchant| checking.merchant(merchant))
        .collect();
    let operators = operators
        .into_iter()
        .filter_map(|operator| checking.operator(operator))
        .collect();
    let plan = Plan {
        merchants,
        operators,
    };
    Ok((plan, mistakes))
}

/// What the database holds already.
struct Known<'a> {
    accounts: HashMap<AccountId, ChannelAccount>,
    apps: HashMap<AppId, directory::App>,
    seal: &'a Seal,
}

impl Known<'_> {
    /// The credentials that this master key opens. The others are about to be imported
    /// again, or nobody can use them.
    fn stored(&self) -> Vec<(AccountId, Credentials)> {
        let opened = self.accounts.values().filter_map(|account| {
            let credentials = Credentials::open(self.seal, &account.id, &account.sealed).ok()?;
            Some((account.id.clone(), credentials))
        });
        opened.collect()
    }

    fn account(
        &self,
        merchant: &MerchantId,
        planned: PlannedAccount,
    ) -> Result<ChannelAccount, ImportFault> {
        let id = AccountId::new(planned.id);
        let sealed = self
            .accounts
            .get(&id)
            .map(|account| account.sealed.as_str());
        let json = planned.credentials.to_json().map_err(|_| SealFault::Form)?;
        Ok(ChannelAccount {
            sealed: self.sealed(&Owner::Account(id.as_str()), &json, sealed)?,
            id,
            merchant: merchant.clone(),
            kind: planned.credentials.kind(),
            ways: planned.ways,
            enabled: planned.enabled,
        })
    }

    fn app(
        &self,
        merchant: &MerchantId,
        planned: PlannedApp,
    ) -> Result<directory::App, ImportFault> {
        let id = AppId::new(planned.id);
        let before = self.apps.get(&id).map(|app| app.webhook_secrets.as_slice());
        let owner = Owner::Webhook(id.as_str());
        let mut webhook_secrets = Vec::new();
        for (position, secret) in planned.webhook_secrets.iter().enumerate() {
            let sealed = before
                .and_then(|before| before.get(position))
                .map(String::as_str);
            webhook_secrets.push(self.sealed(&owner, secret.expose_secret(), sealed)?);
        }
        let mut api_keys: Vec<directory::ApiKey> = planned
            .api_keys
            .into_iter()
            .map(|ApiKey { hash, hint, mode }| directory::ApiKey { hash, hint, mode })
            .collect();
        // The directory's own order, so that what is the same compares as the same.
        api_keys.sort_by(|one, other| one.hash.cmp(&other.hash));
        Ok(directory::App {
            id,
            merchant: merchant.clone(),
            name: planned.name,
            policy: planned.policy,
            webhook_url: planned.webhook_url,
            webhook_secrets,
            api_keys,
            accounts: planned.accounts.into_iter().map(AccountId::new).collect(),
        })
    }

    /// The sealed text that is there already if it holds this very secret, else a
    /// new one.
    fn sealed(
        &self,
        owner: &Owner<'_>,
        secret: &str,
        before: Option<&str>,
    ) -> Result<String, SealFault> {
        let same = |sealed: &&str| {
            self.seal
                .open(owner, sealed)
                .is_ok_and(|known| known.expose_secret() == secret)
        };
        match before.filter(same) {
            Some(sealed) => Ok(sealed.to_owned()),
            None => self.seal.close(owner, secret),
        }
    }
}
