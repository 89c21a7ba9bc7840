//! `till doctor`: the real program, real keys, a running sandbox.
#![cfg(test)]

mod clinic;
mod keys;
mod mistakes;

use cashier::time::Timestamp;
use gateway::doctor::{drift, public_address};

#[test]
fn a_clock_that_is_off_is_warned_of_after_a_minute_and_wrong_after_five() {
    let date = "Wed, 25 Nov 2026 08:00:00 GMT";
    let at = |seconds: i64| Timestamp::from_millis((1_795_593_600 + seconds) * 1000);
    assert_eq!(drift(at(60), date), None);
    assert!(drift(at(-61), date).is_some_and(|found| !found.stops));
    let found = drift(at(301), date).unwrap();
    assert!(found.stops && found.text.contains("301 seconds ahead of"));
}

#[test]
fn a_public_address_must_be_https_and_seen_from_outside() {
    assert!(public_address("https://pay.example.com", true).is_ok());
    assert!(public_address("http://127.0.0.1:8080", false).is_ok());
    for (address, expected) in [
        ("", "is missing"),
        ("pay.example.com", "is not an address"),
        ("http://pay.example.com", "is not https"),
        ("https://10.0.0.7", "only this machine or network"),
        ("https://localhost", "only this machine or network"),
    ] {
        let found = public_address(address, true).unwrap_err();
        assert!(found.stops && found.text.contains(expected), "{found}");
    }
}
