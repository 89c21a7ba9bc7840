//! The table `orders`.

use crate::place::Place;
use cashier::id::{AppId, CheckoutToken, FlowNo, MerchantId, OrderId};
use cashier::order::{CloseReason, Order, OrderStatus};
use cashier::store::StoreError;
use cashier::time::Timestamp;
use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub merchant_id: String,
    pub app_id: String,
    pub merchant_order_no: String,
    pub amount: i64,
    pub subject: String,
    pub body: Option<String>,
    pub client_ip: Option<String>,
    pub ways: String,
    pub notify_url: Option<String>,
    pub return_url: Option<String>,
    pub metadata: String,
    pub policy: String,
    pub token: String,
    pub created_at: i64,
    pub expires_at: i64,
    pub status: String,
    pub close_requested_at: Option<i64>,
    pub closed_at: Option<i64>,
    pub close_reason: Option<String>,
    pub paid_by: Option<String>,
    pub paid_at: Option<i64>,
    pub revision: i64,
    pub version: i64,
}

/// None: an order is loaded by its own few queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<&Order> for Model {
    type Error = StoreError;

    /// The row of an order; its `next` is a row of `tasks`.
    fn try_from(order: &Order) -> Result<Self, StoreError> {
        let place = Place {
            table: "orders",
            id: order.id.as_str(),
        };
        Ok(Model {
            id: order.id.as_str().to_owned(),
            merchant_id: order.merchant.as_str().to_owned(),
            app_id: order.app.as_str().to_owned(),
            merchant_order_no: order.merchant_order_no.clone(),
            amount: order.amount.fen(),
            subject: order.subject.clone(),
            body: order.body.clone(),
            client_ip: order.client_ip.clone(),
            ways: place.json("ways", &order.ways)?,
            notify_url: order.notify_url.clone(),
            return_url: order.return_url.clone(),
            metadata: place.json("metadata", &order.metadata)?,
            policy: place.json("policy", &order.policy)?,
            token: order.token.as_str().to_owned(),
            created_at: order.created_at.millis(),
            expires_at: order.expires_at.millis(),
            status: order.status.name().to_owned(),
            close_requested_at: order.close_requested_at.map(Timestamp::millis),
            closed_at: order.closed.map(|(at, _)| at.millis()),
            close_reason: order.closed.map(|(_, reason)| reason.name().to_owned()),
            paid_by: order.paid_by.as_ref().map(|flow| flow.as_str().to_owned()),
            paid_at: order.paid_at.map(Timestamp::millis),
            revision: i64::from(order.revision),
            version: i64::from(order.version),
        })
    }
}

impl TryFrom<Model> for Order {
    type Error = StoreError;

    /// The order of a row, still without its `next`.
    fn try_from(row: Model) -> Result<Self, StoreError> {
        let place = Place {
            table: "orders",
            id: &row.id,
        };
        let closed = match (row.closed_at, &row.close_reason) {
            (None, None) => None,
            (Some(at), Some(name)) => {
                let reason =
                    place.named("close_reason", name, &CloseReason::ALL, CloseReason::name)?;
                Some((Timestamp::from_millis(at), reason))
            }
            _ => return Err(place.corrupt("close_reason", "closed_at and it go together")),
        };
        Ok(Order {
            amount: place.money("amount", row.amount)?,
            ways: place.structure("ways", &row.ways)?,
            metadata: place.structure("metadata", &row.metadata)?,
            policy: place.structure("policy", &row.policy)?,
            status: place.named("status", &row.status, &OrderStatus::ALL, OrderStatus::name)?,
            revision: place.count("revision", row.revision)?,
            version: place.count("version", row.version)?,
            id: OrderId::new(row.id),
            merchant: MerchantId::new(row.merchant_id),
            app: AppId::new(row.app_id),
            merchant_order_no: row.merchant_order_no,
            subject: row.subject,
            body: row.body,
            client_ip: row.client_ip,
            notify_url: row.notify_url,
            return_url: row.return_url,
            token: CheckoutToken::new(row.token),
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: Timestamp::from_millis(row.expires_at),
            close_requested_at: row.close_requested_at.map(Timestamp::from_millis),
            closed,
            paid_by: row.paid_by.map(FlowNo::new),
            paid_at: row.paid_at.map(Timestamp::from_millis),
            next: None,
        })
    }
}
