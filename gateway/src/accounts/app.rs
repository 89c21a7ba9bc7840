//! A merchant's application, as handlers and the deliverer need it.

use cashier::id::{AppId, MerchantId};
use cashier::policy::Policy;
use secrecy::SecretString;

/// An application.
#[derive(Debug)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its name, which payers see.
    pub name: String,
    /// What it has decided about the uncommon cases.
    pub policy: Policy,
    /// Where its events go.
    pub webhook_url: Option<String>,
    /// What events are signed with: all that are active, newest first.
    pub webhook_secrets: Vec<SecretString>,
}
