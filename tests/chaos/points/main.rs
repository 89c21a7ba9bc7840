//! Every crash point, one by one: the process ends there, is started again, and what
//! merchant and payer see in the end is what they see without a crash.
#![cfg(test)]

mod play;

use play::Play;

/// The test of each point.
macro_rules! points {
    ($($test:ident = $name:literal)+) => {
        const TABLE: &[&str] = &[$($name),+];
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                Play::new($name).await.run().await;
            }
        )+
    };
}

points! {
    before_an_order_is_committed = "before_commit.order"
    before_a_flow_is_committed = "before_commit.pay"
    before_a_close_is_committed = "before_commit.close"
    before_a_reversal_is_committed = "before_commit.reverse"
    before_a_query_is_committed = "before_commit.query"
    before_a_refund_is_committed = "before_commit.refund"
    before_an_answer_is_committed = "before_commit.answer"
    before_a_notice_is_committed = "before_commit.notice"
    before_a_payment_is_committed = "before_commit.paid"
    before_the_end_of_an_order_is_committed = "before_commit.closed"
    // Shows F44.
    before_money_given_back_is_committed = "before_commit.returned"
    after_an_order_is_committed = "after_commit.order"
    after_a_flow_is_committed = "after_commit.pay"
    after_a_close_is_committed = "after_commit.close"
    after_a_reversal_is_committed = "after_commit.reverse"
    after_a_query_is_committed = "after_commit.query"
    after_a_refund_is_committed = "after_commit.refund"
    after_an_answer_is_committed = "after_commit.answer"
    after_a_notice_is_committed = "after_commit.notice"
    // Shows F43.
    after_a_payment_is_committed = "after_commit.paid"
    after_the_end_of_an_order_is_committed = "after_commit.closed"
    after_money_given_back_is_committed = "after_commit.returned"
    // Shows F41.
    before_a_creation_is_sent = "before_send.pay"
    before_a_query_is_sent = "before_send.query"
    before_a_close_is_sent = "before_send.close"
    before_a_reversal_is_sent = "before_send.reverse"
    // Shows F44.
    before_a_refund_is_sent = "before_send.refund"
    before_a_query_of_a_refund_is_sent = "before_send.query_refund"
    // Shows F42.
    after_the_answer_to_a_creation = "after_answer.pay"
    after_the_answer_to_a_query = "after_answer.query"
    after_the_answer_to_a_close = "after_answer.close"
    after_the_answer_to_a_reversal = "after_answer.reverse"
    // Shows F44.
    after_the_answer_to_a_refund = "after_answer.refund"
    after_the_answer_to_a_query_of_a_refund = "after_answer.query_refund"
    after_a_notice_is_believed = "notice.verified"
    // Shows F38.
    after_a_notice_is_dealt_with = "notice.committed"
    after_a_notice_is_answered = "notice.replied"
    after_a_key_is_taken = "key.taken"
    after_a_keyed_command_is_done = "key.done"
    after_a_keyed_answer_is_kept = "key.kept"
    after_tasks_are_claimed = "tasks.claimed"
    after_deliveries_are_claimed = "deliveries.claimed"
    before_an_event_is_posted = "delivery.before_post"
    // Shows F68.
    after_an_event_is_posted = "delivery.after_post"
    after_a_delivery_is_recorded = "delivery.recorded"
    before_the_schema_is_made = "migration.before"
    after_the_schema_is_made = "migration.after"
    when_asked_to_stop = "shutdown.asked"
    when_all_work_is_done = "shutdown.done"
}

#[test]
fn every_point_that_the_program_knows_has_a_test() {
    let folder = tempfile::tempdir().unwrap();
    let known = till_chaos::setting::points(&play::program(folder.path()));
    assert_eq!(known, TABLE);
}

#[test]
fn what_is_no_point_is_refused_with_the_list_of_all() {
    let folder = tempfile::tempdir().unwrap();
    for wrong in [
        "",
        "before_commit",
        "notice.verified:0",
        "notice.verified:x",
    ] {
        let output = std::process::Command::new(play::program(folder.path()).till)
            .args(["config", "check"])
            .env("TILL_CRASH_AT", wrong)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{wrong}: {said}");
        assert!(TABLE.iter().all(|name| said.contains(name)), "{said}");
    }
}

#[test]
fn the_program_that_people_use_holds_no_trace_of_crash_points() {
    let folder = tempfile::tempdir().unwrap();
    let crash = std::fs::read(play::program(folder.path()).till).unwrap();
    let usual = std::fs::read(play::binary("till")).unwrap();
    let holds = |binary: &[u8], text: &str| {
        binary
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    for text in ["TILL_CRASH_AT", "TILL_CLOCK_AHEAD_SECONDS", "before_commit"] {
        assert!(
            holds(&crash, text),
            "{text}: this test looks for the wrong thing"
        );
        assert!(!holds(&usual, text), "{text}");
    }
}
