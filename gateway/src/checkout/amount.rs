//! An amount as payers read it: `¥1,288.00`.

use cashier::money::Money;

/// The amount in yuan, with a sign and groups of three.
pub(super) fn yuan(amount: Money) -> String {
    let text = amount.to_string();
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, "00"));
    let mut grouped = String::from("¥");
    for (nth, digit) in whole.chars().enumerate() {
        if nth > 0 && (whole.len() - nth) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + "." + decimals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_grouped_and_never_loses_a_fen() {
        let cases = [
            (1, "¥0.01"),
            (8800, "¥88.00"),
            (99_999, "¥999.99"),
            (100_000, "¥1,000.00"),
            (123_456_789, "¥1,234,567.89"),
            (1_000_000_000_000, "¥10,000,000,000.00"),
        ];
        for (fen, text) in cases {
            assert_eq!(yuan(Money::from_fen(fen).unwrap()), text);
        }
    }
}
