//! Two tabs, one order: Alipay in one, WeChat Pay in the other. Every order of
//! opening, paying and closing, as a table whose rows are played side by side.

use crate::truth::{Records, Truth, come_to_rest, flow};
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::{Value, json};
use till_tests::{App, Options};

till_tests::stories! {
    with super::brief();
    nobody_closes_and_notices_come
    nobody_closes_and_the_first_notice_comes_last
    nobody_closes_and_no_notice_comes
    the_merchant_closes_first_and_notices_come
    the_merchant_closes_first_and_the_first_notice_comes_last
    the_merchant_closes_first_and_no_notice_comes
    the_merchant_closes_last_and_notices_come
    the_merchant_closes_last_and_the_first_notice_comes_last
    the_merchant_closes_last_and_no_notice_comes
}

/// Flows that soon come to their end, so that little time has to pass.
fn brief() -> Options {
    Options {
        policy: "flow_minutes = 4".to_owned(),
        ..Options::default()
    }
}

/// How many rows are played at once.
const SIDE_BY_SIDE: usize = 4;

/// What is opened in the first tab, then in the second.
const TABS: [(&str, &str); 8] = [
    ("ALI_PC", "WX_NATIVE"),
    ("ALI_PC", "WX_H5"),
    ("ALI_QR", "WX_NATIVE"),
    ("ALI_QR", "WX_H5"),
    ("WX_NATIVE", "ALI_PC"),
    ("WX_NATIVE", "ALI_QR"),
    ("WX_H5", "ALI_PC"),
    ("WX_H5", "ALI_QR"),
];

/// Which tab is paid in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pays {
    Nobody,
    First,
    Second,
    FirstThenSecond,
    SecondThenFirst,
    AtOnce,
    /// Money comes on both, even where the channel has confirmed a close.
    WhateverTheChannelSaid,
}

const PAYS: [Pays; 7] = [
    Pays::Nobody,
    Pays::First,
    Pays::Second,
    Pays::FirstThenSecond,
    Pays::SecondThenFirst,
    Pays::AtOnce,
    Pays::WhateverTheChannelSaid,
];

/// What becomes of the channels' notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notices {
    Come,
    /// The notice of whoever pays first comes after the other's.
    FirstComesLast,
    Never,
}

/// When the merchant closes the order: before anybody pays, or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Close {
    Never,
    First,
    Last,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
struct Row {
    first: &'static str,
    second: &'static str,
    /// Whether the payer scans or signs in in the first tab before the second opens.
    entered: bool,
    pays: Pays,
    notices: Notices,
    close: Close,
}

/// A row that was played.
#[derive(Debug)]
struct Played {
    row: Row,
    order: Value,
    first: String,
    /// What the merchant's close was answered, if there was one.
    closed: Option<u16>,
    /// What was paid as far as the payer's wallets say.
    taken: Vec<String>,
}

/// Shows F01.
async fn nobody_closes_and_notices_come(app: &App) {
    every_row(app, Notices::Come, Close::Never).await;
}

/// Shows F01, F63.
async fn nobody_closes_and_the_first_notice_comes_last(app: &App) {
    every_row(app, Notices::FirstComesLast, Close::Never).await;
}

/// Shows F01, F23.
async fn nobody_closes_and_no_notice_comes(app: &App) {
    every_row(app, Notices::Never, Close::Never).await;
}

async fn the_merchant_closes_first_and_notices_come(app: &App) {
    every_row(app, Notices::Come, Close::First).await;
}

async fn the_merchant_closes_first_and_the_first_notice_comes_last(app: &App) {
    every_row(app, Notices::FirstComesLast, Close::First).await;
}

async fn the_merchant_closes_first_and_no_notice_comes(app: &App) {
    every_row(app, Notices::Never, Close::First).await;
}

async fn the_merchant_closes_last_and_notices_come(app: &App) {
    every_row(app, Notices::Come, Close::Last).await;
}

async fn the_merchant_closes_last_and_the_first_notice_comes_last(app: &App) {
    every_row(app, Notices::FirstComesLast, Close::Last).await;
}

async fn the_merchant_closes_last_and_no_notice_comes(app: &App) {
    every_row(app, Notices::Never, Close::Last).await;
}

/// Plays every row with these notices and this close, lets time pass until nothing
/// more happens, and looks at each order from all sides.
async fn every_row(app: &App, notices: Notices, close: Close) {
    let rows = table(notices, close);
    let payments = if notices == Notices::Never { 6 } else { 7 };
    assert_eq!(
        rows.len(),
        12 * payments,
        "8 pairs of tabs, 4 of them entered or not"
    );
    let played: Vec<Played> = stream::iter(rows)
        .map(|row| play(app, row))
        .buffer_unordered(SIDE_BY_SIDE)
        .collect()
        .await;
    let orders: Vec<&Value> = played.iter().map(|row| &row.order).collect();
    come_to_rest(app, &orders).await;
    let records = Records::read(app).await;
    for row in &played {
        check(row, &records.about(app, &row.order).await);
    }
}

fn table(notices: Notices, close: Close) -> Vec<Row> {
    let mut rows = Vec::new();
    for (first, second) in TABS {
        // What WeChat Pay handed out exists at once; Alipay's only when it is entered.
        let entered: &[bool] = if is_wechat(first) {
            &[false]
        } else {
            &[false, true]
        };
        for entered in entered.iter().copied() {
            rows.extend(PAYS.map(|pays| Row {
                first,
                second,
                entered,
                pays,
                notices,
                close,
            }));
        }
    }
    // Money that a channel takes after it confirmed a close, and never tells of, can
    // only be seen in its bill.
    rows.retain(|row| row.notices != Notices::Never || row.pays != Pays::WhateverTheChannelSaid);
    rows
}

fn is_wechat(way: &str) -> bool {
    way.starts_with("WX_")
}

async fn play(app: &App, row: Row) -> Played {
    let order = app
        .merchant
        .order(json!({ "client_ip": "203.0.113.7", "expires_in": 300 }))
        .await;
    let first = app.merchant.flow(&order, json!({ "way": row.first })).await;
    if row.entered {
        app.payer.open(&first["action"]).await;
    }
    let second = app
        .merchant
        .flow(&order, json!({ "way": row.second }))
        .await;
    let number = |flow: &Value| flow["flow"]["flow_no"].as_str().unwrap().to_owned();
    old_tab_is_out_of_the_way(app, &row, &order, &number(&first)).await;
    disturb(app, &row, &number(&first), &number(&second)).await;
    let mut closed = None;
    if row.close == Close::First {
        closed = Some(close(app, &order).await);
    }
    let taken = pay(app, row.pays, &first, &second).await;
    if row.close == Close::Last {
        closed = Some(close(app, &order).await);
    }
    Played {
        row,
        order,
        first: number(&first),
        closed,
        taken,
    }
}

/// The second tab opens only once the first is closed, or superseded and watched
/// where the channel did not know it yet.
async fn old_tab_is_out_of_the_way(app: &App, row: &Row, order: &Value, first: &str) {
    let now = app.merchant.look(order).await;
    let old = flow(&now, first);
    if row.is_superseded() {
        assert_eq!(
            (&old["status"], &old["superseded"]),
            (&json!("closing"), &json!(true)),
            "{row:?}"
        );
    } else {
        assert_eq!(
            (&old["status"], &old["superseded"]),
            (&json!("closed"), &json!(false)),
            "{row:?}"
        );
    }
}

async fn disturb(app: &App, row: &Row, first: &str, second: &str) {
    let pays_first = match row.pays {
        Pays::Second | Pays::SecondThenFirst | Pays::WhateverTheChannelSaid => second,
        _ => first,
    };
    let fault = |number: &str, fault: &str| json!({ "method": "notice.*", "fault": fault, "out_trade_no": number, "delay_ms": 300 });
    match row.notices {
        Notices::Come => {}
        Notices::FirstComesLast => app.payer.break_it(fault(pays_first, "reorder")).await,
        Notices::Never => {
            app.payer.break_it(fault(first, "drop")).await;
            app.payer.break_it(fault(second, "drop")).await;
        }
    }
}

async fn close(app: &App, order: &Value) -> u16 {
    let answer = app.merchant.close(order).await;
    match answer.status {
        200 => assert_eq!(answer.json["status"], "closed", "{}", answer.text),
        202 => assert_eq!(answer.json["closing"], true, "{}", answer.text),
        _ => {
            answer.clone().problem(409, "order_paid");
        }
    }
    answer.status
}

/// Pays in the tabs as far as the channels allow; the numbers of what was paid.
async fn pay(app: &App, pays: Pays, first: &Value, second: &Value) -> Vec<String> {
    let pay = async |payable: &Value| app.payer.try_pay(&payable["action"]).await;
    let paid = match pays {
        Pays::Nobody => vec![],
        Pays::First => vec![pay(first).await],
        Pays::Second => vec![pay(second).await],
        Pays::FirstThenSecond => vec![pay(first).await, pay(second).await],
        Pays::SecondThenFirst => vec![pay(second).await, pay(first).await],
        Pays::AtOnce => {
            let (one, other) = tokio::join!(pay(first), pay(second));
            vec![one, other]
        }
        Pays::WhateverTheChannelSaid => vec![force(app, second).await, force(app, first).await],
    };
    paid.into_iter().flatten().collect()
}

/// Pays as the channel allows it; where it does not, money comes all the same.
async fn force(app: &App, payable: &Value) -> Option<String> {
    let paid = app.payer.try_pay(&payable["action"]).await;
    if paid.is_some() {
        return paid;
    }
    let number = payable["flow"]["flow_no"].as_str().unwrap();
    app.payer.force(number).await;
    Some(number.to_owned())
}

impl Row {
    /// Whether the channel could not close the first tab when the second opened.
    fn is_superseded(&self) -> bool {
        !is_wechat(self.first) && !self.entered
    }

    /// Whether the channels can confirm a close of everything while nothing is paid.
    fn can_be_closed(&self) -> bool {
        !self.is_superseded() && is_wechat(self.second)
    }
}

fn check(played: &Played, truth: &Truth) {
    let Played {
        row,
        first,
        closed,
        taken,
        ..
    } = played;
    the_books_are_the_payers(played, truth);
    match (row.close, closed) {
        (Close::Never, _) => {}
        (Close::First, status) => {
            let wanted = if row.can_be_closed() { 200 } else { 202 };
            assert_eq!(*status, Some(wanted), "{row:?} {truth:#?}");
        }
        (Close::Last, status) if taken.is_empty() => {
            let wanted = if row.can_be_closed() { 200 } else { 202 };
            assert_eq!(*status, Some(wanted), "{row:?} {truth:#?}");
        }
        // Money is never closed away.
        (Close::Last, status) => assert_ne!(*status, Some(200), "{row:?} {truth:#?}"),
    }
    match (closed, taken.is_empty()) {
        (Some(200), _) | (Some(_), true) => truth.is_closed("requested"),
        (_, false) => truth.is_paid_once(),
        (None, true) => truth.is_closed("expired"),
    }
    truth.tells(&format!(
        "another way is wanted: {} is to be closed first",
        row.first
    ));
    truth.tells(&format!("a flow is made to pay by {}", row.second));
    if row.is_superseded() {
        truth.tells("superseded: watched until it cannot be paid any more");
    } else {
        truth.tells("the channel confirms: closed, unpaid");
    }
    let end = match (taken.contains(first), row.is_superseded()) {
        (true, _) => "paid",
        (false, true) => "expired",
        (false, false) => "closed",
    };
    assert_eq!(truth.flow(first)["status"], end, "{row:?} {truth:#?}");
}

/// The channels took exactly what the payer's wallets said, and nothing in a tab
/// whose close they had confirmed.
fn the_books_are_the_payers(played: &Played, truth: &Truth) {
    let Played {
        row, first, taken, ..
    } = played;
    let number = |trade: &Value| trade["out_trade_no"].as_str().unwrap().to_owned();
    let mut booked: Vec<String> = truth.paid.iter().map(number).collect();
    let mut taken = taken.clone();
    booked.sort();
    taken.sort();
    assert_eq!(booked, taken, "{row:?} {truth:#?}");
    let obeys = row.pays != Pays::WhateverTheChannelSaid;
    if obeys && !row.is_superseded() {
        assert!(!taken.contains(first), "{row:?} {truth:#?}");
    }
    if row.pays == Pays::Second && row.close != Close::First {
        assert_eq!(taken.len(), 1, "{row:?} {truth:#?}");
    }
}
