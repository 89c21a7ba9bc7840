//! Strict bodies: UTF-8 JSON objects of bounded length, without unknown or
//! doubled fields, and errors that say where.

use crate::problem::{Code, Problem};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{HttpMessage, HttpRequest};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

/// How much of a body that is too long is read on and dropped, so that the
/// client hears why before the connection ends.
const DRAINED: usize = 32 * 1024 * 1024;

/// Reads the body, at most `limit` bytes.
///
/// # Errors
/// 413 for more than `limit`, `invalid_request` when the body breaks off.
pub async fn read(payload: &mut Payload, limit: usize) -> Result<Bytes, Problem> {
    let mut body = BytesMut::new();
    let mut length: usize = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| {
            Problem::new(
                Code::InvalidRequest,
                "the body broke off; send the request again",
            )
        })?;
        length = length.saturating_add(chunk.len());
        if length <= limit {
            body.extend_from_slice(&chunk);
        } else if length > DRAINED {
            break;
        }
    }
    if length > limit {
        Err(Problem::too_large(limit))
    } else {
        Ok(body.freeze())
    }
}

/// Checks that the body is said to be plain JSON in UTF-8.
///
/// # Errors
/// 415, naming what to send.
pub fn check_content_type(request: &HttpRequest) -> Result<(), Problem> {
    if !request
        .content_type()
        .eq_ignore_ascii_case("application/json")
    {
        return Err(Problem::wrong_content_type(
            "send `Content-Type: application/json`",
        ));
    }
    if !request
        .encoding()
        .is_ok_and(|encoding| encoding.name() == "UTF-8")
    {
        return Err(Problem::wrong_content_type("send the body in UTF-8"));
    }
    match request.headers().get(header::CONTENT_ENCODING) {
        Some(coding) if coding != "identity" => Err(Problem::wrong_content_type(
            "send the body without Content-Encoding",
        )),
        _ => Ok(()),
    }
}

/// Reads a JSON object as `T`, which says itself that it refuses unknown fields.
///
/// # Errors
/// `invalid_request` with line and column, or with the field and its rule.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'{') {
        let detail = "the body must be one JSON object, {…}, from line 1 column 1 on";
        return Err(Problem::new(Code::InvalidRequest, detail));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        explain(error.inner(), &path)
    })?;
    reader.end().map_err(|error| explain(&error, "."))?;
    Ok(value)
}

/// Says what is wrong with a body, and where.
fn explain(error: &serde_json::Error, path: &str) -> Problem {
    if !error.is_data() {
        let detail = format!("the body is not valid JSON: {error}");
        return Problem::new(Code::InvalidRequest, detail);
    }
    if path == "." {
        return Problem::new(
            Code::InvalidRequest,
            format!("the body is not as it must be: {error}"),
        );
    }
    Problem::invalid(path, format!("is not as it must be: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[serde(rename = "name")]
        _name: String,
    }

    fn refusal(body: &str) -> String {
        parse::<Body>(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_refusal_says_where_and_why() {
        let cases = [
            ("", "one JSON object"),
            ("[\"a\"]", "one JSON object"),
            ("{\"name\": \"a\"", "line 1 column 12"),
            ("{\"name\": \"a\",}", "line 1 column 14"),
            (
                "{\"name\": \"a\"} x",
                "trailing characters at line 1 column 15",
            ),
            (
                "{\"name\": \"a\", \"name\": \"b\"}",
                "duplicate field `name`",
            ),
            ("{\"name\": \"a\", \"nmae\": \"b\"}", "unknown field `nmae`"),
            (
                "{\"name\": 5}",
                "`name` is not as it must be: invalid type: integer `5`",
            ),
            ("{\"name\": \"\\ud800\"}", "line 1"),
            ("{}", "missing field `name`"),
        ];
        for (body, expected) in cases {
            let refusal = refusal(body);
            assert!(refusal.contains(expected), "{body}: {refusal}");
        }
    }

    #[test]
    fn a_body_that_is_not_utf_8_is_refused() {
        assert!(parse::<Body>(b"{\"name\": \"\xff\"}").is_err());
    }
}
