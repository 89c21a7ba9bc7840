//! The table `notices`: verified notices, kept as evidence. Rows are only ever added.

use crate::place::storable;
use cashier::store::NoticeRecord;
use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notices")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub flow_no: Option<String>,
    pub body: String,
    pub received_at: i64,
}

/// None: a notice is evidence of its own.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<&NoticeRecord> for Model {
    fn from(notice: &NoticeRecord) -> Model {
        Model {
            account_id: notice.account.as_str().to_owned(),
            key: storable(&notice.key),
            flow_no: notice.flow_no.as_ref().map(|flow| storable(flow.as_str())),
            body: storable(&notice.body),
            received_at: notice.received_at.millis(),
        }
    }
}
