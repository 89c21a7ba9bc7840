//! Finding an order by one of its numbers. Each finder uses a unique index.

use crate::failure::store_error;
use crate::place::storable;
use crate::{apps, flows, orders, refunds};
use cashier::id::{AccountId, AppId, CheckoutToken, FlowNo, MerchantId, OrderId, RefundNo};
use cashier::store::StoreError;
use sea_orm::sea_query::{ExprTrait, Query};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

/// Index orders_app_id_merchant_order_no.
pub(super) async fn by_merchant_no(
    db: &DatabaseConnection,
    app: &AppId,
    merchant_order_no: &str,
) -> Result<Option<OrderId>, StoreError> {
    let query = orders::Entity::find()
        .filter(orders::Column::AppId.eq(storable(app.as_str())))
        .filter(orders::Column::MerchantOrderNo.eq(storable(merchant_order_no)));
    first(db, query, orders::Column::Id).await
}

/// Index orders_token.
pub(super) async fn by_token(
    db: &DatabaseConnection,
    token: &CheckoutToken,
) -> Result<Option<OrderId>, StoreError> {
    let query = orders::Entity::find().filter(orders::Column::Token.eq(storable(token.as_str())));
    first(db, query, orders::Column::Id).await
}

/// The primary key of flows.
pub(super) async fn by_flow(
    db: &DatabaseConnection,
    account: &AccountId,
    flow: &FlowNo,
) -> Result<Option<OrderId>, StoreError> {
    let query = flows::Entity::find()
        .filter(flows::Column::FlowNo.eq(storable(flow.as_str())))
        .filter(flows::Column::AccountId.eq(storable(account.as_str())));
    first(db, query, flows::Column::OrderId).await
}

/// The primary key of refunds.
pub(super) async fn by_refund(
    db: &DatabaseConnection,
    refund: &RefundNo,
) -> Result<Option<OrderId>, StoreError> {
    let query =
        refunds::Entity::find().filter(refunds::Column::RefundNo.eq(storable(refund.as_str())));
    first(db, query, refunds::Column::OrderId).await
}

/// Index refunds_merchant_id_merchant_refund_no.
pub(super) async fn by_merchant_refund_no(
    db: &DatabaseConnection,
    merchant: &MerchantId,
    merchant_refund_no: &str,
) -> Result<Option<OrderId>, StoreError> {
    let query = refunds::Entity::find()
        .filter(refunds::Column::MerchantId.eq(storable(merchant.as_str())))
        .filter(refunds::Column::MerchantRefundNo.eq(storable(merchant_refund_no)));
    first(db, query, refunds::Column::OrderId).await
}

/// The primary key of orders, or index orders_app_id_merchant_order_no, once for
/// each application.
pub(super) async fn by_name(
    db: &DatabaseConnection,
    name: &str,
    app: Option<&AppId>,
) -> Result<Vec<(OrderId, AppId)>, StoreError> {
    let mut apps_of = Query::select();
    apps_of.column(apps::Column::Id).from(apps::Entity);
    if let Some(app) = app {
        apps_of.and_where(apps::Column::Id.eq(storable(app.as_str())));
    }
    let name = storable(name);
    let found: Vec<(String, String)> = orders::Entity::find()
        .select_only()
        .columns([orders::Column::Id, orders::Column::AppId])
        .filter(orders::Column::AppId.in_subquery(apps_of))
        .filter(
            orders::Column::Id
                .eq(&name)
                .or(orders::Column::MerchantOrderNo.eq(&name)),
        )
        .order_by_asc(orders::Column::Id)
        .into_tuple()
        .all(db)
        .await
        .map_err(store_error)?;
    Ok(found
        .into_iter()
        .map(|(id, app)| (OrderId::new(id), AppId::new(app)))
        .collect())
}

async fn first<E: EntityTrait>(
    db: &DatabaseConnection,
    query: Select<E>,
    column: E::Column,
) -> Result<Option<OrderId>, StoreError> {
    let found: Option<String> = query
        .select_only()
        .column(column)
        .into_tuple()
        .one(db)
        .await
        .map_err(store_error)?;
    Ok(found.map(OrderId::new))
}
