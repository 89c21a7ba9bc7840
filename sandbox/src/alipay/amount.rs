//! Yuan text on Alipay's wire, fen everywhere else.

/// The most that one trade can be: 100,000,000 yuan, in fen.
const MOST: i64 = 10_000_000_000;

/// Fen of a yuan text such as `88.88`: at most two decimals, `[0.01, 100000000]`.
pub(super) fn fen(yuan: &str) -> Option<i64> {
    let (whole, decimals) = yuan.split_once('.').unwrap_or((yuan, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 2 {
        return None;
    }
    let cents: i64 = format!("{decimals:0<2}").parse().ok()?;
    let fen = whole
        .parse::<i64>()
        .ok()?
        .checked_mul(100)?
        .checked_add(cents)?;
    (1..=MOST).contains(&fen).then_some(fen)
}

/// Yuan with two decimals.
pub(super) fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    format!("{sign}{}.{:02}", fen / 100, fen % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_texts_are_read_exactly_or_not_at_all() {
        for (text, expected) in [
            ("0.01", Some(1)),
            ("88.88", Some(8888)),
            ("1", Some(100)),
            ("1.5", Some(150)),
            ("100000000", Some(10_000_000_000)),
            ("100000000.01", None),
            ("0", None),
            ("0.00", None),
            ("1.005", None),
            ("-1", None),
            ("1,000.00", None),
            ("1e2", None),
            ("", None),
            (".5", None),
            ("5.", None),
        ] {
            assert_eq!(fen(text), expected, "{text}");
        }
    }

    #[test]
    fn fen_are_written_with_two_decimals() {
        assert_eq!(
            (yuan(1), yuan(8888), yuan(0)),
            ("0.01".into(), "88.88".into(), "0.00".into())
        );
    }
}
