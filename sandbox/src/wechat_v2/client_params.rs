//! Reads and verifies the parameters with which a page (JSAPI) or an app (APP) calls the wallet
//! for an order of v2: exactly the documented names, signed with the merchant's API key by the
//! order's sign type.

use serde_json::{Map, Value};

use super::sign::SignType;
use super::xml::Fields;

/// Why the wallet would not open the cashier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientParamsError {
    /// The names are neither JSAPI's nor APP's.
    #[error(
        "these are no WeChat v2 client parameters: JSAPI has exactly appId, timeStamp, nonceStr, package, signType, paySign; \
         APP has exactly appid, partnerid, prepayid, package (or packageValue), noncestr, timestamp, sign; all are strings"
    )]
    Shape,
    /// A fixed word differs.
    #[error("{name} must be {expected}")]
    Word {
        /// The parameter.
        name: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// The timestamp is not in Unix seconds.
    #[error("the timestamp must be Unix seconds as a string of digits")]
    Timestamp,
    /// Signed otherwise than the order.
    #[error("the order was signed with {0}, and so must these parameters be")]
    SignType(&'static str),
    /// The signature is not the merchant's.
    #[error(
        "the signature does not fit the merchant's API key; without the key this was signed: {signed:?}"
    )]
    Signature {
        /// The text before `&key=`.
        signed: String,
    },
}

/// What a page or an app hands to the wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientParams {
    /// The appid that calls.
    pub app_id: String,
    /// APP only: the merchant that is to be paid.
    pub partner_id: Option<String>,
    /// The bare prepay id.
    pub prepay_id: String,
    sign_type: Option<SignType>,
    fields: Fields,
    signature: String,
}

/// The prepay id in parameters of either product, to find their order by.
pub fn prepay_id(parameters: &Map<String, Value>) -> Option<&str> {
    let text = |name: &str| parameters.get(name).and_then(Value::as_str);
    text("prepayid").or_else(|| text("package")?.strip_prefix("prepay_id="))
}

impl ClientParams {
    /// Reads JSAPI's or APP's parameters.
    ///
    /// # Errors
    /// [`ClientParamsError`] when a name is missing, unknown or no string, or a fixed word differs.
    pub fn parse(parameters: &Map<String, Value>) -> Result<Self, ClientParamsError> {
        if parameters.contains_key("appId") {
            Self::jsapi(parameters)
        } else {
            Self::app(parameters)
        }
    }

    fn jsapi(parameters: &Map<String, Value>) -> Result<Self, ClientParamsError> {
        let names = [
            "appId",
            "timeStamp",
            "nonceStr",
            "package",
            "signType",
            "paySign",
        ];
        let mut fields = texts(parameters, &names)?;
        let signature = fields.remove("paySign").unwrap_or_default();
        let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        let sign_type = SignType::named(Some(field("signType")));
        let sign_type = sign_type.ok_or(ClientParamsError::Word {
            name: "signType",
            expected: "MD5 or HMAC-SHA256",
        })?;
        let prepay_id = field("package").strip_prefix("prepay_id=");
        let prepay_id = prepay_id
            .filter(|id| !id.is_empty())
            .ok_or(ClientParamsError::Word {
                name: "package",
                expected: "prepay_id=<the prepay id>",
            })?;
        seconds(field("timeStamp"))?;
        Ok(Self {
            app_id: field("appId").to_owned(),
            partner_id: None,
            prepay_id: prepay_id.to_owned(),
            sign_type: Some(sign_type),
            signature,
            fields,
        })
    }

    fn app(parameters: &Map<String, Value>) -> Result<Self, ClientParamsError> {
        // Android's SDK calls it packageValue; what is signed is package.
        let package = if parameters.contains_key("packageValue") {
            "packageValue"
        } else {
            "package"
        };
        let names = [
            "appid",
            "partnerid",
            "prepayid",
            package,
            "noncestr",
            "timestamp",
            "sign",
        ];
        let mut fields = texts(parameters, &names)?;
        let signature = fields.remove("sign").unwrap_or_default();
        if let Some(value) = fields.remove("packageValue") {
            fields.insert("package".to_owned(), value);
        }
        let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
        if field("package") != "Sign=WXPay" {
            return Err(ClientParamsError::Word {
                name: "package",
                expected: "Sign=WXPay",
            });
        }
        seconds(&field("timestamp"))?;
        Ok(Self {
            app_id: field("appid"),
            partner_id: Some(field("partnerid")),
            prepay_id: field("prepayid"),
            sign_type: None,
            signature,
            fields,
        })
    }

    /// Verifies the signature by the sign type and the key of the order's merchant.
    ///
    /// # Errors
    /// [`ClientParamsError::SignType`], [`ClientParamsError::Signature`].
    pub fn verify(&self, sign_type: SignType, key: &str) -> Result<(), ClientParamsError> {
        if self.sign_type.is_some_and(|own| own != sign_type) {
            return Err(ClientParamsError::SignType(sign_type.name()));
        }
        if sign_type.sign(&self.fields, key) == self.signature {
            return Ok(());
        }
        let signed = super::sign::text(&self.fields, "");
        Err(ClientParamsError::Signature {
            signed: signed.trim_end_matches("&key=").to_owned(),
        })
    }
}

/// Takes exactly `names`, all non-empty strings.
fn texts(parameters: &Map<String, Value>, names: &[&str]) -> Result<Fields, ClientParamsError> {
    if parameters.len() != names.len() {
        return Err(ClientParamsError::Shape);
    }
    let read = names.iter().map(|name| {
        let value = parameters.get(*name).and_then(Value::as_str);
        let value = value.filter(|value| !value.is_empty());
        let value = value.ok_or(ClientParamsError::Shape)?;
        Ok(((*name).to_owned(), value.to_owned()))
    });
    read.collect()
}

fn seconds(time: &str) -> Result<(), ClientParamsError> {
    if time.len() <= 10 && time.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(ClientParamsError::Timestamp)
}
