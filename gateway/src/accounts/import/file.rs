//! The shape of an import file: one struct a table.

use super::alipay::AlipayTable;
use crate::accounts::{AnswersSignedBy, SignType};
use cashier::policy::{LatePayment, Policy, Switch};
use cashier::time::Span;
use cashier::way::Way;
use secrecy::SecretString;
use serde::Deserialize;
use std::path::PathBuf;

/// A table and the line on which it begins.
#[derive(Debug)]
pub(super) struct Placed<T> {
    pub(super) line: usize,
    pub(super) table: T,
}

/// A merchant with everything that belongs to it.
#[derive(Debug)]
pub(super) struct Merchant {
    pub(super) head: MerchantTable,
    pub(super) accounts: Vec<Placed<AccountTable>>,
    pub(super) apps: Vec<Placed<AppTable>>,
}

/// `[[operators]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperatorTable {
    pub(super) name: String,
    pub(super) key: Option<SecretString>,
    pub(super) key_file: Option<PathBuf>,
}

/// `[[merchants]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MerchantTable {
    pub(super) id: String,
    pub(super) name: String,
}

/// `[[merchants.accounts]]`
#[derive(Debug)]
pub(super) enum AccountTable {
    Alipay(Box<AlipayTable>),
    Wechat(WechatTable),
    WechatV2(WechatV2Table),
}

/// `[[merchants.accounts]]` with `channel = "wechat"` and `protocol = "v3"`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WechatTable {
    pub(super) id: String,
    pub(super) ways: Vec<Way>,
    pub(super) mchid: String,
    pub(super) appid: String,
    pub(super) serial_no: String,
    pub(super) merchant_private_key_file: PathBuf,
    pub(super) merchant_certificate_file: Option<PathBuf>,
    pub(super) apiv3_key_file: PathBuf,
    #[serde(default)]
    pub(super) platform_keys: Vec<PlatformKeyTable>,
    #[serde(default)]
    pub(super) platform_certificates: bool,
    #[serde(default)]
    pub(super) answers_signed_by: AnswersSignedBy,
    pub(super) lite_appid: Option<String>,
    #[serde(default)]
    pub(super) codepay: bool,
    pub(super) app_secret_file: Option<PathBuf>,
    pub(super) sub_mchid: Option<String>,
    pub(super) sub_appid: Option<String>,
    pub(super) base_url: Option<String>,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
}

/// `[[merchants.accounts]]` with `channel = "wechat"` and `protocol = "v2"`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WechatV2Table {
    pub(super) id: String,
    pub(super) ways: Vec<Way>,
    pub(super) mchid: String,
    pub(super) appid: String,
    pub(super) lite_appid: Option<String>,
    pub(super) sub_mchid: Option<String>,
    pub(super) sub_appid: Option<String>,
    pub(super) apiv2_key_file: PathBuf,
    #[serde(default)]
    pub(super) sign_type: SignType,
    pub(super) merchant_certificate_file: PathBuf,
    pub(super) merchant_private_key_file: PathBuf,
    pub(super) base_url: Option<String>,
    pub(super) app_secret_file: Option<PathBuf>,
    pub(super) ca_certificate_file: Option<PathBuf>,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
}

/// An entry of `platform_keys`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlatformKeyTable {
    pub(super) id: String,
    pub(super) file: PathBuf,
}

/// `[[merchants.apps]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AppTable {
    pub(super) id: String,
    pub(super) name: String,
    /// Channel accounts, the preferred one of a way first.
    pub(super) accounts: Vec<String>,
    #[serde(default)]
    pub(super) policy: PolicyTable,
    #[serde(default)]
    pub(super) api_keys: Vec<ApiKeyTable>,
    pub(super) webhook: Option<WebhookTable>,
}

/// `policy` of an application.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyTable {
    #[serde(default)]
    switch: Switch,
    #[serde(default)]
    late_payment: LatePayment,
    pub(super) flow_minutes: Option<u32>,
}

/// An entry of `api_keys`: one of the two.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApiKeyTable {
    pub(super) key: Option<SecretString>,
    pub(super) key_file: Option<PathBuf>,
}

/// `webhook` of an application.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookTable {
    pub(super) url: Option<String>,
    #[serde(default)]
    pub(super) secrets: Vec<SecretString>,
    #[serde(default)]
    pub(super) secret_files: Vec<PathBuf>,
}

impl PolicyTable {
    pub(super) fn policy(&self) -> Policy {
        Policy {
            switch: self.switch,
            late_payment: self.late_payment,
            flow_life: self
                .flow_minutes
                .map_or(Policy::default_flow_life(), Span::minutes),
        }
    }
}

impl AccountTable {
    pub(super) fn id(&self) -> &str {
        match self {
            AccountTable::Alipay(table) => &table.id,
            AccountTable::Wechat(table) => &table.id,
            AccountTable::WechatV2(table) => &table.id,
        }
    }

    pub(super) fn ways(&self) -> &[Way] {
        match self {
            AccountTable::Alipay(table) => &table.ways,
            AccountTable::Wechat(table) => &table.ways,
            AccountTable::WechatV2(table) => &table.ways,
        }
    }

    pub(super) fn enabled(&self) -> bool {
        match self {
            AccountTable::Alipay(table) => table.enabled,
            AccountTable::Wechat(table) => table.enabled,
            AccountTable::WechatV2(table) => table.enabled,
        }
    }
}

pub(super) const fn yes() -> bool {
    true
}
