//! A merchant for the tests that speaks v2: signs its requests and believes no answer whose
//! signature it has not verified.

use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::{Certificate, Identity};
use sandbox::{Running, Settings, WechatV2Merchant, WechatV2Platform};

use crate::message::{Fields, read, sign, write};
use crate::receiver::Receiver;

pub const MCH_ID: &str = "1900009191";
pub const APPID: &str = "wxd678efh567hg6787";
pub const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

pub struct Merchant {
    pub running: Running,
    pub notices: Receiver,
    pub platform: WechatV2Platform,
    /// What every call says about who calls.
    pub identity: Fields,
    pub sign_type: &'static str,
    pub http: reqwest::Client,
    numbers: AtomicU64,
}

/// A direct merchant without a certificate of its own.
pub fn direct() -> WechatV2Merchant {
    WechatV2Merchant {
        mch_id: MCH_ID.to_owned(),
        appid: APPID.to_owned(),
        other_appids: Vec::new(),
        api_key: KEY.to_owned().into(),
        certificate_pem: None,
        certificate_checked_by_proxy: false,
        refund_notify_url: None,
        sub_merchants: Vec::new(),
    }
}

impl Merchant {
    pub async fn start() -> Self {
        Self::with(Settings::default(), direct()).await
    }

    /// A merchant of a sandbox with an https port, if the settings name none.
    pub async fn with(settings: Settings, merchant: WechatV2Merchant) -> Self {
        let https_addr = settings.https_addr.clone();
        let settings = Settings {
            https_addr: https_addr.or_else(|| Some("127.0.0.1:0".to_owned())),
            ..settings
        };
        let running = sandbox::start(settings).await.unwrap();
        let platform = running.sandbox().register_wechat_v2(merchant).unwrap();
        let identity = [("appid", APPID), ("mch_id", MCH_ID)];
        Self {
            http: client(&platform, true),
            running,
            notices: Receiver::start(),
            platform,
            identity: crate::message::fields(identity),
            sign_type: "MD5",
            numbers: AtomicU64::new(1),
        }
    }

    /// The fields of a call, signed.
    pub fn signed(&self, fields: &Fields) -> Fields {
        let mut signed = self.identity.clone();
        let nonce = self.numbers.fetch_add(1, Ordering::Relaxed);
        signed.insert("nonce_str".to_owned(), format!("nonce{nonce}"));
        if self.sign_type != "MD5" {
            signed.insert("sign_type".to_owned(), self.sign_type.to_owned());
        }
        signed.extend(fields.clone());
        let sign = sign(&signed, self.sign_type, "sign", KEY);
        signed.insert("sign".to_owned(), sign);
        signed
    }

    /// Sends a body and hands back whatever came; an error is a connection without an answer.
    pub async fn send(&self, path: &str, body: &str) -> reqwest::Result<(u16, String)> {
        let url = format!("{}{path}", self.running.https_url().unwrap());
        let request = self.http.post(url).header("Content-Type", "text/xml");
        let answer = request.body(body.to_owned()).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// A call whose answer must be signed, or say `return_code` `FAIL` and then must not be.
    pub async fn call(&self, path: &str, fields: &Fields) -> Fields {
        let body = write(&self.signed(fields));
        let (status, text) = self.send(path, &body).await.unwrap();
        assert_eq!(status, 200, "{text}");
        let answer = read("xml", &text);
        if answer["return_code"] == "FAIL" {
            assert!(!answer.contains_key("sign"), "{answer:?}");
            assert!(!answer.contains_key("result_code"), "{answer:?}");
        } else {
            assert!(self.verifies(&answer), "{path} {answer:?}");
            assert_eq!(answer["mch_id"], MCH_ID);
            assert_eq!(answer["appid"], APPID);
        }
        answer
    }

    /// Whether a message carries the channel's signature.
    pub fn verifies(&self, message: &Fields) -> bool {
        let expected = sign(message, self.sign_type, "sign", KEY);
        message.get("sign") == Some(&expected)
    }

    /// A call that is refused, by its `err_code`.
    pub async fn refused(&self, path: &str, fields: &Fields) -> String {
        let answer = self.call(path, fields).await;
        assert_eq!(answer["return_code"], "SUCCESS", "{answer:?}");
        assert_eq!(answer["result_code"], "FAIL", "{answer:?}");
        answer["err_code"].clone()
    }

    /// A call that is done.
    pub async fn done(&self, path: &str, fields: &Fields) -> Fields {
        let answer = self.call(path, fields).await;
        assert_eq!(answer["result_code"], "SUCCESS", "{answer:?}");
        answer
    }
}

/// A client that trusts the sandbox, with the merchant's certificate or without.
pub fn client(platform: &WechatV2Platform, shows_certificate: bool) -> reqwest::Client {
    let ca = Certificate::from_pem(platform.ca_certificate_pem.as_bytes()).unwrap();
    let builder = reqwest::Client::builder()
        .tls_certs_only([ca])
        .redirect(reqwest::redirect::Policy::none());
    let builder = match (&platform.private_key_pem, shows_certificate) {
        (Some(key), true) => {
            let pem = format!("{}\n{key}", platform.certificate_pem);
            builder.identity(Identity::from_pem(pem.as_bytes()).unwrap())
        }
        _ => builder,
    };
    builder.build().unwrap()
}
