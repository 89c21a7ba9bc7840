//! The database is gone: no notice is received that is not durable, and what was
//! not received comes again.

use super::letter::unheard;
use super::seen::{paid_once, verdicts};
use entities::Options;
use futures_util::future::join3;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use serde_json::json;
use till_tests::{App, until};

till_tests::stories! {
    no_notice_is_received_while_the_database_is_gone
}

/// Shows F36, F47.
async fn no_notice_is_received_while_the_database_is_gone(app: &App) {
    let (by_alipay, _, alipay) = unheard(app, "ALI_QR").await;
    app.payer.mend().await;
    let (by_wechat, _, wechat) = unheard(app, "WX_NATIVE").await;
    let gone = Gone::begin(app).await;
    let body = app.merchant.order_body(json!({}));
    let (by_alipay_now, by_wechat_now, new) = join3(
        alipay.send(app, "shop_alipay"),
        wechat.send(app, "shop_wechat"),
        app.merchant.post("/v1/orders", &body),
    )
    .await;
    assert_eq!(
        (by_alipay_now.status, by_alipay_now.text.as_str()),
        (200, "fail")
    );
    assert_eq!(by_wechat_now.status, 500, "{}", by_wechat_now.text);
    new.problem(503, "unavailable");
    // They were genuine: it was not for that.
    assert!(verdicts("shop_alipay", "verified") > 0 && verdicts("shop_wechat", "verified") > 0);
    gone.end(app).await;
    until("Alipay's notice is received", async || {
        let answer = alipay.send(app, "shop_alipay").await;
        if answer.text == "success" {
            Ok(())
        } else {
            Err(answer)
        }
    })
    .await;
    until("WeChat Pay's notice is received", async || {
        let answer = wechat.send(app, "shop_wechat").await;
        if answer.status == 200 {
            Ok(())
        } else {
            Err(answer)
        }
    })
    .await;
    paid_once(app, &by_alipay).await;
    paid_once(app, &by_wechat).await;
}

/// The time without a database.
enum Gone {
    /// Another program writes into the file, for longer than Till waits.
    Locked(DatabaseTransaction),
    /// The server refuses all connections.
    Refused(entities::Database),
}

impl Gone {
    async fn begin(app: &App) -> Gone {
        let options = Options {
            max_connections: 1,
            ..Options::default()
        };
        let url = app.database_url();
        if url.starts_with("sqlite:") {
            let database = entities::connect(url, &options).await.unwrap();
            let alone = TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            };
            return Gone::Locked(
                database
                    .connection()
                    .begin_with_options(alone)
                    .await
                    .unwrap(),
            );
        }
        let (server, name) = url.rsplit_once('/').unwrap();
        let server = entities::connect(&format!("{server}/postgres"), &options)
            .await
            .unwrap();
        let connection = server.connection();
        let refuse = format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false");
        connection.execute_unprepared(&refuse).await.unwrap();
        let end = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        );
        connection.execute_unprepared(&end).await.unwrap();
        Gone::Refused(server)
    }

    async fn end(self, app: &App) {
        match self {
            Gone::Locked(transaction) => transaction.rollback().await.unwrap(),
            Gone::Refused(server) => {
                let (_, name) = app.database_url().rsplit_once('/').unwrap();
                let take = format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true");
                server.connection().execute_unprepared(&take).await.unwrap();
            }
        }
    }
}
