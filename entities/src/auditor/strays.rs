//! Damage that belongs to no order, as questions in SQL that a healthy database
//! answers with nothing.

use crate::failure::store_error;
use crate::store::load::begin_snapshot;
use cashier::audit::{Breach, Formula};
use cashier::store::StoreError;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use Formula as F;

/// How many rows of a kind are named.
const MOST: u32 = 100;

/// A question: the keys of the rows of `table` that break `formula`.
struct Question {
    formula: Formula,
    table: &'static str,
    detail: &'static str,
    /// One column of text.
    sql: &'static str,
}

const QUESTIONS: &[Question] = &[
    Question {
        formula: F::A5,
        table: "flows",
        detail: "its order is missing",
        sql: "SELECT t.flow_no FROM flows t LEFT JOIN orders o ON o.id = t.order_id \
              WHERE o.id IS NULL",
    },
    Question {
        formula: F::A11,
        table: "captures",
        detail: "its order is missing",
        sql: "SELECT t.id FROM captures t LEFT JOIN orders o ON o.id = t.order_id \
              WHERE o.id IS NULL",
    },
    Question {
        formula: F::A11,
        table: "refunds",
        detail: "its order is missing",
        sql: "SELECT t.refund_no FROM refunds t LEFT JOIN orders o ON o.id = t.order_id \
              WHERE o.id IS NULL",
    },
    Question {
        formula: F::A14,
        table: "events",
        detail: "its order is missing: it tells of nothing",
        sql: "SELECT t.id FROM events t LEFT JOIN orders o ON o.id = t.order_id \
              WHERE o.id IS NULL",
    },
    Question {
        formula: F::A19,
        table: "exceptions",
        detail: "its order is missing",
        sql: "SELECT t.id FROM exceptions t LEFT JOIN orders o ON o.id = t.order_id \
              WHERE t.order_id IS NOT NULL AND o.id IS NULL",
    },
    Question {
        formula: F::A19,
        table: "journal",
        detail: "its order is missing",
        sql: "SELECT CAST(t.position AS TEXT) FROM journal t \
              LEFT JOIN orders o ON o.id = t.order_id WHERE o.id IS NULL",
    },
    Question {
        formula: F::A5,
        table: "tasks",
        detail: "its order is missing",
        sql: "SELECT t.key FROM tasks t LEFT JOIN orders o ON o.id = t.order_id \
              WHERE o.id IS NULL",
    },
    Question {
        formula: F::A5,
        table: "tasks",
        detail: "there is no such flow",
        sql: "SELECT t.key FROM tasks t LEFT JOIN flows f ON f.flow_no = t.key \
              WHERE t.kind = 'flow' AND f.flow_no IS NULL",
    },
    Question {
        formula: F::A5,
        table: "tasks",
        detail: "there is no such refund",
        sql: "SELECT t.key FROM tasks t LEFT JOIN refunds r ON r.refund_no = t.key \
              WHERE t.kind = 'refund' AND r.refund_no IS NULL",
    },
    Question {
        formula: F::A5,
        table: "tasks",
        detail: "it is about nothing that there is",
        sql: "SELECT t.key FROM tasks t \
              WHERE t.kind NOT IN ('flow', 'refund', 'order') \
              OR (t.kind = 'order' AND t.key <> t.order_id)",
    },
    Question {
        formula: F::A14,
        table: "deliveries",
        detail: "there is no such event",
        sql: "SELECT t.event_id FROM deliveries t LEFT JOIN events e ON e.id = t.event_id \
              WHERE e.id IS NULL",
    },
    Question {
        formula: F::A14,
        table: "delivery_tries",
        detail: "its delivery is missing",
        sql: "SELECT CAST(t.position AS TEXT) FROM delivery_tries t \
              LEFT JOIN deliveries d ON d.event_id = t.event_id WHERE d.event_id IS NULL",
    },
    Question {
        formula: F::A4,
        table: "notices",
        detail: "it was acknowledged, names no flow of ours, and nobody is told",
        sql: "SELECT t.account_id || '/' || t.flow_no FROM notices t \
              LEFT JOIN flows f ON f.flow_no = t.flow_no AND f.account_id = t.account_id \
              LEFT JOIN exceptions x ON x.kind = 'unknown_trade' \
              AND x.subject = t.account_id || '/' || t.flow_no \
              WHERE t.flow_no IS NOT NULL AND f.flow_no IS NULL AND x.id IS NULL",
    },
    Question {
        formula: F::A2,
        table: "captures",
        detail: "its trade is captured twice",
        sql: "SELECT MAX(id) FROM captures GROUP BY account_id, trade_no HAVING COUNT(*) > 1",
    },
    Question {
        formula: F::A13,
        table: "orders",
        detail: "its application has another order of the same number",
        sql: "SELECT MAX(id) FROM orders GROUP BY app_id, merchant_order_no HAVING COUNT(*) > 1",
    },
    Question {
        formula: F::A13,
        table: "orders",
        detail: "another order has the same checkout page",
        sql: "SELECT MAX(id) FROM orders GROUP BY token HAVING COUNT(*) > 1",
    },
    Question {
        formula: F::A13,
        table: "refunds",
        detail: "its merchant has another refund of the same number",
        sql: "SELECT MAX(refund_no) FROM refunds WHERE merchant_refund_no IS NOT NULL \
              GROUP BY merchant_id, merchant_refund_no HAVING COUNT(*) > 1",
    },
    Question {
        formula: F::A15,
        table: "events",
        detail: "another event has the same id",
        sql: "SELECT id FROM events GROUP BY id HAVING COUNT(*) > 1",
    },
    Question {
        formula: F::A19,
        table: "exceptions",
        detail: "the same thing is reported twice",
        sql: "SELECT MAX(id) FROM exceptions GROUP BY kind, subject HAVING COUNT(*) > 1",
    },
    Question {
        formula: F::A12,
        table: "orders",
        detail: "its application is missing or another merchant's",
        sql: "SELECT o.id FROM orders o \
              LEFT JOIN apps a ON a.id = o.app_id AND a.merchant_id = o.merchant_id \
              WHERE a.id IS NULL",
    },
    Question {
        formula: F::A12,
        table: "flows",
        detail: "its channel account is missing or another merchant's",
        sql: "SELECT f.flow_no FROM flows f JOIN orders o ON o.id = f.order_id \
              LEFT JOIN channel_accounts a \
              ON a.id = f.account_id AND a.merchant_id = o.merchant_id WHERE a.id IS NULL",
    },
    Question {
        formula: F::A12,
        table: "refunds",
        detail: "it is another merchant's than its order",
        sql: "SELECT r.refund_no FROM refunds r JOIN orders o ON o.id = r.order_id \
              WHERE r.merchant_id <> o.merchant_id",
    },
];

/// Asks every question, all of one moment.
pub(super) async fn find(db: &DatabaseConnection) -> Result<Vec<Breach>, StoreError> {
    let snapshot = begin_snapshot(db).await.map_err(store_error)?;
    let mut found = Vec::new();
    for question in QUESTIONS {
        found.extend(ask(&snapshot, question).await?);
    }
    snapshot.rollback().await.map_err(store_error)?;
    Ok(found)
}

async fn ask(db: &impl ConnectionTrait, question: &Question) -> Result<Vec<Breach>, StoreError> {
    let sql = format!("{} LIMIT {MOST}", question.sql);
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let rows = db.query_all_raw(statement).await.map_err(store_error)?;
    rows.iter()
        .map(|row| {
            let key: String = row.try_get_by_index(0).map_err(store_error)?;
            Ok(Breach {
                formula: question.formula,
                row: format!("{} {key}", question.table),
                detail: question.detail.to_owned(),
            })
        })
        .collect()
}
