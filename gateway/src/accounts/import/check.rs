//! Checks what an import file says, reads the files that it names, and makes of
//! it what the database shall hold. Every mistake is noted.

use super::file::{
    AccountTable, AppTable, Merchant, OperatorTable, Placed, WebhookTable, WechatTable,
    WechatV2Table,
};
use super::{ApiKey, ImportSettings, PlannedAccount, PlannedApp, PlannedMerchant};
use crate::accounts::{
    Credentials, PlatformKey, WechatCredentials, WechatMore, WechatV2Credentials, operator,
};
use crate::config::Mistakes;
use crate::webhook::check_secret;
use cashier::way::{ChannelKind, Way};
use entities::directory::Operator;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use url::Url;

/// A flow's life in minutes: long enough to scan, no longer than a channel allows.
const FLOW_MINUTES: std::ops::RangeInclusive<u32> = 2..=120;

/// Checks one file.
pub(super) struct Checking<'a> {
    pub(super) folder: &'a Path,
    pub(super) settings: &'a ImportSettings,
    pub(super) mistakes: &'a mut Mistakes,
    pub(super) seen: BTreeSet<String>,
}

impl Checking<'_> {
    pub(super) fn merchant(&mut self, placed: Placed<Merchant>) -> PlannedMerchant {
        let Merchant {
            head,
            accounts,
            apps,
        } = placed.table;
        let place = format!("line {}, merchant {:?}", placed.line, head.id);
        self.id(&place, "merchant", &head.id);
        self.name(&place, &head.name);
        let accounts: Vec<PlannedAccount> = accounts
            .into_iter()
            .filter_map(|account| self.account(account))
            .collect();
        let apps = apps
            .into_iter()
            .map(|app| self.app(app, &accounts))
            .collect();
        PlannedMerchant {
            id: head.id,
            name: head.name,
            accounts,
            apps,
        }
    }

    pub(super) fn operator(&mut self, placed: Placed<OperatorTable>) -> Option<Operator> {
        let OperatorTable {
            name,
            key,
            key_file,
        } = placed.table;
        let place = format!("line {}, operator {name:?}", placed.line);
        let key = match (key, key_file) {
            (Some(key), None) => key,
            (None, Some(file)) => SecretString::from(self.file(&place, "key_file", &file)?.trim()),
            _ => {
                self.mistakes
                    .add(place, "key: give a key or a key_file, not both");
                return None;
            }
        };
        let known = match operator(&name, &key) {
            Ok(known) => known,
            Err(fault) => {
                self.mistakes.add(place, fault.to_string());
                return None;
            }
        };
        for seen in [format!("operator {name}"), format!("key {}", known.hash)] {
            if !self.seen.insert(seen) {
                let problem = "stands here twice, the name or the key";
                self.mistakes.add(place.clone(), problem);
            }
        }
        Some(known)
    }

    fn account(&mut self, placed: Placed<AccountTable>) -> Option<PlannedAccount> {
        self.mistakes.look_at(Some(placed.table.id()));
        let account = self.checked_account(placed);
        self.mistakes.look_at(None);
        account
    }

    fn checked_account(&mut self, placed: Placed<AccountTable>) -> Option<PlannedAccount> {
        let id = placed.table.id().to_owned();
        let place = format!("line {}, account {id:?}", placed.line);
        self.id(&place, "account", &id);
        let ways = placed.table.ways().to_vec();
        let enabled = placed.table.enabled();
        let credentials = match placed.table {
            AccountTable::Alipay(table) => self.alipay(&place, *table),
            AccountTable::Wechat(table) => self.wechat(&place, table),
            AccountTable::WechatV2(table) => self.wechat_v2(&place, table),
        }?;
        self.ways(&place, &ways, credentials.kind());
        if let Err(problem) = credentials.clone().adapter(&self.settings.surroundings) {
            self.mistakes.add(place, problem);
        }
        Some(PlannedAccount {
            id,
            ways,
            enabled,
            credentials,
        })
    }

    fn wechat(&mut self, place: &str, table: WechatTable) -> Option<Credentials> {
        let private = self.file(
            place,
            "merchant_private_key_file",
            &table.merchant_private_key_file,
        );
        let apiv3 = self.file(place, "apiv3_key_file", &table.apiv3_key_file);
        let mut platform_keys = Vec::new();
        let mut complete = true;
        for key in table.platform_keys {
            match self.file(place, "platform_keys", &key.file) {
                Some(pem) => platform_keys.push(PlatformKey {
                    id: key.id,
                    pem: pem.to_string(),
                }),
                None => complete = false,
            }
        }
        let certificate = match &table.merchant_certificate_file {
            Some(file) => Some(self.file(place, "merchant_certificate_file", file)?),
            None => None,
        };
        let app_secret = match &table.app_secret_file {
            Some(file) => Some(self.file(place, "app_secret_file", file)?),
            None => None,
        };
        if table.sub_appid.is_some() && table.sub_mchid.is_none() {
            let problem = "sub_appid: goes with sub_mchid, the merchant below a service provider";
            self.mistakes.add(place, problem);
        }
        if table.ways.contains(&Way::WxBar) && !table.codepay {
            let problem = "ways: WX_BAR under APIv3 needs `codepay = true`, for merchants to whom \
                           WeChat gives 付款码支付 under APIv3; others collect it by an account of \
                           APIv2";
            self.mistakes.add(place, problem);
        }
        let (private, apiv3) = (private?, apiv3?);
        complete.then(|| {
            Credentials::Wechat(WechatCredentials {
                mchid: table.mchid,
                appid: table.appid,
                serial_no: table.serial_no,
                merchant_private_key: SecretString::from(private.as_str()),
                apiv3_key: SecretString::from(apiv3.trim()),
                platform_keys,
                base_url: table
                    .base_url
                    .unwrap_or_else(|| Credentials::WECHAT_URL.to_owned()),
                more: WechatMore {
                    platform_certificates: table.platform_certificates,
                    answers_signed_by: table.answers_signed_by,
                    lite_appid: table.lite_appid,
                    codepay: table.codepay,
                    merchant_certificate: certificate.map(|pem| pem.to_string()),
                    app_secret: app_secret.map(|text| SecretString::from(text.trim())),
                    sub_mchid: table.sub_mchid,
                    sub_appid: table.sub_appid,
                },
            })
        })
    }

    fn wechat_v2(&mut self, place: &str, table: WechatV2Table) -> Option<Credentials> {
        let key = self.file(place, "apiv2_key_file", &table.apiv2_key_file);
        let certificate = self.file(
            place,
            "merchant_certificate_file",
            &table.merchant_certificate_file,
        );
        let private = self.file(
            place,
            "merchant_private_key_file",
            &table.merchant_private_key_file,
        );
        let app_secret = match &table.app_secret_file {
            Some(path) => Some(self.file(place, "app_secret_file", path)?),
            None => None,
        };
        let authority = match &table.ca_certificate_file {
            Some(path) => Some(self.file(place, "ca_certificate_file", path)?.to_string()),
            None => None,
        };
        Some(Credentials::WechatV2(WechatV2Credentials {
            mchid: table.mchid,
            appid: table.appid,
            lite_appid: table.lite_appid,
            sub_mchid: table.sub_mchid,
            sub_appid: table.sub_appid,
            apiv2_key: SecretString::from(key?.trim()),
            sign_type: table.sign_type,
            merchant_certificate: certificate?.to_string(),
            merchant_private_key: SecretString::from(private?.as_str()),
            base_url: table
                .base_url
                .unwrap_or_else(|| Credentials::WECHAT_URL.to_owned()),
            app_secret: app_secret.map(|text| SecretString::from(text.trim())),
            ca_certificate: authority,
        }))
    }

    fn app(&mut self, placed: Placed<AppTable>, accounts: &[PlannedAccount]) -> PlannedApp {
        let app = placed.table;
        let place = format!("line {}, app {:?}", placed.line, app.id);
        self.id(&place, "app", &app.id);
        self.name(&place, &app.name);
        for account in &app.accounts {
            if !accounts.iter().any(|known| known.id == *account) {
                let problem = format!("accounts: this merchant has no usable account {account:?}");
                self.mistakes.add(place.clone(), problem);
            }
        }
        if app
            .policy
            .flow_minutes
            .is_some_and(|minutes| !FLOW_MINUTES.contains(&minutes))
        {
            let problem = "policy.flow_minutes: must be between 2 and 120";
            self.mistakes.add(place.clone(), problem);
        }
        let policy = app.policy.policy();
        let mut api_keys = Vec::new();
        for key in app.api_keys {
            api_keys.extend(self.api_key(&place, key.key, key.key_file));
        }
        let (webhook_url, webhook_secrets) = match app.webhook {
            Some(webhook) => self.webhook(&place, webhook),
            None => (None, Vec::new()),
        };
        PlannedApp {
            id: app.id,
            name: app.name,
            policy,
            accounts: app.accounts,
            api_keys,
            webhook_url,
            webhook_secrets,
        }
    }

    fn api_key(
        &mut self,
        place: &str,
        key: Option<SecretString>,
        file: Option<PathBuf>,
    ) -> Option<ApiKey> {
        let key = match (key, file) {
            (Some(key), None) => key,
            (None, Some(file)) => {
                SecretString::from(self.file(place, "api_keys.key_file", &file)?.trim())
            }
            _ => {
                self.mistakes.add(
                    place,
                    "api_keys: give each entry a key or a key_file, not both",
                );
                return None;
            }
        };
        let Some(key) = ApiKey::new(&key) else {
            let problem = "api_keys: a key is till_test_ or till_live_ and at least 32 letters \
                           and digits, as in `echo till_test_$(openssl rand -hex 24)`";
            self.mistakes.add(place, problem);
            return None;
        };
        if !self.seen.insert(format!("key {}", key.hash)) {
            self.mistakes
                .add(place, "api_keys: a key stands here twice");
        }
        Some(key)
    }

    fn webhook(
        &mut self,
        place: &str,
        webhook: WebhookTable,
    ) -> (Option<String>, Vec<SecretString>) {
        let mut secrets = webhook.secrets;
        for file in &webhook.secret_files {
            let secret = self.file(place, "webhook.secret_files", file);
            secrets.extend(secret.map(|text| SecretString::from(text.trim())));
        }
        for secret in &secrets {
            if let Err(fault) = check_secret(secret) {
                self.mistakes
                    .add(place, format!("webhook.secrets: {fault}"));
            }
        }
        if let Some(url) = &webhook.url {
            self.webhook_url(place, url);
        }
        if webhook.url.is_some() && secrets.is_empty() {
            let problem = "webhook.secrets: without a secret the merchant cannot know that an \
                           event is ours; write `secrets = [\"whsec_…\"]`";
            self.mistakes.add(place, problem);
        }
        (webhook.url, secrets)
    }

    fn webhook_url(&mut self, place: &str, url: &str) {
        let scheme = Url::parse(url)
            .ok()
            .filter(Url::has_host)
            .map(|url| url.scheme().to_owned());
        let allowed = match scheme.as_deref() {
            Some("https") => true,
            Some("http") => self.settings.allow_http_webhooks,
            _ => false,
        };
        if !allowed {
            let problem = "webhook.url: must be an absolute https address (http only with \
                           webhook.allow_private_addresses)";
            self.mistakes.add(place, problem);
        }
    }

    fn ways(&mut self, place: &str, ways: &[Way], kind: ChannelKind) {
        if ways.is_empty() {
            self.mistakes
                .add(place, "ways: name at least one way of paying");
        }
        for way in ways.iter().filter(|way| way.channel() != kind) {
            self.mistakes
                .add(place, format!("ways: {way} is not a way of {kind}"));
        }
    }

    fn id(&mut self, place: &str, kind: &str, id: &str) {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !(1..=32).contains(&id.len()) || !id.bytes().all(plain) {
            let problem = "id: must be 1 to 32 characters of a to z, 0 to 9 and _";
            self.mistakes.add(place, problem);
        }
        if !self.seen.insert(format!("{kind} {id}")) {
            self.mistakes
                .add(place, format!("id: there is another {kind} of this id"));
        }
    }

    fn name(&mut self, place: &str, name: &str) {
        let length = name.trim().chars().count();
        if !(1..=64).contains(&length) || name.chars().any(char::is_control) {
            self.mistakes.add(
                place,
                "name: must be 1 to 64 characters, which payers will see",
            );
        }
    }

    /// The text of a file that stands relative to the import file.
    pub(super) fn file(
        &mut self,
        place: &str,
        field: &str,
        path: &Path,
    ) -> Option<Zeroizing<String>> {
        let path = self.folder.join(path);
        match std::fs::read_to_string(&path) {
            Ok(text) => Some(Zeroizing::new(text)),
            Err(error) => {
                let problem = format!("{field}: {} cannot be read: {error}", path.display());
                self.mistakes.add(place, problem);
                None
            }
        }
    }
}
