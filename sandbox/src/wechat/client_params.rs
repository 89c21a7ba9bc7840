//! Reads and verifies the parameters with which a page (JSAPI) or an app (APP) calls the wallet,
//! as the wallet does: exactly the documented names, the fixed words, the merchant's own RSA
//! signature over four lines. JSAPI signs `prepay_id=<id>`, APP signs the bare id.

use serde_json::{Map, Value};

use crate::key::VerifyingKey;

/// Why the wallet would not open the cashier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientParamsError {
    /// The names are neither JSAPI's nor APP's.
    #[error(
        "these are no WeChat client parameters: JSAPI has exactly appId, timeStamp, nonceStr, package, signType, paySign; \
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
    /// The signature is not the merchant's.
    #[error(
        "the signature does not verify with the merchant's public key; this was verified: {signed:?}"
    )]
    Signature {
        /// The four lines that were verified.
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
    signed: String,
    signature: String,
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
        let [app_id, time, nonce, package, sign_type, signature] = texts(parameters, names)?;
        word("signType", sign_type, "RSA")?;
        let prepay_id = package
            .strip_prefix("prepay_id=")
            .filter(|id| !id.is_empty());
        let prepay_id = prepay_id.ok_or(ClientParamsError::Word {
            name: "package",
            expected: "prepay_id=<the prepay id>",
        })?;
        seconds(time)?;
        Ok(Self {
            app_id: app_id.to_owned(),
            partner_id: None,
            prepay_id: prepay_id.to_owned(),
            signed: format!("{app_id}\n{time}\n{nonce}\n{package}\n"),
            signature: signature.to_owned(),
        })
    }

    fn app(parameters: &Map<String, Value>) -> Result<Self, ClientParamsError> {
        // Android's SDK calls it packageValue.
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
        let [
            app_id,
            partner_id,
            prepay_id,
            package,
            nonce,
            time,
            signature,
        ] = texts(parameters, names)?;
        word("package", package, "Sign=WXPay")?;
        seconds(time)?;
        Ok(Self {
            app_id: app_id.to_owned(),
            partner_id: Some(partner_id.to_owned()),
            prepay_id: prepay_id.to_owned(),
            signed: format!("{app_id}\n{time}\n{nonce}\n{prepay_id}\n"),
            signature: signature.to_owned(),
        })
    }

    /// Verifies the signature with the public key of the merchant that made the order.
    ///
    /// # Errors
    /// [`ClientParamsError::Signature`], which shows the four lines that were verified.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), ClientParamsError> {
        if key.verifies(self.signed.as_bytes(), &self.signature) {
            return Ok(());
        }
        Err(ClientParamsError::Signature {
            signed: self.signed.clone(),
        })
    }
}

/// Takes exactly `names`, all non-empty strings.
fn texts<'a, const N: usize>(
    parameters: &'a Map<String, Value>,
    names: [&str; N],
) -> Result<[&'a str; N], ClientParamsError> {
    if parameters.len() != N {
        return Err(ClientParamsError::Shape);
    }
    let values = names.map(|name| {
        parameters
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    });
    if values.iter().any(|value| value.is_empty()) {
        return Err(ClientParamsError::Shape);
    }
    Ok(values)
}

fn word(name: &'static str, value: &str, expected: &'static str) -> Result<(), ClientParamsError> {
    if value == expected {
        return Ok(());
    }
    Err(ClientParamsError::Word { name, expected })
}

fn seconds(time: &str) -> Result<(), ClientParamsError> {
    if time.len() <= 10 && time.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(ClientParamsError::Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::fixture;
    use serde_json::json;

    fn local(product: &str) -> Map<String, Value> {
        let vectors = fixture::read("24_v3_client_params.json");
        vectors["local"][product]["params"]
            .as_object()
            .unwrap()
            .clone()
    }

    #[test]
    fn the_vectors_parameters_verify_for_jsapi_and_app() {
        let vectors = fixture::read("24_v3_client_params.json");
        for product in ["jsapi", "app"] {
            let read = ClientParams::parse(&local(product)).unwrap();
            assert_eq!(read.app_id, "wxd678efh567hg6787");
            assert_eq!(read.prepay_id, "wx201410272009395522657a690389285100");
            assert_eq!(
                read.signed,
                vectors["local"][product]["string_to_sign"]
                    .as_str()
                    .unwrap()
            );
            read.verify(&fixture::merchant_key()).unwrap();
        }
    }

    #[test]
    fn the_signatures_that_tencent_published_verify() {
        let vectors = fixture::read("24_v3_client_params.json");
        let official = &vectors["official_published_vectors"];
        let key = fixture::public_key(official["recovered_public_key_spki_pem"].as_str().unwrap());
        let jsapi = json!({
            "appId": "wx2421b1c4370ec43b", "timeStamp": "1554208460",
            "nonceStr": "593BEC0C930BF1AFEB40B4A08C8FB242",
            "package": "prepay_id=wx201410272009395522657a690389285100",
            "signType": "RSA", "paySign": official["jsapi"]["paySign"],
        });
        let app = json!({
            "appid": "wx2421b1c4370ec43b", "partnerid": "1900009191",
            "prepayid": "wx201410272009395522657a690389285100", "packageValue": "Sign=WXPay",
            "noncestr": "593BEC0C930BF1AFEB40B4A08C8FB242", "timestamp": "1554208460",
            "sign": official["app"]["sign"],
        });
        for parameters in [jsapi, app] {
            let read = ClientParams::parse(parameters.as_object().unwrap()).unwrap();
            read.verify(&key).unwrap();
            let other = read.verify(&fixture::merchant_key()).unwrap_err();
            assert!(matches!(other, ClientParamsError::Signature { .. }));
        }
    }

    #[test]
    fn a_changed_prepay_id_or_appid_is_not_signed() {
        for (product, name, value) in [
            (
                "jsapi",
                "package",
                "prepay_id=wx201410272009395522657a690389285101",
            ),
            ("jsapi", "appId", "wx0000000000000000"),
            ("app", "prepayid", "wx201410272009395522657a690389285101"),
        ] {
            let mut parameters = local(product);
            parameters.insert(name.to_owned(), json!(value));
            let read = ClientParams::parse(&parameters).unwrap();
            let refused = read.verify(&fixture::merchant_key()).unwrap_err();
            assert!(
                matches!(refused, ClientParamsError::Signature { .. }),
                "{name}"
            );
        }
    }

    #[test]
    fn wrong_names_words_and_types_are_refused() {
        for (product, name, value) in [
            ("jsapi", "signType", json!("MD5")),
            ("jsapi", "timeStamp", json!(1_414_561_699)),
            ("jsapi", "timeStamp", json!("2014-10-29")),
            (
                "jsapi",
                "package",
                json!("wx201410272009395522657a690389285100"),
            ),
            ("jsapi", "extra", json!("x")),
            (
                "app",
                "package",
                json!("prepay_id=wx201410272009395522657a690389285100"),
            ),
            ("app", "signType", json!("RSA")),
        ] {
            let mut parameters = local(product);
            parameters.insert(name.to_owned(), value);
            assert!(
                ClientParams::parse(&parameters).is_err(),
                "{product} {name}"
            );
        }
    }
}
