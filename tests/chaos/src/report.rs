//! What is told at the end, and what is kept after a failure.

use crate::books::{Rows, Verdict};
use crate::counts::Counts;
use crate::options::Options;
use crate::rest::{PATIENCE, Rest};
use cashier::id::OrderId;
use cashier::store::Store as _;
use entities::{Database, SeaStore};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Write as _};

/// How many orders' timelines are told after a failure.
const TOLD: usize = 5;

/// Everything that happened.
pub struct Report<'a> {
    /// What was asked for.
    pub options: &'a Options,
    /// What was counted.
    pub counts: &'a Counts,
    /// How often each fault struck at the channels.
    pub struck: &'a BTreeMap<String, u64>,
    /// Every crash point.
    pub points: &'a [String],
    /// How rest came.
    pub rest: &'a Rest,
    /// What the books say.
    pub verdict: &'a Verdict,
    /// What else is wrong, in words.
    pub wrong: &'a [String],
}

impl Report<'_> {
    /// Whether everything went well.
    pub fn is_good(&self) -> bool {
        self.rest.came_in_time() && self.verdict.is_good() && self.wrong.is_empty()
    }

    /// All of it, in words.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.happened(&mut text);
        self.points_hit(&mut text);
        self.came_out(&mut text);
        text
    }

    fn happened(&self, text: &mut String) {
        let get = |name: &str| self.counts.get(name);
        let Options {
            store,
            seconds,
            rate,
            seed,
            ..
        } = self.options;
        line(
            text,
            "run",
            format!(
                "{store:?}, {seconds} s, {rate} orders/s, seed {seed}, one clock {} s ahead",
                self.options.skew()
            ),
        );
        line(text, "orders made", get("orders"));
        line(text, "payments made", get("payments"));
        line(text, "codes scanned", get("codes scanned"));
        line(text, "refunds taken on", get("refunds"));
        line(text, "requests repeated", get("requests repeated"));
        line(text, "orders held back", get("orders held back"));
        line(
            text,
            "orders without answer",
            get("orders without an answer"),
        );
        line(text, "kill -9", get("kills"));
        line(text, "crashes at points", get("crashes at points"));
        line(
            text,
            "ends, no database",
            get("ends for lack of a database"),
        );
        line(text, "faults", listed(&self.counts.under("fault ")));
        line(text, "faults at channels", listed(self.struck));
        line(text, "refused", listed(&self.counts.under("refused ")));
        line(text, "asked for again", get("events asked for again"));
    }

    fn points_hit(&self, text: &mut String) {
        let hit = self.counts.under("point ");
        let missed: Vec<&String> = self
            .points
            .iter()
            .filter(|p| !hit.contains_key(*p))
            .collect();
        line(
            text,
            "crash points hit",
            format!("{} of {}: {}", hit.len(), self.points.len(), listed(&hit)),
        );
        if !missed.is_empty() {
            let missed: Vec<&str> = missed.into_iter().map(String::as_str).collect();
            line(text, "not hit", missed.join(", "));
        }
    }

    fn came_out(&self, text: &mut String) {
        let (rest, verdict) = (self.rest, self.verdict);
        line(text, "orders", listed(&verdict.orders));
        line(text, "refunds", listed(&verdict.refunds));
        line(text, "paid too much, returned", verdict.surplus);
        line(text, "exceptions", listed(&verdict.exceptions));
        let took = format!(
            "{:.1} s (at most {} s)",
            rest.took.as_secs_f32(),
            PATIENCE.as_secs()
        );
        line(text, "time to rest", took);
        if !rest.left.is_empty() {
            line(text, "LEFT", listed(&rest.left));
        }
        for ended in &rest.ended {
            line(text, "ENDED BY ITSELF", ended);
        }
        let Verdict {
            taken,
            given_back,
            owed,
            ..
        } = verdict;
        line(
            text,
            "fen at the channels",
            format!(
                "{taken} taken - {given_back} given back = {owed} owed + {}",
                verdict.difference()
            ),
        );
        line(text, "lost or doubled money", verdict.difference().abs());
        line(text, "formulas broken", verdict.breaches.len());
        for breach in verdict.breaches.iter().take(40) {
            line(text, "BROKEN", breach);
        }
        for unexplained in verdict.unexplained.iter().take(40) {
            line(text, "UNEXPLAINED", unexplained);
        }
        for wrong in self.wrong {
            line(text, "WRONG", wrong);
        }
        line(
            text,
            "verdict",
            if self.is_good() { "good" } else { "NOT GOOD" },
        );
    }
}

fn line(text: &mut String, name: &str, value: impl Display) {
    // Writing into a string does not fail.
    let _ = writeln!(text, "{name:<24} {value}");
}

fn listed<K: Display, V: Display>(all: &BTreeMap<K, V>) -> String {
    if all.is_empty() {
        return "none".to_owned();
    }
    let each: Vec<String> = all
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    each.join(", ")
}

/// The orders of which something does not hold.
pub fn suspects(verdict: &Verdict, rows: &Rows) -> Vec<OrderId> {
    let texts: Vec<String> = verdict
        .breaches
        .iter()
        .map(|breach| breach.row.clone())
        .chain(verdict.unexplained.iter().cloned())
        .collect();
    let about = |id: &OrderId| {
        // Everything of an order is numbered by the order's own number.
        let number = id.as_str().trim_start_matches("ord_").to_uppercase();
        texts
            .iter()
            .any(|text| text.to_uppercase().contains(&number))
    };
    let ids: BTreeSet<OrderId> = rows
        .orders
        .iter()
        .map(|state| state.order.id.clone())
        .collect();
    ids.into_iter().filter(about).collect()
}

/// The timelines of some orders.
///
/// # Panics
/// When the database does not answer.
pub async fn timelines(database: &Database, orders: &[OrderId]) -> String {
    let store = SeaStore::new(database.clone());
    let mut text = String::new();
    for id in orders.iter().take(TOLD) {
        let _ = writeln!(text, "\n{id}");
        for line in store.journal(id).await.unwrap() {
            let at = cashier::snapshot::rfc3339(line.at);
            let subject = line.subject.unwrap_or_default();
            let _ = writeln!(
                text,
                "  {at} {:<8} {subject} {}",
                line.source.name(),
                line.text
            );
        }
    }
    text
}
