//! Finding an order by one of its numbers. Each finder uses a unique index.

use crate::failure::store_error;
use crate::place::storable;
use crate::{flows, orders, refunds};
use cashier::id::{AccountId, AppId, CheckoutToken, FlowNo, MerchantId, OrderId, RefundNo};
use cashier::store::StoreError;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QuerySelect, Select};

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
