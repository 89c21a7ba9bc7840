#![no_main]
//! Amounts of yuan are read exactly or refused, and arithmetic stays in the range.

use cashier::money::Money;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        assert_eq!(
            Money::from_yuan(text).ok().map(Money::fen),
            exact(text),
            "{text:?}"
        );
        json(text);
    }
    if let Some((one, rest)) = data.split_first_chunk()
        && let Some((other, _)) = rest.split_first_chunk()
    {
        arithmetic(i64::from_le_bytes(*one), i64::from_le_bytes(*other));
    }
});

/// The amount by another way: character by character, in wide integers.
fn exact(text: &str) -> Option<i64> {
    let (mut whole, mut decimals, mut sum, mut point) = (0, 0, 0_u128, false);
    for c in text.chars() {
        match c {
            '0'..='9' => {
                sum = sum * 10 + u128::from(c as u32 - u32::from(b'0'));
                *if point { &mut decimals } else { &mut whole } += 1;
            }
            '.' if !point => point = true,
            _ => return None,
        }
        // Twelve digits before the point and two behind it.
        if whole > 12 || decimals > 2 {
            return None;
        }
    }
    if whole == 0 || (point && decimals == 0) {
        return None;
    }
    let fen = sum * 10_u128.pow(2 - decimals);
    let money = Money::from_fen(i64::try_from(fen).ok()?).ok()?;
    assert_eq!(Money::from_yuan(&money.to_yuan()), Ok(money));
    assert_eq!(money.to_string(), money.to_yuan());
    Some(money.fen())
}

fn json(text: &str) {
    if let Ok(money) = serde_json::from_str::<Money>(text) {
        assert_eq!(text.trim().parse(), Ok(money.fen()), "{text:?}");
        assert_eq!(
            serde_json::to_string(&money).ok(),
            Some(money.fen().to_string())
        );
    }
}

fn arithmetic(one: i64, other: i64) {
    let range = 0..=i128::from(Money::MAX.fen());
    let inside = |fen: i128| range.contains(&fen).then_some(fen);
    let fen = |money: Money| i128::from(money.fen());
    assert_eq!(Money::from_fen(one).ok().map(fen), inside(one.into()));
    let (Ok(one), Ok(other)) = (Money::from_fen(one), Money::from_fen(other)) else {
        return;
    };
    assert_eq!(
        one.checked_add(other).map(fen),
        inside(fen(one) + fen(other))
    );
    assert_eq!(
        one.checked_sub(other).map(fen),
        inside(fen(one) - fen(other))
    );
}
