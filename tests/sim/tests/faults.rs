//! One fault at a time: worlds in which everything is sound but this, and in which
//! this happens often.

use cashier::policy::LatePayment;
use cashier::time::Span;
use std::collections::BTreeMap;
use till_sim::{CrashPoint, Met, Plan, run};

/// How many worlds each fault is let loose on.
const WORLDS: u64 = 200;

/// What was met in them, and the lines of their traces.
struct Seen {
    met: BTreeMap<Met, u64>,
    lines: Vec<String>,
}

/// Lives through worlds in which nothing goes wrong but what `fault` arms.
fn worlds(fault: impl Fn(&mut Plan)) -> Seen {
    let (mut met, mut lines) = (BTreeMap::new(), Vec::new());
    for seed in 0..WORLDS {
        let mut plan = Plan {
            close_age: false,
            finished_first: 0,
            key_change: false,
            skew: 0,
            merchant_down: false,
            attacker: false,
            ..Plan::draw(seed).sound()
        };
        fault(&mut plan);
        let outcome = run(seed, &plan, true);
        assert!(
            outcome.breaches.is_empty(),
            "seed {seed}: {:?}",
            outcome.breaches
        );
        for (situation, times) in outcome.met {
            *met.entry(situation).or_default() += times;
        }
        lines.extend(outcome.lines);
    }
    Seen { met, lines }
}

impl Seen {
    /// It must have happened, or the worlds prove nothing.
    fn has(&self, situation: Met) {
        assert!(
            self.met.contains_key(&situation),
            "never met: {situation:?}"
        );
    }

    /// A line of a trace must tell of it.
    fn tells(&self, words: &str) {
        assert!(
            self.lines.iter().any(|line| line.contains(words)),
            "no trace says {words:?}"
        );
    }
}

#[test]
fn nothing_goes_wrong() {
    worlds(|_| {});
}

/// Shows F07.
#[test]
fn closes_come_too_early() {
    worlds(|plan| plan.close_age = true).tells("TooEarly");
}

/// Shows F09.
#[test]
fn a_channel_takes_money_after_it_confirmed_the_close() {
    worlds(|plan| plan.contradiction = 1000).has(Met::LateAfterClosed);
}

/// Shows F13.
#[test]
fn no_surplus_can_be_given_back_for_a_long_time() {
    let seen = worlds(|plan| {
        plan.contradiction = 1000;
        plan.poor = 1000;
    });
    seen.has(Met::SurplusRefunded);
    seen.tells("the channel does not refund now (NOT_ENOUGH");
}

/// Shows F33.
#[test]
fn a_channel_signs_with_a_key_that_till_learns_later() {
    worlds(|plan| plan.key_change = true).has(Met::KeyChanged);
}

/// Shows F36, F47.
#[test]
fn the_database_does_not_answer_every_third_time() {
    worlds(|plan| plan.store_down = 300).tells("database does not answer");
}

/// Shows F37.
#[test]
fn nobody_knows_whether_a_commit_was_written() {
    worlds(|plan| plan.commit_unknown = 200).has(Met::UnknownCommit);
}

/// Shows F38, F41, F42, F43, F44.
#[test]
fn nodes_die_at_every_point() {
    let seen = worlds(|plan| plan.crash = 30);
    for point in [
        CrashPoint::BeforeCommit,
        CrashPoint::AfterCommit,
        CrashPoint::AfterNotice,
        CrashPoint::BeforeCall,
        CrashPoint::AfterCall,
        CrashPoint::AfterClaim,
        CrashPoint::AfterDelivery,
    ] {
        seen.has(Met::Crash(point));
    }
}

/// Shows F46.
#[test]
fn commits_conflict_with_those_of_others_and_every_third_for_no_reason() {
    let seen = worlds(|plan| {
        plan.conflict = 333;
        plan.pause = 40;
    });
    seen.has(Met::Conflict);
}

/// Shows F50, F53.
#[test]
fn leases_are_forgotten_so_that_several_nodes_hold_one_task() {
    let seen = worlds(|plan| {
        plan.lease_lie = 1000;
        plan.nodes = 3;
    });
    seen.has(Met::DoubleHolder);
}

/// Shows F51.
#[test]
fn nodes_stand_still_and_go_on_after_their_leases_have_lapsed() {
    worlds(|plan| plan.pause = 40).tells("stands still");
}

/// Shows F52.
#[test]
fn the_nodes_clocks_are_up_to_ten_minutes_apart() {
    worlds(|plan| {
        plan.skew = 600_000;
        plan.nodes = 3;
    });
}

/// Shows F55, F79.
#[test]
fn a_channel_says_that_it_failed_and_has_done_it_all_the_same() {
    let seen = worlds(|plan| plan.channel_error = 600);
    seen.has(Met::RefundUnknownThenDone);
    seen.tells("ChannelError");
}

/// Shows F64.
#[test]
fn a_merchant_is_down_for_days() {
    worlds(|plan| plan.merchant_down = true).has(Met::LongOutage);
}

/// Shows F68.
#[test]
fn no_merchant_is_heard_to_have_taken_an_event() {
    worlds(|plan| plan.receipt_lost = 1000);
}

/// Shows F85.
#[test]
fn somebody_refunds_in_the_channels_back_office() {
    worlds(|plan| plan.external_refund = 1000);
}

/// Worlds in which payers show codes, and nothing goes wrong but what `fault` arms.
fn counters(fault: impl Fn(&mut Plan)) -> Seen {
    worlds(|plan| {
        plan.counter = 1000;
        plan.password = 600;
        fault(plan);
    })
}

#[test]
fn payers_show_codes() {
    let seen = counters(|plan| plan.code_refused = 200);
    for situation in [
        Met::CodePaidAtOnce,
        Met::CodePaidAfterWaiting,
        Met::CodeRefused,
        Met::ReversedUnpaid,
    ] {
        seen.has(situation);
    }
}

#[test]
fn payers_type_their_passwords_when_it_is_over() {
    counters(|plan| plan.slow_payer = 1000).has(Met::ReversedPaid);
}

#[test]
fn a_refusal_of_a_code_is_not_signed_by_anybody() {
    counters(|plan| plan.unsigned_no = 700).has(Met::UnsignedThenPaid);
}

#[test]
fn codes_arrive_after_till_has_given_them_up() {
    let seen = counters(|plan| {
        plan.carried_out_late = 700;
        plan.slow_payer = 500;
    });
    seen.has(Met::ArrivedAfterReversal);
    seen.has(Met::ReversalUnheard);
}

#[test]
fn a_channel_wants_reversals_again_and_again() {
    counters(|plan| plan.reverse_again = 800).has(Met::ReversedAgain);
}

#[test]
fn a_channel_does_not_take_payments_back() {
    let seen = counters(|plan| {
        plan.kept = 1000;
        plan.slow_payer = 1000;
        plan.answer_lost = 400;
    });
    seen.has(Met::ReversalRefused);
}

#[test]
fn notices_and_bills_tell_of_payments_that_went_back() {
    let seen = counters(|plan| {
        plan.slow_payer = 1000;
        plan.notice_late = 1000;
    });
    seen.has(Met::NoticeAfterReversal);
    seen.has(Met::BilledAfterReversal);
}

#[test]
fn channels_take_money_by_codes_that_they_had_refused_or_not_known() {
    let fault = |late_payment| {
        counters(move |plan: &mut Plan| {
            plan.contradiction = 1000;
            plan.code_refused = 300;
            plan.call_lost = 200;
            plan.expires_in = Span::minutes(60);
            plan.policy.late_payment = late_payment;
        })
    };
    let seen = fault(LatePayment::Refund);
    seen.has(Met::RefusedCodePaid);
    seen.has(Met::ExpiredCodePaid);
    fault(LatePayment::Accept).has(Met::DeniedCodeAccepted);
}

#[test]
fn nodes_die_with_codes_in_their_hands() {
    counters(|plan| plan.crash = 30).has(Met::Crash(CrashPoint::AfterCall));
}
