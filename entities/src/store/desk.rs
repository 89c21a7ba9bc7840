//! Exceptions as people work on them: searched, shown with their history, noted
//! and resolved.

use super::{opening, sensible};
use crate::database::Database;
use crate::exceptions::{Column, Entity, Model};
use crate::failure::store_error;
use crate::place::{Place as Cell, storable};
use crate::{exception_entries, orders, refunds};
use cashier::desk::{Added, Owner, Place, Search, Standing};
use cashier::exception::{Entry, Exception, ExceptionKind};
use cashier::id::{ExceptionId, MerchantId, OrderId};
use cashier::refund::Refund;
use cashier::store::StoreError;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};
use std::collections::HashMap;

/// The exceptions behind a place, newest first. Uses the index opened_at, or the
/// one of the order.
pub(super) async fn search(
    db: &DatabaseConnection,
    search: &Search,
    after: Option<&Place>,
    limit: u32,
) -> Result<Vec<Standing>, StoreError> {
    let mut query = wanted(search);
    if let Some(place) = after {
        let (at, id) = (place.opened_at.millis(), storable(place.id.as_str()));
        let same_moment = Column::OpenedAt.eq(at).and(Column::Id.lt(id));
        query = query.filter(Column::OpenedAt.lt(at).or(same_moment));
    }
    let rows = query
        .order_by_desc(Column::OpenedAt)
        .order_by_desc(Column::Id)
        .limit(u64::from(limit))
        .all(db)
        .await
        .map_err(store_error)?;
    standings(db, rows).await
}

/// One exception with its entries, oldest first.
pub(super) async fn find(
    db: &DatabaseConnection,
    id: &ExceptionId,
) -> Result<Option<(Standing, Vec<Entry>)>, StoreError> {
    let id = storable(id.as_str());
    let row = Entity::find_by_id(&id).one(db).await.map_err(store_error)?;
    let Some(standing) = standings(db, row.into_iter().collect()).await?.pop() else {
        return Ok(None);
    };
    let entries = exception_entries::Entity::find()
        .filter(exception_entries::Column::ExceptionId.eq(id))
        .order_by_asc(exception_entries::Column::Position)
        .all(db)
        .await
        .map_err(store_error)?;
    let entries: Result<Vec<Entry>, StoreError> =
        entries.into_iter().map(Entry::try_from).collect();
    Ok(Some((standing, entries?)))
}

/// Adds an entry to an exception that there is.
pub(super) async fn add_entry(database: &Database, entry: &Entry) -> Result<Added, StoreError> {
    let write = database.write().await.map_err(store_error)?;
    let db = &write.transaction;
    let row = Entity::find_by_id(storable(entry.exception.as_str()))
        .one(db)
        .await
        .map_err(store_error)?;
    let Some(row) = row else {
        return Ok(Added::NoSuchException);
    };
    if !opening::add(db, &Exception::try_from(row)?, entry).await? {
        return Ok(Added::ResolvedBefore);
    }
    write.commit().await.map_err(store_error)?;
    Ok(Added::Written)
}

/// How many of each kind are open, in one query.
pub(super) async fn count_open(
    db: &DatabaseConnection,
) -> Result<Vec<(ExceptionKind, u64)>, StoreError> {
    let counts: Vec<(String, i64)> = Entity::find()
        .select_only()
        .column(Column::Kind)
        .column_as(Column::Id.count(), "count")
        .filter(is_resolved().not())
        .group_by(Column::Kind)
        .order_by_asc(Column::Kind)
        .into_tuple()
        .all(db)
        .await
        .map_err(store_error)?;
    counts
        .into_iter()
        .map(|(kind, count)| {
            let cell = Cell {
                table: "exceptions",
                id: &kind,
            };
            let named = cell.named("kind", &kind, &ExceptionKind::ALL, ExceptionKind::name)?;
            Ok((named, u64::from(cell.count("kind", count)?)))
        })
        .collect()
}

/// These exceptions as they stand, in their order, by three queries however many
/// there are.
pub(super) async fn standings(
    db: &DatabaseConnection,
    rows: Vec<Model>,
) -> Result<Vec<Standing>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let of_orders: Vec<&String> = rows
        .iter()
        .filter_map(|row| row.order_id.as_ref())
        .collect();
    let merchants = merchants(db, &of_orders).await?;
    let refunds = refunds_of(db, &of_orders).await?;
    let mut resolutions = resolutions(db, rows.iter().map(|row| row.id.as_str())).await?;
    let read = rows.into_iter().map(|row| {
        let order = row.order_id.as_deref().unwrap_or_default();
        let merchant = merchants.get(order).map(MerchantId::new);
        let of_order = refunds.get(order).map(Vec::as_slice).unwrap_or_default();
        let resolution = resolutions.remove(&row.id);
        let exception = Exception::try_from(row)?;
        Ok(Standing::of(exception, merchant, of_order, resolution))
    });
    Ok(read.filter_map(sensible).collect())
}

/// The resolutions of these exceptions. Uses the index exception_entries_resolves.
pub(super) async fn resolutions<'a>(
    db: &impl sea_orm::ConnectionTrait,
    ids: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, Entry>, StoreError> {
    exception_entries::Entity::find()
        .filter(exception_entries::Column::Resolves.is_in(ids))
        .all(db)
        .await
        .map_err(store_error)?
        .into_iter()
        .map(|row| Ok((row.exception_id.clone(), Entry::try_from(row)?)))
        .collect()
}

fn wanted(search: &Search) -> Select<Entity> {
    let Search {
        open,
        kind,
        owner,
        order,
        account,
    } = search;
    let mut wanted = Condition::all();
    if let Some(open) = open {
        let resolved = is_resolved();
        wanted = wanted.add(if *open { resolved.not() } else { resolved });
    }
    wanted = wanted
        .add_option(kind.map(|kind| Column::Kind.eq(kind.name())))
        .add_option(owner.as_ref().map(owned))
        .add_option(order.as_ref().map(of_order))
        .add_option(
            account
                .as_ref()
                .map(|account| Column::AccountId.eq(storable(account.as_str()))),
        );
    Entity::find().filter(wanted)
}

fn of_order(order: &OrderId) -> Expr {
    Column::OrderId.eq(storable(order.as_str()))
}

/// What belongs to an order is its merchant's, what does not its account's.
fn owned(owner: &Owner) -> Condition {
    let orders = Query::select()
        .column(orders::Column::Id)
        .from(orders::Entity)
        .and_where(Expr::col(orders::Column::MerchantId).eq(storable(owner.merchant.as_str())))
        .to_owned();
    let accounts = owner
        .accounts
        .iter()
        .map(|account| storable(account.as_str()));
    let stray = Condition::all()
        .add(Column::OrderId.is_null())
        .add(Column::AccountId.is_in(accounts));
    Condition::any()
        .add(Column::OrderId.in_subquery(orders))
        .add(stray)
}

fn is_resolved() -> Expr {
    let resolution: SelectStatement = Query::select()
        .column(exception_entries::Column::Position)
        .from(exception_entries::Entity)
        .and_where(
            Expr::col((
                exception_entries::Entity,
                exception_entries::Column::Resolves,
            ))
            .equals((Entity, Column::Id)),
        )
        .to_owned();
    Expr::exists(resolution)
}

async fn merchants(
    db: &DatabaseConnection,
    of_orders: &[&String],
) -> Result<HashMap<String, String>, StoreError> {
    let found: Vec<(String, String)> = orders::Entity::find()
        .select_only()
        .columns([orders::Column::Id, orders::Column::MerchantId])
        .filter(orders::Column::Id.is_in(of_orders.iter().copied()))
        .into_tuple()
        .all(db)
        .await
        .map_err(store_error)?;
    Ok(found.into_iter().collect())
}

async fn refunds_of(
    db: &DatabaseConnection,
    of_orders: &[&String],
) -> Result<HashMap<String, Vec<Refund>>, StoreError> {
    let found = refunds::Entity::find()
        .filter(refunds::Column::OrderId.is_in(of_orders.iter().copied()))
        .all(db)
        .await
        .map_err(store_error)?;
    let mut by_order: HashMap<String, Vec<Refund>> = HashMap::new();
    for row in found {
        let of_order = by_order.entry(row.order_id.clone()).or_default();
        of_order.push(Refund::try_from(row)?);
    }
    Ok(by_order)
}
