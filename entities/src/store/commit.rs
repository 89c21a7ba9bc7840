//! Writing decisions. All commits of a call share one transaction, and first try
//! to share its statements too; if that fails on a conflict, each is written by
//! itself under a savepoint, so that the conflict of one touches no other.

use super::batch::{Batch, Hearers};
use super::events::announce;
use super::write::write;
use crate::apps;
use crate::database::Database;
use crate::failure::store_error;
use cashier::id::AppId;
use cashier::state::Row;
use cashier::store::{Commit, StoreError};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, TransactionTrait,
};
use std::collections::{BTreeSet, HashSet};

/// Commits whose rows share statements: SQLite takes 32,766 values in one.
const TOGETHER: usize = 64;

type Answer = Result<(), StoreError>;

/// Writes each commit whole or not at all, and answers in their order.
pub(super) async fn commit(
    database: &Database,
    targets: &[String],
    commits: &[Commit],
) -> Vec<Answer> {
    let written = match commits {
        [] => return Vec::new(),
        [alone] => write_one(database, targets, alone)
            .await
            .map(|()| vec![Ok(())]),
        many => write_many(database, targets, many).await,
    };
    written.unwrap_or_else(|error| commits.iter().map(|_| Err(error.clone())).collect())
}

/// Needs no savepoint: what fails, fails with its transaction.
async fn write_one(
    database: &Database,
    targets: &[String],
    commit: &Commit,
) -> Result<(), StoreError> {
    let to_write = database.write().await.map_err(store_error)?;
    let alone = std::slice::from_ref(commit);
    let hearers = prepare_events(&to_write.transaction, targets, alone).await?;
    write(&to_write.transaction, Batch::of(&[commit], &hearers)?).await?;
    to_write.commit().await.map_err(store_error)
}

async fn write_many(
    database: &Database,
    targets: &[String],
    commits: &[Commit],
) -> Result<Vec<Answer>, StoreError> {
    // In the order of their names, so that transactions that meet do not deadlock.
    let mut sorted: Vec<(usize, &Commit)> = commits.iter().enumerate().collect();
    sorted.sort_by_key(|(_, commit)| &commit.order);
    let to_write = database.write().await.map_err(store_error)?;
    let hearers = prepare_events(&to_write.transaction, targets, commits).await?;
    let mut answers = Vec::with_capacity(commits.len());
    for group in sorted.chunks(TOGETHER) {
        let (places, rows): (Vec<usize>, Vec<&Commit>) = group.iter().copied().unzip();
        let results = write_group(&to_write.transaction, &rows, &hearers).await?;
        answers.extend(places.into_iter().zip(results));
    }
    if answers.iter().any(|(_, answer)| answer.is_ok()) {
        to_write.commit().await.map_err(store_error)?;
    }
    answers.sort_by_key(|(place, _)| *place);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

async fn write_group(
    transaction: &DatabaseTransaction,
    commits: &[&Commit],
    hearers: &Hearers<'_>,
) -> Result<Vec<Answer>, StoreError> {
    if under_savepoint(transaction, commits, hearers)
        .await?
        .is_ok()
    {
        return Ok(commits.iter().map(|_| Ok(())).collect());
    }
    let mut answers = Vec::with_capacity(commits.len());
    for commit in commits {
        answers.push(under_savepoint(transaction, &[*commit], hearers).await?);
    }
    Ok(answers)
}

/// Writes the commits, or leaves the transaction as it was. The outer error is
/// the end of the whole transaction.
async fn under_savepoint(
    transaction: &DatabaseTransaction,
    commits: &[&Commit],
    hearers: &Hearers<'_>,
) -> Result<Answer, StoreError> {
    let batch = match Batch::of(commits, hearers) {
        Ok(batch) => batch,
        Err(error) => return Ok(Err(error)),
    };
    let savepoint = transaction.begin().await.map_err(store_error)?;
    match write(&savepoint, batch).await {
        Ok(()) => savepoint.commit().await.map_err(store_error).map(Ok),
        Err(error @ StoreError::Unavailable(_)) => Err(error),
        Err(error) => savepoint
            .rollback()
            .await
            .map_err(store_error)
            .map(|()| Err(error)),
    }
}

/// What events need before any row is locked: their place in the sequence, and
/// which of their applications have a webhook.
async fn prepare_events<'a>(
    transaction: &DatabaseTransaction,
    targets: &'a [String],
    commits: &[Commit],
) -> Result<Hearers<'a>, StoreError> {
    let apps: BTreeSet<&AppId> = commits
        .iter()
        .flat_map(|commit| &commit.rows)
        .filter_map(|row| match row {
            Row::Event(event) => Some(&event.app),
            _ => None,
        })
        .collect();
    if apps.is_empty() {
        return Ok(Hearers {
            webhooks: HashSet::new(),
            targets,
        });
    }
    announce(transaction, &apps).await?;
    let with_webhook: Vec<String> = apps::Entity::find()
        .select_only()
        .column(apps::Column::Id)
        .filter(apps::Column::Id.is_in(apps.iter().map(|app| app.as_str())))
        .filter(apps::Column::WebhookUrl.is_not_null())
        .into_tuple()
        .all(transaction)
        .await
        .map_err(store_error)?;
    Ok(Hearers {
        webhooks: with_webhook.into_iter().map(AppId::new).collect(),
        targets,
    })
}
