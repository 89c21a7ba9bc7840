//! WeChat's words to ours and back: times of fourteen digits in UTC+8, texts bounded
//! in bytes, states. A state that is not documented is an error and never a failure
//! of the payment.

use super::answer::{cause, unclear};
use super::wire::{CNY, Fields};
use crate::redact::words;
use cashier::channel::{Cause, CauseKind, Payment, Refunded, Trade};
use cashier::time::Timestamp;
use chrono::{DateTime, FixedOffset, NaiveDateTime};

/// The most bytes of `body`; its pages say 127 or 128 and not of what.
const BODY: usize = 127;

/// The most bytes of `refund_desc`.
const REASON: usize = 80;

/// Beijing's distance from UTC, in seconds.
const BEIJING: i32 = 8 * 60 * 60;

/// How a moment is written.
const MOMENT: &str = "%Y%m%d%H%M%S";

/// What is bought, as `body` may hold it; `fallback` if nothing is left.
pub(super) fn body(subject: &str, fallback: &str) -> String {
    let text = plain(subject, BODY);
    if text.is_empty() {
        fallback.to_owned()
    } else {
        text
    }
}

/// Why it is given back, as `refund_desc` may hold it.
pub(super) fn reason(text: &str) -> Option<String> {
    Some(plain(text, REASON)).filter(|text| !text.is_empty())
}

/// One line of at most `longest` bytes, without characters outside of the basic
/// plane.
pub(super) fn plain(text: &str, longest: usize) -> String {
    let mut line = String::new();
    let kept = text.trim().chars().filter(|c| c.len_utf8() < 4);
    for character in kept {
        let character = if character.is_control() {
            ' '
        } else {
            character
        };
        if line.len() + character.len_utf8() > longest {
            break;
        }
        line.push(character);
    }
    line.trim().to_owned()
}

/// A moment as `20091227091010` in Beijing, cut to the second; `None` for moments
/// that no calendar has.
pub(super) fn written(moment: Timestamp) -> Option<String> {
    let utc = DateTime::from_timestamp_millis(moment.millis())?;
    let beijing = utc.with_timezone(&FixedOffset::east_opt(BEIJING)?);
    let text = beijing.format(MOMENT).to_string();
    Some(text).filter(|text| text.len() == 14)
}

/// Reads a moment of fourteen digits in Beijing.
fn moment(text: &str) -> Option<Timestamp> {
    let digits = text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit());
    let local = NaiveDateTime::parse_from_str(text, MOMENT)
        .ok()
        .filter(|_| digits)?;
    let beijing = local
        .and_local_timezone(FixedOffset::east_opt(BEIJING)?)
        .single()?;
    Some(Timestamp::from_millis(beijing.timestamp_millis()))
}

/// What the state of a queried trade means.
///
/// # Errors
/// [`CauseKind::Unreadable`]
pub(super) fn trade(fields: &Fields) -> Result<Trade, Cause> {
    let state = fields.need("trade_state")?;
    let unpaid = |trade| match fields.text("time_end") {
        Some(_) => Err(cause(
            CauseKind::Unreadable,
            format!("the state is {state} and yet there is a time of payment"),
        )),
        None => Ok(trade),
    };
    match state {
        // REFUND: some part was given back, so it was paid.
        "SUCCESS" | "REFUND" => payment(fields).map(Trade::Paid),
        "NOTPAY" | "USERPAYING" | "ACCEPT" => unpaid(Trade::Waiting),
        // PAYERROR: a payer's code has come to nothing, for good. WeChat Pay wants it reversed
        // before the shop tries again, but nothing is there to take back: Till sends a code
        // once, and tries again under another number. Money that comes all the same is late
        // and goes back (docs/adr/0013).
        "CLOSED" | "PAYERROR" => unpaid(Trade::Closed),
        // What a reversal had to give back has been given back.
        "REVOKED" => Ok(Trade::Closed),
        other => Err(unclear("trade_state", other)),
    }
}

/// The payment that an answer or a notice tells of.
///
/// # Errors
/// [`CauseKind::Unreadable`]
pub(super) fn payment(fields: &Fields) -> Result<Payment, Cause> {
    currency(fields)?;
    let time_end = fields.need("time_end")?;
    let payer = fields.text("sub_openid").or(fields.text("openid"));
    Ok(Payment {
        trade_no: fields.need("transaction_id")?.to_owned(),
        amount: fields.fen("total_fee")?,
        paid_at: moment(time_end).ok_or_else(|| unclear("time_end", time_end))?,
        payer: payer.map(str::to_owned),
        returned: false,
    })
}

/// Refuses every currency but the yuan; a missing one is the yuan.
fn currency(fields: &Fields) -> Result<(), Cause> {
    match fields.text("fee_type") {
        None | Some(CNY) => Ok(()),
        Some(other) => Err(cause(
            CauseKind::Unreadable,
            format!("the currency is {:?} and not CNY", words(other)),
        )),
    }
}

/// What a refund's state means.
///
/// # Errors
/// [`CauseKind::Unreadable`]
pub(super) fn refunded(status: &str) -> Result<Refunded, Cause> {
    match status {
        "SUCCESS" => Ok(Refunded::Succeeded),
        "PROCESSING" => Ok(Refunded::Processing),
        "REFUNDCLOSE" => Ok(Refunded::Closed),
        "CHANGE" => Ok(Refunded::Abnormal),
        other => Err(unclear("refund_status", other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat_v2::{fixture, xml};
    use cashier::money::Money;

    fn read(changes: &[(&str, &str)]) -> Result<Trade, CauseKind> {
        let body = fixture::body("resp_orderquery_success", "xml_cdata");
        let mut fields = xml::read(body.as_bytes(), "xml").unwrap();
        for (name, value) in changes {
            fields.set(name, *value);
        }
        trade(&fields).map_err(|cause| cause.kind)
    }

    fn paid() -> Trade {
        Trade::Paid(Payment {
            trade_no: "4200000263201902167700134902".into(),
            amount: Money::from_fen(88).unwrap(),
            // 2019-02-19 01:52:32 in Beijing.
            paid_at: Timestamp::from_millis(1_550_512_352_000),
            payer: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".into()),
            returned: false,
        })
    }

    /// Shows F60.
    #[test]
    fn every_documented_trade_state_is_mapped_and_no_other() {
        assert_eq!(read(&[]), Ok(paid()));
        assert_eq!(read(&[("trade_state", "REFUND")]), Ok(paid()));
        for (state, trade) in [
            ("NOTPAY", Trade::Waiting),
            ("USERPAYING", Trade::Waiting),
            ("ACCEPT", Trade::Waiting),
            ("CLOSED", Trade::Closed),
            ("PAYERROR", Trade::Closed),
        ] {
            let unpaid = [("trade_state", state), ("time_end", "")];
            assert_eq!(read(&unpaid), Ok(trade), "{state}");
            let contradiction = read(&[("trade_state", state)]);
            assert_eq!(contradiction, Err(CauseKind::Unreadable), "{state}");
        }
        assert_eq!(read(&[("trade_state", "REVOKED")]), Ok(Trade::Closed));
        for state in ["", "success", "SUCCESS ", "NEW"] {
            assert_eq!(read(&[("trade_state", state)]), Err(CauseKind::Unreadable));
        }
    }

    #[test]
    fn a_coupon_does_not_change_what_was_paid_and_a_sub_merchant_knows_its_payer() {
        let Ok(Trade::Paid(payment)) = read(&[
            ("settlement_total_fee", "80"),
            ("cash_fee", "80"),
            ("coupon_fee", "8"),
            ("sub_openid", "oSUB"),
        ]) else {
            panic!()
        };
        assert_eq!(payment.amount, Money::from_fen(88).unwrap());
        assert_eq!(payment.payer.as_deref(), Some("oSUB"));
    }

    #[test]
    fn a_paid_trade_without_its_proofs_is_not_paid() {
        for change in [
            ("transaction_id", ""),
            ("total_fee", ""),
            ("total_fee", "0.88"),
            ("total_fee", "-88"),
            ("time_end", ""),
            ("time_end", "2019-02-19"),
            ("time_end", "20190230015232"),
            ("time_end", " 2019021901523"),
            ("fee_type", "USD"),
        ] {
            assert_eq!(read(&[change]), Err(CauseKind::Unreadable), "{change:?}");
        }
    }

    #[test]
    fn every_documented_refund_state_is_mapped_and_no_other() {
        assert_eq!(refunded("SUCCESS"), Ok(Refunded::Succeeded));
        assert_eq!(refunded("PROCESSING"), Ok(Refunded::Processing));
        assert_eq!(refunded("REFUNDCLOSE"), Ok(Refunded::Closed));
        assert_eq!(refunded("CHANGE"), Ok(Refunded::Abnormal));
        for state in ["", "CLOSED", "ABNORMAL", "success"] {
            assert!(refunded(state).is_err());
        }
    }

    #[test]
    fn times_are_beijing_times_cut_to_the_second() {
        let at = Timestamp::from_millis(1_550_512_352_999);
        assert_eq!(written(at).as_deref(), Some("20190219015232"));
        assert_eq!(
            moment("20190219015232"),
            Some(Timestamp::from_millis(1_550_512_352_000))
        );
        assert_eq!(written(Timestamp::from_millis(i64::MAX)), None);
        assert_eq!(written(Timestamp::from_millis(400_000_000_000_000)), None);
    }

    #[test]
    fn texts_lose_what_wechat_does_not_take() {
        for (subject, expected) in [
            ("QQ公仔", "QQ公仔"),
            (" 热茶🍵 \n大杯 ", "热茶  大杯"),
            ("🍵", "F1"),
            ("", "F1"),
        ] {
            assert_eq!(body(subject, "F1"), expected, "{subject:?}");
        }
        assert_eq!(body(&"茶".repeat(200), "F1").len(), 126);
        assert_eq!(reason("  "), None);
        assert_eq!(reason(&"x".repeat(200)).unwrap().len(), 80);
    }
}
