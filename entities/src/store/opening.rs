//! Opening exceptions that no decision reports, and ending them: strays, and
//! deliveries that were tried to the end.

use super::write::{insert_alerts, insert_exceptions};
use crate::exceptions::{Column, Entity, Model};
use crate::failure::store_error;
use crate::place::storable;
use crate::{alerts, exception_entries, orders};
use cashier::exception::{Entry, EntryKind, Exception, ExceptionKind};
use cashier::id::ExceptionId;
use cashier::store::StoreError;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, Insert, QueryFilter, QuerySelect,
};
use std::collections::HashSet;

/// What was reported of a trouble before, and which of that is over.
struct Before {
    exceptions: Vec<Exception>,
    resolved: HashSet<ExceptionId>,
}

/// Opens an exception with its alerts, unless it is open (`false`).
pub(super) async fn open(
    db: &DatabaseTransaction,
    targets: &[String],
    seen: Exception,
) -> Result<bool, StoreError> {
    let before = before(db, seen.kind, &seen.subject).await?;
    let is_resolved = |id: &ExceptionId| before.resolved.contains(id);
    let Some(new) = seen.opened_beside(&before.exceptions, is_resolved) else {
        return Ok(false);
    };
    let rows = targets
        .iter()
        .map(|target| alerts::Model::of(target, &new))
        .collect();
    insert_exceptions(db, vec![Model::from(&new)])
        .await
        .map_err(store_error)?;
    insert_alerts(db, rows).await.map_err(store_error)?;
    Ok(true)
}

/// The open exception of that kind about a subject, if there is one.
pub(super) async fn find_open(
    db: &DatabaseTransaction,
    kind: ExceptionKind,
    subject: &str,
) -> Result<Option<Exception>, StoreError> {
    let Before {
        exceptions,
        resolved,
    } = before(db, kind, subject).await?;
    Ok(exceptions
        .into_iter()
        .find(|known| known.about() == subject && !resolved.contains(&known.id)))
}

/// Adds an entry. `false`: it is a second resolution.
pub(super) async fn add(
    db: &DatabaseTransaction,
    exception: &Exception,
    entry: &Entry,
) -> Result<bool, StoreError> {
    if let (EntryKind::Resolved, Some(order)) = (entry.kind, &exception.order) {
        orders::Entity::update_many()
            .col_expr(
                orders::Column::Revision,
                Expr::col(orders::Column::Revision).add(1_i64),
            )
            .filter(orders::Column::Id.eq(order.as_str()))
            .exec(db)
            .await
            .map_err(store_error)?;
    }
    let once = OnConflict::column(exception_entries::Column::Resolves)
        .do_nothing()
        .to_owned();
    let added = Insert::many([exception_entries::ActiveModel::from(entry)])
        .on_conflict(once)
        .exec_without_returning(db)
        .await
        .map_err(store_error)?;
    Ok(added == 1)
}

/// Most troubles come once, which the index (kind, subject) tells.
async fn before(
    db: &DatabaseTransaction,
    kind: ExceptionKind,
    subject: &str,
) -> Result<Before, StoreError> {
    let subject = storable(subject);
    let first = Entity::find()
        .filter(Column::Kind.eq(kind.name()))
        .filter(Column::Subject.eq(&subject))
        .one(db)
        .await
        .map_err(store_error)?;
    let rows = match first {
        None => Vec::new(),
        // More than the numbered ones may match; they are told apart afterwards.
        Some(_) => Entity::find()
            .filter(Column::Kind.eq(kind.name()))
            .filter(
                Condition::any()
                    .add(Column::Subject.eq(&subject))
                    .add(Column::Subject.like(numbered(&subject))),
            )
            .all(db)
            .await
            .map_err(store_error)?,
    };
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    Ok(Before {
        exceptions: rows
            .into_iter()
            .map(Exception::try_from)
            .collect::<Result<_, _>>()?,
        resolved: resolved(db, ids).await?,
    })
}

fn numbered(subject: &str) -> String {
    format!("{}#%", subject.replace(['%', '\\'], "_"))
}

async fn resolved(
    db: &DatabaseTransaction,
    ids: Vec<String>,
) -> Result<HashSet<ExceptionId>, StoreError> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let found: Vec<String> = exception_entries::Entity::find()
        .select_only()
        .column(exception_entries::Column::ExceptionId)
        .filter(exception_entries::Column::Resolves.is_in(ids))
        .into_tuple()
        .all(db)
        .await
        .map_err(store_error)?;
    Ok(found.into_iter().map(ExceptionId::new).collect())
}
