//! `till serve` as a process of its own that can be killed, over a sandbox that
//! outlives it.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const API_KEY: &str = "till_test_0123456789abcdefghijklmnopqrstuvwxyz";
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const APIV3_KEY: &str = "0123456789abcdef0123456789ABCDEF";
/// How long anything may take; longer than a lease.
const PATIENCE: Duration = Duration::from_secs(90);

/// The sandbox, the files, and the process, if it lives.
pub struct Stage {
    pub sandbox: sandbox::Running,
    folder: TempDir,
    port: u16,
    http: reqwest::Client,
    till: Option<Child>,
}

impl Stage {
    /// A sandbox, imported accounts, and a running process.
    pub async fn new() -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(sandbox::Settings::default()).await.unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        write_accounts(folder.path(), &sandbox);
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()
            .unwrap();
        let mut stage = Stage {
            sandbox,
            folder,
            port,
            http,
            till: None,
        };
        let mut import = stage.command(&["account", "import"]);
        let imported = import.arg(stage.file("accounts.toml")).status();
        assert!(imported.unwrap().success());
        stage.start().await;
        stage
    }

    /// Starts the process and waits until it answers.
    pub async fn start(&mut self) {
        self.till = Some(self.command(&["serve"]).spawn().unwrap());
        let ready = self.url("/readyz");
        self.until("it is ready", async || {
            self.http.get(&ready).send().await.ok().map(drop)
        })
        .await;
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let mut till = self.till.take().unwrap();
        till.kill().unwrap();
        till.wait().unwrap();
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self
            .http
            .post(self.url(path))
            .bearer_auth(API_KEY)
            .json(body);
        request.send().await.unwrap().json().await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        let request = self.http.get(self.url(path)).bearer_auth(API_KEY);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Sends a request whose answer nobody will read, since the process dies.
    pub fn post_into_the_void(&self, path: &str, body: Value) {
        let request = self
            .http
            .post(self.url(path))
            .bearer_auth(API_KEY)
            .json(&body);
        tokio::spawn(request.send());
    }

    /// Breaks the next call of that kind, and waits nowhere.
    pub async fn break_next(&self, method: &str, fault: &str) {
        let order = json!({ "method": method, "fault": fault, "times": 1, "delay_ms": 60_000 });
        self.control("faults", &order).await;
    }

    /// Waits until the armed fault has struck: the call is under way.
    pub async fn until_struck(&self) {
        let url = format!("{}/sandbox/faults", self.sandbox.url());
        self.until("the fault has struck", async || {
            let shown: Value = self.http.get(&url).send().await.ok()?.json().await.ok()?;
            (shown["faults"][0]["fired"].as_u64()? > 0).then_some(())
        })
        .await;
    }

    pub async fn ledger(&self) -> Value {
        let url = format!("{}/sandbox/ledger", self.sandbox.url());
        self.http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    /// Opens a QR code in the wallet, and pays it.
    pub async fn pay(&self, code: &Value) {
        let opened = self
            .control("payer/open", &json!({ "artefact": code }))
            .await;
        let number = opened["out_trade_no"].as_str().unwrap();
        self.control(&format!("trades/{number}/pay"), &json!({}))
            .await;
    }

    async fn control(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/sandbox/{path}", self.sandbox.url());
        let answer = self.http.post(url).json(body).send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{path}: {}",
            answer.text().await.unwrap()
        );
        answer.json().await.unwrap_or_default()
    }

    /// Looks again and again until `look` gives something.
    pub async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(
                tokio::time::Instant::now() < end,
                "waited in vain until {what}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn command(&self, words: &[&str]) -> Command {
        let log = std::fs::File::options()
            .append(true)
            .create(true)
            .open(self.file("log"))
            .unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_till"));
        command
            .args(words)
            .env_clear()
            .stdout(Stdio::null())
            .stderr(log);
        for (name, value) in [
            ("TILL__HTTP__LISTEN", format!("127.0.0.1:{}", self.port)),
            ("TILL__METRICS__LISTEN", String::new()),
            (
                "TILL__DATABASE__URL",
                format!("sqlite://{}?mode=rwc", self.file("till.db")),
            ),
            ("TILL__SECURITY__MASTER_KEY", MASTER_KEY.to_owned()),
        ] {
            command.env(name, value);
        }
        command
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(till) = &mut self.till {
            let _ = till.kill();
            let _ = till.wait();
        }
    }
}

fn write_accounts(folder: &Path, sandbox: &sandbox::Running) {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let public = STANDARD.encode(public.as_ref());
    let merchant = sandbox::WechatMerchant {
        mchid: "1900000001".to_owned(),
        appid: "wx0000000000000001".to_owned(),
        serial_no: "5157F09EFDC096DE15EBE81A47057A7232F1B8E1".to_owned(),
        merchant_public_key_pem: public.clone(),
        apiv3_key: APIV3_KEY.into(),
    };
    let app = sandbox::AlipayApp {
        app_id: "2021000000000001".to_owned(),
        seller_id: "2088000000000001".to_owned(),
        app_public_key_pem: public,
    };
    let wechat = sandbox.sandbox().register_wechat(merchant).unwrap();
    let alipay = sandbox.sandbox().register_alipay(app).unwrap();
    let accounts = format!(
        r#"[[merchants]]
id = "tea"
name = "Tea"

[[merchants.accounts]]
id = "tea_wechat"
channel = "wechat"
protocol = "v3"
ways = ["WX_NATIVE"]
mchid = "1900000001"
appid = "wx0000000000000001"
serial_no = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
merchant_private_key_file = "merchant.key"
apiv3_key_file = "apiv3.key"
platform_keys = [{{ id = "{}", file = "wechat.pem" }}]
base_url = "{url}"

[[merchants.accounts]]
id = "tea_alipay"
channel = "alipay"
ways = ["ALI_QR"]
app_id = "2021000000000001"
seller_id = "2088000000000001"
app_private_key_file = "merchant.key"
alipay_public_key_file = "alipay.pem"
base_url = "{url}"

[[merchants.apps]]
id = "tea_web"
name = "Tea"
accounts = ["tea_wechat", "tea_alipay"]
api_keys = [{{ key = "{API_KEY}" }}]
"#,
        wechat.public_key_id,
        url = sandbox.url()
    );
    for (name, text) in [
        ("merchant.key", STANDARD.encode(private.as_ref())),
        ("apiv3.key", APIV3_KEY.to_owned()),
        ("wechat.pem", wechat.public_key_pem),
        ("alipay.pem", alipay),
        ("accounts.toml", accounts),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
}
