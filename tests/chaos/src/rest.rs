//! Rest: nothing is under way any more.

use crate::trouble::Trouble;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// What is left to be done, and the question that counts it.
const LEFT: [(&str, &str); 5] = [
    ("tasks", "SELECT count(*) FROM tasks"),
    (
        "deliveries",
        "SELECT count(*) FROM deliveries WHERE status = 'pending'",
    ),
    (
        "open orders",
        "SELECT count(*) FROM orders WHERE status = 'open'",
    ),
    (
        "unsettled flows",
        "SELECT count(*) FROM flows WHERE status NOT IN ('paid', 'closed', 'expired', 'failed')",
    ),
    (
        "unsettled refunds",
        "SELECT count(*) FROM refunds WHERE status NOT IN ('succeeded', 'failed')",
    ),
];

/// How long it may take once the faults have ended and nobody wants anything more.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// How long it is waited for in all, to see what becomes of it.
const LONGEST: Duration = Duration::from_secs(240);

/// How rest came.
#[derive(Clone, Debug)]
pub struct Rest {
    /// How long it took once the faults had ended and nobody wanted anything more.
    pub took: Duration,
    /// What was left at the end of all patience; empty: nothing.
    pub left: BTreeMap<&'static str, i64>,
    /// Processes that ended by themselves although nothing was wrong any more.
    pub ended: Vec<String>,
}

impl Rest {
    /// Whether it came, and in time.
    pub fn came_in_time(&self) -> bool {
        self.left.is_empty() && self.ended.is_empty() && self.took <= PATIENCE
    }
}

/// Waits until nothing is left to be done. `quiet` is when the faults had ended and
/// nobody wanted anything more.
///
/// # Panics
/// When the database does not answer.
pub async fn wait(db: &DatabaseConnection, trouble: &mut Trouble, quiet: Instant) -> Rest {
    let mut ended = Vec::new();
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    loop {
        tick.tick().await;
        ended.extend(trouble.supervise());
        let left = left(db).await;
        let took = quiet.elapsed();
        if left.is_empty() || took > LONGEST {
            return Rest { took, left, ended };
        }
    }
}

/// What is left to be done, by kind; only what is there.
///
/// # Panics
/// When the database does not answer.
pub async fn left(db: &DatabaseConnection) -> BTreeMap<&'static str, i64> {
    let mut left = BTreeMap::new();
    for (name, question) in LEFT {
        let count = count(db, question).await;
        if count > 0 {
            left.insert(name, count);
        }
    }
    left
}

async fn count(db: &DatabaseConnection, question: &str) -> i64 {
    let question = Statement::from_string(db.get_database_backend(), question);
    let row = db.query_one_raw(question).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

/// Events that the merchant refused so often that their next turn is not soon: what
/// a merchant asks for again once its server is up.
///
/// # Panics
/// When the database does not answer.
pub async fn refused(db: &DatabaseConnection) -> Vec<String> {
    let soon = crate::clock::now().millis() + 30_000;
    let question = format!(
        "SELECT event_id FROM deliveries WHERE status = 'pending' AND attempt > 0 AND due_at > {soon}"
    );
    let question = Statement::from_string(db.get_database_backend(), question);
    let rows = db.query_all_raw(question).await.unwrap();
    rows.iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect()
}
