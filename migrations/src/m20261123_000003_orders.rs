//! Orders with their flows, captures and refunds.
//!
//! Foreign keys hold an order together. None leads out of it to merchants, apps
//! and accounts: each order of a shop would lock the shop's one row, and money
//! must be recorded even if somebody removed an account.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, string_len, string_len_null, text, text_null,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(orders()).await?;
        manager.create_table(flows()).await?;
        manager.create_table(captures()).await?;
        manager.create_table(refunds()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn orders() -> TableCreateStatement {
    Table::create()
        .table("orders")
        .col(string_len("id", 64).primary_key())
        .col(string_len("merchant_id", 64))
        .col(string_len("app_id", 64))
        .col(string_len("merchant_order_no", 128))
        .col(big_integer("amount"))
        .col(text("subject"))
        .col(text_null("body"))
        .col(string_len_null("client_ip", 64))
        .col(text("ways"))
        .col(text_null("notify_url"))
        .col(text_null("return_url"))
        .col(text("metadata"))
        .col(text("policy"))
        .col(string_len("token", 64))
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"))
        .col(string_len("status", 32))
        .col(big_integer_null("close_requested_at"))
        .col(big_integer_null("closed_at"))
        .col(string_len_null("close_reason", 32))
        .col(string_len_null("paid_by", 64))
        .col(big_integer_null("paid_at"))
        .col(big_integer("revision"))
        .col(big_integer("version"))
        .take()
}

/// `way`, `amount` and `expires_at` repeat what `request` holds, for people and
/// for checks in SQL; whoever reads a row compares them.
fn flows() -> TableCreateStatement {
    Table::create()
        .table("flows")
        .col(string_len("flow_no", 64).primary_key())
        .col(string_len("order_id", 64))
        .col(string_len("account_id", 64))
        .col(string_len("way", 32))
        .col(big_integer("amount"))
        .col(big_integer("expires_at"))
        .col(text("request"))
        .col(string_len("status", 32))
        .col(text_null("action"))
        .col(big_integer_null("action_until"))
        .col(big_integer("created_at"))
        .col(big_integer_null("superseded_at"))
        .col(big_integer_null("close_refused_at"))
        .col(big_integer_null("asked_at"))
        .col(text_null("reason"))
        .col(big_integer_null("claimed"))
        .foreign_key(
            ForeignKey::create()
                .name("flows_order_id")
                .from("flows", "order_id")
                .to("orders", "id"),
        )
        .take()
}

fn captures() -> TableCreateStatement {
    Table::create()
        .table("captures")
        .col(string_len("id", 64).primary_key())
        .col(string_len("order_id", 64))
        .col(string_len("flow_no", 64))
        .col(string_len("account_id", 64))
        .col(string_len("trade_no", 128))
        .col(big_integer("amount"))
        .col(big_integer("paid_at"))
        .col(big_integer("seen_at"))
        .col(text_null("payer"))
        .col(string_len("kind", 32))
        .foreign_key(
            ForeignKey::create()
                .name("captures_order_id")
                .from("captures", "order_id")
                .to("orders", "id"),
        )
        .foreign_key(
            ForeignKey::create()
                .name("captures_flow_no")
                .from("captures", "flow_no")
                .to("flows", "flow_no"),
        )
        .take()
}

/// `amount` repeats what `request` holds, as in `flows`.
fn refunds() -> TableCreateStatement {
    Table::create()
        .table("refunds")
        .col(string_len("refund_no", 64).primary_key())
        .col(string_len("order_id", 64))
        .col(string_len("merchant_id", 64))
        .col(string_len("capture_id", 64))
        .col(string_len("account_id", 64))
        .col(string_len_null("merchant_refund_no", 128))
        .col(big_integer("amount"))
        .col(text("request"))
        .col(string_len("status", 32))
        .col(big_integer("created_at"))
        .col(big_integer_null("settled_at"))
        .col(text_null("detail"))
        .foreign_key(
            ForeignKey::create()
                .name("refunds_order_id")
                .from("refunds", "order_id")
                .to("orders", "id"),
        )
        .foreign_key(
            ForeignKey::create()
                .name("refunds_capture_id")
                .from("refunds", "capture_id")
                .to("captures", "id"),
        )
        .take()
}

/// The unique ones carry invariants; the others serve the loading of an order.
/// That a flow's number is unique for its account follows from its being the key.
fn indexes() -> [IndexCreateStatement; 7] {
    [
        Index::create()
            .unique()
            .name("orders_app_id_merchant_order_no")
            .table("orders")
            .col("app_id")
            .col("merchant_order_no")
            .take(),
        Index::create()
            .unique()
            .name("orders_token")
            .table("orders")
            .col("token")
            .take(),
        Index::create()
            .name("flows_order_id")
            .table("flows")
            .col("order_id")
            .take(),
        Index::create()
            .unique()
            .name("captures_account_id_trade_no")
            .table("captures")
            .col("account_id")
            .col("trade_no")
            .take(),
        Index::create()
            .name("captures_order_id")
            .table("captures")
            .col("order_id")
            .take(),
        Index::create()
            .unique()
            .name("refunds_merchant_id_merchant_refund_no")
            .table("refunds")
            .col("merchant_id")
            .col("merchant_refund_no")
            .take(),
        Index::create()
            .name("refunds_order_id")
            .table("refunds")
            .col("order_id")
            .take(),
    ]
}
