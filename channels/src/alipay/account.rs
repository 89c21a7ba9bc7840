//! An Alipay application's credentials, read and checked once.
//!
//! A mistake that people make with them is found here, before the first payer
//! finds it, and its message says how to mend it.

use crate::key::{KeyFault, SigningKey, VerifyingKey};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// Alipay's production gateway.
const GATEWAY: &str = "https://openapi.alipay.com/gateway.do";

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
    /// Alipay's public key as the console shows it once the application's own
    /// public key has been uploaded: PEM or bare base64.
    pub alipay_public_key: String,
    /// The gateway's address. `http` is allowed, for a sandbox on this machine.
    pub gateway_url: String,
    /// The contracts that payments are made under.
    pub product_codes: ProductCodes,
    /// How long one call may take in all, connecting included.
    pub deadline: Duration,
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
}

/// An Alipay application's credentials, ready to be used. Holds no way to get a
/// key out again.
#[derive(Debug)]
pub struct Account {
    pub(super) app_id: String,
    pub(super) seller_id: String,
    pub(super) signing: SigningKey,
    pub(super) alipay: VerifyingKey,
    pub(super) gateway: Url,
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
    /// Settings with Alipay's production gateway, the usual product codes and a
    /// deadline of ten seconds.
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
            alipay_public_key: alipay_public_key.into(),
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
        let alipay = VerifyingKey::read(&settings.alipay_public_key)
            .map_err(AccountFault::AlipayPublicKey)?;
        if signing.is_pair_of(&alipay) {
            return Err(AccountFault::OwnPublicKey);
        }
        let gateway = gateway(&settings.gateway_url).ok_or(AccountFault::GatewayUrl)?;
        if settings.deadline.is_zero() {
            return Err(AccountFault::Deadline);
        }
        Ok(Account {
            app_id,
            seller_id,
            signing,
            alipay,
            gateway,
            product_codes: settings.product_codes,
            deadline: settings.deadline,
        })
    }
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
    use super::super::fixture::{keys, settings};
    use super::*;

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
                alipay_public_key: keys(name),
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
            let text = text.to_owned();
            Account::new(Settings {
                alipay_public_key: text,
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
            alipay_public_key: SHORT.to_owned(),
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
    fn no_secret_is_printed() {
        let secret = keys("app_private_key_pkcs8_base64");
        let printed = format!("{:?} {:?}", settings(), Account::new(settings()).unwrap());
        assert!(!printed.contains(&secret));
        assert!(!printed.contains("MIIEv"));
    }
}
