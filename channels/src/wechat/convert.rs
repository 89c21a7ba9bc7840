//! WeChat's words to ours and back: times in UTC+8, texts without characters of
//! four bytes, states. A state that is not documented is an error and never a
//! failure of the payment.

use super::wire::{CNY, Transaction};
use cashier::channel::{Payment, Refunded, Trade};
use cashier::money::Money;
use cashier::time::Timestamp;
use chrono::{DateTime, FixedOffset};

/// The most characters of `description`.
const DESCRIPTION: usize = 127;

/// The most characters of a refund's `reason`.
const REASON: usize = 80;

/// Beijing's distance from UTC, in seconds.
const BEIJING: i32 = 8 * 60 * 60;

/// Why a verified answer cannot be taken for what it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unclear {
    /// A state never seen.
    #[error("the state {0:?} is not known")]
    State(String),
    /// A paid trade without one of the things that a paid trade has.
    #[error("a paid trade without a readable {0}")]
    Incomplete(&'static str),
    /// A trade that says that it was never paid, and when it was paid.
    #[error("the state is {0} and yet there is a time of payment")]
    Contradiction(String),
    /// Not yuan.
    #[error("the currency is {0:?} and not CNY")]
    Currency(String),
}

/// What is bought, as `description` may hold it; `fallback` if nothing is left.
pub(super) fn description(subject: &str, fallback: &str) -> String {
    let text = plain(subject, DESCRIPTION);
    if text.is_empty() {
        fallback.to_owned()
    } else {
        text
    }
}

/// Why it is given back, as `reason` may hold it.
pub(super) fn reason(text: &str) -> Option<String> {
    Some(plain(text, REASON)).filter(|text| !text.is_empty())
}

/// One line of at most `longest` characters, none of them outside of the basic
/// plane. WeChat refuses those, and blanks at the ends fail only at the payer.
fn plain(text: &str, longest: usize) -> String {
    let line: String = text
        .chars()
        .filter(|c| c.len_utf8() < 4)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let cut: String = line.trim().chars().take(longest).collect();
    cut.trim_end().to_owned()
}

/// A moment as `2018-06-08T10:34:56+08:00`, cut to the second; `None` for moments
/// that no calendar has.
pub(super) fn rfc3339(moment: Timestamp) -> Option<String> {
    let utc = DateTime::from_timestamp_millis(moment.millis())?;
    let beijing = utc.with_timezone(&FixedOffset::east_opt(BEIJING)?);
    Some(beijing.format("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// Reads a moment in RFC 3339.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let parsed = DateTime::parse_from_rfc3339(text).ok()?;
    Some(Timestamp::from_millis(parsed.timestamp_millis()))
}

/// What a trade's state means.
///
/// # Errors
/// [`Unclear`]
pub(super) fn trade(transaction: &Transaction) -> Result<Trade, Unclear> {
    let unpaid = |trade| match &transaction.success_time {
        Some(time) if !time.is_empty() => {
            Err(Unclear::Contradiction(transaction.trade_state.clone()))
        }
        _ => Ok(trade),
    };
    match transaction.trade_state.as_str() {
        // REFUND: some part was given back, so it was paid.
        "SUCCESS" | "REFUND" => payment(transaction).map(Trade::Paid),
        "NOTPAY" | "USERPAYING" => unpaid(Trade::Waiting),
        // Taken back, and what had been paid before that with it.
        "REVOKED" => Ok(Trade::Closed),
        // PAYERROR: a payer's code has come to nothing, for good. WeChat Pay wants it reversed
        // before the shop tries again, but nothing is there to take back: Till sends a code
        // once, and tries again under another number. Money that comes all the same is late
        // and goes back (docs/adr/0013).
        "CLOSED" | "PAYERROR" => unpaid(Trade::Closed),
        other => Err(Unclear::State(crate::redact::words(other))),
    }
}

fn payment(transaction: &Transaction) -> Result<Payment, Unclear> {
    let amount = transaction
        .amount
        .as_ref()
        .ok_or(Unclear::Incomplete("amount"))?;
    currency(amount.currency.as_deref())?;
    let total = amount.total.and_then(|fen| Money::from_fen(fen).ok());
    let paid_at = transaction.success_time.as_deref().and_then(moment);
    let trade_no = transaction
        .transaction_id
        .clone()
        .filter(|no| !no.is_empty());
    let payer = transaction.payer.as_ref().and_then(|payer| {
        [&payer.openid, &payer.sub_openid, &payer.sp_openid]
            .into_iter()
            .flatten()
            .next()
            .cloned()
    });
    Ok(Payment {
        trade_no: trade_no.ok_or(Unclear::Incomplete("transaction_id"))?,
        amount: total.ok_or(Unclear::Incomplete("amount.total"))?,
        paid_at: paid_at.ok_or(Unclear::Incomplete("success_time"))?,
        payer: payer.filter(|openid| !openid.is_empty()),
        returned: false,
    })
}

/// Refuses every currency but the yuan; a missing one is the yuan.
///
/// # Errors
/// [`Unclear::Currency`]
pub(super) fn currency(given: Option<&str>) -> Result<(), Unclear> {
    match given {
        None | Some(CNY) => Ok(()),
        Some(other) => Err(Unclear::Currency(crate::redact::words(other))),
    }
}

/// What a refund's state means.
///
/// # Errors
/// [`Unclear::State`]
pub(super) fn refunded(status: &str) -> Result<Refunded, Unclear> {
    match status {
        "SUCCESS" => Ok(Refunded::Succeeded),
        "PROCESSING" => Ok(Refunded::Processing),
        "CLOSED" => Ok(Refunded::Closed),
        "ABNORMAL" => Ok(Refunded::Abnormal),
        other => Err(Unclear::State(crate::redact::words(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(changes: Value) -> Result<Trade, Unclear> {
        let mut transaction = json!({
            "appid": "wx1", "mchid": "1900009191", "out_trade_no": "F1", "trade_state": "SUCCESS",
            "transaction_id": "42", "success_time": "2018-06-08T10:34:56+08:00",
            "payer": { "openid": "o1" }, "amount": { "total": 100, "payer_total": 90, "currency": "CNY" },
        });
        for (name, value) in changes.as_object().unwrap() {
            transaction[name] = value.clone();
        }
        trade(&serde_json::from_value(transaction).unwrap())
    }

    /// Shows F60.
    #[test]
    fn every_documented_trade_state_is_mapped_and_no_other() {
        let paid = Trade::Paid(Payment {
            trade_no: "42".into(),
            amount: Money::from_fen(100).unwrap(),
            paid_at: Timestamp::from_millis(1_528_425_296_000),
            payer: Some("o1".into()),
            returned: false,
        });
        assert_eq!(read(json!({})), Ok(paid.clone()));
        assert_eq!(read(json!({ "trade_state": "REFUND" })), Ok(paid));
        for (state, trade) in [
            ("NOTPAY", Trade::Waiting),
            ("USERPAYING", Trade::Waiting),
            ("CLOSED", Trade::Closed),
            ("REVOKED", Trade::Closed),
            ("PAYERROR", Trade::Closed),
        ] {
            let unpaid = json!({ "trade_state": state, "success_time": null, "amount": null });
            assert_eq!(read(unpaid), Ok(trade), "{state}");
            let contradiction = read(json!({ "trade_state": state }));
            if state == "REVOKED" {
                assert_eq!(contradiction, Ok(Trade::Closed), "paid, and taken back");
            } else {
                assert_eq!(contradiction, Err(Unclear::Contradiction(state.into())));
            }
        }
        for state in ["", "success", "SUCCESS ", "ACCEPT", "NEW"] {
            assert!(matches!(
                read(json!({ "trade_state": state })),
                Err(Unclear::State(_))
            ));
        }
    }

    #[test]
    fn a_paid_trade_without_its_proofs_is_not_paid() {
        use Unclear::{Currency, Incomplete};
        for (changes, unclear) in [
            (
                json!({ "transaction_id": null }),
                Incomplete("transaction_id"),
            ),
            (
                json!({ "transaction_id": "" }),
                Incomplete("transaction_id"),
            ),
            (
                json!({ "success_time": "yesterday" }),
                Incomplete("success_time"),
            ),
            (json!({ "amount": null }), Incomplete("amount")),
            (json!({ "amount": {} }), Incomplete("amount.total")),
            (
                json!({ "amount": { "total": -1 } }),
                Incomplete("amount.total"),
            ),
            (
                json!({ "amount": { "total": 1, "currency": "USD" } }),
                Currency("USD".into()),
            ),
        ] {
            assert_eq!(read(changes.clone()), Err(unclear), "{changes}");
        }
    }

    #[test]
    fn every_documented_refund_state_is_mapped_and_no_other() {
        assert_eq!(refunded("SUCCESS"), Ok(Refunded::Succeeded));
        assert_eq!(refunded("PROCESSING"), Ok(Refunded::Processing));
        assert_eq!(refunded("CLOSED"), Ok(Refunded::Closed));
        assert_eq!(refunded("ABNORMAL"), Ok(Refunded::Abnormal));
        for state in ["", "REFUNDCLOSE", "CHANGE", "success"] {
            assert_eq!(refunded(state), Err(Unclear::State(state.into())));
        }
    }

    #[test]
    fn times_are_beijing_times_cut_to_the_second() {
        let moment_ms = Timestamp::from_millis(1_528_425_296_999);
        assert_eq!(rfc3339(moment_ms).unwrap(), "2018-06-08T10:34:56+08:00");
        assert_eq!(
            moment("2018-06-08T02:34:56Z"),
            moment("2018-06-08T10:34:56+08:00")
        );
        assert_eq!(moment("2018-06-08 10:34:56"), None);
        assert_eq!(rfc3339(Timestamp::from_millis(i64::MAX)), None);
    }

    #[test]
    fn texts_lose_what_wechat_does_not_take() {
        let cases = [
            ("QQ公仔", "QQ公仔"),
            (" 热茶🍵 \n大杯 ", "热茶  大杯"),
            ("🍵", "F1"),
            ("", "F1"),
        ];
        for (subject, expected) in cases {
            assert_eq!(description(subject, "F1"), expected, "{subject:?}");
        }
        assert_eq!(description(&"茶".repeat(200), "F1").chars().count(), 127);
        assert_eq!(reason("  "), None);
        assert_eq!(reason(&"x".repeat(200)).unwrap().len(), 80);
    }
}
