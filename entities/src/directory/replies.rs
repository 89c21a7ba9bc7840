//! Idempotency keys: the same request again gets the same answer.

use super::Directory;
use crate::failure::store_error;
use crate::idempotency_keys::{Column, Entity, Model};
use crate::place::Place;
use cashier::id::AppId;
use cashier::store::StoreError;
use cashier::time::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, Insert, QueryFilter};

/// What a request was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// What an idempotency key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// Nothing yet: it now stands for this request.
    New,
    /// The same request, and its answer. Without one it is being worked on, or
    /// whoever worked on it died: the request itself is safe to repeat.
    Same {
        /// The answer, once there is one.
        reply: Option<Reply>,
    },
    /// Another request.
    Other,
}

impl Directory {
    /// Makes the application's `key` stand for the request with that fingerprint
    /// (64 characters at most), unless it stands for one already. Of two that ask
    /// at once, one gets [`Reserved::New`].
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer or a row makes no sense.
    pub async fn reserve_key(
        &self,
        app: &AppId,
        key: &str,
        fingerprint: &str,
        now: Timestamp,
    ) -> Result<Reserved, StoreError> {
        let row = Model {
            app_id: app.as_str().to_owned(),
            key: key.to_owned(),
            fingerprint: fingerprint.to_owned(),
            status: None,
            body: None,
            created_at: now.millis(),
        };
        let known = OnConflict::columns([Column::AppId, Column::Key])
            .do_nothing()
            .to_owned();
        loop {
            let turn = self.database.turn().await;
            let added = Insert::many([row.clone()])
                .on_conflict(known.clone())
                .exec_without_returning(self.database.connection())
                .await
                .map_err(store_error)?;
            drop(turn);
            if added == 1 {
                return Ok(Reserved::New);
            }
            // Gone again in between means that it has just been pruned.
            if let Some(known) = self.known_key(app, key).await? {
                return reserved(known, fingerprint);
            }
        }
    }

    /// Keeps the answer to the request that `key` stands for, unless one is kept
    /// already, and gives the one that is kept: of requests that were worked on at
    /// once, the first to end speaks for all.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn store_reply(
        &self,
        app: &AppId,
        key: &str,
        reply: Reply,
    ) -> Result<Reply, StoreError> {
        let turn = self.database.turn().await;
        let kept = Entity::update_many()
            .col_expr(Column::Status, Expr::value(i64::from(reply.status)))
            .col_expr(Column::Body, Expr::value(reply.body.as_str()))
            .filter(Column::AppId.eq(app.as_str()))
            .filter(Column::Key.eq(key))
            .filter(Column::Status.is_null())
            .exec(self.database.connection())
            .await
            .map_err(store_error)?;
        drop(turn);
        if kept.rows_affected == 1 {
            return Ok(reply);
        }
        let known = self
            .known_key(app, key)
            .await?
            .map(reply_of)
            .transpose()?
            .flatten();
        // Without a row, the key has been pruned: the answer stands for itself.
        Ok(known.unwrap_or(reply))
    }

    /// Forgets the keys that were reserved before a moment (UTC), and says how
    /// many. Uses the index created_at.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn prune_keys(&self, before: Timestamp) -> Result<u64, StoreError> {
        let _turn = self.database.turn().await;
        Entity::delete_many()
            .filter(Column::CreatedAt.lt(before.millis()))
            .exec(self.database.connection())
            .await
            .map_err(store_error)
            .map(|deleted| deleted.rows_affected)
    }

    async fn known_key(&self, app: &AppId, key: &str) -> Result<Option<Model>, StoreError> {
        Entity::find_by_id((app.as_str().to_owned(), key.to_owned()))
            .one(self.database.connection())
            .await
            .map_err(store_error)
    }
}

fn reserved(row: Model, fingerprint: &str) -> Result<Reserved, StoreError> {
    if row.fingerprint != fingerprint {
        return Ok(Reserved::Other);
    }
    Ok(Reserved::Same {
        reply: reply_of(row)?,
    })
}

fn reply_of(row: Model) -> Result<Option<Reply>, StoreError> {
    let place = Place {
        table: "idempotency_keys",
        id: &row.key,
    };
    match (row.status, row.body) {
        (Some(status), Some(body)) => {
            let status = u16::try_from(status)
                .map_err(|_| place.corrupt("status", format!("{status} is no HTTP status")))?;
            Ok(Some(Reply { status, body }))
        }
        (None, None) => Ok(None),
        _ => Err(place.corrupt("body", "status and it go together")),
    }
}
