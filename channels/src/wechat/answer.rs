//! What an answer is worth: a verified yes, a verified no, or nothing that can be
//! relied on.
//!
//! An answer that is not 2xx is believed only if its signature fits. WeChat leaves
//! many of them unsigned, and a no that anybody could have written must not end a
//! payment: it is [`Outcome::Unknown`], and a verified query decides.

use super::account::Account;
use super::codes::{self, Call, Meaning};
use super::names::Foreign;
use super::verify::{Stamp, Unverified};
use super::wire::Problem;
use crate::http::{Answer, Lost};
use crate::redact::words;
use cashier::channel::{Cause, CauseKind, Outcome, Refusal};
use cashier::time::Timestamp;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;

/// Why a call brought no verified yes.
#[derive(Debug)]
pub(super) enum Failure {
    /// No answer, or none that can be believed.
    Lost(Lost),
    /// A verified answer that is not a yes.
    Said(Said),
}

/// A verified answer that is not a yes.
#[derive(Debug)]
pub(super) struct Said {
    meaning: Meaning,
    status: u16,
    code: String,
    message: String,
}

impl Failure {
    /// What the failure makes of a call. `state` tells which meanings are answers of
    /// this call and not failures (a close of what is closed).
    pub(super) fn outcome<T>(self, state: impl FnOnce(Meaning) -> Option<T>) -> Outcome<T> {
        match self {
            Failure::Lost(lost) => lost.into(),
            Failure::Said(said) => said.outcome(state),
        }
    }
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Failure {
        Failure::Lost(lost)
    }
}

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Failure {
        Failure::Lost(Lost::Unknown(cause))
    }
}

impl Said {
    fn outcome<T>(self, state: impl FnOnce(Meaning) -> Option<T>) -> Outcome<T> {
        if let Some(done) = state(self.meaning) {
            return Outcome::Done(done);
        }
        let Said {
            meaning,
            status,
            code,
            message,
        } = self;
        match meaning.refusal() {
            Some(kind) => Outcome::Refused(Refusal {
                kind,
                code,
                message,
            }),
            None if meaning == Meaning::Unseen && status < 500 => unknown(
                CauseKind::Unreadable,
                format!("HTTP {status} with a code never seen: {code} {message}"),
            ),
            None => unknown(
                CauseKind::ChannelError,
                format!("HTTP {status} {code} {message}"),
            ),
        }
    }
}

/// The body of a verified yes, byte for byte.
///
/// # Errors
/// [`Failure`]: it is no yes, or it cannot be believed.
pub(super) fn judge(
    account: &Account,
    call: Call,
    answer: Answer,
    now: Timestamp,
) -> Result<Vec<u8>, Failure> {
    let verified = verify(account, &answer, now);
    match (answer.status, verified) {
        (200 | 204, Ok(())) => Ok(answer.body),
        (status, Ok(())) if (200..300).contains(&status) => {
            Err(unfinished(call, status, &answer.body))
        }
        (status, Ok(())) => Err(said(call, status, &answer.body)),
        (status, Err(reason)) => Err(disbelieved(status, &reason, &answer.body).into()),
    }
}

/// Whether an answer names a key that is not known yet.
pub(super) fn names_unknown_key(account: &Account, answer: &Answer, now: Timestamp) -> bool {
    let headers = texts(&answer.headers);
    Stamp::read(&headers).is_ok_and(|stamp| !account.platform.knows(stamp, now))
}

fn verify(account: &Account, answer: &Answer, now: Timestamp) -> Result<(), Unverified> {
    let stamp = Stamp::read(&texts(&answer.headers))?;
    account.platform.verify(stamp, &answer.body, now)
}

/// The headers as text. One that is no text is taken for empty, which no check lets
/// pass.
pub(super) fn texts(headers: &HeaderMap) -> Vec<(&str, &str)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
        .collect()
}

/// Accepted and not finished: the payer is asked for the password, or nothing is known.
fn unfinished(call: Call, status: u16, body: &[u8]) -> Failure {
    match said(call, status, body) {
        Failure::Said(said) if said.meaning == Meaning::Paying => Failure::Said(said),
        _ => cause(
            CauseKind::ChannelError,
            format!("HTTP {status}: accepted and not finished"),
        )
        .into(),
    }
}

/// A verified no.
fn said(call: Call, status: u16, body: &[u8]) -> Failure {
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => {
            let message = problem.message.unwrap_or_default();
            Failure::Said(Said {
                meaning: codes::meaning(call, &problem.code, &message),
                status,
                code: words(&problem.code),
                message: words(&message),
            })
        }
        Err(_) if status >= 500 => cause(CauseKind::ChannelError, format!("HTTP {status}")).into(),
        Err(error) => unreadable(&error).into(),
    }
}

/// An answer that is not believed, for people to see.
fn disbelieved(status: u16, reason: &Unverified, body: &[u8]) -> Cause {
    let seen = match serde_json::from_slice::<Problem>(body) {
        Ok(problem) if status >= 300 => words(&format!(
            "{} {}",
            problem.code,
            problem.message.unwrap_or_default()
        )),
        _ => String::new(),
    };
    let unsigned = matches!(reason, Unverified::Missing(_));
    let kind = match status {
        429 | 500.. if unsigned => CauseKind::ChannelError,
        _ => CauseKind::BadSignature,
    };
    cause(
        kind,
        format!("HTTP {status} {seen} (not believed: {reason})"),
    )
}

/// Reads a verified answer.
///
/// # Errors
/// [`CauseKind::Unreadable`]
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Cause> {
    serde_json::from_slice(body).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> Cause {
    // The text of a serde error may repeat what was in the answer.
    let (line, column) = (error.line(), error.column());
    let detail = match error.classify() {
        serde_json::error::Category::Data => {
            format!("the answer lacks a field or has another form, at {line}:{column}")
        }
        _ => format!("the answer is not JSON, at {line}:{column}"),
    };
    cause(CauseKind::Unreadable, detail)
}

/// Compares a name in a verified answer with the one that was asked about.
///
/// # Errors
/// [`CauseKind::Mismatch`]
pub(super) fn same(name: &str, answered: &str, asked: &str) -> Result<(), Cause> {
    if answered == asked {
        return Ok(());
    }
    let detail = format!(
        "asked about {name} {asked}, answered about {}",
        words(answered)
    );
    Err(cause(CauseKind::Mismatch, detail))
}

/// Compares the sellers in a verified answer with the account's.
///
/// # Errors
/// [`CauseKind::Mismatch`]
pub(super) fn same_seller(checked: Result<(), Foreign>) -> Result<(), Cause> {
    checked.map_err(|foreign| {
        let Foreign {
            field,
            theirs,
            ours,
        } = foreign;
        let detail = format!("asked about {field} {ours}, answered about {theirs}");
        cause(CauseKind::Mismatch, detail)
    })
}

/// A cause.
pub(super) fn cause(kind: CauseKind, detail: impl Into<String>) -> Cause {
    Cause {
        kind,
        detail: detail.into(),
    }
}

/// An outcome that is not known.
pub(super) fn unknown<T>(kind: CauseKind, detail: impl Into<String>) -> Outcome<T> {
    Outcome::Unknown(cause(kind, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::fixture;
    use reqwest::header::{HeaderName, HeaderValue};

    fn answer(case: &serde_json::Value) -> Answer {
        let pairs = fixture::headers(&case["headers"]).into_iter();
        let headers = pairs.map(|(name, value)| {
            (
                HeaderName::try_from(name).unwrap(),
                HeaderValue::try_from(value).unwrap(),
            )
        });
        Answer {
            status: u16::try_from(case["status"].as_u64().unwrap()).unwrap(),
            headers: headers.collect(),
            body: case["body"].as_str().unwrap().as_bytes().to_vec(),
        }
    }

    fn outcome(answer: Answer) -> Outcome<Vec<u8>> {
        let account = fixture::account();
        let now = Timestamp::from_millis(1_554_209_980_000);
        match judge(&account, Call::Close, answer, now) {
            Ok(body) => Outcome::Done(body),
            Err(failure) => failure.outcome(|_| None),
        }
    }

    fn kind(outcome: &Outcome<Vec<u8>>) -> CauseKind {
        match outcome {
            Outcome::Unknown(cause) => cause.kind,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_signed_204_is_a_yes_and_the_same_without_its_signature_is_nothing() {
        let vectors = fixture::read("21_v3_response_verify.json");
        let close = vectors["positive"].as_array().unwrap().iter();
        let close = close
            .clone()
            .find(|case| case["name"] == "close_204_empty_body")
            .unwrap();
        assert_eq!(outcome(answer(close)), Outcome::Done(Vec::new()));
        let mut unsigned = answer(close);
        unsigned.headers.remove("wechatpay-signature");
        assert_eq!(kind(&outcome(unsigned)), CauseKind::BadSignature);
    }

    #[test]
    fn an_unsigned_no_decides_nothing() {
        let body = r#"{"code":"ORDER_CLOSED","message":"该订单已失效"}"#;
        for (status, expected) in [
            (400, CauseKind::BadSignature),
            (401, CauseKind::BadSignature),
            (404, CauseKind::BadSignature),
            (302, CauseKind::BadSignature),
            (429, CauseKind::ChannelError),
            (500, CauseKind::ChannelError),
            (502, CauseKind::ChannelError),
        ] {
            let answer = Answer {
                status,
                headers: HeaderMap::new(),
                body: body.into(),
            };
            let outcome = outcome(answer);
            assert_eq!(kind(&outcome), expected, "{status}");
            assert!(format!("{outcome:?}").contains("ORDER_CLOSED"));
        }
    }

    /// Shows F57.
    #[test]
    fn a_page_of_a_broken_gateway_is_no_panic() {
        let body = b"<html>502 Bad Gateway</html>".to_vec();
        let answer = Answer {
            status: 502,
            headers: HeaderMap::new(),
            body,
        };
        assert_eq!(kind(&outcome(answer)), CauseKind::ChannelError);
    }
}
