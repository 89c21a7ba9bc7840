//! A folder with a database, keys of two channels, and an import file that is right.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use entities::Directory;
use gateway::accounts::{
    ImportFault, ImportSettings, Imported, LoadFault, Registry, RegistrySettings, Seal,
    Surroundings, import,
};
use gateway::clock::SystemClock;
use gateway::config::MasterKey;
use gateway::entropy::SystemEntropy;
use governor::Quota;
use sea_orm::ConnectionTrait;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

pub const API_KEY: &str = "till_live_0123456789abcdefghijklmnopqrstuvwxyz";
pub const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const APIV2_KEY: &str = "192006250b4c09247ec02edce69f6a2d";
/// A certificate with its key, which nobody relies on.
const PUBLISHED: &str = include_str!("../../../channels/fixtures/wechat/00_keys.json");
const APIV3_KEY: &str = "0123456789abcdef0123456789ABCDEF";

pub struct Folder {
    pub directory: Directory,
    folder: TempDir,
    database: entities::Database,
    private_keys: Vec<String>,
}

impl Folder {
    pub async fn new() -> Folder {
        let folder = tempfile::tempdir().unwrap();
        let url = format!(
            "sqlite://{}?mode=rwc",
            folder.path().join("till.db").display()
        );
        let database = entities::connect(&url, &entities::Options::default())
            .await
            .unwrap();
        migrations::migrate(database.connection()).await.unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        let (private, own_public) = pair();
        write("alipay_private.pem", &private).unwrap();
        write("alipay_own_public.pem", &own_public).unwrap();
        write("alipay_public.pem", &pair().1).unwrap();
        let (wechat_private, _) = pair();
        write("wechat_private.pem", &wechat_private).unwrap();
        write("wechat_apiv3.key", APIV3_KEY).unwrap();
        write("wechat_public.pem", &pair().1).unwrap();
        write("wechat_apiv2.key", APIV2_KEY).unwrap();
        let published: serde_json::Value = serde_json::from_str(PUBLISHED).unwrap();
        let pem = |name: &str| published["merchant"][name].as_str().unwrap().to_owned();
        write("wechat_v2_cert.pem", &pem("cert_pem")).unwrap();
        write("wechat_v2_key.pem", &pem("private_key_pkcs8_pem")).unwrap();
        write("api.key", API_KEY).unwrap();
        let directory = Directory::new(database.clone());
        Folder {
            directory,
            folder,
            database,
            private_keys: vec![private, wechat_private],
        }
    }

    /// An import file without a mistake.
    pub fn sound(&self) -> String {
        format!(
            r#"[[merchants]]
id = "tea"
name = "Tea House Ltd"

[[merchants.accounts]]
id = "tea_alipay"
channel = "alipay"
ways = ["ALI_PC", "ALI_QR"]
app_id = "2021000000000001"
seller_id = "2088000000000001"
app_private_key_file = "alipay_private.pem"
alipay_public_key_file = "alipay_public.pem"

[[merchants.accounts]]
id = "tea_wechat"
channel = "wechat"
protocol = "v3"
ways = ["WX_NATIVE"]
mchid = "1900000001"
appid = "wx0123456789abcdef"
serial_no = "{serial}"
merchant_private_key_file = "wechat_private.pem"
apiv3_key_file = "wechat_apiv3.key"
platform_keys = [{{ id = "PUB_KEY_ID_0119000000012024", file = "wechat_public.pem" }}]

[[merchants.apps]]
id = "tea_app"
name = "Tea House"
accounts = ["tea_alipay", "tea_wechat"]
policy = {{ switch = "strict", late_payment = "accept", flow_minutes = 10 }}
api_keys = [{{ key = "{API_KEY}" }}]
webhook = {{ url = "https://tea.example.com/hook", secrets = ["{WEBHOOK_SECRET}"] }}
"#,
            serial = "AB".repeat(20)
        )
    }

    /// The same with the WeChat account in APIv2, for a sub-merchant.
    pub fn with_apiv2(&self) -> String {
        let sound = self.sound();
        let (head, rest) = sound.split_once("protocol = \"v3\"").unwrap();
        let (_, apps) = rest.split_once("[[merchants.apps]]").unwrap();
        format!(
            r#"{head}protocol = "v2"
ways = ["WX_NATIVE"]
mchid = "1900009191"
appid = "wx0123456789abcdef"
sub_mchid = "1900000109"
sub_appid = "wxfedcba9876543210"
apiv2_key_file = "wechat_apiv2.key"
sign_type = "HMAC-SHA256"
merchant_certificate_file = "wechat_v2_cert.pem"
merchant_private_key_file = "wechat_v2_key.pem"

[[merchants.apps]]{apps}"#
        )
    }

    /// Files of an application in certificate mode, and a service provider's token.
    pub fn certify(&self) {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../channels/fixtures/alipay");
        let read = |name: &str| std::fs::read_to_string(format!("{fixtures}/{name}")).unwrap();
        let keys: serde_json::Value = serde_json::from_str(&read("00_keys.json")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(self.folder.path().join(name), text);
        let private = keys["app_private_key_pkcs8_pem"].as_str().unwrap();
        write("certified_private.pem", private).unwrap();
        for name in [
            "app.pem",
            "alipay.pem",
            "root.pem",
            "stranger.pem",
            "forged.pem",
        ] {
            write(name, &read(&format!("certificates/{name}"))).unwrap();
        }
        write("app_auth_token", "202411BBCANARY\n").unwrap();
    }

    /// Imports this text under the first master key.
    pub async fn import(&self, toml: &str) -> Result<Imported, ImportFault> {
        let file = self.folder.path().join("accounts.toml");
        std::fs::write(&file, toml).unwrap();
        let settings = ImportSettings {
            surroundings: surroundings(),
            allow_http_webhooks: false,
        };
        import(&file, &self.directory, &seal(1), &settings).await
    }

    /// The registry under that master key.
    pub async fn registry(&self, key: u8) -> Result<Registry, LoadFault> {
        let settings = RegistrySettings {
            public_url: "https://pay.example.com".to_owned(),
            surroundings: surroundings(),
            quota: Quota::per_second(NonZeroU32::MIN),
        };
        Registry::load(self.directory.clone(), seal(key), settings).await
    }

    /// Everything that must not be seen: keys are long, so a piece of each.
    pub fn secrets(&self) -> Vec<String> {
        let pieces = self.private_keys.iter().map(|key| key[200..260].to_owned());
        let others = [API_KEY, WEBHOOK_SECRET, APIV3_KEY].map(str::to_owned);
        pieces.chain(others).collect()
    }

    /// Brings everything into the database's own file.
    pub async fn checkpoint(&self) {
        let connection = self.database.connection();
        connection
            .execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)")
            .await
            .unwrap();
    }

    pub fn database_bytes(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("till.db")).unwrap()
    }
}

fn surroundings() -> Surroundings {
    Surroundings {
        deadline: Duration::from_secs(5),
        wall: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy::default()),
    }
}

fn seal(key: u8) -> Seal {
    Seal::new(
        &MasterKey::new([key; 32]),
        Arc::new(SystemEntropy::default()),
    )
    .unwrap()
}

/// A new key: private and public, in base64 as the channels' tools print them.
fn pair() -> (String, String) {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
    (
        STANDARD.encode(private.as_ref()),
        STANDARD.encode(public.as_ref()),
    )
}
