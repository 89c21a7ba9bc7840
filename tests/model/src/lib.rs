//! The exhaustive check: one order, two tabs, two channels, and every run that
//! is possible within named [bounds], through the real
//! [`decide`](cashier::decide::decide).
//!
//! A [state](world) is the durable rows, what the [channels](channel) believe,
//! and the [work] in flight; a [step](till::Step) is one commit, one call,
//! one answer, one move of the payer, the merchant or the clock, or a crash.
//! Work follows the shell: decide, commit, call, decide about the outcome,
//! commit, and again; the store's guards are what makes a decision and its
//! commit one step. In every state every [law](laws) holds, and every run
//! [ends](rest) where the channels hold exactly what the order says.
//!
//! # What a state is known by
//! Two states are the same when their [keys](key) are. The key leaves out what
//! no step and no law reads, or reads only through what the key has:
//! - texts, names, journal, event bodies: nothing decides by them. An exception
//!   is known by kind and subject, which is what repetitions are told by.
//! - stamps: `expires_at` is kept. `asked_at` and `close_refused_at` are compared
//!   with the present over less than a tick, so only whether they are now counts.
//!   A refund's `created_at` is kept where the pause between two refunds is
//!   counted from it. `created_at` of a flow, `paid_at`, `seen_at`, `settled_at`
//!   and `superseded_at` are read by nothing but their being there.
//! - what is overdue: `due` and `leased_until` are only ever compared with the
//!   present, so all of the past is one.
//! - attempts: pauses are all one tick long, and else only "more than none" (flows)
//!   and "six or more" (refunds) is asked.
//! - the revision: it is compared for equality only, by whoever waits for it to
//!   change; for them the key says whether it has. It counts commits, so a state
//!   with it would never come twice.
//! - when a channel was asked, but for a query that found nothing.
//! - what was handed out, once nobody can pay with it any more; wishes that the
//!   order would refuse without a change.
//! - the order in which work in flight is listed: it has no identity. Of a decision
//!   that waits for its commit: when it was made and which leases it saw, which with
//!   the same revision is all it can have seen otherwise; nothing if the guard will
//!   refuse it.
//!
//! So two states with one key allow the same steps, and the same step leads them
//! to states with one key again: what holds in one holds in the other. Were
//! something missing, the number of states would depend on the order of search;
//! it is compared over three orders.
//!
//! # What is left out
//! - Time is in whole ticks of a minute; every pause of the rhythm is one tick.
//! - A decision and its commit are one step, but for as many as `overtaken` says;
//!   those meet the store's guard, or what does not count the revision up: leases
//!   that others take, and time. Taking a task and loading its order are one step,
//!   and so are a notice's decision and commit.
//! - A wish goes on for as many rounds as it takes; the shell stops after twelve,
//!   which is a crash of it.
//! - A crash takes all work in flight, or one piece of it.
//! - States are told apart by 64 bits of their key's hash.

pub mod bounds;
pub mod channel;
pub mod check;
pub mod key;
pub mod laws;
pub mod met;
pub mod rest;
pub mod till;
pub mod time;
pub mod work;
pub mod world;
