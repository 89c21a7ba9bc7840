//! Reads the `Authorization` header of an APIv3 request and verifies it over the raw request
//! target and the raw body, as strictly as WeChat Pay's "签名生成" page describes it: one space
//! after the scheme, double quotes, a clock of five minutes, the registered certificate serial,
//! and an answer that shows what was verified when the signature is wrong.

use serde_json::json;

use super::problem::Problem;
use crate::key::VerifyingKey;

/// The one authentication scheme of APIv3 with RSA keys.
pub const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";

/// How far a request's timestamp may be from the server's clock, in seconds.
pub const MAX_SKEW_SECONDS: i64 = 300;

/// Characters of the signed message that a 401 shows.
const SHOWN_MESSAGE: usize = 256;

/// The parameters of an `Authorization` header, as sent and not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// The merchant that owns the certificate.
    pub mchid: String,
    /// Serial of the merchant API certificate, upper-case hexadecimal.
    pub serial_no: String,
    /// Random text of the request.
    pub nonce_str: String,
    /// Unix seconds, UTC, exactly as they were sent: they are signed as text.
    pub timestamp: String,
    /// Base64 of the signature.
    pub signature: String,
}

/// What the signature covers besides the header itself.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest<'a> {
    /// HTTP method, upper-case.
    pub method: &'a str,
    /// Path and query exactly as on the request line.
    pub target: &'a str,
    /// The body exactly as received; empty for a GET.
    pub body: &'a [u8],
}

impl Authorization {
    /// Reads the header's value.
    ///
    /// # Errors
    /// 401 `SIGN_ERROR` when the scheme is not [`SCHEME`] or the parameters are not exactly the
    /// five known ones in double quotes, separated by commas.
    pub fn parse(header: &str) -> Result<Self, Problem> {
        let (scheme, parameters) = header.split_once(' ').ok_or_else(|| {
            Problem::unauthorized(
                "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》",
            )
        })?;
        if scheme != SCHEME {
            return Err(Problem::unauthorized("Http头Authorization认证类型不正确"));
        }
        let mut found = Found::default();
        for parameter in parameters.split(',') {
            found.take(parameter).ok_or_else(|| malformed(parameter))?;
        }
        found.complete()
    }

    /// Checks the five-minute rule against `now` (Unix seconds, UTC).
    ///
    /// # Errors
    /// 401 `SIGN_ERROR` when the timestamp is not a number or is more than
    /// [`MAX_SKEW_SECONDS`] away.
    pub fn check_clock(&self, now: i64) -> Result<(), Problem> {
        let sent: i64 = self
            .timestamp
            .parse()
            .map_err(|_| malformed(&format!("timestamp=\"{}\"", self.timestamp)))?;
        if now.abs_diff(sent) > MAX_SKEW_SECONDS.unsigned_abs() {
            return Err(Problem::unauthorized(
                "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟",
            ));
        }
        Ok(())
    }

    /// Checks that the certificate named is the one the merchant registered.
    ///
    /// # Errors
    /// 401 `SIGN_ERROR` when it is another one.
    pub fn check_serial(&self, registered: &str) -> Result<(), Problem> {
        if self.serial_no == registered {
            return Ok(());
        }
        Err(Problem::unauthorized(
            "商户证书序列号有误。请使用签名私钥匹配的证书序列号",
        ))
    }

    /// Verifies the signature over `request` with the merchant's public key.
    ///
    /// # Errors
    /// 401 `SIGN_ERROR` with `sign_information`, which shows what was verified.
    pub fn verify(&self, request: SignedRequest<'_>, key: &VerifyingKey) -> Result<(), Problem> {
        let message = self.message(request);
        if key.verifies(&message, &self.signature) {
            return Ok(());
        }
        Err(sign_not_match(request, &message))
    }

    /// The five lines that are signed, each ended by a line feed.
    fn message(&self, request: SignedRequest<'_>) -> Vec<u8> {
        let head = format!(
            "{}\n{}\n{}\n{}\n",
            request.method, request.target, self.timestamp, self.nonce_str
        );
        [head.as_bytes(), request.body, b"\n"].concat()
    }
}

/// The parameters met so far.
#[derive(Default)]
struct Found {
    mchid: Option<String>,
    serial_no: Option<String>,
    nonce_str: Option<String>,
    timestamp: Option<String>,
    signature: Option<String>,
}

impl Found {
    /// Takes one `name="value"`. `None` when it is malformed, unknown, empty or repeated.
    fn take(&mut self, parameter: &str) -> Option<()> {
        let (name, quoted) = parameter.split_once('=')?;
        let value = quoted.strip_prefix('"')?.strip_suffix('"')?;
        let slot = match name {
            "mchid" => &mut self.mchid,
            "serial_no" => &mut self.serial_no,
            "nonce_str" => &mut self.nonce_str,
            "timestamp" => &mut self.timestamp,
            "signature" => &mut self.signature,
            _ => return None,
        };
        if value.is_empty() || value.contains('"') || slot.is_some() {
            return None;
        }
        *slot = Some(value.to_owned());
        Some(())
    }

    fn complete(self) -> Result<Authorization, Problem> {
        Ok(Authorization {
            mchid: self.mchid.ok_or_else(|| missing("mchid"))?,
            serial_no: self.serial_no.ok_or_else(|| missing("serial_no"))?,
            nonce_str: self.nonce_str.ok_or_else(|| missing("nonce_str"))?,
            timestamp: self.timestamp.ok_or_else(|| missing("timestamp"))?,
            signature: self.signature.ok_or_else(|| missing("signature"))?,
        })
    }
}

fn malformed(parameter: &str) -> Problem {
    Problem::unauthorized(format!(
        "Http头Authorization值格式错误，请检查参数 {parameter}：应为 名称=\"值\"，用双引号，以逗号分隔"
    ))
}

fn missing(name: &str) -> Problem {
    Problem::unauthorized(format!("Http头Authorization值格式错误，缺少参数 {name}"))
}

/// The body that saves hours: it shows the message which the server tried to verify.
fn sign_not_match(request: SignedRequest<'_>, message: &[u8]) -> Problem {
    let shown: String = String::from_utf8_lossy(message)
        .chars()
        .take(SHOWN_MESSAGE)
        .collect();
    Problem::unauthorized("错误的签名，验签失败").with_detail(json!({
        "detail": { "issue": "sign not match" },
        "field": "signature",
        "location": "authorization",
        "sign_information": {
            "method": request.method,
            "sign_message_length": message.len(),
            "truncated_sign_message": shown,
            "url": request.target,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::fixture;
    use serde_json::Value;

    fn text<'a>(value: &'a Value, name: &str) -> &'a str {
        value[name].as_str().unwrap()
    }

    fn request(case: &Value) -> SignedRequest<'_> {
        SignedRequest {
            method: text(case, "method"),
            target: text(case, "request_target"),
            body: text(case, "body").as_bytes(),
        }
    }

    #[test]
    fn every_request_of_the_vectors_is_accepted() {
        let key = fixture::merchant_key();
        let vectors = fixture::read("20_v3_request_sign.json");
        let cases = vectors["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 12);
        for case in cases {
            let read = Authorization::parse(text(case, "authorization")).unwrap();
            assert_eq!(read.mchid, "1900009191");
            assert_eq!(
                String::from_utf8(read.message(request(case))).unwrap(),
                text(case, "string_to_sign")
            );
            read.check_serial("4A5B6C7D8E9F0A1B2C3D4E5F60718293A4B5C6D7")
                .unwrap();
            read.verify(request(case), &key)
                .unwrap_or_else(|problem| panic!("{}: {problem:?}", case["name"]));
        }
    }

    #[test]
    fn a_missing_last_newline_or_an_unsigned_query_is_a_sign_error() {
        let key = fixture::merchant_key();
        let vectors = fixture::read("20_v3_request_sign.json");
        let cases = vectors["negative"].as_array().unwrap();
        assert_eq!(cases.len(), 2);
        for case in cases {
            let target = case["actual_request_target"]
                .as_str()
                .unwrap_or("/v3/certificates");
            let signed = Authorization {
                mchid: "1900009191".to_owned(),
                serial_no: "4A5B6C7D8E9F0A1B2C3D4E5F60718293A4B5C6D7".to_owned(),
                nonce_str: "593BEC0C930BF1AFEB40B4A08C8FB242".to_owned(),
                timestamp: "1554208460".to_owned(),
                signature: text(case, "signature").to_owned(),
            };
            let request = SignedRequest {
                method: "GET",
                target,
                body: b"",
            };
            let problem = signed.verify(request, &key).unwrap_err();
            assert_eq!((problem.status(), problem.code()), (401, "SIGN_ERROR"));
            let body = problem.body();
            assert_eq!(body["detail"]["sign_information"]["url"], target);
            assert_eq!(body["detail"]["detail"]["issue"], "sign not match");
        }
    }

    #[test]
    fn one_changed_byte_of_body_target_or_method_is_a_sign_error() {
        let key = fixture::merchant_key();
        let vectors = fixture::read("20_v3_request_sign.json");
        let case = &vectors["cases"][4];
        let read = Authorization::parse(text(case, "authorization")).unwrap();
        let good = request(case);
        let body = text(case, "body").replace("\"total\":1", "\"total\":2");
        for wrong in [
            SignedRequest {
                body: body.as_bytes(),
                ..good
            },
            SignedRequest {
                target: "/v3/pay/transactions/h5",
                ..good
            },
            SignedRequest {
                method: "PUT",
                ..good
            },
        ] {
            assert_eq!(read.verify(wrong, &key).unwrap_err().status(), 401);
        }
    }

    #[test]
    fn the_clock_may_be_off_by_five_minutes_and_not_by_a_second_more() {
        let read = Authorization::parse(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"1\",nonce_str=\"n\",signature=\"cw==\",timestamp=\"1000\",serial_no=\"A\"",
        )
        .unwrap();
        for now in [700, 1000, 1300] {
            read.check_clock(now).unwrap();
        }
        for now in [699, 1301] {
            let problem = read.check_clock(now).unwrap_err();
            assert!(problem.message().contains("不得超过5分钟"), "{problem:?}");
        }
    }

    #[test]
    fn another_scheme_quote_or_parameter_is_a_sign_error() {
        let good = "WECHATPAY2-SHA256-RSA2048 mchid=\"1\",nonce_str=\"n\",signature=\"cw==\",timestamp=\"1000\",serial_no=\"A\"";
        Authorization::parse(good).unwrap();
        for (wrong, says) in [
            (good.replace('"', "'"), "双引号"),
            (good.replace(',', ", "), "格式错误"),
            (good.replacen(' ', "  ", 1), "格式错误"),
            (good.replace("RSA2048", "SM3"), "认证类型不正确"),
            (good.replace(",serial_no=\"A\"", ""), "缺少参数 serial_no"),
            (format!("{good},mchid=\"2\""), "格式错误"),
            (format!("{good},extra=\"2\""), "格式错误"),
            (
                good.replace("nonce_str=\"n\"", "nonce_str=\"\""),
                "格式错误",
            ),
            ("Bearer".to_owned(), "格式错误"),
        ] {
            let problem = Authorization::parse(&wrong).unwrap_err();
            assert_eq!(
                (problem.status(), problem.code()),
                (401, "SIGN_ERROR"),
                "{wrong}"
            );
            assert!(problem.message().contains(says), "{wrong}: {problem:?}");
        }
    }

    #[test]
    fn a_serial_without_its_leading_zero_is_another_serial() {
        let read = Authorization::parse(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"1\",nonce_str=\"n\",signature=\"cw==\",timestamp=\"1000\",serial_no=\"B1C2\"",
        )
        .unwrap();
        read.check_serial("B1C2").unwrap();
        assert_eq!(read.check_serial("0B1C2").unwrap_err().status(), 401);
    }
}
