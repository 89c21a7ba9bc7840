//! Writing decisions. All commits of a call share one transaction, and first try
//! to share its statements too; if that fails on a conflict, each is written by
//! itself under a savepoint, so that the conflict of one touches no other.

use super::batch::{Batch, Webhooks};
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
use std::collections::BTreeSet;

/// Commits whose rows share statements: SQLite takes 32,766 values in one.
const TOGETHER: usize = 64;

type Answer = Result<(), StoreError>;

/// Writes each commit whole or not at all, and answers in their order.
pub(super) async fn commit(database: &Database, commits: &[Commit]) -> Vec<Answer> {
    let written = match commits {
        [] => return Vec::new(),
        [alone] => write_one(database, alone).await.map(|()| vec![Ok(())]),
        many => write_many(database, many).await,
    };
    written.unwrap_or_else(|error| commits.iter().map(|_| Err(error.clone())).collect())
}

/// Needs no savepoint: what fails, fails with its transaction.
async fn write_one(database: &Database, commit: &Commit) -> Result<(), StoreError> {
    let to_write = database.write().await.map_err(store_error)?;
    let webhooks = prepare_events(&to_write.transaction, std::slice::from_ref(commit)).await?;
    write(&to_write.transaction, Batch::of(&[commit], &webhooks)?).await?;
    to_write.commit().await.map_err(store_error)
}

async fn write_many(database: &Database, commits: &[Commit]) -> Result<Vec<Answer>, StoreError> {
    // In the order of their names, so that transactions that meet do not deadlock.
    let mut sorted: Vec<(usize, &Commit)> = commits.iter().enumerate().collect();
    sorted.sort_by_key(|(_, commit)| &commit.order);
    let to_write = database.write().await.map_err(store_error)?;
    let webhooks = prepare_events(&to_write.transaction, commits).await?;
    let mut answers = Vec::with_capacity(commits.len());
    for group in sorted.chunks(TOGETHER) {
        let (places, rows): (Vec<usize>, Vec<&Commit>) = group.iter().copied().unzip();
        let results = write_group(&to_write.transaction, &rows, &webhooks).await?;
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
    webhooks: &Webhooks,
) -> Result<Vec<Answer>, StoreError> {
    if under_savepoint(transaction, commits, webhooks)
        .await?
        .is_ok()
    {
        return Ok(commits.iter().map(|_| Ok(())).collect());
    }
    let mut answers = Vec::with_capacity(commits.len());
    for commit in commits {
        answers.push(under_savepoint(transaction, &[*commit], webhooks).await?);
    }
    Ok(answers)
}

/// Writes the commits, or leaves the transaction as it was. The outer error is
/// the end of the whole transaction.
async fn under_savepoint(
    transaction: &DatabaseTransaction,
    commits: &[&Commit],
    webhooks: &Webhooks,
) -> Result<Answer, StoreError> {
    let batch = match Batch::of(commits, webhooks) {
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
async fn prepare_events(
    transaction: &DatabaseTransaction,
    commits: &[Commit],
) -> Result<Webhooks, StoreError> {
    let apps: BTreeSet<&AppId> = commits
        .iter()
        .flat_map(|commit| &commit.rows)
        .filter_map(|row| match row {
            Row::Event(event) => Some(&event.app),
            _ => None,
        })
        .collect();
    if apps.is_empty() {
        return Ok(Webhooks::default());
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
    Ok(with_webhook.into_iter().map(AppId::new).collect())
}
