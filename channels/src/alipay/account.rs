//! An Alipay application's credentials, read and checked once.
//!
//! A mistake that people make with them is found here, before the first payer
//! finds it, and its message says how to mend it.

use super::certificate::CertificateFault;
use super::trust::{Certificates, Trust};
use crate::key::{KeyFault, SigningKey, VerifyingKey};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;

/// Alipay's production gateway.
const GATEWAY: &str = "https://openapi.alipay.com/gateway.do";

/// The page on which a payer inside Alipay becomes known.
const AUTHORIZE_PATH: &str = "/oauth2/publicAppAuthorize.htm";

/// The longest `app_auth_token`.
const TOKEN_LIMIT: usize = 40;

/// What is needed to speak as one Alipay application, as it is written in a
/// configuration or kept in the database.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The application's number (`app_id`), digits.
    pub app_id: String,
    /// The seller's number (`seller_id`, PID), digits; notices must name it.
    pub seller_id: String,
    /// The application's private key: PEM or bare base64, PKCS#1 or PKCS#8.
    pub app_private_key: SecretString,
    /// How Alipay's signatures are known. An application runs in one mode only.
    pub mode: Mode,
    /// A service provider's authorisation by the merchant (`app_auth_token`). With it
    /// `app_id` is the provider's, and `seller_id` the merchant's.
    pub app_auth_token: Option<SecretString>,
    /// How this application's payers are named.
    pub payer_id: PayerId,
    /// The mini program in which `ALI_JSAPI` payments are opened (`op_app_id`); `None`
    /// where it is this application itself.
    pub op_app_id: Option<String>,
    /// The gateway's address. `http` is allowed, for a sandbox on this machine.
    pub gateway_url: String,
    /// The contracts that payments are made under.
    pub product_codes: ProductCodes,
    /// How long one call may take in all, connecting included. `ALI_BAR` payments take
    /// five seconds at most, whatever stands here; bills take their own time.
    pub deadline: Duration,
}

/// How Alipay's signatures are known to an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By one public key (公钥模式).
    PublicKey {
        /// Alipay's public key as the console shows it once the application's own
        /// public key has been uploaded: PEM or bare base64.
        alipay_public_key: String,
    },
    /// By certificates (公钥证书模式): the content of the three files of the console.
    Certificates {
        /// `appCertPublicKey_….crt`, of the application's own key.
        app_cert: String,
        /// `alipayCertPublicKey_RSA2.crt`, that Alipay signs with at first.
        alipay_cert: String,
        /// `alipayRootCert.crt`, the roots that vouch for every later one.
        root_cert: String,
    },
}

/// How Alipay names the payers of an application; a matter of its contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PayerId {
    /// `user_id`: 2088 and twelve digits, the same for everybody.
    #[default]
    UserId,
    /// `open_id`: a name for this application alone.
    OpenId,
}

/// The `product_code` of each way of paying; which ones a merchant may use is
/// written in its contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductCodes {
    /// For `ALI_PC` (alipay.trade.page.pay).
    pub page: String,
    /// For `ALI_WAP` (alipay.trade.wap.pay).
    pub wap: String,
    /// For `ALI_APP` (alipay.trade.app.pay).
    pub app: String,
    /// For `ALI_QR` (alipay.trade.precreate); newer contracts have `QR_CODE_OFFLINE`.
    pub precreate: String,
    /// For `ALI_BAR` (alipay.trade.pay); newer contracts have `OFFLINE_PAYMENT`.
    pub bar: String,
    /// For `ALI_JSAPI` (alipay.trade.create); older contracts have
    /// `FACE_TO_FACE_PAYMENT`.
    pub jsapi: String,
}

/// An Alipay application's credentials, ready to be used. Holds no way to get a
/// key out again.
#[derive(Debug)]
pub struct Account {
    pub(super) app_id: String,
    pub(super) seller_id: String,
    pub(super) signing: SigningKey,
    pub(super) trust: Trust,
    pub(super) app_auth_token: Option<SecretString>,
    pub(super) payer_id: PayerId,
    pub(super) op_app_id: String,
    pub(super) gateway: Url,
    /// Where payers become known.
    pub(super) authorize: Url,
    pub(super) product_codes: ProductCodes,
    pub(super) deadline: Duration,
}

/// Why an account cannot be used, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountFault {
    /// `app_id` is not a number.
    #[error(
        "app_id must be the application's number of at most 32 digits, as the console shows it"
    )]
    AppId,
    /// `seller_id` is not a number.
    #[error(
        "seller_id must be the seller's number (PID) of at most 28 digits, it begins with 2088"
    )]
    SellerId,
    /// The application's private key.
    #[error("app_private_key: {0}")]
    AppPrivateKey(KeyFault),
    /// Alipay's public key.
    #[error("alipay_public_key: {0}")]
    AlipayPublicKey(KeyFault),
    /// The application's public key stands where Alipay's belongs.
    #[error(
        "alipay_public_key is the application's own public key (应用公钥): requests would work and \
         every answer would be refused. Copy Alipay's public key (支付宝公钥), which the console \
         shows after the application's key has been uploaded"
    )]
    OwnPublicKey,
    /// The application's certificate.
    #[error("app_cert (appCertPublicKey_….crt): {0}")]
    AppCert(CertificateFault),
    /// Alipay's certificate.
    #[error("alipay_cert (alipayCertPublicKey_RSA2.crt): {0}")]
    AlipayCert(CertificateFault),
    /// The root certificates.
    #[error("root_cert (alipayRootCert.crt): {0}")]
    RootCert(CertificateFault),
    /// Certificate and private key are not of one pair.
    #[error(
        "app_cert does not belong to app_private_key: take the pair that was made together, or \
         make a new certificate from this key's request (CSR) in the console"
    )]
    OtherAppCert,
    /// The application's certificate stands where Alipay's belongs.
    #[error(
        "alipay_cert is the application's own certificate: copy alipayCertPublicKey_RSA2.crt, \
         which the console offers beside it"
    )]
    OwnCertificate,
    /// Alipay's certificate and the roots are not of one kind.
    #[error(
        "alipay_cert does not come from root_cert: download both again for this application, and \
         from the same environment (production or sandbox)"
    )]
    ForeignAlipayCert,
    /// Not Alipay's bundle.
    #[error(
        "root_cert holds no root that is signed with RSA: it must be alipayRootCert.crt, unchanged"
    )]
    NoRsaRoot,
    /// The service provider's authorisation.
    #[error(
        "app_auth_token must be the token of at most 40 characters that Alipay answered when the \
         merchant authorised the application"
    )]
    AppAuthToken,
    /// Another application's number.
    #[error("op_app_id must be the mini program's number of at most 32 digits")]
    OpAppId,
    /// The gateway's address.
    #[error(
        "gateway_url must be an absolute http or https address such as \
         https://openapi.alipay.com/gateway.do, without query, password or fragment"
    )]
    GatewayUrl,
    /// No time to answer.
    #[error("deadline must be longer than nothing; 10 seconds is usual")]
    Deadline,
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up: {0}")]
    Http(String),
}

impl Settings {
    /// Settings of an application in key mode that acts for itself, with Alipay's
    /// production gateway, the usual product codes and a deadline of ten seconds.
    pub fn new(
        app_id: impl Into<String>,
        seller_id: impl Into<String>,
        app_private_key: SecretString,
        alipay_public_key: impl Into<String>,
    ) -> Settings {
        Settings {
            app_id: app_id.into(),
            seller_id: seller_id.into(),
            app_private_key,
            mode: Mode::PublicKey {
                alipay_public_key: alipay_public_key.into(),
            },
            app_auth_token: None,
            payer_id: PayerId::default(),
            op_app_id: None,
            gateway_url: GATEWAY.to_owned(),
            product_codes: ProductCodes::default(),
            deadline: Duration::from_secs(10),
        }
    }
}

impl Default for ProductCodes {
    fn default() -> ProductCodes {
        ProductCodes {
            page: "FAST_INSTANT_TRADE_PAY".to_owned(),
            wap: "QUICK_WAP_WAY".to_owned(),
            app: "QUICK_MSECURITY_PAY".to_owned(),
            precreate: "FACE_TO_FACE_PAYMENT".to_owned(),
            bar: "FACE_TO_FACE_PAYMENT".to_owned(),
            jsapi: "JSAPI_PAY".to_owned(),
        }
    }
}

impl Account {
    /// Reads and checks an account's settings.
    ///
    /// # Errors
    /// [`AccountFault`] names the setting and says how to mend it.
    pub fn new(settings: Settings) -> Result<Account, AccountFault> {
        let app_id = number(settings.app_id, 32).ok_or(AccountFault::AppId)?;
        let seller_id = number(settings.seller_id, 28).ok_or(AccountFault::SellerId)?;
        let signing = SigningKey::read(settings.app_private_key.expose_secret())
            .map_err(AccountFault::AppPrivateKey)?;
        let trust = trust(&settings.mode, &signing)?;
        if settings
            .app_auth_token
            .as_ref()
            .is_some_and(|token| !is_token(token))
        {
            return Err(AccountFault::AppAuthToken);
        }
        let op_app_id = match settings.op_app_id {
            Some(id) => number(id, 32).ok_or(AccountFault::OpAppId)?,
            None => app_id.clone(),
        };
        let gateway = gateway(&settings.gateway_url).ok_or(AccountFault::GatewayUrl)?;
        let authorize = authorize(&gateway).ok_or(AccountFault::GatewayUrl)?;
        if settings.deadline.is_zero() {
            return Err(AccountFault::Deadline);
        }
        Ok(Account {
            app_id,
            seller_id,
            signing,
            trust,
            app_auth_token: settings.app_auth_token,
            payer_id: settings.payer_id,
            op_app_id,
            gateway,
            authorize,
            product_codes: settings.product_codes,
            deadline: settings.deadline,
        })
    }
}

fn trust(mode: &Mode, signing: &SigningKey) -> Result<Trust, AccountFault> {
    match mode {
        Mode::PublicKey { alipay_public_key } => {
            let alipay =
                VerifyingKey::read(alipay_public_key).map_err(AccountFault::AlipayPublicKey)?;
            if signing.is_pair_of(&alipay) {
                return Err(AccountFault::OwnPublicKey);
            }
            Ok(Trust::Key(Arc::new(alipay)))
        }
        Mode::Certificates {
            app_cert,
            alipay_cert,
            root_cert,
        } => Certificates::new(app_cert, alipay_cert, root_cert, signing)
            .map(|certificates| Trust::Certificates(Box::new(certificates))),
    }
}

fn is_token(token: &SecretString) -> bool {
    let token = token.expose_secret();
    (1..=TOKEN_LIMIT).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Alipay has the page on a host beside the gateway's, a sandbox of ours on its own.
fn authorize(gateway: &Url) -> Option<Url> {
    let mut url = gateway.clone();
    url.set_path(AUTHORIZE_PATH);
    let beside = url.host_str().and_then(|host| {
        let rest = host.strip_prefix("openapi")?;
        let is_alipays = rest.ends_with(".alipay.com") || rest.ends_with(".alipaydev.com");
        is_alipays.then(|| format!("openauth{rest}"))
    });
    if let Some(host) = beside {
        url.set_host(Some(&host)).ok()?;
    }
    Some(url)
}

fn number(text: String, longest: usize) -> Option<String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits && text.len() <= longest).then_some(text)
}

fn gateway(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    plain.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{certificates, keys, settings};
    use super::super::stand_in::file;
    use super::*;

    fn by_key(alipay_public_key: &str) -> Mode {
        Mode::PublicKey {
            alipay_public_key: alipay_public_key.to_owned(),
        }
    }

    #[test]
    fn keys_are_read_in_every_form_that_alipay_and_openssl_print() {
        let private = [
            "app_private_key_pkcs1_pem",
            "app_private_key_pkcs8_pem",
            "app_private_key_pkcs1_base64",
            "app_private_key_pkcs8_base64",
        ];
        for name in private {
            let settings = Settings {
                app_private_key: keys(name).into(),
                ..settings()
            };
            assert!(Account::new(settings).is_ok(), "{name}");
        }
        let one_line = keys("app_private_key_pkcs8_pem").replace('\n', "\\n");
        assert!(
            Account::new(Settings {
                app_private_key: one_line.into(),
                ..settings()
            })
            .is_ok()
        );
        for name in [
            "alipay_public_key_spki_pem",
            "alipay_public_key_spki_base64",
        ] {
            let settings = Settings {
                mode: by_key(&keys(name)),
                ..settings()
            };
            assert!(Account::new(settings).is_ok(), "{name}");
        }
    }

    #[test]
    fn the_mistakes_that_people_make_are_named() {
        let private = |text: &str| {
            let text = text.to_owned().into();
            Account::new(Settings {
                app_private_key: text,
                ..settings()
            })
            .unwrap_err()
        };
        let public = |text: &str| {
            Account::new(Settings {
                mode: by_key(text),
                ..settings()
            })
            .unwrap_err()
        };
        let own = keys("app_public_key_spki_base64");
        assert_eq!(public(&own), AccountFault::OwnPublicKey);
        assert_eq!(
            public(&keys("app_public_key_spki_pem")),
            AccountFault::OwnPublicKey
        );
        for name in [
            "app_private_key_pkcs1_base64",
            "alipay_private_key_pkcs8_pem",
        ] {
            assert_eq!(
                public(&keys(name)),
                AccountFault::AlipayPublicKey(KeyFault::NotPublic)
            );
        }
        assert_eq!(
            private(&own),
            AccountFault::AppPrivateKey(KeyFault::NotPrivate)
        );
        assert_eq!(private(" \n"), AccountFault::AppPrivateKey(KeyFault::Empty));
        assert_eq!(
            private("key.pem"),
            AccountFault::AppPrivateKey(KeyFault::NotBase64)
        );
        assert_eq!(
            private("aGVsbG8="),
            AccountFault::AppPrivateKey(KeyFault::NotRsa)
        );
        assert_eq!(
            private(
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----"
            ),
            AccountFault::AppPrivateKey(KeyFault::Encrypted)
        );
        assert_eq!(
            public("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
            AccountFault::AlipayPublicKey(KeyFault::Certificate)
        );
    }

    /// Made with `openssl genrsa 1024`.
    const SHORT: &str = include_str!("../../fixtures/alipay/short_public_key.pem");

    #[test]
    fn a_key_under_2048_bits_is_refused() {
        let settings = Settings {
            mode: by_key(SHORT),
            ..settings()
        };
        let fault = Account::new(settings).unwrap_err();
        assert_eq!(
            fault,
            AccountFault::AlipayPublicKey(KeyFault::TooShort(1024))
        );
        assert!(fault.to_string().contains("2048"));
    }

    #[test]
    fn numbers_address_and_deadline_are_checked() {
        let fault = |settings| Account::new(settings).unwrap_err();
        assert_eq!(
            fault(Settings {
                app_id: "wx123".into(),
                ..settings()
            }),
            AccountFault::AppId
        );
        assert_eq!(
            fault(Settings {
                seller_id: String::new(),
                ..settings()
            }),
            AccountFault::SellerId
        );
        for url in [
            "",
            "openapi.alipay.com",
            "ftp://a/b",
            "https://u:p@a/b",
            "https://a/b?x=1",
        ] {
            let settings = Settings {
                gateway_url: url.to_owned(),
                ..settings()
            };
            assert_eq!(fault(settings), AccountFault::GatewayUrl, "{url}");
        }
        let settings = Settings {
            deadline: Duration::ZERO,
            ..settings()
        };
        assert_eq!(fault(settings), AccountFault::Deadline);
    }

    #[test]
    fn the_page_for_payers_is_beside_the_gateway() {
        for (gateway, page) in [
            (
                "https://openapi.alipay.com/gateway.do",
                "https://openauth.alipay.com",
            ),
            (
                "https://openapi-sandbox.dl.alipaydev.com/gateway.do",
                "https://openauth-sandbox.dl.alipaydev.com",
            ),
            ("http://127.0.0.1:8090/gateway.do", "http://127.0.0.1:8090"),
            (
                "https://openapi.example.com/gateway.do",
                "https://openapi.example.com",
            ),
        ] {
            let account = Account::new(Settings {
                gateway_url: gateway.to_owned(),
                ..settings()
            });
            let url = account.unwrap().authorize;
            assert_eq!(
                url.as_str(),
                format!("{page}/oauth2/publicAppAuthorize.htm")
            );
        }
    }

    #[test]
    fn the_three_certificate_files_are_held_against_each_other() {
        let vector = certificates();
        let text = |pointer: &str| {
            vector
                .pointer(pointer)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        };
        let (app, alipay) = (text("/app_cert/pem"), text("/alipay_cert/pem"));
        let root = text("/root_bundle_pem");
        let made = |app_cert: &str, alipay_cert: &str, root_cert: &str| {
            let account = Account::new(Settings {
                mode: Mode::Certificates {
                    app_cert: app_cert.to_owned(),
                    alipay_cert: alipay_cert.to_owned(),
                    root_cert: root_cert.to_owned(),
                },
                ..settings()
            })?;
            let known = account.trust.certificates().unwrap();
            Ok((known.app_serial.clone(), known.root_serial.clone()))
        };
        let serials = (text("/app_cert/sn"), text("/alipay_root_cert_sn"));
        assert_eq!(made(&app, &alipay, &root), Ok(serials));
        let elliptic = root.split("\n\n").next().unwrap();
        let old = root.rsplit("\n\n").next().unwrap();
        let missing = CertificateFault::Missing;
        // Without the authority in between, nobody here can judge.
        assert!(made(&app, &alipay, old).is_ok());
        let (alipay_of_others, root_of_others) = (file("alipay.pem"), file("root.pem"));
        assert!(made(&app, &alipay_of_others, &root_of_others).is_ok());
        let foreign = AccountFault::ForeignAlipayCert;
        for (files, fault) in [
            ((&*app, &*alipay_of_others, &*root), foreign),
            ((&*alipay, &*alipay, &*root), AccountFault::OtherAppCert),
            ((&app, &app, &root), AccountFault::OwnCertificate),
            ((&app, &alipay, elliptic), AccountFault::NoRsaRoot),
            (("", &alipay, &root), AccountFault::AppCert(missing.clone())),
            ((&app, "", &root), AccountFault::AlipayCert(missing.clone())),
            ((&app, &alipay, ""), AccountFault::RootCert(missing)),
        ] {
            assert_eq!(made(files.0, files.1, files.2), Err(fault));
        }
    }

    #[test]
    fn what_a_service_provider_adds_is_checked_too() {
        let fault = |settings| Account::new(settings).unwrap_err();
        for token in ["", "two words", &"a".repeat(41)] {
            let settings = Settings {
                app_auth_token: Some(token.into()),
                ..settings()
            };
            assert_eq!(fault(settings), AccountFault::AppAuthToken, "{token}");
        }
        let settings = Settings {
            op_app_id: Some("mini".into()),
            ..settings()
        };
        assert_eq!(fault(settings), AccountFault::OpAppId);
    }

    #[test]
    fn no_secret_is_printed() {
        let secret = keys("app_private_key_pkcs8_base64");
        let settings = || Settings {
            app_auth_token: Some("CANARY-TOKEN".into()),
            ..settings()
        };
        let printed = format!("{:?} {:?}", settings(), Account::new(settings()).unwrap());
        assert!(!printed.contains(&secret));
        assert!(!printed.contains("CANARY"));
        assert!(!printed.contains("MIIEv"));
    }
}
