//! `till audit` on real databases: silent on those that real payments have made, and
//! outspoken about every kind of damage, planted by hand on a copy.

use crate::place::Place;
use crate::process::Demo;
use serde_json::{Value, json};
use std::path::Path;

/// What was played before the audit.
struct Played {
    /// Paid, with a refund that has succeeded.
    refunded: Value,
    /// Paid twice; the second payment was given back.
    twice: Value,
    /// Open, with a flow that can be paid.
    open: Value,
}

async fn order(demo: &Demo, number: &str) -> Value {
    let wish = json!({
        "merchant_order_no": number, "amount": 1999, "subject": "tea", "way": "ALI_QR"
    });
    demo.post("/v1/orders", &wish).await
}

async fn until(demo: &Demo, order: &Value, what: &str, wished: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    demo.until(what, async || {
        let now = demo.get(&path).await;
        wished(&now).then_some(now)
    })
    .await
}

async fn play(demo: &Demo) -> Played {
    let first = order(demo, "A-refunded").await;
    demo.pay(&first["action"]).await;
    until(demo, &first, "it is paid", |now| now["status"] == "paid").await;
    let path = format!("/v1/orders/{}/refunds", first["id"].as_str().unwrap());
    let wish = json!({ "merchant_refund_no": "R-1", "amount": 100 });
    demo.post(&path, &wish).await;
    let refunded = until(demo, &first, "the refund succeeds", |now| {
        now["refunds"][0]["status"] == "succeeded"
    })
    .await;

    let tabs = order(demo, "A-twice").await;
    let path = format!("/v1/orders/{}/flows", tabs["id"].as_str().unwrap());
    let second = demo.post(&path, &json!({ "way": "WX_NATIVE" })).await;
    demo.pay(&second["action"]).await;
    until(demo, &tabs, "it is paid", |now| now["status"] == "paid").await;
    demo.pay(&tabs["action"]).await;
    let twice = until(demo, &tabs, "the surplus is given back", |now| {
        now["refunds"][0]["status"] == "succeeded"
    })
    .await;

    let closed = json!({ "merchant_order_no": "A-closed", "amount": 1999, "subject": "tea" });
    let closed = demo.post("/v1/orders", &closed).await;
    let path = format!("/v1/orders/{}/close", closed["id"].as_str().unwrap());
    demo.post(&path, &json!({})).await;
    let open = order(demo, "A-open").await;
    demo.until("every event is delivered", async || {
        let page = demo.get("/v1/events").await;
        let events = page["data"].as_array().unwrap();
        let all = events.iter().all(|event| event["delivery"] == "delivered");
        (all && events.len() == 5).then_some(())
    })
    .await;
    Played {
        refunded,
        twice,
        open,
    }
}

/// Three hours earlier, so that what is over has had the time to come to rest.
const AGE: &str = "
    UPDATE orders SET created_at = created_at - 10800000, expires_at = expires_at - 10800000,
        close_requested_at = close_requested_at - 10800000,
        closed_at = closed_at - 10800000, paid_at = paid_at - 10800000;
    UPDATE flows SET request = replace(request, '\"expires_at\":' || expires_at,
        '\"expires_at\":' || (expires_at - 10800000));
    UPDATE flows SET expires_at = expires_at - 10800000, created_at = created_at - 10800000,
        action_until = action_until - 10800000, superseded_at = superseded_at - 10800000,
        close_refused_at = close_refused_at - 10800000,
        reverse_wanted_at = reverse_wanted_at - 10800000, asked_at = asked_at - 10800000;
    UPDATE captures SET paid_at = paid_at - 10800000, seen_at = seen_at - 10800000;
    UPDATE refunds SET created_at = created_at - 10800000, settled_at = settled_at - 10800000;
    UPDATE exceptions SET opened_at = opened_at - 10800000;
    UPDATE events SET created_at = created_at - 10800000;
    UPDATE journal SET at = at - 10800000;
    UPDATE deliveries SET due_at = due_at - 10800000;
    UPDATE tasks SET due_at = due_at - 10800000;
";

/// Damage, and the beginning of the line that tells of it.
type Plant = (String, String);

fn plants(played: &Played) -> Vec<Plant> {
    let Played {
        refunded,
        twice,
        open,
    } = played;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let order = text(&refunded["id"]);
    let event = format!("{}001", order.replacen("ord_", "evt_", 1));
    let capture = text(&refunded["captures"][0]["id"]);
    let flow = text(&refunded["captures"][0]["flow_no"]);
    let refund = text(&refunded["refunds"][0]["id"]);
    let tabs = text(&twice["id"]);
    let surplus = text(&twice["captures"][1]["id"]);
    let surplus_flow = text(&twice["captures"][1]["flow_no"]);
    let second_flow = text(&twice["captures"][0]["flow_no"]);
    let open_order = text(&open["id"]);
    let open_flow = text(&open["flows"][0]["flow_no"]);
    let plant = |sql: String, line: String| (sql, line);
    vec![
        plant(
            format!(
                "DROP INDEX captures_account_id_trade_no; INSERT INTO captures SELECT id || 'X', \
                 order_id, flow_no, account_id, trade_no, amount, paid_at, seen_at, payer, kind \
                 FROM captures WHERE id = '{capture}'"
            ),
            format!("A2 captures {capture}X: "),
        ),
        plant(
            format!("UPDATE captures SET kind = 'surplus' WHERE id = '{capture}'"),
            format!("A3 orders {order}: "),
        ),
        plant(
            "INSERT INTO notices (account_id, key, flow_no, body, received_at) \
             VALUES ('demo_alipay', 'K', 'nowhere', '', 0)"
                .to_owned(),
            "A4 notices demo_alipay/nowhere: ".to_owned(),
        ),
        plant(
            format!("UPDATE flows SET status = 'nonsense' WHERE flow_no = '{flow}'"),
            format!("A4 flows {flow}: status cannot be read: "),
        ),
        plant(
            format!("DELETE FROM tasks WHERE key = '{open_flow}'"),
            format!("A5 flows {open_flow}: it is live and has no task"),
        ),
        plant(
            format!(
                "INSERT INTO tasks (key, kind, order_id, call, due_at, attempt, leased_until) \
                 VALUES ('nothing', 'flow', '{order}', 'query', 0, 0, 0)"
            ),
            "A5 tasks nothing: there is no such flow".to_owned(),
        ),
        plant(
            format!("UPDATE flows SET reverse_wanted_at = created_at WHERE flow_no = '{flow}'"),
            format!("A5 flows {flow}: ALI_QR is closed, and this one is to be taken back"),
        ),
        plant(
            format!("UPDATE tasks SET call = 'reverse' WHERE key = '{open_flow}'"),
            format!("A5 flows {open_flow}: ALI_QR does not end by a reverse"),
        ),
        plant(
            format!(
                "UPDATE flows SET reverse_wanted_at = created_at WHERE flow_no = '{open_flow}'"
            ),
            format!("A7 flows {open_flow}: it is to be taken back and counts as live"),
        ),
        plant(
            format!("UPDATE flows SET superseded_at = created_at WHERE flow_no = '{open_flow}'"),
            format!("A6 flows {open_flow}: "),
        ),
        plant(
            format!(
                "UPDATE orders SET status = 'closed', closed_at = expires_at, \
                 close_reason = 'expired' WHERE id = '{open_order}'"
            ),
            format!("A7 orders {open_order}: it is closed while a flow is unsettled"),
        ),
        plant(
            format!(
                "UPDATE flows SET status = 'failed', reason = NULL WHERE flow_no = '{open_flow}'"
            ),
            format!("A8 flows {open_flow}: "),
        ),
        plant(
            format!("UPDATE captures SET amount = 50 WHERE id = '{capture}'"),
            format!("A9 captures {capture}: "),
        ),
        plant(
            "DELETE FROM refunds WHERE merchant_refund_no IS NULL".to_owned(),
            format!("A10 captures {surplus}: "),
        ),
        plant(
            format!("UPDATE captures SET account_id = 'other' WHERE id = '{capture}'"),
            format!("A11 captures {capture}: "),
        ),
        plant(
            format!("UPDATE captures SET order_id = 'ord_gone' WHERE id = '{capture}'"),
            format!("A11 captures {capture}: its order is missing"),
        ),
        plant(
            format!("UPDATE orders SET merchant_id = 'other' WHERE id = '{order}'"),
            format!("A12 orders {order}: "),
        ),
        plant(
            format!(
                "UPDATE flows SET request = replace(request, '\"way\":', \
                 '\"auth_code\":\"280000000000000001\",\"way\":') WHERE order_id = '{tabs}'"
            ),
            format!("A13 flows {second_flow}: its code was charged by an earlier flow"),
        ),
        plant(
            "DROP INDEX orders_app_id_merchant_order_no; \
             UPDATE orders SET merchant_order_no = 'same'"
                .to_owned(),
            format!("A13 orders {open_order}: "),
        ),
        plant(
            format!("UPDATE orders SET version = version + 1 WHERE id = '{order}'"),
            format!("A14 orders {order}: its version is 3 and it has 2 events"),
        ),
        plant(
            format!(
                "DELETE FROM delivery_tries WHERE event_id = '{event}'; \
                 DELETE FROM deliveries WHERE event_id = '{event}'"
            ),
            format!("A14 orders {order}: an event has no delivery"),
        ),
        plant(
            "INSERT INTO deliveries (event_id, status, attempt, due_at, leased_until) \
             VALUES ('evt_nothing', 'delivered', 1, 0, 0)"
                .to_owned(),
            "A14 deliveries evt_nothing: there is no such event".to_owned(),
        ),
        plant(
            format!("UPDATE events SET version = 7 WHERE id = '{event}'"),
            format!("A15 events {event}: "),
        ),
        plant(
            format!("UPDATE flows SET amount = amount + 1 WHERE flow_no = '{flow}'"),
            format!("A17 flows {flow}: amount cannot be read: 2000 here, but 1999"),
        ),
        plant(
            format!(
                "DROP INDEX exceptions_kind_subject; INSERT INTO exceptions SELECT id || 'X', \
                 order_id, account_id, kind, subject, amount, detail, opened_at \
                 FROM exceptions WHERE order_id = '{tabs}'"
            ),
            "A19 exceptions exc_".to_owned(),
        ),
        plant(
            format!("UPDATE orders SET paid_at = paid_at + 1 WHERE id = '{order}'"),
            format!("A21 orders {order}: "),
        ),
        plant(
            format!(
                "DELETE FROM refunds WHERE merchant_refund_no IS NULL; \
                 DELETE FROM exceptions WHERE order_id = '{tabs}'"
            ),
            format!("Q2 captures {surplus}: 1999 fen too much are still here"),
        ),
        plant(
            format!(
                "UPDATE refunds SET status = 'unknown', settled_at = NULL \
                 WHERE refund_no = '{refund}'; \
                 INSERT INTO tasks (key, kind, order_id, call, due_at, attempt, leased_until) \
                 VALUES ('{refund}', 'refund', '{order}', 'query_refund', 0, 0, 0)"
            ),
            format!("Q3 refunds {refund}: it is unknown and nobody is told"),
        ),
        plant(
            format!(
                "UPDATE flows SET status = 'closing' WHERE flow_no = '{surplus_flow}'; \
                 INSERT INTO tasks (key, kind, order_id, call, due_at, attempt, leased_until) \
                 VALUES ('{surplus_flow}', 'flow', '{tabs}', 'close', 0, 0, 0)"
            ),
            format!("Q3 flows {surplus_flow}: it is closing and nobody is told"),
        ),
        plant(
            format!("UPDATE deliveries SET status = 'pending' WHERE event_id = '{event}'"),
            format!("Q4 deliveries {event}: the merchant has not been told"),
        ),
    ]
}

/// Real payments on this database; then silence, and then each kind of damage.
async fn audited(folder: &Path, place: &Place) -> Played {
    let mut demo = Demo::start(folder, &[("TILL__DATABASE__URL", place.url())]).await;
    let played = play(&demo).await;
    // The audit may look while the gateway is at work.
    assert_eq!(
        demo.till(&["audit"]),
        (Some(0), String::new(), String::new())
    );
    let (status, log) = demo.terminate().await;
    assert_eq!(status, Some(0), "{log}");
    place.change(AGE).await;
    assert_eq!(
        demo.till(&["audit"]),
        (Some(0), String::new(), String::new())
    );
    for (sql, line) in plants(&played) {
        let copy = place.copy().await;
        copy.change(&sql).await;
        let (status, said, complaint) = demo.till_on(copy.url(), &["audit"]);
        assert_eq!(status, Some(1), "{sql}: {said} {complaint}");
        assert!(
            said.lines().any(|said| said.starts_with(&line)),
            "{sql}: {line} is not in\n{said}"
        );
        copy.drop_database().await;
    }
    narrowed(&demo, place, &played).await;
    played
}

/// What is asked about only in part.
async fn narrowed(demo: &Demo, place: &Place, played: &Played) {
    let copy = place.copy().await;
    let order = played.refunded["id"].as_str().unwrap();
    let other = played.twice["id"].as_str().unwrap();
    copy.change(&format!(
        "UPDATE orders SET paid_at = paid_at + 1 WHERE id = '{order}'"
    ))
    .await;
    let told = format!("A21 orders {order}: ");
    for (arguments, finds) in [
        (&["audit", "--order", order][..], true),
        (&["audit", "--order", other], false),
        (&["audit", "--since", "2026-01-01T00:00:00Z"], true),
        // Nothing has happened to it since then, and nothing is under way.
        (&["audit", "--since", "2100-01-01T00:00:00+08:00"], false),
    ] {
        let (status, said, complaint) = demo.till_on(copy.url(), arguments);
        assert_eq!(
            status,
            Some(i32::from(finds)),
            "{arguments:?} {said} {complaint}"
        );
        assert_eq!(said.contains(&told), finds, "{arguments:?} {said}");
    }
    // Unsettled orders are looked at whenever something has happened to them.
    let flow = played.open["flows"][0]["flow_no"].as_str().unwrap();
    copy.change(&format!("DELETE FROM tasks WHERE key = '{flow}'"))
        .await;
    let late = ["audit", "--since", "2100-01-01T00:00:00Z"];
    let (status, said, _) = demo.till_on(copy.url(), &late);
    assert_eq!(status, Some(1));
    assert!(said.starts_with(&format!("A5 flows {flow}: ")), "{said}");
    for arguments in [
        &["audit", "--order", "ord_nobody"][..],
        &["audit", "--since", "yesterday"],
        &["audit", "--order", order, "--since", "2026-01-01T00:00:00Z"],
    ] {
        let (status, said, complaint) = demo.till_on(copy.url(), arguments);
        assert_eq!(
            (status, said.as_str()),
            (Some(2), ""),
            "{arguments:?} {complaint}"
        );
        assert!(!complaint.is_empty());
    }
    copy.drop_database().await;
}

#[tokio::test]
async fn an_audit_is_silent_on_a_healthy_sqlite_database_and_names_every_damage() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::sqlite(folder.path());
    let played = audited(folder.path(), &place).await;
    // Only SQLite lets a word stand where a number belongs; the others are read on.
    let order = played.refunded["id"].as_str().unwrap();
    let other = played.twice["id"].as_str().unwrap();
    place
        .change(&format!(
            "UPDATE orders SET amount = 'much' WHERE id = '{order}'; \
             UPDATE orders SET paid_at = paid_at + 1 WHERE id = '{other}'"
        ))
        .await;
    let (status, said, _) = crate::process::till_in(folder.path(), place.url(), &["audit"]);
    assert_eq!(status, Some(1));
    for line in [
        format!("A4 orders {order}: a row of it cannot be read: "),
        format!("A21 orders {other}: "),
    ] {
        assert!(said.contains(&line), "{line} is not in\n{said}");
    }
}

#[tokio::test]
async fn an_audit_is_silent_on_a_healthy_postgresql_database_and_names_every_damage() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    audited(folder.path(), &place).await;
    place.drop_database().await;
}

#[tokio::test]
async fn an_audit_that_cannot_look_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for url in [
        "sqlite://nowhere/till.db",
        "postgres://nobody@127.0.0.1:1/till",
    ] {
        let (status, said, complaint) = crate::process::till_in(folder.path(), url, &["audit"]);
        assert_eq!((status, said.as_str()), (Some(2), ""), "{url}: {complaint}");
        assert!(complaint.contains("cannot be reached"), "{complaint}");
    }
}
