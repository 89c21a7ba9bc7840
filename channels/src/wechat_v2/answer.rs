//! What an answer is worth: a verified yes, a verified no, or nothing that can be
//! relied on.
//!
//! An answer with `return_code` FAIL carries no signature. Whatever it says, it could
//! be anybody's word, and where it is WeChat's it does not tell what became of the
//! request: it is [`Outcome::Unknown`], and a verified query decides.

use super::account::Account;
use super::codes::{self, Call, Meaning};
use super::names::Foreign;
use super::wire::{FAIL, Fields, SUCCESS};
use super::xml;
use crate::http::{Answer, Lost};
use crate::redact::words;
use cashier::channel::{Cause, CauseKind, Outcome, Refusal};

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
            code,
            message,
        } = self;
        match meaning.refusal() {
            Some(kind) => Outcome::Refused(Refusal {
                kind,
                code,
                message,
            }),
            None if meaning == Meaning::Unseen => Outcome::Unknown(cause(
                CauseKind::Unreadable,
                format!("a code never seen: {code} {message}"),
            )),
            None => Outcome::Unknown(cause(CauseKind::ChannelError, format!("{code} {message}"))),
        }
    }
}

/// The fields of a verified yes.
///
/// # Errors
/// [`Failure`]: it is no yes, or it cannot be believed.
pub(super) fn judge(account: &Account, call: Call, answer: &Answer) -> Result<Fields, Failure> {
    if answer.status != 200 {
        return Err(unsigned_status(answer.status).into());
    }
    let fields = xml::read(&answer.body, "xml")
        .map_err(|fault| cause(CauseKind::Unreadable, fault.to_string()))?;
    verify(account, &fields)?;
    match fields.need("result_code")? {
        SUCCESS if !is_again(&fields) => Ok(fields),
        SUCCESS => Err(said(call, &fields)),
        FAIL => Err(said(call, &fields)),
        other => Err(unclear("result_code", other).into()),
    }
}

/// Whether WeChat said it, and to this merchant.
///
/// # Errors
/// [`CauseKind::ChannelError`] for an unsigned FAIL, [`CauseKind::BadSignature`],
/// [`CauseKind::Mismatch`].
fn verify(account: &Account, fields: &Fields) -> Result<(), Cause> {
    let return_code = fields.need("return_code")?;
    if return_code != SUCCESS {
        let message = fields.text("return_msg").unwrap_or_default();
        let detail = format!(
            "return_code {} {} (unsigned: it decides nothing)",
            words(return_code),
            words(message)
        );
        return Err(cause(CauseKind::ChannelError, detail));
    }
    account.signer.verify(fields).map_err(|reason| {
        cause(
            CauseKind::BadSignature,
            format!("the answer is not believed: {reason}"),
        )
    })?;
    account.same_names(fields).map_err(|foreign| {
        let Foreign {
            field,
            theirs,
            ours,
        } = foreign;
        let detail = format!("asked about {field} {ours}, answered about {theirs:?}");
        cause(CauseKind::Mismatch, detail)
    })
}

/// Whether a reversal is to be called again, which may come with a yes or a no.
fn is_again(fields: &Fields) -> bool {
    fields.text("recall") == Some("Y")
}

/// A verified answer that is not a yes.
fn said(call: Call, fields: &Fields) -> Failure {
    let code = fields.text("err_code").unwrap_or_default();
    let message = fields.text("err_code_des").unwrap_or_default();
    let meaning = match is_again(fields) {
        true => Meaning::Again,
        false => codes::meaning(call, code, message),
    };
    Failure::Said(Said {
        meaning,
        code: words(code),
        message: words(message),
    })
}

/// Only a 200 is WeChat's: an error page is a proxy's or a front's.
fn unsigned_status(status: u16) -> Cause {
    let kind = match status {
        429 | 500.. => CauseKind::ChannelError,
        _ => CauseKind::BadSignature,
    };
    cause(kind, format!("HTTP {status} without a signature"))
}

/// A field that holds a value never seen.
pub(super) fn unclear(name: &str, value: &str) -> Cause {
    let detail = format!("{name} {:?} is not known", words(value));
    cause(CauseKind::Unreadable, detail)
}

/// Compares a field of a verified answer with what was asked.
///
/// # Errors
/// [`CauseKind::Mismatch`]
pub(super) fn same(fields: &Fields, name: &str, asked: &str) -> Result<(), Cause> {
    let answered = fields.text(name).unwrap_or_default();
    if answered == asked {
        return Ok(());
    }
    let detail = format!(
        "asked about {name} {asked}, answered about {:?}",
        words(answered)
    );
    Err(cause(CauseKind::Mismatch, detail))
}

/// A cause.
pub(super) fn cause(kind: CauseKind, detail: impl Into<String>) -> Cause {
    Cause {
        kind,
        detail: detail.into(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::wechat_v2::account::SubMerchant;
    use crate::wechat_v2::fixture;
    use cashier::channel::RefusalKind;
    use reqwest::header::HeaderMap;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn outcome_at(account: &Account, call: Call, status: u16, body: &str) -> Outcome<Fields> {
        match judge(account, call, &answer(status, body)) {
            Ok(fields) => Outcome::Done(fields),
            Err(failure) => failure.outcome(|_| None),
        }
    }

    fn outcome(call: Call, body: &str) -> Outcome<Fields> {
        outcome_at(&fixture::account(), call, 200, body)
    }

    fn kind(outcome: &Outcome<Fields>) -> CauseKind {
        match outcome {
            Outcome::Unknown(cause) => cause.kind,
            other => panic!("{other:?}"),
        }
    }

    pub(in crate::wechat_v2) fn vectors() {
        every_answer_of_the_vectors_is_judged();
    }

    #[test]
    fn every_answer_of_the_vectors_is_judged() {
        use Call::{Bar, Close, Pay, Query, Refund, Reverse};
        for (name, call, expected) in [
            ("resp_unifiedorder_jsapi_ok", Pay, "done"),
            ("resp_unifiedorder_native_ok", Pay, "done"),
            ("resp_unifiedorder_mweb_ok", Pay, "done"),
            ("resp_unifiedorder_biz_fail_duplicate", Pay, "ChannelError"),
            ("resp_transport_fail_sign_error", Pay, "ChannelError"),
            ("resp_transport_fail_frequency", Refund, "ChannelError"),
            ("resp_orderquery_notpay", Query, "done"),
            ("resp_orderquery_success", Query, "done"),
            ("resp_orderquery_payerror", Query, "done"),
            ("resp_orderquery_not_exist", Query, "ChannelError"),
            ("resp_micropay_userpaying", Bar, "ChannelError"),
            ("resp_reverse_ok", Reverse, "done"),
            ("resp_reverse_recall", Reverse, "ChannelError"),
            ("resp_closeorder_ok", Close, "done"),
            ("resp_closeorder_paid", Close, "ChannelError"),
            ("resp_refund_accepted", Refund, "done"),
        ] {
            let judged = outcome(call, &fixture::body(name, "xml_cdata"));
            let word = match &judged {
                Outcome::Done(_) => "done".to_owned(),
                other => format!("{:?}", kind(other)),
            };
            assert_eq!(word, expected, "{name}: {judged:?}");
        }
    }

    #[test]
    fn an_unsigned_fail_decides_nothing_whatever_it_says() {
        for code in [
            "ORDERNOTEXIST",
            "ORDERCLOSED",
            "AUTHCODEEXPIRE",
            "REFUNDNOTEXIST",
        ] {
            for call in [
                Call::Pay,
                Call::Bar,
                Call::Query,
                Call::Close,
                Call::Reverse,
                Call::Refund,
                Call::QueryRefund,
            ] {
                let body = format!(
                    "<xml><return_code>FAIL</return_code><return_msg>x</return_msg>\
                     <result_code>FAIL</result_code><err_code>{code}</err_code></xml>"
                );
                assert_eq!(kind(&outcome(call, &body)), CauseKind::ChannelError);
                // The same under SUCCESS lacks its signature.
                let body = body.replacen("FAIL", "SUCCESS", 1);
                assert_eq!(kind(&outcome(call, &body)), CauseKind::BadSignature);
            }
        }
        // Seen from WeChat.
        let literal = "<xml><return_code>SYSTEMERROR</return_code></xml>";
        assert_eq!(kind(&outcome(Call::Pay, literal)), CauseKind::ChannelError);
    }

    #[test]
    fn an_answer_that_is_not_whole_or_not_xml_decides_nothing() {
        let genuine = fixture::body("resp_closeorder_ok", "xml_cdata");
        for (status, body, expected) in [
            (200, genuine[..100].to_owned(), CauseKind::Unreadable),
            (
                200,
                "<html>400 No required SSL certificate was sent".to_owned(),
                CauseKind::Unreadable,
            ),
            (200, String::new(), CauseKind::Unreadable),
            (200, "<xml></xml>".to_owned(), CauseKind::Unreadable),
            (
                200,
                genuine
                    .replace("<sign>", "<sing>")
                    .replace("</sign>", "</sing>"),
                CauseKind::BadSignature,
            ),
            (400, genuine.clone(), CauseKind::BadSignature),
            (302, genuine.clone(), CauseKind::BadSignature),
            (429, genuine.clone(), CauseKind::ChannelError),
            (
                502,
                "<html>502 Bad Gateway</html>".to_owned(),
                CauseKind::ChannelError,
            ),
        ] {
            let judged = outcome_at(&fixture::account(), Call::Close, status, &body);
            assert_eq!(kind(&judged), expected, "{status} {body}");
        }
    }

    fn signed(changes: &[(&str, &str)]) -> String {
        let mut fields = Fields::default();
        for (name, value) in [
            ("return_code", "SUCCESS"),
            ("appid", "wxd678efh567hg6787"),
            ("mch_id", "1900009191"),
            ("result_code", "SUCCESS"),
        ]
        .iter()
        .chain(changes)
        {
            fields.set(name, *value);
        }
        fixture::signed(fields)
    }

    #[test]
    fn an_answer_to_somebody_else_is_a_mismatch() {
        for change in [("mch_id", "1900009192"), ("appid", "wx1"), ("appid", "")] {
            let judged = outcome(Call::Close, &signed(&[change]));
            assert_eq!(kind(&judged), CauseKind::Mismatch, "{change:?}");
        }
        let mut settings = fixture::settings();
        settings.sub_merchant = Some(SubMerchant {
            mch_id: "1900000109".to_owned(),
            appid: None,
        });
        let provider = Account::new(settings).unwrap();
        let judged = outcome_at(&provider, Call::Close, 200, &signed(&[]));
        assert_eq!(kind(&judged), CauseKind::Mismatch);
        let ours = signed(&[("sub_mch_id", "1900000109")]);
        assert!(matches!(
            outcome_at(&provider, Call::Close, 200, &ours),
            Outcome::Done(_)
        ));
    }

    #[test]
    fn a_reversal_to_be_called_again_says_nothing_else_whatever_its_code() {
        for changes in [
            vec![("recall", "Y")],
            vec![
                ("recall", "Y"),
                ("result_code", "FAIL"),
                ("err_code", "ORDERREVERSED"),
            ],
            vec![
                ("recall", "Y"),
                ("result_code", "FAIL"),
                ("err_code", "REVERSE_EXPIRE"),
            ],
        ] {
            let answer = answer(200, &signed(&changes));
            let failure = judge(&fixture::account(), Call::Reverse, &answer).unwrap_err();
            let Failure::Said(said) = failure else {
                panic!("{failure:?}")
            };
            assert_eq!(said.meaning, Meaning::Again, "{changes:?}");
        }
    }

    #[test]
    fn a_signed_no_is_what_the_table_says() {
        let no = |call, code| {
            outcome(
                call,
                &signed(&[("result_code", "FAIL"), ("err_code", code)]),
            )
        };
        let Outcome::Refused(refusal) = no(Call::Bar, "AUTHCODEEXPIRE") else {
            panic!()
        };
        assert_eq!(refusal.kind, RefusalKind::Final);
        assert_eq!(kind(&no(Call::Bar, "NEVER_SEEN")), CauseKind::Unreadable);
        assert_eq!(kind(&no(Call::Bar, "SYSTEMERROR")), CauseKind::ChannelError);
        let odd = outcome(Call::Bar, &signed(&[("result_code", "MAYBE")]));
        assert_eq!(kind(&odd), CauseKind::Unreadable);
    }
}
