//! What the merchant signs: requests (如何构造请求签名) and the parameters that the
//! payer's wallet takes (JSAPI调起支付, APP调起支付). SHA256withRSA over exact bytes, base64.

use crate::key::SigningKey;
use aws_lc_rs::error::Unspecified;
use std::collections::BTreeMap;

/// The scheme of the `Authorization` header.
const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";

/// The merchant's signature, and the names it goes under.
#[derive(Debug)]
pub(super) struct Signer {
    mchid: String,
    serial_no: String,
    key: SigningKey,
}

/// A request as it will be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent<'a> {
    /// `GET` or `POST`.
    pub(super) method: &'a str,
    /// Path and query exactly as on the request line.
    pub(super) target: &'a str,
    /// The body, byte for byte; empty for a GET.
    pub(super) body: &'a [u8],
}

impl Signer {
    pub(super) fn new(mchid: &str, serial_no: &str, key: SigningKey) -> Signer {
        Signer {
            mchid: mchid.to_owned(),
            serial_no: serial_no.to_owned(),
            key,
        }
    }

    /// The value of a request's `Authorization` header. `timestamp` is in seconds
    /// since the epoch, UTC.
    ///
    /// # Errors
    /// Only when the cryptographic library itself fails.
    pub(super) fn authorization(
        &self,
        sent: Sent<'_>,
        timestamp: i64,
        nonce: &str,
    ) -> Result<String, Unspecified> {
        let head = format!("{}\n{}\n{timestamp}\n{nonce}\n", sent.method, sent.target);
        let message = [head.as_bytes(), sent.body, b"\n"].concat();
        let signature = self.key.sign(&message)?;
        let (mchid, serial_no) = (&self.mchid, &self.serial_no);
        Ok(format!(
            "{SCHEME} mchid=\"{mchid}\",nonce_str=\"{nonce}\",signature=\"{signature}\",\
             timestamp=\"{timestamp}\",serial_no=\"{serial_no}\""
        ))
    }

    /// The parameters of `getBrandWCPayRequest`, with `paySign`.
    ///
    /// # Errors
    /// Only when the cryptographic library itself fails.
    pub(super) fn jsapi(
        &self,
        appid: &str,
        timestamp: i64,
        nonce: String,
        prepay_id: &str,
    ) -> Result<BTreeMap<String, String>, Unspecified> {
        let package = format!("prepay_id={prepay_id}");
        let message = format!("{appid}\n{timestamp}\n{nonce}\n{package}\n");
        let signature = self.key.sign(message.as_bytes())?;
        Ok(named([
            ("appId", appid.to_owned()),
            ("timeStamp", timestamp.to_string()),
            ("nonceStr", nonce),
            ("package", package),
            ("signType", "RSA".to_owned()),
            ("paySign", signature),
        ]))
    }

    /// The parameters of the app SDK's `PayReq`, with `sign`. What is signed is the
    /// bare `prepay_id`, unlike in [`Signer::jsapi`].
    ///
    /// # Errors
    /// Only when the cryptographic library itself fails.
    pub(super) fn app(
        &self,
        appid: &str,
        partnerid: &str,
        timestamp: i64,
        nonce: String,
        prepay_id: &str,
    ) -> Result<BTreeMap<String, String>, Unspecified> {
        let message = format!("{appid}\n{timestamp}\n{nonce}\n{prepay_id}\n");
        let signature = self.key.sign(message.as_bytes())?;
        Ok(named([
            ("appid", appid.to_owned()),
            ("partnerid", partnerid.to_owned()),
            ("prepayid", prepay_id.to_owned()),
            ("package", "Sign=WXPay".to_owned()),
            ("noncestr", nonce),
            ("timestamp", timestamp.to_string()),
            ("sign", signature),
        ]))
    }
}

fn named<const N: usize>(pairs: [(&str, String); N]) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::key::VerifyingKey;
    use crate::wechat::fixture;
    use std::collections::BTreeSet;

    const APPID: &str = "wxd678efh567hg6787";

    /// The scheme and the parameters, whose order is free.
    fn parts(header: &str) -> (String, BTreeSet<String>) {
        let (scheme, parameters) = header.split_once(' ').unwrap();
        (
            scheme.to_owned(),
            parameters.split(',').map(str::to_owned).collect(),
        )
    }

    pub(in crate::wechat) fn vectors() {
        every_request_of_the_vectors_is_signed_with_the_same_bytes();
        the_vectors_wrong_ways_of_signing_give_other_signatures();
    }

    pub(in crate::wechat) fn vectors_of_wallets() {
        the_vectors_client_parameters_come_out_whole();
        the_signatures_that_tencent_published_are_over_the_same_form();
    }

    #[test]
    fn every_request_of_the_vectors_is_signed_with_the_same_bytes() {
        let signer = fixture::account().signer;
        let vectors = fixture::read("20_v3_request_sign.json");
        let cases = vectors["cases"].as_array().unwrap();
        for case in cases {
            let text = |name: &str| case[name].as_str().unwrap();
            let sent = Sent {
                method: text("method"),
                target: text("request_target"),
                body: text("body").as_bytes(),
            };
            let timestamp = text("timestamp").parse().unwrap();
            let header = signer
                .authorization(sent, timestamp, text("nonce_str"))
                .unwrap();
            assert_eq!(
                parts(&header),
                parts(text("authorization")),
                "{}",
                text("name")
            );
        }
        assert_eq!(cases.len(), 12);
    }

    #[test]
    fn the_vectors_wrong_ways_of_signing_give_other_signatures() {
        let signer = fixture::account().signer;
        let vectors = fixture::read("20_v3_request_sign.json");
        let targets = [
            "/v3/certificates",
            "/v3/pay/transactions/out-trade-no/1217752501201407033233368018?mchid=1900009191",
        ];
        let negatives = vectors["negative"].as_array().unwrap();
        assert_eq!(negatives.len(), targets.len());
        for (case, target) in negatives.iter().zip(targets) {
            let sent = Sent {
                method: "GET",
                target,
                body: b"",
            };
            let nonce = "593BEC0C930BF1AFEB40B4A08C8FB242";
            let header = signer.authorization(sent, 1_554_208_460, nonce).unwrap();
            assert!(
                !header.contains(case["signature"].as_str().unwrap()),
                "{}",
                case["name"]
            );
        }
    }

    #[test]
    fn the_vectors_client_parameters_come_out_whole() {
        let signer = fixture::account().signer;
        let vectors = fixture::read("24_v3_client_params.json");
        let expected = |product: &str| -> BTreeMap<String, String> {
            serde_json::from_value(vectors["local"][product]["params"].clone()).unwrap()
        };
        let nonce = || "5K8264ILTKCH16CQ2502SI8ZNMTM67VS".to_owned();
        let prepay_id = "wx201410272009395522657a690389285100";
        let jsapi = signer
            .jsapi(APPID, 1_414_561_699, nonce(), prepay_id)
            .unwrap();
        assert_eq!(jsapi, expected("jsapi"));
        let app = signer
            .app(APPID, "1900009191", 1_414_561_699, nonce(), prepay_id)
            .unwrap();
        assert_eq!(app, expected("app"));
    }

    /// Tencent publishes inputs and signatures without the private key: what is
    /// provable here is that its signatures are over the form that the test above
    /// pins down.
    #[test]
    fn the_signatures_that_tencent_published_are_over_the_same_form() {
        let official = &fixture::read("24_v3_client_params.json")["official_published_vectors"];
        let key = official["recovered_public_key_spki_pem"].as_str().unwrap();
        let key = VerifyingKey::read(key).unwrap();
        let head = "wx2421b1c4370ec43b\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n";
        let id = "wx201410272009395522657a690389285100";
        let jsapi = official["jsapi"]["paySign"].as_str().unwrap();
        assert!(key.verifies(format!("{head}prepay_id={id}\n").as_bytes(), jsapi));
        let app = official["app"]["sign"].as_str().unwrap();
        assert!(key.verifies(format!("{head}{id}\n").as_bytes(), app));
        assert!(!key.verifies(format!("{head}prepay_id={id}\n").as_bytes(), app));
    }
}
