//! Merchants, their applications and their channel accounts: imported from a
//! file, sealed in the database, and held ready in the registry.

mod app;
mod credentials;
mod import;
mod metered;
mod operator;
mod registry;
mod same_key;
mod seal;

pub use app::App;
pub use credentials::{
    AlipayCertificates, AlipayCredentials, AlipayPayerId, AlipayProductCodes, AnswersSignedBy,
    Credentials, PlatformKey, SignType, Surroundings, WechatCredentials, WechatMore,
    WechatV2Credentials,
};
pub use import::{FileAccounts, ImportFault, ImportSettings, Imported, accounts_of_file, import};
pub use operator::{OPS_PREFIX, OperatorFault, new_key, operator};
pub use registry::{LoadFault, Registry, RegistrySettings};
pub use same_key::{Keyed, same_key};
pub use seal::{Owner, Seal, SealFault};
