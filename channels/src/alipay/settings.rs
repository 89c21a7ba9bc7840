//! An Alipay application's settings, as a person writes them down. Nothing here has been
//! checked; [`Account`](super::Account) does that.

use secrecy::SecretString;
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
