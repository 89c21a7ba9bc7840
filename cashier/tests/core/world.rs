//! A small world for stories about the core: the real decide and shell over the
//! store in memory, a clock that is set by hand, and two channels that keep a
//! ledger: one whose trades exist at the creation (as WeChat Pay's), one whose
//! trades exist only after the payer has scanned (as Alipay's).

use async_trait::async_trait;
use cashier::channel::*;
use cashier::command::{NewOrder, PayCommand, Payable, RefundCommand, Refusal};
use cashier::id::*;
use cashier::journal::Source;
use cashier::memory::MemoryStore;
use cashier::money::Money;
use cashier::order::Order;
use cashier::policy::Policy;
use cashier::shell::{Cashier, Channels};
use cashier::state::{OrderState, Row};
use cashier::store::{Commit, Store};
use cashier::time::{Clock, Entropy, Span, Timestamp};
use cashier::timing::Timing;
use cashier::way::{ChannelKind, Way};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

/// A clock that moves only when somebody sleeps or sets it.
pub struct HandClock(Mutex<Timestamp>);

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, span: Span) {
        let mut now = self.0.lock().unwrap();
        *now = now.plus(span);
    }
}

/// Counts up, so that every id differs.
struct Counting(Mutex<u128>);

impl Entropy for Counting {
    fn bytes(&self) -> [u8; 16] {
        let mut count = self.0.lock().unwrap();
        *count += 1;
        count.to_be_bytes()
    }
}

/// What goes wrong with the next call of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not carried out, and not answered.
    LostBefore,
    /// It is carried out, and not answered.
    LostAfter,
    /// Nothing is sent.
    NotSent,
    /// The channel says no for good.
    Refused,
    /// The channel says: too early.
    TooEarly,
    /// The channel names another amount.
    WrongAmount,
    /// The channel does not know it yet, then the payer pays, and the answer
    /// takes five minutes.
    PaidMeanwhile,
    /// The channel is not done, and wants to be asked again.
    Again,
    /// It is not carried out yet, and not answered: it arrives later.
    OnItsWay,
}

/// What the payer's wallet does when the code that it shows is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wallet {
    /// It pays at once.
    Pays,
    /// It asks for the password.
    Asks,
    /// It has no money.
    Refuses,
}

impl Wallet {
    /// The code that such a wallet shows.
    pub fn code(self, number: u8) -> String {
        format!("{self:?}-{number}")
    }
}

#[derive(Clone, Debug)]
pub struct Trade_ {
    pub amount: Money,
    pub paid: bool,
    pub closed: bool,
    /// It was paid, and a reversal gave the money back.
    pub returned: bool,
    pub expires_at: Timestamp,
}

#[derive(Default)]
pub struct Ledger {
    /// Handed out and not scanned yet (Alipay).
    pub artefacts: BTreeMap<FlowNo, (Money, Timestamp)>,
    pub trades: BTreeMap<FlowNo, Trade_>,
    pub refunds: BTreeMap<RefundNo, (FlowNo, Money)>,
    /// The payment codes that were charged: each is good once.
    pub charged: Vec<String>,
    /// What was charged and has not arrived.
    pub on_its_way: Vec<PayRequest>,
    /// What was paid and taken back is shown as paid, with the money returned.
    pub shows_returned: bool,
    pub faults: BTreeMap<&'static str, VecDeque<Fault>>,
    pub calls: Vec<(&'static str, String)>,
    pub poor: bool,
    /// What is to be given back stays under way.
    pub slow: bool,
}

/// A channel with a ledger of its own.
pub struct Bank {
    kind: ChannelKind,
    clock: Arc<HandClock>,
    pub ledger: Mutex<Ledger>,
}

fn lost() -> Cause {
    Cause {
        kind: CauseKind::Timeout,
        detail: "no answer".to_owned(),
    }
}

fn refusal(kind: RefusalKind, code: &str) -> Refusal_ {
    Refusal_ {
        kind,
        code: code.to_owned(),
        message: code.to_lowercase(),
    }
}

use cashier::channel::Refusal as Refusal_;

impl Bank {
    fn call<T>(
        &self,
        name: &'static str,
        about: &str,
        carry_out: impl FnOnce(&mut Ledger, Option<Fault>) -> Outcome<T>,
    ) -> Outcome<T> {
        let mut ledger = self.ledger.lock().unwrap();
        ledger.calls.push((name, about.to_owned()));
        let fault = ledger.faults.get_mut(name).and_then(VecDeque::pop_front);
        match fault {
            Some(Fault::LostBefore) => Outcome::Unknown(lost()),
            Some(Fault::OnItsWay) => Outcome::Unknown(lost()),
            Some(Fault::NotSent) => Outcome::NotSent(lost()),
            Some(Fault::Refused) => Outcome::Refused(refusal(RefusalKind::Final, "NO")),
            Some(Fault::LostAfter) => {
                let _ = carry_out(&mut ledger, None);
                Outcome::Unknown(lost())
            }
            other => carry_out(&mut ledger, other),
        }
    }

    /// The payer opens what was handed out: at Alipay the trade begins here.
    pub fn scan(&self, no: &FlowNo) {
        let now = self.clock.now();
        let mut ledger = self.ledger.lock().unwrap();
        if let Some((amount, expires_at)) = ledger.artefacts.get(no).copied() {
            assert!(now < expires_at, "the artefact has expired");
            let trade = Trade_ {
                amount,
                paid: false,
                closed: false,
                returned: false,
                expires_at,
            };
            ledger.trades.entry(no.clone()).or_insert(trade);
        }
    }

    /// The payer pays. `false`: it cannot be paid any more.
    pub fn pay_now(&self, no: &FlowNo) -> bool {
        self.scan(no);
        let now = self.clock.now();
        let mut ledger = self.ledger.lock().unwrap();
        let trade = ledger.trades.get_mut(no).expect("a trade");
        let payable = !trade.closed && !trade.paid && now < trade.expires_at;
        trade.paid |= payable;
        payable
    }

    /// The payer scans and pays, and five minutes go by.
    fn pay_meanwhile(&self, ledger: &mut Ledger, no: &FlowNo) {
        let mut now = self.clock.0.lock().unwrap();
        let (amount, expires_at) = ledger.artefacts[no];
        assert!(*now < expires_at, "the artefact has expired");
        let trade = Trade_ {
            amount,
            paid: true,
            closed: false,
            returned: false,
            expires_at,
        };
        ledger.trades.insert(no.clone(), trade);
        *now = now.plus(Span::minutes(5));
    }

    /// What was charged and was on its way arrives, whoever still waits for it.
    pub fn arrive(&self) {
        let mut ledger = self.ledger.lock().unwrap();
        for request in std::mem::take(&mut ledger.on_its_way) {
            let _ = charge(&mut ledger, &request, self.clock.now());
        }
    }

    /// The channel contradicts itself: what was closed is paid all the same.
    pub fn force_pay(&self, no: &FlowNo) {
        let mut ledger = self.ledger.lock().unwrap();
        ledger.trades.get_mut(no).expect("a trade").paid = true;
    }

    /// The channel contradicts itself: what it had refused, or did not know past its
    /// end, is paid all the same.
    pub fn takes_after_all(&self, no: &FlowNo) {
        let trade = Trade_ {
            amount: Money::from_fen(AMOUNT).unwrap(),
            paid: true,
            closed: true,
            returned: false,
            expires_at: self.clock.now(),
        };
        self.ledger.lock().unwrap().trades.insert(no.clone(), trade);
    }

    pub fn fault(&self, call: &'static str, fault: Fault) {
        self.ledger
            .lock()
            .unwrap()
            .faults
            .entry(call)
            .or_default()
            .push_back(fault);
    }

    pub fn calls(&self, name: &str) -> usize {
        self.ledger
            .lock()
            .unwrap()
            .calls
            .iter()
            .filter(|(call, _)| *call == name)
            .count()
    }

    /// Captures minus refunds, in fen, as this channel believes.
    pub fn taken(&self) -> i64 {
        let ledger = self.ledger.lock().unwrap();
        let paid: i64 = ledger
            .trades
            .values()
            .filter(|t| t.paid)
            .map(|t| t.amount.fen())
            .sum();
        let back: i64 = ledger
            .refunds
            .values()
            .map(|(_, amount)| amount.fen())
            .sum();
        paid - back
    }

    fn charge(&self, request: &PayRequest) -> Outcome<Offer> {
        let now = self.clock.now();
        let is_late = {
            let mut ledger = self.ledger.lock().unwrap();
            let next = ledger.faults.get("pay").and_then(|faults| faults.front());
            let is_late = next == Some(&Fault::OnItsWay);
            if is_late {
                ledger.on_its_way.push(request.clone());
            }
            is_late
        };
        let said = self.call("pay", request.flow_no.as_str(), |ledger, _| {
            charge(ledger, request, now)
        });
        assert!(!is_late || matches!(said, Outcome::Unknown(_)));
        said
    }

    /// What a verified notice of the payment says.
    pub fn payment(&self, no: &FlowNo) -> Trade {
        let ledger = self.ledger.lock().unwrap();
        Trade::Paid(payment_of(no, ledger.trades[no].amount, self.clock.now()))
    }
}

/// Charges a payment code, once. What waits can be confirmed for an hour, whatever the
/// caller has in mind: only a reversal ends it.
fn charge(ledger: &mut Ledger, request: &PayRequest, now: Timestamp) -> Outcome<Offer> {
    let code = request.auth_code.clone().expect("a code");
    if ledger.charged.contains(&code) || ledger.trades.contains_key(&request.flow_no) {
        return Outcome::Refused(refusal(RefusalKind::Final, "CODE_USED"));
    }
    ledger.charged.push(code.clone());
    if code.starts_with("Refuses") {
        return Outcome::Refused(refusal(RefusalKind::Final, "NO_MONEY"));
    }
    let trade = Trade_ {
        amount: request.amount,
        paid: code.starts_with("Pays"),
        closed: false,
        returned: false,
        expires_at: now.plus(Span::minutes(60)),
    };
    ledger.trades.insert(request.flow_no.clone(), trade.clone());
    Outcome::Done(Offer::Trade(match trade.paid {
        true => Trade::Paid(payment_of(&request.flow_no, trade.amount, now)),
        false => Trade::Waiting,
    }))
}

fn payment_of(no: &FlowNo, amount: Money, at: Timestamp) -> Payment {
    Payment {
        trade_no: format!("T{no}"),
        amount,
        paid_at: at,
        payer: None,
        returned: false,
    }
}

#[async_trait]
impl Channel for Bank {
    fn kind(&self) -> ChannelKind {
        self.kind
    }

    async fn pay(&self, request: &PayRequest) -> Outcome<Offer> {
        if request.way.is_barcode() {
            return self.charge(request);
        }
        let at_scan = self.kind == ChannelKind::Alipay;
        self.call("pay", request.flow_no.as_str(), |ledger, _| {
            if at_scan {
                let artefact = (request.amount, request.expires_at);
                ledger.artefacts.insert(request.flow_no.clone(), artefact);
            } else {
                let trade = Trade_ {
                    amount: request.amount,
                    paid: false,
                    closed: false,
                    returned: false,
                    expires_at: request.expires_at,
                };
                ledger
                    .trades
                    .entry(request.flow_no.clone())
                    .or_insert(trade);
            }
            Outcome::Done(Offer::Action(Action::QrCode {
                text: format!("qr:{}", request.flow_no),
            }))
        })
    }

    async fn query(&self, flow: &FlowNo) -> Outcome<Trade> {
        let now = self.clock.now();
        self.call("query", flow.as_str(), |ledger, fault| {
            if fault == Some(Fault::PaidMeanwhile) {
                self.pay_meanwhile(ledger, flow);
                return Outcome::Done(Trade::NotFound);
            }
            Outcome::Done(match ledger.trades.get(flow) {
                None => Trade::NotFound,
                Some(trade) if trade.paid => {
                    let wrong = Money::from_fen(1).unwrap();
                    let amount = if fault.is_some() { wrong } else { trade.amount };
                    Trade::Paid(payment_of(flow, amount, now))
                }
                Some(trade) if trade.returned && ledger.shows_returned => Trade::Paid(Payment {
                    returned: true,
                    ..payment_of(flow, trade.amount, now)
                }),
                Some(trade) if trade.closed => Trade::Closed,
                Some(_) => Trade::Waiting,
            })
        })
    }

    async fn close(&self, flow: &FlowNo) -> Outcome<Closed> {
        self.call("close", flow.as_str(), |ledger, fault| {
            Outcome::Done(match ledger.trades.get_mut(flow) {
                None => Closed::NotFound,
                Some(trade) if trade.paid => Closed::NotAllowed,
                Some(_) if fault == Some(Fault::TooEarly) => Closed::TooEarly,
                Some(trade) => {
                    trade.closed = true;
                    Closed::Confirmed
                }
            })
        })
    }

    async fn reverse(&self, flow: &FlowNo) -> Outcome<Reversed> {
        self.call("reverse", flow.as_str(), |ledger, fault| {
            Outcome::Done(match ledger.trades.get_mut(flow) {
                _ if fault == Some(Fault::Again) => Reversed::Again,
                None => Reversed::NotFound,
                Some(trade) => {
                    trade.returned |= trade.paid;
                    (trade.paid, trade.closed) = (false, true);
                    Reversed::Confirmed
                }
            })
        })
    }

    async fn refund(&self, request: &RefundRequest) -> Outcome<Refunded> {
        self.call("refund", request.refund_no.as_str(), |ledger, _| {
            if ledger.poor {
                return Outcome::Refused(refusal(RefusalKind::Later, "NOT_ENOUGH"));
            }
            let back = (request.flow_no.clone(), request.amount);
            ledger
                .refunds
                .entry(request.refund_no.clone())
                .or_insert(back);
            Outcome::Done(match ledger.slow {
                true => Refunded::Processing,
                false => Refunded::Succeeded,
            })
        })
    }

    async fn query_refund(&self, request: &RefundRequest) -> Outcome<Refunded> {
        self.call("query_refund", request.refund_no.as_str(), |ledger, _| {
            let known = ledger.refunds.contains_key(&request.refund_no);
            Outcome::Done(match (known, ledger.slow) {
                (true, true) => Refunded::Processing,
                (true, false) => Refunded::Succeeded,
                (false, _) => Refunded::NotFound,
            })
        })
    }

    /// The body is the notice itself, as JSON, or `forged`.
    fn open_notice(&self, raw: RawNotice<'_>) -> Result<Notice, NoticeRefusal> {
        let text = String::from_utf8_lossy(raw.body);
        let (flow_no, trade): (FlowNo, Trade) = serde_json::from_str(&text)
            .map_err(|_| NoticeRefusal::Unverified("forged".to_owned()))?;
        if flow_no.as_str() == "elsewhere" {
            let detail = "another merchant".to_owned();
            return Err(NoticeRefusal::Identity {
                flow_no: None,
                detail,
            });
        }
        Ok(Notice {
            key: text.into_owned(),
            fact: NoticeFact::Trade { flow_no, trade },
        })
    }

    fn notice_reply(&self, receipt: Receipt) -> NoticeReply {
        let (status, body) = match receipt {
            Receipt::Committed => (200, "success"),
            Receipt::Refused => (400, "fail"),
            Receipt::Again => (500, "fail"),
        };
        NoticeReply {
            status,
            content_type: "text/plain",
            body,
        }
    }

    fn payers(&self) -> Option<&dyn Payers> {
        None
    }

    fn bills(&self) -> Option<&dyn Bills> {
        None
    }
}

struct Banks(Arc<Bank>, Arc<Bank>);

impl Channels for Banks {
    fn channel(&self, account: &AccountId) -> Option<Arc<dyn Channel>> {
        match account.as_str() {
            "alipay" => Some(self.0.clone()),
            "wechat" => Some(self.1.clone()),
            _ => None,
        }
    }
}

fn cashier_of(
    store: &Arc<MemoryStore>,
    alipay: &Arc<Bank>,
    wechat: &Arc<Bank>,
    clock: &Arc<HandClock>,
) -> Arc<Cashier> {
    Arc::new(Cashier::new(
        store.clone(),
        Arc::new(Banks(alipay.clone(), wechat.clone())),
        clock.clone(),
        Arc::new(Counting(Mutex::new(0))),
        Timing::default(),
    ))
}

pub struct World {
    pub clock: Arc<HandClock>,
    pub store: Arc<MemoryStore>,
    pub alipay: Arc<Bank>,
    pub wechat: Arc<Bank>,
    pub cashier: Arc<Cashier>,
    pub order: OrderId,
}

pub const AMOUNT: i64 = 8_888;

impl World {
    /// A world with one open order.
    pub fn new() -> World {
        World::with(Policy::default())
    }

    pub fn with(policy: Policy) -> World {
        let start = Timestamp::from_millis(1_790_000_000_000);
        let clock = Arc::new(HandClock(Mutex::new(start)));
        let bank = |kind| {
            Arc::new(Bank {
                kind,
                clock: clock.clone(),
                ledger: Mutex::default(),
            })
        };
        let (alipay, wechat) = (bank(ChannelKind::Alipay), bank(ChannelKind::Wechat));
        let store = Arc::new(MemoryStore::new());
        let cashier = cashier_of(&store, &alipay, &wechat, &clock);
        let opened = pollster::block_on(cashier.open(new_order("A-1", policy), None)).unwrap();
        let order = opened.state.order.id.clone();
        World {
            clock,
            store,
            alipay,
            wechat,
            cashier,
            order,
        }
    }

    /// The same world on a database that knows of the order no more than this.
    pub fn failed_over(self, known: &OrderState) -> World {
        let store = Arc::new(MemoryStore::new());
        let order = Order {
            revision: 1,
            ..known.order.clone()
        };
        let flows = known.flows.iter().cloned().map(Box::new).map(Row::Flow);
        let commit = Commit {
            order: self.order.clone(),
            revision: 0,
            rows: std::iter::once(Row::Order(Box::new(order)))
                .chain(flows)
                .collect(),
            leases: Vec::new(),
            leased_until: Timestamp::default(),
            notice: None,
        };
        pollster::block_on(store.commit(vec![commit]))
            .pop()
            .unwrap()
            .unwrap();
        let cashier = cashier_of(&store, &self.alipay, &self.wechat, &self.clock);
        World {
            store,
            cashier,
            ..self
        }
    }

    pub fn pay(&self, way: Way) -> Result<Payable, Refusal> {
        pollster::block_on(self.cashier.pay(&self.order, wish(way)))
    }

    /// The counter scans the code that the payer's wallet shows.
    pub fn scan(&self, way: Way, code: &str) -> Result<Payable, Refusal> {
        let wish = PayCommand {
            source: Source::Merchant,
            auth_code: Some(code.to_owned()),
            ..wish(way)
        };
        pollster::block_on(self.cashier.pay(&self.order, wish))
    }

    /// Pays by a way and returns the flow's number.
    pub fn flow(&self, way: Way) -> FlowNo {
        self.pay(way).expect("a payable flow").flow
    }

    pub fn refund(&self, number: &str, fen: i64) -> Result<RefundNo, Refusal> {
        let wish = RefundCommand {
            merchant_refund_no: number.to_owned(),
            amount: Money::from_fen(fen).unwrap(),
            reason: None,
        };
        pollster::block_on(self.cashier.refund(&self.order, wish)).map(|asked| asked.refund)
    }

    pub fn close(&self) -> Result<OrderState, Refusal> {
        pollster::block_on(self.cashier.close(&self.order))
    }

    pub fn state(&self) -> OrderState {
        pollster::block_on(self.store.load(&self.order))
            .unwrap()
            .unwrap()
    }

    /// The channel sends a verified notice; the answer's status.
    pub fn notice(&self, account: &str, flow: &FlowNo, trade: &Trade) -> u16 {
        let body = serde_json::to_vec(&(flow, trade)).unwrap();
        self.raw_notice(account, &body)
    }

    pub fn raw_notice(&self, account: &str, body: &[u8]) -> u16 {
        let raw = RawNotice { headers: &[], body };
        let taken = pollster::block_on(self.cashier.take_notice(&AccountId::new(account), raw));
        taken.unwrap().reply.status
    }

    /// Lets time pass, second by second, with the workers at work.
    pub fn pass(&self, seconds: u32) {
        for _ in 0..seconds {
            pollster::block_on(self.clock.sleep(Span::seconds(1)));
            while pollster::block_on(self.cashier.run_due_tasks(16)).unwrap() > 0 {}
        }
    }

    pub fn events(&self) -> Vec<&'static str> {
        self.store
            .events()
            .iter()
            .map(|event| event.kind.name())
            .collect()
    }

    pub fn exceptions(&self) -> Vec<&'static str> {
        self.state()
            .exceptions
            .iter()
            .map(|exception| exception.kind.name())
            .collect()
    }

    pub fn story(&self) -> String {
        let lines = pollster::block_on(self.store.journal(&self.order)).unwrap();
        lines
            .iter()
            .map(|line| format!("{}: {}\n", line.source.name(), line.text))
            .collect()
    }

    /// At rest: the channels hold exactly the order's amount if it is paid,
    /// nothing otherwise, and nothing is left to be done.
    pub fn at_rest(&self, refunded: i64) {
        self.pass(3 * 60 * 60);
        let state = self.state();
        let owed = if state.order.paid_by.is_some() {
            AMOUNT - refunded
        } else {
            0
        };
        assert_eq!(
            self.alipay.taken() + self.wechat.taken(),
            owed,
            "{}",
            self.story()
        );
        assert!(
            state.flows.iter().all(|flow| flow.status.is_settled()),
            "{}",
            self.story()
        );
        assert!(state.flows.iter().all(|flow| flow.next.is_none()));
        assert!(
            state
                .refunds
                .iter()
                .all(|refund| refund.status.is_settled())
        );
        assert_ne!(state.order.status, cashier::order::OrderStatus::Open);
        let versions: Vec<u32> = self
            .store
            .events()
            .iter()
            .map(|event| event.version)
            .collect();
        assert_eq!(versions, (1..=state.order.version).collect::<Vec<_>>());
    }
}

pub fn new_order(number: &str, policy: Policy) -> NewOrder {
    NewOrder {
        merchant: MerchantId::new("m1"),
        app: AppId::new("app1"),
        merchant_order_no: number.to_owned(),
        amount: Money::from_fen(AMOUNT).unwrap(),
        subject: "Tea".to_owned(),
        body: None,
        client_ip: None,
        ways: Vec::new(),
        notify_url: None,
        return_url: None,
        metadata: BTreeMap::new(),
        expires_in: Span::seconds(7200),
        policy,
    }
}

pub fn wish(way: Way) -> PayCommand {
    PayCommand {
        source: Source::Payer,
        way,
        account: AccountId::new(way.channel().name()),
        payer: None,
        auth_code: None,
        client_ip: Some("203.0.113.7".to_owned()),
        notify_url: "https://till.example/notify".to_owned(),
        return_url: None,
    }
}
