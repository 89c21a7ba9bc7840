//! The contract of the Store port, tried on each store that there is: the one in
//! memory, SQLite, and PostgreSQL (where `TILL_TEST_POSTGRES_URL` names a server).
//! The stand-in cannot lie, because it passes the same tests as the real ones.

#![cfg(test)]

mod batches;
mod bills;
mod clock;
mod deliveries;
mod directory;
mod events;
mod evidence;
mod exceptions;
mod guard;
mod notices;
mod postgres;
mod round_trip;
mod samples;
mod sqlite;
mod stand;
mod tasks;
mod unique_keys;

/// Runs each test of each suite on every store.
macro_rules! on_every_store {
    ($($suite:ident: $($test:ident)+;)+) => {
        mod memory_store {
            $(mod $suite { $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    crate::$suite::$test(crate::stand::memory()).await;
                }
            )+ })+
        }
        mod sqlite_store {
            $(mod $suite { $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    let stand = crate::stand::sqlite().await;
                    crate::$suite::$test(stand.store()).await;
                }
            )+ })+
        }
        mod postgres_store {
            $(mod $suite { $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    if let Some(stand) = crate::stand::postgres().await {
                        crate::$suite::$test(stand.store()).await;
                        stand.drop_database().await;
                    }
                }
            )+ })+
        }
    };
}

on_every_store! {
    round_trip:
        every_field_of_every_row_comes_back_as_it_was_written
        every_field_of_every_event_comes_back_as_it_was_written
        every_status_of_an_order_comes_back_as_it_was_written
        what_belongs_to_an_order_is_loaded_oldest_first
        an_order_is_found_by_each_of_its_numbers
        what_is_not_there_is_not_found
        the_journal_comes_back_in_the_order_of_its_writing
        a_store_that_works_answers_a_ping;
    guard:
        a_commit_from_an_old_revision_is_a_conflict_and_writes_nothing
        a_change_of_an_order_that_is_not_there_is_a_conflict
        of_fifty_commits_from_one_revision_exactly_one_wins
        of_fifty_orders_with_one_merchant_number_exactly_one_is_made
        fifty_orders_at_once_are_all_made
        an_order_is_never_read_halfway_through_a_commit;
    unique_keys:
        a_merchant_order_no_is_used_once_in_an_application
        a_token_names_one_order
        an_order_id_is_used_once
        a_flow_number_belongs_to_one_order
        a_trade_of_an_account_is_captured_once
        a_refund_number_belongs_to_one_order
        a_merchant_refund_no_is_used_once_by_a_merchant
        an_order_has_one_event_of_each_version
        an_event_id_is_used_once
        the_same_numbers_of_other_owners_are_free;
    batches:
        a_conflict_in_the_middle_touches_no_other_commit
        answers_come_in_the_order_of_the_commits
        two_commits_of_one_order_follow_each_other
        of_two_commits_that_exclude_each_other_one_is_written
        hundreds_of_commits_are_written_in_one_call
        calls_that_meet_on_the_same_orders_do_not_hold_each_other_up
        nothing_to_commit_is_nothing_to_answer;
    tasks:
        due_tasks_are_claimed_oldest_first_and_no_more_than_asked_for
        a_claimed_task_says_what_to_do
        a_task_that_the_committer_does_itself_is_not_claimed_before_its_lease_ends
        a_lapsed_lease_is_claimed_again
        claimers_at_once_never_get_the_same_task
        a_later_decision_replaces_the_task_and_frees_it
        a_decision_without_a_next_step_removes_the_task;
    deliveries:
        an_event_is_due_at_once_and_goes_to_the_orders_address
        a_leased_delivery_is_not_claimed_before_the_lease_ends
        a_failed_delivery_is_tried_again_when_it_is_due
        what_was_delivered_is_never_claimed_again
        what_was_tried_to_the_end_rests
        a_late_failure_does_not_undo_a_delivery
        claimers_at_once_never_get_the_same_delivery
        redelivery_is_for_the_own_application_only
        what_is_asked_for_again_while_it_is_under_way_is_delivered_again
        what_was_delivered_can_be_asked_for_again;
    notices:
        a_notice_is_known_once_its_commit_is_written
        the_same_notice_again_is_a_conflict_and_writes_nothing
        the_same_key_of_another_account_is_another_notice
        a_stray_notice_is_recorded_once
        an_exception_is_reported_once_whoever_sees_it
        words_with_a_nul_are_recorded;
    bills:
        only_what_a_bill_says_and_the_books_do_not_is_news;
    exceptions:
        exceptions_are_searched_by_all_that_is_known_of_them
        pages_begin_with_the_newest_and_miss_nothing
        an_exception_is_shown_with_its_history_and_its_refund
        an_exception_is_resolved_once
        of_fifty_who_resolve_at_once_exactly_one_does
        a_resolution_is_loaded_with_its_order_and_makes_older_decisions_void
        a_decision_resolves_an_exception_once
        a_stray_that_comes_back_after_its_end_is_another_exception
        what_is_open_is_counted_by_kind
        a_delivery_that_is_tried_to_the_end_is_an_exception_until_it_is_delivered
        a_delivery_that_is_late_with_bad_news_is_no_exception
        each_target_is_alerted_of_each_exception_once
        an_alert_is_leased_tried_again_and_given_up
        what_was_sent_is_not_undone_by_a_late_failure;
    evidence:
        an_order_has_its_own_evidence_oldest_first;
    events:
        events_are_read_page_by_page_in_their_sequence
        an_application_sees_its_own_events_only
        a_reader_that_follows_the_writers_misses_nothing;
}
