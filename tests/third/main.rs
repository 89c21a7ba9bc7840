//! A third channel, small, behind the same port: the core, the store and the shell do
//! for it what they do for Alipay and WeChat Pay, and none of them has heard of it.

#![cfg(test)]

mod bank;
mod giro;

use bank::Bank;
use cashier::channel::{Channel, RawNotice};
use cashier::command::{NewOrder, PayCommand, RefundCommand, Refusal};
use cashier::id::{AccountId, AppId, MerchantId, OrderId};
use cashier::journal::Source;
use cashier::money::Money;
use cashier::order::OrderStatus;
use cashier::policy::Policy;
use cashier::refund::RefundStatus;
use cashier::shell::{Cashier, Channels};
use cashier::store::Store;
use cashier::time::{Clock, Entropy, Span};
use cashier::timing::Timing;
use cashier::way::Way;
use entities::SeaStore;
use entities::directory::{App, Directory, Import, Merchant};
use gateway::clock::SystemClock;
use gateway::entropy::SystemEntropy;
use giro::{GIRO_PAGE, Giro};
use std::sync::Arc;
use tempfile::TempDir;

const SECRET: &[u8] = b"between the merchant and the bank";
const ACCOUNT: &str = "acc_giro";

struct OneAccount(Arc<dyn Channel>);

impl Channels for OneAccount {
    fn channel(&self, account: &AccountId) -> Option<Arc<dyn Channel>> {
        (account.as_str() == ACCOUNT).then(|| self.0.clone())
    }
}

/// A cashier with one account at the bank, over a database.
struct Shop {
    bank: Arc<Bank>,
    cashier: Cashier,
    store: Arc<SeaStore>,
    _folder: TempDir,
}

impl Shop {
    async fn open() -> Shop {
        GIRO_PAGE.make_known();
        let folder = tempfile::tempdir().unwrap();
        let url = format!(
            "sqlite://{}?mode=rwc",
            folder.path().join("till.db").display()
        );
        let database = entities::connect(&url, &entities::Options::default())
            .await
            .unwrap();
        migrations::migrate(database.connection()).await.unwrap();
        let directory = Directory::new(database.clone());
        directory.import(&import()).await.unwrap();
        let store = Arc::new(SeaStore::new(database));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
        let bank = Arc::new(Bank::new(SECRET));
        let giro = Giro::new(bank.clone(), SECRET, clock.clone());
        let channels = Arc::new(OneAccount(Arc::new(giro)));
        let cashier = Cashier::new(store.clone(), channels, clock, entropy, Timing::default());
        Shop {
            bank,
            cashier,
            store,
            _folder: folder,
        }
    }

    /// An order of 88.00 yuan whose page at the bank is open; with the flow's number.
    async fn handed_out(&self, number: &str) -> (OrderId, String) {
        let opened = self.cashier.open(new_order(number), Some(wish())).await;
        let opened = opened.unwrap();
        let flow = opened.flow.unwrap().unwrap();
        (opened.state.order.id, flow.as_str().to_owned())
    }

    async fn notice(&self, number: &str, forged: bool) -> u16 {
        let (text, signature) = self.bank.letter(number);
        let signature = if forged { "00".to_owned() } else { signature };
        let raw = RawNotice {
            headers: &[("giro-signature".to_owned(), signature)],
            body: text.as_bytes(),
        };
        let account = AccountId::new(ACCOUNT);
        let taken = self.cashier.take_notice(&account, raw).await.unwrap();
        taken.reply.status
    }
}

fn import() -> Import {
    let merchant = MerchantId::new("giro_merchant");
    Import {
        merchants: vec![Merchant {
            id: merchant.clone(),
            name: "merchant".to_owned(),
        }],
        apps: vec![App {
            id: AppId::new("giro_app"),
            merchant,
            name: "shop".to_owned(),
            policy: Policy::default(),
            webhook_url: None,
            webhook_secrets: Vec::new(),
            api_keys: Vec::new(),
            accounts: Vec::new(),
        }],
        accounts: Vec::new(),
        operators: Vec::new(),
    }
}

fn new_order(number: &str) -> NewOrder {
    NewOrder {
        merchant: MerchantId::new("giro_merchant"),
        app: AppId::new("giro_app"),
        merchant_order_no: number.to_owned(),
        amount: Money::from_fen(8_800).unwrap(),
        subject: "tea".to_owned(),
        body: None,
        client_ip: None,
        ways: vec![GIRO_PAGE],
        notify_url: None,
        return_url: None,
        metadata: Default::default(),
        expires_in: Span::minutes(60),
        policy: Policy::default(),
    }
}

fn wish() -> PayCommand {
    PayCommand {
        source: Source::Merchant,
        way: GIRO_PAGE,
        account: AccountId::new(ACCOUNT),
        payer: None,
        auth_code: None,
        client_ip: None,
        notify_url: "https://till.example/notify/acc_giro".to_owned(),
        return_url: None,
    }
}

#[tokio::test]
async fn a_third_channels_payment_is_noticed_captured_and_given_back() {
    let shop = Shop::open().await;
    let (order, number) = shop.handed_out("G1").await;
    assert!(shop.bank.pay(&number));
    assert_eq!(shop.notice(&number, true).await, 503, "a forged letter");
    let state = shop.store.load(&order).await.unwrap().unwrap();
    assert_eq!(state.order.status, OrderStatus::Open);
    for _ in 0..2 {
        assert_eq!(shop.notice(&number, false).await, 204);
    }
    let state = shop.store.load(&order).await.unwrap().unwrap();
    assert_eq!(state.order.status, OrderStatus::Paid);
    assert_eq!(
        state.order.ways,
        [GIRO_PAGE],
        "its name is read from the database"
    );
    assert_eq!(state.captures.len(), 1);

    let back = RefundCommand {
        merchant_refund_no: "R1".to_owned(),
        amount: Money::from_fen(800).unwrap(),
        reason: None,
    };
    let asked = shop.cashier.refund(&order, back).await.unwrap();
    let refund = asked.state.refund(&asked.refund).unwrap();
    assert_eq!(refund.status, RefundStatus::Succeeded);
    let returned = shop.bank.transfer(&number).unwrap().returned;
    assert_eq!(returned.into_values().collect::<Vec<_>>(), [800]);
}

#[tokio::test]
async fn a_third_channels_payment_is_found_by_asking() {
    let shop = Shop::open().await;
    let (order, number) = shop.handed_out("G1").await;
    assert!(shop.bank.pay(&number));
    let state = shop.cashier.check(&order).await.unwrap();
    assert_eq!(state.order.status, OrderStatus::Paid);
}

#[tokio::test]
async fn a_third_channels_order_is_closed_at_the_channel_first() {
    let shop = Shop::open().await;
    let (order, number) = shop.handed_out("G1").await;
    let state = shop.cashier.close(&order).await.unwrap();
    assert_eq!(state.order.status, OrderStatus::Closed);
    assert!(shop.bank.transfer(&number).unwrap().closed);
    assert!(!shop.bank.pay(&number));

    let (order, number) = shop.handed_out("G2").await;
    assert!(shop.bank.pay(&number));
    let refused = shop.cashier.close(&order).await;
    assert_eq!(refused, Err(Refusal::OrderPaid), "the payer was faster");
}

#[tokio::test]
async fn a_third_channels_way_is_read_by_its_name() {
    GIRO_PAGE.make_known();
    assert_eq!("GIRO_PAGE".parse::<Way>().unwrap(), GIRO_PAGE);
}
