//! The table `flows`.

use crate::place::{Place, storable};
use cashier::channel::PayRequest;
use cashier::flow::{Flow, FlowStatus};
use cashier::id::{AccountId, FlowNo, OrderId};
use cashier::money::Money;
use cashier::store::StoreError;
use cashier::time::Timestamp;
use sea_orm::entity::prelude::*;

/// A row. `way`, `amount` and `expires_at` repeat what `request` holds, for
/// people and for checks in SQL.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "flows")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub flow_no: String,
    pub order_id: String,
    pub account_id: String,
    pub way: String,
    pub amount: i64,
    pub expires_at: i64,
    pub request: String,
    pub status: String,
    pub action: Option<String>,
    pub action_until: Option<i64>,
    pub created_at: i64,
    pub superseded_at: Option<i64>,
    pub close_refused_at: Option<i64>,
    pub reverse_wanted_at: Option<i64>,
    pub asked_at: Option<i64>,
    pub reason: Option<String>,
    pub claimed: Option<i64>,
}

/// None: an order is loaded by its own few queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The row of an order's flow; its `next` is a row of `tasks`.
    pub(crate) fn of(order: &OrderId, flow: &Flow) -> Result<Model, StoreError> {
        let place = Place {
            table: "flows",
            id: flow.no.as_str(),
        };
        let action = flow
            .action
            .as_ref()
            .map(|action| place.json("action", action));
        Ok(Model {
            flow_no: flow.no.as_str().to_owned(),
            order_id: order.as_str().to_owned(),
            account_id: flow.account.as_str().to_owned(),
            way: flow.request.way.name().to_owned(),
            amount: flow.request.amount.fen(),
            expires_at: flow.request.expires_at.millis(),
            request: place.json("request", &flow.request)?,
            status: flow.status.name().to_owned(),
            action: action.transpose()?,
            action_until: flow.action_until.map(Timestamp::millis),
            created_at: flow.created_at.millis(),
            superseded_at: flow.superseded_at.map(Timestamp::millis),
            close_refused_at: flow.close_refused_at.map(Timestamp::millis),
            reverse_wanted_at: flow.reverse_wanted_at.map(Timestamp::millis),
            asked_at: flow.asked_at.map(Timestamp::millis),
            reason: flow.reason.as_deref().map(storable),
            claimed: flow.claimed.map(Money::fen),
        })
    }
}

impl TryFrom<Model> for Flow {
    type Error = StoreError;

    /// The flow of a row, still without its `next`.
    fn try_from(row: Model) -> Result<Self, StoreError> {
        let place = Place {
            table: "flows",
            id: &row.flow_no,
        };
        let request: PayRequest = place.structure("request", &row.request)?;
        place.same("flow_no", row.flow_no.as_str(), request.flow_no.as_str())?;
        place.same("way", row.way.as_str(), request.way.name())?;
        place.same("amount", row.amount, request.amount.fen())?;
        place.same("expires_at", row.expires_at, request.expires_at.millis())?;
        let action = row
            .action
            .as_deref()
            .map(|json| place.structure("action", json));
        let claimed = row.claimed.map(|fen| place.money("claimed", fen));
        Ok(Flow {
            status: place.named("status", &row.status, &FlowStatus::ALL, FlowStatus::name)?,
            action: action.transpose()?,
            claimed: claimed.transpose()?,
            no: FlowNo::new(row.flow_no),
            account: AccountId::new(row.account_id),
            request,
            action_until: row.action_until.map(Timestamp::from_millis),
            created_at: Timestamp::from_millis(row.created_at),
            superseded_at: row.superseded_at.map(Timestamp::from_millis),
            close_refused_at: row.close_refused_at.map(Timestamp::from_millis),
            reverse_wanted_at: row.reverse_wanted_at.map(Timestamp::from_millis),
            asked_at: row.asked_at.map(Timestamp::from_millis),
            reason: row.reason,
            next: None,
        })
    }
}
