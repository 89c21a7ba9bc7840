//! The exhaustive check as CI runs it: every state of every scope.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use till_model::bounds::{CI, Scope};
use till_model::check::{check, policies};
use till_model::rest::ends;
use till_model::till::Till;

fn scope(name: &str) -> &'static Scope {
    CI.iter().find(|scope| scope.name == name).unwrap()
}

/// Every state of the scope, under every policy.
fn holds(name: &str) {
    let scope = scope(name);
    for (switch, late) in policies(&scope.bounds) {
        let report = check(Till::new(switch, late, scope.bounds), 2);
        assert!(
            report.broken.is_none(),
            "{}",
            report.broken.unwrap_or_default()
        );
        assert_eq!(report.missed, [], "never met");
    }
}

#[test]
fn one_tab_survives_every_disturbance() {
    holds("one tab and every disturbance");
}

/// Shows F06.
#[test]
fn two_tabs_survive_a_lost_call() {
    holds("two tabs and a lost call");
}

/// Shows F41, F42.
#[test]
fn two_tabs_survive_a_crash() {
    holds("two tabs and a crash");
}

#[test]
fn two_tabs_survive_slow_workers() {
    holds("two tabs and slow workers");
}

#[test]
fn two_tabs_survive_a_refund() {
    holds("two tabs and a refund");
}

/// Shows F09.
#[test]
fn two_tabs_survive_a_channel_that_contradicts_itself() {
    holds("two tabs and a contradiction");
}

/// Shows F46, F51.
#[test]
fn two_tabs_survive_a_decision_that_is_overtaken() {
    holds("two tabs and a decision that is overtaken");
}

/// Shows F52.
#[test]
fn two_tabs_survive_clocks_that_disagree() {
    holds("two tabs and clocks that disagree");
}

#[test]
fn a_code_survives_every_disturbance() {
    holds("a code and every disturbance");
}

#[test]
fn a_code_survives_a_change_of_way_and_a_lost_call() {
    holds("a code, a change of way and a lost call");
}

#[test]
fn a_code_survives_a_change_of_way_and_a_crash() {
    holds("a code, a change of way and a crash");
}

#[test]
fn two_codes_survive_a_lost_call() {
    holds("two codes and a lost call");
}

#[test]
fn two_codes_survive_a_channel_that_contradicts_itself() {
    holds("two codes, a lost call and a contradiction");
}

#[test]
fn a_code_survives_a_decision_that_is_overtaken() {
    holds("a code and a decision that is overtaken");
}

#[test]
fn every_run_ends_and_ends_at_rest() {
    let scope = scope("two tabs and a crash");
    for (switch, late) in policies(&scope.bounds) {
        let report = check(Till::new(switch, late, scope.bounds), 2);
        let found = ends(&Till::new(switch, late, scope.bounds));
        assert_eq!((found.circles, found.restless), (0, 0), "{found:?}");
        // Another order of search, and the same states: nothing that matters is
        // missing from what a state is known by.
        assert_eq!(found.states, report.unique);
    }
}
