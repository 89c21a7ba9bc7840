//! A folder with key files and accounts that are right, a sandbox that knows them, a
//! Till that takes notices, and the program.

use crate::keys::{Pair, pair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gateway::config::{Layers, from_layers};
use gateway::server::{Overrides, Running};
use std::process::Command;
use tempfile::TempDir;

pub const APIV3_KEY: &str = "0123456789abcdef0123456789ABCDEF";
pub const APIV2_KEY: &str = "192006250b4c09247ec02edce69f6a2d";
/// A certificate with its key, which nobody relies on.
const PUBLISHED: &str = include_str!("../../../channels/fixtures/wechat/00_keys.json");

pub const MASTER_KEY: [u8; 32] = [7; 32];
pub const SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";

/// Every account: Alipay by key and by certificates, WeChat Pay APIv3 without and with
/// the merchant's certificate, and APIv2.
pub const ALL: &[&str] = &["ali", "alc", "w3", "wc", "w2"];

pub struct Clinic {
    pub folder: TempDir,
    pub channels: sandbox::Running,
    pub own: Pair,
    /// `http.public_url` of the commands; at first, where Till takes notices.
    pub public_url: String,
    public_key_ids: [String; 2],
    till: Running,
}

/// What the program said.
pub struct Said {
    pub code: i32,
    pub text: String,
}

impl Clinic {
    pub async fn open() -> Clinic {
        let channels = sandbox::start(sandbox::Settings {
            https_addr: Some("127.0.0.1:0".to_owned()),
            ..sandbox::Settings::default()
        });
        let channels = channels.await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let till = till(&folder).await;
        let mut clinic = Clinic {
            folder,
            channels,
            own: pair(),
            public_url: format!("http://{}", till.addr),
            public_key_ids: <[String; 2]>::default(),
            till,
        };
        clinic.be_right();
        clinic
    }

    /// Every file as it should be.
    pub fn be_right(&mut self) {
        let public = self.own.public.clone();
        self.write("own.key", &self.own.private);
        let alipay = self.channels.sandbox().register_alipay(app(1, &public));
        self.write("alipay.pem", &alipay.unwrap());
        let certificates = self.certificates(2);
        self.write("app.crt", &certificates.app_cert_pem);
        self.write("alipay.crt", &certificates.alipay_cert_pem);
        self.write("root.crt", &certificates.alipay_root_cert_pem);
        self.write("apiv3.key", APIV3_KEY);
        let wechat = self.wechat("1900000001", SERIAL, &public);
        self.write("wechat.pem", &wechat.public_key_pem);
        self.public_key_ids[0] = wechat.public_key_id;
        let serial = published("serial_no");
        let wechat = self.wechat("1900009191", &serial, &published("public_key_spki_pem"));
        self.write("certified_wechat.pem", &wechat.public_key_pem);
        self.public_key_ids[1] = wechat.public_key_id;
        self.write("certified.crt", &published("cert_pem"));
        self.write("certified.key", &published("private_key_pkcs8_pem"));
        let merchant = sandbox::WechatV2Merchant {
            mch_id: "1900000001".to_owned(),
            appid: "wx0000000000000001".to_owned(),
            other_appids: Vec::new(),
            api_key: APIV2_KEY.into(),
            certificate_pem: None,
            certificate_checked_by_proxy: false,
            refund_notify_url: None,
            sub_merchants: Vec::new(),
        };
        let v2 = self.channels.sandbox().register_wechat_v2(merchant);
        let v2 = v2.unwrap();
        self.write("apiclient_cert.pem", &v2.certificate_pem);
        self.write("apiclient_key.pem", &v2.private_key_pem.unwrap());
        self.write("ca.pem", &v2.ca_certificate_pem);
        self.write("apiv2.key", APIV2_KEY);
    }

    fn wechat(&self, mchid: &str, serial: &str, public: &str) -> sandbox::WechatPlatform {
        let merchant = sandbox::WechatMerchant {
            mchid: mchid.to_owned(),
            appid: "wx0000000000000001".to_owned(),
            serial_no: serial.to_owned(),
            merchant_public_key_pem: public.to_owned(),
            apiv3_key: APIV3_KEY.into(),
        };
        self.channels.sandbox().register_wechat(merchant).unwrap()
    }

    /// The certificates of the application of that number, which has the same key.
    pub fn certificates(&self, number: u8) -> sandbox::AlipayCertificates {
        let app = app(number, &self.own.public);
        let known = self.channels.sandbox();
        known.register_alipay_with_certificates(app).unwrap()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// An import file with these accounts.
    pub fn accounts(&self, ids: &[&str]) -> String {
        let accounts: String = ids.iter().map(|id| self.account(id)).collect();
        format!("[[merchants]]\nid = \"tea\"\nname = \"Tea\"\n{accounts}")
    }

    fn account(&self, id: &str) -> String {
        let channels = self.channels.url();
        let (url, rest) = match id {
            "ali" => (
                channels,
                "channel = \"alipay\"\nways = [\"ALI_QR\"]\n\
                 app_id = \"2021000000000001\"\nseller_id = \"2088000000000001\"\n\
                 app_private_key_file = \"own.key\"\nalipay_public_key_file = \"alipay.pem\""
                    .to_owned(),
            ),
            "alc" => (
                channels,
                "channel = \"alipay\"\nways = [\"ALI_QR\"]\n\
                 app_id = \"2021000000000002\"\nseller_id = \"2088000000000001\"\n\
                 app_private_key_file = \"own.key\"\napp_cert_file = \"app.crt\"\n\
                 alipay_cert_file = \"alipay.crt\"\nroot_cert_file = \"root.crt\""
                    .to_owned(),
            ),
            "w3" => (
                channels,
                format!(
                    "channel = \"wechat\"\nways = [\"WX_NATIVE\"]\nmchid = \"1900000001\"\n\
                 appid = \"wx0000000000000001\"\nserial_no = \"{SERIAL}\"\n\
                 merchant_private_key_file = \"own.key\"\napiv3_key_file = \"apiv3.key\"\n\
                 platform_keys = [{{ id = \"{}\", file = \"wechat.pem\" }}]",
                    self.public_key_ids[0]
                ),
            ),
            "wc" => (
                channels,
                format!(
                    "channel = \"wechat\"\nways = [\"WX_NATIVE\"]\nmchid = \"1900009191\"\n\
                 appid = \"wx0000000000000001\"\nserial_no = \"{}\"\n\
                 merchant_certificate_file = \"certified.crt\"\n\
                 merchant_private_key_file = \"certified.key\"\napiv3_key_file = \"apiv3.key\"\n\
                 platform_keys = [{{ id = \"{}\", file = \"certified_wechat.pem\" }}]",
                    published("serial_no"),
                    self.public_key_ids[1]
                ),
            ),
            "w2" => (
                self.channels.https_url().unwrap(),
                "channel = \"wechat\"\nprotocol = \"v2\"\n\
                 ways = [\"WX_NATIVE\"]\nmchid = \"1900000001\"\nappid = \"wx0000000000000001\"\n\
                 apiv2_key_file = \"apiv2.key\"\n\
                 merchant_certificate_file = \"apiclient_cert.pem\"\n\
                 merchant_private_key_file = \"apiclient_key.pem\"\n\
                 ca_certificate_file = \"ca.pem\""
                    .to_owned(),
            ),
            _ => panic!("{id}"),
        };
        format!("[[merchants.accounts]]\nid = \"{id}\"\n{rest}\nbase_url = \"{url}\"\n")
    }

    /// `till doctor --file accounts.toml` and more words, without a master key.
    pub async fn doctor(&self, more: &[&str]) -> Said {
        let words = ["doctor", "--file", "accounts.toml"];
        self.till(&[&words[..], more].concat(), false).await
    }

    /// `till` with these words, in the folder.
    pub async fn till(&self, words: &[&str], with_key: bool) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_till"));
        command
            .args(words)
            .current_dir(self.folder.path())
            .env("TILL__DATABASE__URL", self.database())
            .env("TILL__HTTP__PUBLIC_URL", &self.public_url);
        if with_key {
            command.env("TILL__SECURITY__MASTER_KEY", STANDARD.encode(MASTER_KEY));
        }
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = output.await.unwrap();
        Said {
            code: output.status.code().unwrap(),
            text: String::from_utf8([output.stdout, output.stderr].concat()).unwrap(),
        }
    }

    fn database(&self) -> String {
        let file = self.folder.path().join("accounts.db");
        format!("sqlite://{}?mode=rwc", file.display())
    }

    /// The database of the commands.
    pub async fn connect(&self) -> entities::Database {
        let options = entities::Options::default();
        entities::connect(&self.database(), &options).await.unwrap()
    }

    pub async fn close(self) {
        self.till.stop().await;
        self.channels.stop().await;
    }
}

/// A Till with a database of its own.
async fn till(folder: &TempDir) -> Running {
    let settings = format!(
        "http.listen = \"127.0.0.1:0\"\nmetrics.listen = \"\"\nworkers.enabled = false\n\
         database.url = \"sqlite://{}?mode=rwc\"\nsecurity.master_key = \"{}\"\n",
        folder.path().join("till.db").display(),
        STANDARD.encode([1; 32])
    );
    let config = from_layers(Layers {
        built_in: Some(settings),
        ..Layers::default()
    });
    let started = gateway::server::start(config.unwrap(), Overrides::default());
    started.await.unwrap()
}

/// Of the merchant whose keys and certificate are published.
pub fn published(name: &str) -> String {
    let published: serde_json::Value = serde_json::from_str(PUBLISHED).unwrap();
    published["merchant"][name].as_str().unwrap().to_owned()
}

fn app(number: u8, public: &str) -> sandbox::AlipayApp {
    sandbox::AlipayApp {
        app_id: format!("202100000000000{number}"),
        seller_id: "2088000000000001".to_owned(),
        app_public_key_pem: public.to_owned(),
    }
}
