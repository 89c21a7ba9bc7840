//! The stage: gateway, sandbox, database, merchants, payer and webhook together.

use crate::clock::StageClock;
use crate::database::{Database, Place};
use crate::keys::{MerchantKey, random_hex, webhook_secret};
use crate::merchant::Merchant;
use crate::payer::Payer;
use crate::receiver::Receiver;
use crate::rest;
use cashier::time::{Clock, Entropy, Span};
use gateway::accounts::{ImportSettings, import};
use gateway::assembly;
use gateway::config::{Config, Layers, Target, from_layers};
use gateway::entropy::SystemEntropy;
use gateway::server::{self, Overrides};
use sea_orm::ConnectionTrait as _;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// The Alipay apps: the merchant's, and another merchant's.
pub const ALIPAY_APPS: [&str; 2] = ["2021000000000001", "2021000000000002"];
/// The WeChat Pay merchant.
pub const MCHID: &str = "1900000001";

/// How WeChat Pay is spoken with, as in an import file.
const WECHAT_V3: &str = r#"protocol = "v3"
ways = ["WX_NATIVE", "WX_H5", "WX_JSAPI", "WX_APP"]
"#;
/// The same at a counter.
const WECHAT_V3_COUNTER: &str = r#"protocol = "v3"
ways = ["WX_NATIVE", "WX_H5", "WX_JSAPI", "WX_APP", "WX_BAR"]
codepay = true
"#;
/// The merchant's keys under APIv3.
const WECHAT_V3_KEYS: &str = r#"serial_no = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
merchant_private_key_file = "merchant.pem"
apiv3_key_file = "apiv3.key"
"#;
/// What WeChat Pay's signatures are known by: its public key, or certificates.
const WECHAT_KEY: &str = "platform_keys = [{ id = \"PLATFORM_KEY_ID\", file = \"wechat.pem\" }]\n";
const WECHAT_CERTIFICATES: &str = "platform_certificates = true\n";
/// The same under the older protocol.
const WECHAT_V2_COUNTER: &str = r#"protocol = "v2"
ways = ["WX_NATIVE", "WX_H5", "WX_JSAPI", "WX_APP", "WX_BAR"]
apiv2_key_file = "apiv2.key"
merchant_certificate_file = "apiclient_cert.pem"
merchant_private_key_file = "apiclient_key.pem"
"#;

/// What a story may want otherwise.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether the gateway does its background work by itself; without it a story
    /// drives `app.gateway.shared.cashier.run_due_tasks` by hand.
    pub workers: bool,
    /// The merchant's policy, as in an import file: `switch = "strict"`.
    pub policy: String,
    /// Settings of the gateway over the stage's own, as TOML sections.
    pub settings: String,
    /// A counter, which scans payers' codes: the merchant's accounts take them, WeChat
    /// Pay's under this protocol; and pages inside Alipay.
    pub counter: Option<Protocol>,
    /// Both channels are known by certificates, which they may change at any time.
    pub certificates: bool,
}

/// Which of its protocols WeChat Pay is spoken with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// JSON, with codepay in the contract.
    V3,
    /// XML.
    V2,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            workers: true,
            policy: String::new(),
            settings: String::new(),
            counter: None,
            certificates: false,
        }
    }
}

/// Everything that a story needs.
pub struct App {
    /// The gateway.
    pub gateway: server::Running,
    /// The simulated channels.
    pub sandbox: sandbox::Running,
    /// The merchant of the story: all ways of both channels, and a webhook.
    pub merchant: Merchant,
    /// Another merchant, with ways of Alipay and no webhook address of its own.
    pub other: Merchant,
    /// Who works on exceptions: a client with the key of the operator `li_lei`.
    pub operator: Merchant,
    /// Who pays.
    pub payer: Payer,
    /// The merchant's webhook.
    pub receiver: Receiver,
    /// The gateway's clock; [`App::advance`] pushes it.
    pub clock: Arc<StageClock>,
    config: Config,
    place: Place,
    _folder: TempDir,
}

impl App {
    /// Puts up the usual stage.
    pub async fn start(database: Database) -> App {
        App::start_with(database, Options::default()).await
    }

    /// Puts up a stage.
    ///
    /// # Panics
    /// When anything does not start.
    pub async fn start_with(database: Database, options: Options) -> App {
        let folder = tempfile::tempdir().unwrap();
        let place = database.place(folder.path()).await;
        let sandbox = sandbox::start(sandbox::Settings::default()).await.unwrap();
        let clock = Arc::new(StageClock::default());
        let secret = webhook_secret();
        let receiver = Receiver::start(&secret, clock.clone());
        let keys = [api_key(), api_key()];
        let ops_key = format!("till_ops_{}", random_hex(24));
        write_accounts(folder.path(), &sandbox, options.certificates);
        let file = accounts_file(&sandbox.url(), &receiver.url, &secret, &keys, &options);
        let operator = format!("[[operators]]\nname = \"li_lei\"\nkey = \"{ops_key}\"\n");
        std::fs::write(folder.path().join("accounts.toml"), file + &operator).unwrap();
        let config = config(folder.path(), &place, &options);
        // Of several stages in one process, the first one's log tells of all.
        let _ = gateway::telemetry::log::start(&config.log);
        import_accounts(folder.path(), &config).await;
        let gateway = server::start(config.clone(), overrides(&clock))
            .await
            .unwrap();
        let [merchant, other] = keys.map(|key| Merchant::new(gateway.url(), key));
        let operator = Merchant::new(gateway.url(), ops_key);
        let payer = Payer::new(sandbox.url());
        App {
            gateway,
            sandbox,
            merchant,
            other,
            operator,
            payer,
            receiver,
            clock,
            config,
            place,
            _folder: folder,
        }
    }

    /// Where the story's database is, for stories that look into it or break it.
    pub fn database_url(&self) -> &str {
        &self.place.url
    }

    /// Who is alerted of exceptions.
    pub fn targets(&self) -> Vec<Target> {
        self.config.alerts.targets.clone()
    }

    /// Pushes time ahead on both sides: what falls due is done soon after.
    pub async fn advance(&self, seconds: u32) {
        self.payer.advance(seconds).await;
        self.clock.advance(Span::seconds(seconds));
    }

    /// Stops the gateway as a signal would; what it was about to do stays undone.
    /// `meanwhile` happens without it. Then it starts again, at the same address and
    /// on the same database.
    ///
    /// # Panics
    /// When it does not start again.
    pub async fn restart(self, meanwhile: impl AsyncFnOnce(&Payer, &Receiver)) -> App {
        let mut config = self.config.clone();
        config.http.listen = self.gateway.addr.to_string();
        self.gateway.stop().await;
        meanwhile(&self.payer, &self.receiver).await;
        let gateway = server::start(config, overrides(&self.clock)).await.unwrap();
        App { gateway, ..self }
    }

    /// Executes SQL behind the gateway's back: what an accident does to a database.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn sql(&self, statement: &str) {
        let options = entities::Options {
            max_connections: 1,
            ..entities::Options::default()
        };
        let database = entities::connect(&self.place.url, &options).await.unwrap();
        database
            .connection()
            .execute_unprepared(statement)
            .await
            .unwrap();
    }

    /// Takes the database away under the running gateway (PostgreSQL only); the
    /// story ends without [`App::finish`].
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn lose_database(&self) {
        self.place.drop_database().await;
    }

    /// Waits until the books agree, and takes the stage down.
    ///
    /// # Panics
    /// When the books never agree.
    pub async fn finish(self) {
        rest::at_rest(&[&self.merchant, &self.other], &self.payer).await;
        self.gateway.stop().await;
        self.sandbox.stop().await;
        self.receiver.stop().await;
        self.place.drop_database().await;
    }
}

fn overrides(clock: &Arc<StageClock>) -> Overrides {
    let clock = clock.clone() as Arc<dyn Clock>;
    Overrides {
        clock: Some(clock),
        ..Overrides::default()
    }
}

fn api_key() -> String {
    format!("till_test_{}", random_hex(24))
}

/// Registers the accounts at the sandbox and writes their key files.
fn write_accounts(folder: &Path, sandbox: &sandbox::Running, certificates: bool) {
    let key = MerchantKey::generate();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("merchant.pem", &key.private_pem);
    for app_id in ALIPAY_APPS {
        let app = sandbox::AlipayApp {
            app_id: app_id.to_owned(),
            seller_id: "2088000000000001".to_owned(),
            app_public_key_pem: key.public_pem.clone(),
        };
        if certificates {
            let known = sandbox.sandbox().register_alipay_with_certificates(app);
            let known = known.unwrap();
            write(&format!("app-{app_id}.crt"), &known.app_cert_pem);
            write(&format!("alipay-{app_id}.crt"), &known.alipay_cert_pem);
            write("alipay-root.crt", &known.alipay_root_cert_pem);
        } else {
            let known = sandbox.sandbox().register_alipay(app).unwrap();
            write(&format!("alipay-{app_id}.pem"), &known);
        }
    }
    let apiv3_key = random_hex(16);
    write("apiv3.key", &apiv3_key);
    let merchant = sandbox::WechatMerchant {
        mchid: MCHID.to_owned(),
        appid: "wx0000000000000001".to_owned(),
        serial_no: "5157F09EFDC096DE15EBE81A47057A7232F1B8E1".to_owned(),
        merchant_public_key_pem: key.public_pem,
        apiv3_key: apiv3_key.into(),
    };
    let platform = sandbox.sandbox().register_wechat(merchant).unwrap();
    write("wechat.pem", &platform.public_key_pem);
    write("wechat.id", &platform.public_key_id);
    if certificates {
        let mode = sandbox::KeyMode::Certificates;
        sandbox.sandbox().set_wechat_keys(MCHID, mode, 0).unwrap();
    }
    let apiv2_key = random_hex(16);
    write("apiv2.key", &apiv2_key);
    let merchant = sandbox::WechatV2Merchant {
        mch_id: MCHID.to_owned(),
        appid: "wx0000000000000001".to_owned(),
        other_appids: Vec::new(),
        api_key: apiv2_key.into(),
        certificate_pem: None,
        certificate_checked_by_proxy: true,
        refund_notify_url: None,
        sub_merchants: Vec::new(),
    };
    let certified = sandbox.sandbox().register_wechat_v2(merchant).unwrap();
    write("apiclient_cert.pem", &certified.certificate_pem);
    write("apiclient_key.pem", &certified.private_key_pem.unwrap());
}

/// The merchant's account at WeChat Pay.
fn wechat(sandbox: &str, options: &Options) -> String {
    let known = match options.certificates {
        true => WECHAT_CERTIFICATES,
        false => WECHAT_KEY,
    };
    let specific = match options.counter {
        Some(Protocol::V2) => WECHAT_V2_COUNTER.to_owned(),
        Some(Protocol::V3) => format!("{WECHAT_V3_COUNTER}{WECHAT_V3_KEYS}{known}"),
        None => format!("{WECHAT_V3}{WECHAT_V3_KEYS}{known}"),
    };
    format!(
        r#"[[merchants.accounts]]
channel = "wechat"
id = "shop_wechat"
mchid = "{MCHID}"
appid = "wx0000000000000001"
base_url = "{sandbox}"
{specific}"#
    )
}

/// What Alipay's signatures are known by: its public key, or certificates.
fn alipay_known_by(app_id: &str, certificates: bool) -> String {
    if certificates {
        format!(
            r#"app_cert_file = "app-{app_id}.crt"
alipay_cert_file = "alipay-{app_id}.crt"
root_cert_file = "alipay-root.crt"
"#
        )
    } else {
        format!("alipay_public_key_file = \"alipay-{app_id}.pem\"\n")
    }
}

fn accounts_file(
    sandbox: &str,
    webhook: &str,
    secret: &str,
    keys: &[String; 2],
    options: &Options,
) -> String {
    let [app, other_app] = ALIPAY_APPS;
    let policy = &options.policy;
    let bar = options
        .counter
        .map_or("", |_| r#", "ALI_BAR", "ALI_JSAPI""#);
    let alipay = |id: &str, app_id: &str| {
        let known = alipay_known_by(app_id, options.certificates);
        format!(
            r#"[[merchants.accounts]]
channel = "alipay"
id = "{id}"
ways = ["ALI_PC", "ALI_WAP", "ALI_APP", "ALI_QR"{bar}]
app_id = "{app_id}"
seller_id = "2088000000000001"
app_private_key_file = "merchant.pem"
{known}base_url = "{sandbox}"
"#
        )
    };
    let [key, other_key] = keys;
    let (first, second) = (
        alipay("shop_alipay", app),
        alipay("other_alipay", other_app),
    );
    let wechat = wechat(sandbox, options);
    format!(
        r#"[[merchants]]
id = "shop"
name = "茶叶店"
{first}
{wechat}
[[merchants.apps]]
id = "shop_web"
name = "网店"
accounts = ["shop_alipay", "shop_wechat"]
policy = {{ {policy} }}
api_keys = [{{ key = "{key}" }}]
webhook = {{ url = "{webhook}", secrets = ["{secret}"] }}

[[merchants]]
id = "other"
name = "书店"
{second}
[[merchants.apps]]
id = "other_web"
name = "网店"
accounts = ["other_alipay"]
api_keys = [{{ key = "{other_key}" }}]
webhook = {{ secrets = ["{secret}"] }}
"#
    )
}

fn config(folder: &Path, place: &Place, options: &Options) -> Config {
    let settings = format!(
        r#"http.listen = "127.0.0.1:0"
http.threads = 1
metrics.listen = ""
database.url = "{}"
security.master_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
webhook.allow_private_addresses = true
webhook.poll_milliseconds = 20
workers.enabled = {}
workers.poll_milliseconds = 20
database.max_connections = 8
log.format = "text"
log.filter = "warn"
"#,
        place.url, options.workers
    );
    let file = folder.join("settings.toml");
    std::fs::write(&file, &options.settings).unwrap();
    let layers = Layers {
        built_in: Some(settings),
        file: Some(file),
        environment: false,
        ..Layers::default()
    };
    from_layers(layers).unwrap()
}

async fn import_accounts(folder: &Path, config: &Config) {
    let file = folder.join("accounts.toml");
    let id = std::fs::read_to_string(folder.join("wechat.id")).unwrap();
    let text = std::fs::read_to_string(&file)
        .unwrap()
        .replace("PLATFORM_KEY_ID", &id);
    std::fs::write(&file, text).unwrap();
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
    let database = assembly::open_database(&config.database).await.unwrap();
    let directory = entities::Directory::new(database);
    let seal = assembly::seal(config, entropy.clone()).unwrap();
    let settings = ImportSettings {
        surroundings: assembly::surroundings(config, entropy),
        allow_http_webhooks: true,
    };
    import(&file, &directory, &seal, &settings).await.unwrap();
}
