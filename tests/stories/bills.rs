//! The channels' daily bills, with each channel and each protocol: what nobody told of
//! is found in the bill, and a bill with anything wrong is refused whole.

use cashier::channel::{Action, Offer, Outcome, PayRequest};
use cashier::desk::{Search, Standing};
use cashier::exception::{Exception, ExceptionKind};
use cashier::id::{AccountId, FlowNo, OrderId};
use cashier::money::Money;
use cashier::shell::Channels as _;
use cashier::time::{Clock as _, Day, Span, Timestamp};
use cashier::way::Way;
use gateway::worker::bills::look;
use serde_json::{Value, json};
use std::collections::HashSet;
use till_tests::{App, Options, Protocol};

/// Stories with each channel and each protocol: `bills::still::wechat_v2::on_sqlite::STORY`.
macro_rules! with_each_shop {
    ($mood:ident: $($story:ident)+) => {
        mod $mood {
            with_each_shop!(@ $mood alipay ALIPAY $($story)+);
            with_each_shop!(@ $mood wechat_v3 WECHAT_V3 $($story)+);
            with_each_shop!(@ $mood wechat_v2 WECHAT_V2 $($story)+);
        }
    };
    (@ $mood:ident $module:ident $shop:ident $($story:ident)+) => {
        mod $module {
            use crate::bills::$shop as SHOP;

            till_tests::stories! {
                with crate::bills::$mood(super::SHOP.protocol);
                $($story)+
            }

            $(async fn $story(app: &till_tests::App) {
                crate::bills::$story(app, &SHOP).await;
            })+
        }
    };
}

with_each_shop! { awake:
    what_nobody_told_of_is_found_in_the_bill
}

with_each_shop! { still:
    a_bill_with_anything_wrong_is_refused_whole_and_asked_for_again
    a_bill_that_does_not_come_is_told_once_it_is_a_day_late
    payments_of_another_system_are_counted_and_no_alarm_each
}

/// A channel account, how it is made silent, and how its bills are damaged.
struct Shop {
    /// How WeChat Pay is spoken with.
    protocol: Protocol,
    account: &'static str,
    way: &'static str,
    /// What is asked of the channel about a payment, as the sandbox calls it.
    questions: [&'static str; 2],
    /// The download of a bill's file.
    file: &'static str,
    /// What can be wrong with a bill: a method, and its fault.
    wrong: &'static [(&'static str, &'static str)],
}

/// An archive that nobody signs, with two files that must agree.
const ALIPAY: Shop = Shop {
    protocol: Protocol::V3,
    account: "shop_alipay",
    way: "ALI_QR",
    questions: ["alipay.trade.query", "alipay.trade.close"],
    file: "alipay.bill_file",
    wrong: &[
        ("alipay.bill_file", "cut"),
        ("alipay.bill_file", "wrong_amount"),
        ("alipay.bill_file", "wrong_seller"),
        ("alipay.bill_file", "zip_bomb"),
        ("alipay.bill_file", "garbage"),
        ("alipay.bill_file", "http_500"),
        (
            "alipay.data.dataservice.bill.downloadurl.query",
            "bad_signature",
        ),
        (
            "alipay.data.dataservice.bill.downloadurl.query",
            "timeout_before",
        ),
    ],
};
/// The signed answer names the file's hash.
const WECHAT_V3: Shop = Shop {
    protocol: Protocol::V3,
    account: "shop_wechat",
    way: "WX_NATIVE",
    questions: ["wechat.query", "wechat.close"],
    file: "wechat.bill_file",
    wrong: &[
        ("wechat.bill", "wrong_hash"),
        ("wechat.bill", "wrong_sums"),
        ("wechat.bill", "wrong_seller"),
        ("wechat.bill", "bad_signature"),
        ("wechat.bill", "timeout_before"),
        ("wechat.bill_file", "wrong_amount"),
        ("wechat.bill_file", "cut"),
        ("wechat.bill_file", "zip_bomb"),
        ("wechat.bill_file", "garbage"),
        ("wechat.bill_file", "http_500"),
    ],
};
/// Nobody signs them, and they have no hash.
const WECHAT_V2: Shop = Shop {
    protocol: Protocol::V2,
    account: "shop_wechat",
    way: "WX_NATIVE",
    questions: ["v2/orderquery", "v2/closeorder"],
    file: "v2/downloadbill",
    wrong: &[
        ("v2/downloadbill", "wrong_sums"),
        ("v2/downloadbill", "wrong_seller"),
        ("v2/downloadbill", "cut"),
        ("v2/downloadbill", "zip_bomb"),
        ("v2/downloadbill", "garbage"),
        ("v2/downloadbill", "http_500"),
        ("v2/downloadbill", "timeout_before"),
    ],
};

/// No loop asks for bills by itself, and nothing else happens behind a story's back.
fn still(protocol: Protocol) -> Options {
    Options {
        workers: false,
        ..awake(protocol)
    }
}

/// No loop asks for bills by itself.
fn awake(protocol: Protocol) -> Options {
    Options {
        counter: Some(protocol),
        settings: "[bills]\ndays_back = 0\n".to_owned(),
        ..Options::default()
    }
}

/// One look of the worker at yesterday's bills.
async fn look_for_bills(app: &App) {
    look(&app.gateway.shared, 1, || true).await.unwrap();
}

async fn until_moment(app: &App, moment: Timestamp) {
    let left = moment.since(app.clock.now()).as_millis() / 1000 + 1;
    app.advance(u32::try_from(left).unwrap()).await;
}

/// Lets it be noon, tomorrow, by Chinese clocks: no story meets midnight.
async fn noon(app: &App) -> Day {
    let today = Day::of(app.clock.now()).unwrap();
    until_moment(app, today.begins().plus(Span::minutes(36 * 60))).await;
    Day::of(app.clock.now()).unwrap()
}

/// Lets it be the morning on which the day's bill is there.
async fn morning_after(app: &App, day: Day) {
    until_moment(app, day.begins().plus(Span::minutes(34 * 60 + 20))).await;
}

/// An order that is paid, with nobody told: the flow's number.
async fn lost(app: &App, shop: &Shop) -> (Value, String) {
    let silence = json!({ "method": "notice.*", "fault": "drop" });
    app.payer.break_it(silence).await;
    for method in shop.questions {
        let fault = json!({ "method": method, "fault": "timeout_before", "delay_ms": 20 });
        app.payer.break_it(fault).await;
    }
    let order = app.merchant.order(json!({ "expires_in": 300 })).await;
    let payable = app.merchant.flow(&order, json!({ "way": shop.way })).await;
    let number = app.payer.pay(&payable["action"]).await;
    (order, number)
}

/// An order that is paid, and known to be.
async fn known(app: &App, shop: &Shop) -> Value {
    let order = app.merchant.order(json!({})).await;
    let payable = app.merchant.flow(&order, json!({ "way": shop.way })).await;
    app.payer.pay(&payable["action"]).await;
    app.merchant.until_status(&order, "paid").await
}

/// A payment of somebody else who uses the same account.
async fn foreign(app: &App, shop: &Shop, number: &FlowNo) {
    let account = AccountId::new(shop.account);
    let channel = app.gateway.shared.registry.channel(&account).unwrap();
    let request = PayRequest {
        flow_no: number.clone(),
        way: Way::ALL
            .into_iter()
            .find(|way| way.name() == shop.way)
            .unwrap(),
        amount: Money::from_fen(1200).unwrap(),
        subject: "another system's".to_owned(),
        expires_at: app.clock.now().plus(Span::seconds(300)),
        notify_url: "http://127.0.0.1:9/elsewhere".to_owned(),
        return_url: None,
        client_ip: None,
        payer: None,
        auth_code: None,
    };
    match channel.pay(&request).await {
        Outcome::Done(Offer::Action(action @ Action::QrCode { .. })) => {
            let action = serde_json::to_value(action).unwrap();
            assert_eq!(app.payer.pay(&action).await, number.as_str());
        }
        other => panic!("{other:?}"),
    }
}

/// A number as Till gives them out, which it did not.
fn forgotten(app: &App) -> FlowNo {
    OrderId::generate(app.clock.now(), [7; 16]).flow(1)
}

/// The exceptions that belong to no order.
async fn strays(app: &App) -> Vec<Exception> {
    let desk = &app.gateway.shared.desk;
    let found = desk.exceptions(&Search::default(), None, 100).await;
    let found = found.unwrap().into_iter().map(|one| one.exception);
    found.filter(|one| one.order.is_none()).collect()
}

/// Everything that a bill could change.
#[derive(Debug, PartialEq)]
struct Books {
    order: cashier::state::OrderState,
    events: Vec<Value>,
    taken: HashSet<(AccountId, String)>,
}

async fn books(app: &App, order: &Value, day: Day) -> Books {
    let shared = &app.gateway.shared;
    let id = OrderId::new(order["id"].as_str().unwrap());
    let page = app.merchant.get("/v1/events?limit=100").await.expect(200);
    let events = page["data"].as_array().unwrap().iter();
    Books {
        order: shared.store.load(&id).await.unwrap().unwrap(),
        events: events.map(|event| event["id"].clone()).collect(),
        taken: shared.directory.taken_bills(&[day]).await.unwrap(),
    }
}

fn is_taken(books: &Books, shop: &Shop, day: Day) -> bool {
    let key = (AccountId::new(shop.account), day.to_string());
    books.taken.contains(&key)
}

/// Of a day's payments one is known, one was told to nobody, and one is of a number that
/// Till has no flow of.
async fn what_nobody_told_of_is_found_in_the_bill(app: &App, shop: &Shop) {
    let day = noon(app).await;
    known(app, shop).await;
    let (order, number) = lost(app, shop).await;
    let stray = forgotten(app);
    foreign(app, shop, &stray).await;
    morning_after(app, day).await;
    assert_eq!(app.merchant.look(&order).await["status"], "open");

    look_for_bills(app).await;
    let paid = app.merchant.look(&order).await;
    assert_eq!(paid["status"], "paid", "{paid}");
    assert_eq!(paid["paid_way"], shop.way);
    assert_eq!(paid["captures"][0]["flow_no"], number.as_str(), "{paid}");
    assert_eq!(paid["captures"].as_array().unwrap().len(), 1, "{paid}");
    app.receiver.event(&order, "order.paid").await;
    let found = strays(app).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].kind, ExceptionKind::UnknownTrade);
    assert_eq!(found[0].subject, format!("{}/{stray}", shop.account));
    assert_eq!(found[0].amount, Money::from_fen(1200).ok());
    let now = books(app, &order, day).await;
    assert!(is_taken(&now, shop, day), "{now:?}");
    app.payer.mend().await;
}

/// Another system sells under the same account: its payments are counted, and nobody is
/// alarmed of each; a number as Till gives them out is an alarm among them.
async fn payments_of_another_system_are_counted_and_no_alarm_each(app: &App, shop: &Shop) {
    let day = noon(app).await;
    for nth in 1..=5 {
        let number = FlowNo::new(format!("SHOP{}{nth:06}", day.to_string().replace('-', "")));
        foreign(app, shop, &number).await;
    }
    let stray = forgotten(app);
    foreign(app, shop, &stray).await;
    morning_after(app, day).await;
    let shared = &app.gateway.shared;
    let account = AccountId::new(shop.account);
    let said = gateway::bill::take(&shared.cashier, &shared.registry, &account, day).await;
    let said = said.unwrap().unwrap();
    assert_eq!((said.rows, said.news, said.foreign), (6, 1, 5));
    let found = strays(app).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].subject, format!("{}/{stray}", shop.account));
}

/// The worker takes it no more; and whoever does, finds nothing new.
async fn taken_again_changes_nothing(app: &App, shop: &Shop, order: &Value, day: Day) {
    let shared = &app.gateway.shared;
    let (before, alarms) = (books(app, order, day).await, strays(app).await);
    assert!(is_taken(&before, shop, day), "{before:?}");
    look_for_bills(app).await;
    let account = AccountId::new(shop.account);
    let said = gateway::bill::take(&shared.cashier, &shared.registry, &account, day).await;
    assert_eq!(said.unwrap().unwrap().rows, 2);
    assert_eq!(books(app, order, day).await, before);
    assert_eq!(strays(app).await, alarms);
}

/// What is wrong with a bill, by the sandbox's method and fault: nothing of it is taken,
/// a person is told once, and the next one, which is whole, is taken.
async fn a_bill_with_anything_wrong_is_refused_whole_and_asked_for_again(app: &App, shop: &Shop) {
    let day = noon(app).await;
    let (order, _) = lost(app, shop).await;
    foreign(app, shop, &forgotten(app)).await;
    morning_after(app, day).await;
    look_elsewhere(app, shop).await;
    let before = books(app, &order, day).await;
    for (method, fault) in shop.wrong {
        let struck = app.payer.strikes().await;
        let fault = json!({ "method": method, "fault": fault, "times": 1, "delay_ms": 20 });
        app.payer.break_it(fault.clone()).await;
        look_for_bills(app).await;
        assert_eq!(
            app.payer.strikes().await,
            struck + 1,
            "{fault} never struck"
        );
        assert_eq!(books(app, &order, day).await, before, "{fault}");
        let kinds = |one: Exception| one.kind;
        let told: Vec<_> = strays(app).await.into_iter().map(kinds).collect();
        assert!(
            told.is_empty() || told == [ExceptionKind::BillRefused],
            "{fault}: {told:?}"
        );
    }
    let told = alarms(app, shop, day).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].resolution.is_none(), "{told:?}");
    let detail = &told[0].exception.detail;
    assert!(detail.contains("nothing of it was taken"), "{detail}");
    look_for_bills(app).await;
    let told = alarms(app, shop, day).await;
    let resolution = told[0].resolution.as_ref().unwrap();
    assert_eq!(
        (told.len(), resolution.actor.as_str()),
        (1, "till"),
        "{told:?}"
    );
    assert_eq!(app.merchant.look(&order).await["status"], "paid");
    taken_again_changes_nothing(app, shop, &order, day).await;
}

/// What people are told of trouble with the bill.
async fn alarms(app: &App, shop: &Shop, day: Day) -> Vec<Standing> {
    let search = Search {
        kind: Some(ExceptionKind::BillRefused),
        ..Search::default()
    };
    let desk = &app.gateway.shared.desk;
    let mut found = desk.exceptions(&search, None, 100).await.unwrap();
    let subject = format!("{}/{day}", shop.account);
    found.retain(|one| one.exception.about() == subject);
    found
}

/// The channel has a trouble of its own: nobody is told of that at once, and somebody is
/// when the bill is a day late.
async fn a_bill_that_does_not_come_is_told_once_it_is_a_day_late(app: &App, shop: &Shop) {
    let day = noon(app).await;
    known(app, shop).await;
    morning_after(app, day).await;
    let fault = json!({ "method": shop.file, "fault": "http_500" });
    app.payer.break_it(fault).await;
    look_for_bills(app).await;
    assert_eq!(strays(app).await, []);
    let next = Day::of(app.clock.now()).unwrap();
    morning_after(app, next).await;
    for _ in 0..2 {
        look(&app.gateway.shared, 2, || true).await.unwrap();
        let told = alarms(app, shop, day).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(alarms(app, shop, next).await.is_empty());
    }
    app.payer.mend().await;
    look(&app.gateway.shared, 2, || true).await.unwrap();
    let told = alarms(app, shop, day).await;
    assert!(told[0].resolution.is_some(), "{told:?}");
}

/// The bills of the other accounts are taken, so that a fault strikes this one's.
async fn look_elsewhere(app: &App, shop: &Shop) {
    let account = AccountId::new(shop.account);
    let shared = &app.gateway.shared;
    let mut others = shared.registry.accounts_with_bills();
    others.retain(|other| *other != account);
    let day = Day::of(app.clock.now()).and_then(Day::before).unwrap();
    for account in others {
        let taken = entities::directory::TakenBill {
            account,
            day,
            at: app.clock.now(),
            rows: 0,
            news: 0,
        };
        shared.directory.record_bill(&taken).await.unwrap();
    }
}
