//! Alipay's words to and from ours: times in GMT+8, amounts in yuan, the subject,
//! and what a trade's status means.

use cashier::channel::{Payment, Trade};
use cashier::money::Money;
use cashier::time::Timestamp;
use chrono::{DateTime, FixedOffset, NaiveDateTime};

/// Alipay's clock is ahead of UTC by so many seconds, all year.
const EAST: i32 = 8 * 3600;

/// The longest subject, in characters.
const SUBJECT_LIMIT: usize = 256;

/// What Alipay says of a trade, in a query's answer or in a notice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    pub(super) trade_no: &'a str,
    pub(super) status: &'a str,
    /// In yuan.
    pub(super) total_amount: &'a str,
    /// When it was paid, GMT+8 (`send_pay_date`, `gmt_payment`).
    pub(super) paid_at: Option<&'a str>,
    /// Whether it says that something was given back.
    pub(super) refunded: bool,
    pub(super) payer: Option<&'a str>,
}

/// What it means. `TRADE_CLOSED` alone says nothing about payment: a trade that
/// was refunded in full is closed too, and keeps its time of payment or says that
/// something was given back. A paid trade
/// whose time is left out is given `now`: money is never lost for want of a date.
///
/// # Errors
/// What could not be understood.
pub(super) fn trade(said: Said<'_>, now: Timestamp) -> Result<Trade, String> {
    let paid_at = said.paid_at.filter(|text| !text.is_empty());
    match (said.status, paid_at) {
        ("WAIT_BUYER_PAY", _) => Ok(Trade::Waiting),
        ("TRADE_CLOSED", None) if !said.refunded => Ok(Trade::Closed),
        ("TRADE_SUCCESS" | "TRADE_FINISHED" | "TRADE_CLOSED", _) => {
            if said.trade_no.is_empty() {
                return Err("a paid trade without trade_no".to_owned());
            }
            Ok(Trade::Paid(Payment {
                trade_no: said.trade_no.to_owned(),
                amount: Money::from_yuan(said.total_amount)
                    .map_err(|error| format!("total_amount: {error}"))?,
                paid_at: paid_at.map_or(Ok(now), time)?,
                payer: said
                    .payer
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned),
                returned: said.status == "TRADE_CLOSED",
            }))
        }
        (status, _) => Err(format!("trade_status {:?}", crate::redact::words(status))),
    }
}

/// Reads `yyyy-MM-dd HH:mm:ss`, with or without milliseconds, GMT+8.
///
/// # Errors
/// The text is not such a time.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .ok()
        .and_then(|local| {
            local
                .and_local_timezone(FixedOffset::east_opt(EAST)?)
                .single()
        })
        .map(|moment| Timestamp::from_millis(moment.timestamp_millis()))
        .ok_or_else(|| format!("not a time: {:?}", crate::redact::words(text)))
}

/// Writes a moment as `yyyy-MM-dd HH:mm:ss`, GMT+8; what is under a second is
/// cut off. `None` beyond the calendar.
pub(super) fn time_text(moment: Timestamp) -> Option<String> {
    let east = FixedOffset::east_opt(EAST)?;
    let utc = DateTime::from_timestamp(moment.seconds(), 0)?;
    Some(
        utc.with_timezone(&east)
            .format("%Y-%m-%d %H:%M:%S")
            .to_string(),
    )
}

/// The subject as Alipay takes it: `/`, `=` and `&` are forbidden, as are more
/// than 256 characters.
pub(super) fn subject(text: &str) -> String {
    text.chars()
        .map(|c| {
            if matches!(c, '/' | '=' | '&') || c.is_control() {
                ' '
            } else {
                c
            }
        })
        .take(SUBJECT_LIMIT)
        .collect()
}

/// A refund's reason as Alipay takes it: at most 256 characters.
pub(super) fn reason(text: &str) -> String {
    text.chars().take(SUBJECT_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written_eight_hours_east() {
        // 2024-07-23T19:07:50Z
        let moment = Timestamp::from_millis(1_721_761_670_000);
        assert_eq!(time("2024-07-24 03:07:50"), Ok(moment));
        assert_eq!(
            time("2024-07-24 03:07:50.143"),
            Ok(Timestamp::from_millis(1_721_761_670_143))
        );
        let later = Timestamp::from_millis(1_721_761_670_999);
        assert_eq!(time_text(later).unwrap(), "2024-07-24 03:07:50");
        assert_eq!(time_text(Timestamp::from_millis(i64::MAX)), None);
        for bad in [
            "",
            "2024-07-24",
            "2024-02-30 00:00:00",
            "2024-07-24T03:07:50Z",
            "now",
        ] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_subject_loses_what_alipay_forbids() {
        assert_eq!(subject("茶 A/B=C&D\n100% + <b>"), "茶 A B C D 100% + <b>");
        assert_eq!(subject(&"长".repeat(300)).chars().count(), 256);
        assert_eq!(reason(&"长".repeat(300)).chars().count(), 256);
    }

    fn said(status: &'static str, paid_at: Option<&'static str>) -> Said<'static> {
        Said {
            trade_no: "T1",
            status,
            total_amount: "88.88",
            paid_at,
            refunded: false,
            payer: Some("P1"),
        }
    }

    #[test]
    fn closed_is_unpaid_only_without_a_time_of_payment() {
        let now = Timestamp::from_millis(5);
        let paid_at = Timestamp::from_millis(1_721_761_670_000);
        let paid_as = |returned, at| {
            Ok(Trade::Paid(Payment {
                trade_no: "T1".to_owned(),
                amount: Money::from_fen(8_888).unwrap(),
                paid_at: at,
                payer: Some("P1".to_owned()),
                returned,
            }))
        };
        let paid = |at| paid_as(false, at);
        let date = Some("2024-07-24 03:07:50");
        let cases = [
            ("WAIT_BUYER_PAY", None, Ok(Trade::Waiting)),
            ("TRADE_CLOSED", None, Ok(Trade::Closed)),
            ("TRADE_CLOSED", Some(""), Ok(Trade::Closed)),
            ("TRADE_CLOSED", date, paid_as(true, paid_at)),
            ("TRADE_SUCCESS", date, paid(paid_at)),
            ("TRADE_FINISHED", date, paid(paid_at)),
            ("TRADE_SUCCESS", None, paid(now)),
        ];
        for (status, at, expected) in cases {
            assert_eq!(trade(said(status, at), now), expected, "{status} {at:?}");
        }
        let refunded = Said {
            refunded: true,
            ..said("TRADE_CLOSED", None)
        };
        assert_eq!(trade(refunded, now), paid_as(true, now));
    }

    #[test]
    fn what_was_never_seen_is_no_trade() {
        let now = Timestamp::from_millis(5);
        assert!(trade(said("TRADE_PENDING", None), now).is_err());
        assert!(trade(said("", None), now).is_err());
        assert!(trade(said("TRADE_SUCCESS", Some("yesterday")), now).is_err());
        for total_amount in ["", "88.888", "-1", "1e2"] {
            assert!(
                trade(
                    Said {
                        total_amount,
                        ..said("TRADE_SUCCESS", None)
                    },
                    now
                )
                .is_err()
            );
        }
        assert!(
            trade(
                Said {
                    trade_no: "",
                    ..said("TRADE_SUCCESS", None)
                },
                now
            )
            .is_err()
        );
    }
}
