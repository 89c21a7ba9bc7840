//! Who is served: merchants, their applications and channel accounts; and the
//! answers that their idempotency keys stand for.
//!
//! Secrets come and go sealed: sealing them is the caller's business, and so is
//! the hashing of API keys.

mod accounts;
mod api_keys;
mod apps;
mod bills;
mod import;
mod operators;
mod replies;

pub use accounts::ChannelAccount;
pub use api_keys::{ApiKey, KeyOwner, Mode};
pub use apps::App;
pub use bills::TakenBill;
pub use import::{Import, Merchant};
pub use operators::Operator;
pub use replies::{Reply, Reserved};

use crate::database::Database;

/// The directory of a database whose schema is up to date.
#[derive(Clone, Debug)]
pub struct Directory {
    database: Database,
}

impl Directory {
    /// The directory of that database.
    pub fn new(database: Database) -> Directory {
        Directory { database }
    }
}
