//! What goes wrong in a world, drawn from its seed: each fault is off in half of
//! the worlds, and has a rate of its own in the others, so that a run of many
//! seeds meets every fault alone and every pair of them.

use cashier::policy::{LatePayment, Policy, Switch};
use cashier::time::Span;

/// How far channels' clocks may be behind, in milliseconds: less than the margin that
/// Till waits after an end.
const MOST_BEHIND: u32 = 50_000;

/// The rates of a world's faults, in thousandths of the occasions, and its size.
#[derive(Clone, Debug)]
pub struct Plan {
    /// A request to a channel is lost.
    pub call_lost: u32,
    /// A channel's answer is lost.
    pub answer_lost: u32,
    /// The channel carries the request out, but only after Till has given up.
    pub carried_out_late: u32,
    /// The channel says that it failed: half of the time after it did the thing.
    pub channel_error: u32,
    /// The answer cannot be read.
    pub garbage: u32,
    /// The answer is not signed by the channel.
    pub bad_signature: u32,
    /// Nothing leaves the machine.
    pub not_sent: u32,
    /// A query names another amount than was paid.
    pub wrong_amount: u32,
    /// The trade itself has another amount than was asked for.
    pub wrong_trade: u32,
    /// A channel that confirmed a close, or refused a payer's code, takes the money all the
    /// same.
    pub contradiction: u32,
    /// WeChat Pay refuses to close within five minutes.
    pub close_age: bool,
    /// A notice is lost, each time that it is sent.
    pub notice_lost: u32,
    /// A notice comes twice.
    pub notice_doubled: u32,
    /// A notice comes late: minutes, hours, or more than a day.
    pub notice_late: u32,
    /// A verified notice names another amount.
    pub notice_wrong: u32,
    /// A trade's only notice says that it is finished.
    pub finished_first: u32,
    /// The channel changes its key, and Till learns it later.
    pub key_change: bool,
    /// A node dies at a port.
    pub crash: u32,
    /// A node stands still for a while.
    pub pause: u32,
    /// A commit is answered with a conflict that is none.
    pub conflict: u32,
    /// A commit's answer is lost: half of them were written.
    pub commit_unknown: u32,
    /// The database does not answer.
    pub store_down: u32,
    /// Leases are forgotten, as by a lock service that lies.
    pub lease_lie: u32,
    /// How far a node's own clock may be off, in milliseconds.
    pub skew: u32,
    /// A request to Till, or its answer, is lost.
    pub client_lost: u32,
    /// The merchant's server is down for a while.
    pub merchant_down: bool,
    /// The merchant's answer to an event is lost.
    pub receipt_lost: u32,
    /// A refund is refused for now.
    pub poor: u32,
    /// A refund cannot finish.
    pub abnormal: u32,
    /// The channel closes a refund.
    pub refund_closed: u32,
    /// Somebody refunds in the channel's own back office.
    pub external_refund: u32,
    /// Somebody forges, replays and probes.
    pub attacker: bool,
    /// Somebody ends exceptions by hand.
    pub operator: bool,
    /// Another account's own channel names our flows.
    pub impostor: bool,
    /// How far the channels' clocks are behind everybody else's, in milliseconds.
    pub behind: u32,
    /// A creation is refused for good, also one that was carried out before.
    pub refused: u32,
    /// A node stands still with a channel's answer in its hands.
    pub drowsy: u32,
    /// WeChat Pay refuses a refund that it has made already, once nothing is left of
    /// the payment.
    pub nothing_left: bool,
    /// How many wishes to pay are a code that the payer shows.
    pub counter: u32,
    /// A wallet asks for a password before it pays by code.
    pub password: u32,
    /// The channel refuses a payer's code.
    pub code_refused: u32,
    /// A call is answered with a no that nobody has signed (WeChat Pay's APIv2): half of the
    /// time after the thing was done.
    pub unsigned_no: u32,
    /// A payer pays at the very end of a code's time, or after it.
    pub slow_payer: u32,
    /// The channel asks for the same reversal again.
    pub reverse_again: u32,
    /// The channel does not take a payment back.
    pub kept: u32,
    /// How many orders there are.
    pub orders: u32,
    /// How many nodes there are.
    pub nodes: usize,
    /// The application's choices.
    pub policy: Policy,
    /// How long orders can be paid.
    pub expires_in: Span,
    /// When the faults end, after the beginning.
    pub calm_after: Span,
}

impl Plan {
    /// Draws a plan.
    pub fn draw(seed: u64) -> Plan {
        // Another stream than the world's own choices.
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x5157_1f4a_9c3b_77d1);
        let mut up_to = |most: u32| if rng.bool() { rng.u32(1..=most) } else { 0 };
        let mut plan = Plan {
            call_lost: up_to(200),
            answer_lost: up_to(200),
            carried_out_late: up_to(100),
            channel_error: up_to(300),
            garbage: up_to(50),
            bad_signature: up_to(50),
            not_sent: up_to(100),
            wrong_amount: 0,
            wrong_trade: 0,
            contradiction: up_to(300),
            close_age: up_to(1) > 0,
            notice_lost: up_to(1000),
            notice_doubled: up_to(500),
            notice_late: up_to(500),
            notice_wrong: 0,
            finished_first: up_to(300),
            key_change: up_to(1) > 0,
            crash: up_to(12),
            pause: up_to(10),
            conflict: up_to(200),
            commit_unknown: up_to(50),
            store_down: up_to(15),
            lease_lie: up_to(300),
            skew: up_to(600_000),
            client_lost: up_to(150),
            merchant_down: up_to(1) > 0,
            receipt_lost: up_to(200),
            poor: up_to(300),
            abnormal: up_to(100),
            refund_closed: up_to(100),
            external_refund: 0,
            attacker: up_to(1) > 0,
            operator: up_to(1) > 0,
            impostor: false,
            behind: 0,
            refused: 0,
            drowsy: 0,
            nothing_left: false,
            counter: 0,
            password: 0,
            code_refused: 0,
            unsigned_no: 0,
            slow_payer: 0,
            reverse_again: 0,
            kept: 0,
            orders: 1,
            nodes: 2,
            policy: Policy::default(),
            expires_in: Span::minutes(30),
            calm_after: Span::minutes(40),
        };
        plan.draw_rare(&mut rng);
        plan.draw_size(&mut rng);
        plan.draw_last(&mut rng);
        plan.draw_counter(&mut rng);
        plan.draw_unsigned(&mut rng);
        plan
    }

    /// Every third world has a counter where payers show codes.
    fn draw_counter(&mut self, rng: &mut fastrand::Rng) {
        if rng.u32(0..3) > 0 {
            return;
        }
        self.counter = rng.u32(200..=1000);
        self.password = rng.u32(0..=800);
        self.code_refused = rng.u32(0..=200);
        self.slow_payer = rng.u32(0..=500);
        if self.is_sound() {
            return;
        }
        let mut up_to = |most: u32| if rng.bool() { rng.u32(1..=most) } else { 0 };
        self.reverse_again = up_to(500);
        self.kept = up_to(300);
    }

    /// Channels that do not sign what they refuse, in every sixth world that has faults.
    fn draw_unsigned(&mut self, rng: &mut fastrand::Rng) {
        if !self.is_sound() && rng.u32(0..6) == 0 {
            self.unsigned_no = rng.u32(1..=300);
        }
    }

    /// What would drown the rest if half of the worlds had it.
    fn draw_rare(&mut self, rng: &mut fastrand::Rng) {
        let mut seldom = |most: u32| {
            if rng.u32(0..8) == 0 {
                rng.u32(1..=most)
            } else {
                0
            }
        };
        self.wrong_amount = seldom(200);
        self.wrong_trade = seldom(200);
        self.notice_wrong = seldom(300);
        self.external_refund = seldom(300);
        // One world in twelve has sound channels and a sound Till, but no notice.
        if rng.u32(0..12) == 0 {
            *self = Plan {
                notice_lost: 1000,
                ..self.sound()
            };
        }
    }

    fn draw_size(&mut self, rng: &mut fastrand::Rng) {
        self.orders = one_of(rng, &[1, 1, 1, 1, 2, 2, 3, 5]);
        self.nodes = one_of(rng, &[1, 2, 2, 3]);
        self.policy = Policy {
            switch: if rng.bool() {
                Switch::Strict
            } else {
                Switch::Overlap
            },
            late_payment: if rng.u32(0..3) == 0 {
                LatePayment::Accept
            } else {
                LatePayment::Refund
            },
            flow_life: Span::minutes(one_of(rng, &[2, 5, 15, 15])),
        };
        self.expires_in = Span::minutes(one_of(rng, &[6, 15, 30, 60, 120]));
        self.calm_after = Span::minutes(rng.u32(5..90));
    }

    /// What was thought of later: drawn last, so that the other choices of a seed
    /// stay what they were.
    fn draw_last(&mut self, rng: &mut fastrand::Rng) {
        if self.is_sound() {
            return;
        }
        self.impostor = rng.u32(0..4) == 0;
        self.nothing_left = rng.u32(0..4) == 0;
        if rng.u32(0..4) == 0 {
            self.behind = rng.u32(1..MOST_BEHIND);
        }
        if rng.u32(0..8) == 0 {
            self.drowsy = rng.u32(1..=200);
        }
        if rng.u32(0..8) == 0 {
            self.refused = rng.u32(1..=200);
        }
    }

    /// The same world without faults: what the second phase runs under.
    pub fn sound(&self) -> Plan {
        Plan {
            call_lost: 0,
            answer_lost: 0,
            carried_out_late: 0,
            channel_error: 0,
            garbage: 0,
            bad_signature: 0,
            not_sent: 0,
            wrong_amount: 0,
            wrong_trade: 0,
            contradiction: 0,
            notice_lost: 0,
            notice_doubled: 0,
            notice_late: 0,
            notice_wrong: 0,
            crash: 0,
            pause: 0,
            drowsy: 0,
            refused: 0,
            conflict: 0,
            commit_unknown: 0,
            store_down: 0,
            lease_lie: 0,
            client_lost: 0,
            receipt_lost: 0,
            poor: 0,
            abnormal: 0,
            refund_closed: 0,
            external_refund: 0,
            unsigned_no: 0,
            reverse_again: 0,
            kept: 0,
            ..self.clone()
        }
    }

    /// Whether Till and the channels are sound, so that a payment must be found
    /// within its time although every notice may be lost.
    pub fn is_sound(&self) -> bool {
        let faults = [
            self.call_lost,
            self.answer_lost,
            self.carried_out_late,
            self.channel_error,
            self.garbage,
            self.bad_signature,
            self.not_sent,
            self.wrong_amount,
            self.wrong_trade,
            self.contradiction,
            self.crash,
            self.pause,
            self.conflict,
            self.commit_unknown,
            self.store_down,
            self.lease_lie,
            self.behind,
            self.drowsy,
            self.unsigned_no,
            self.reverse_again,
            self.kept,
        ];
        faults.iter().all(|rate| *rate == 0)
    }
}

fn one_of<T: Copy + Default>(rng: &mut fastrand::Rng, choices: &[T]) -> T {
    choices
        .get(rng.usize(0..choices.len().max(1)))
        .copied()
        .unwrap_or_default()
}

/// Takes one fault out of a plan.
pub type Without = fn(&mut Plan);

/// The faults by name, so that a failing world can be tried without each of them.
pub const FAULTS: &[(&str, Without)] = &[
    ("call_lost", |plan| plan.call_lost = 0),
    ("answer_lost", |plan| plan.answer_lost = 0),
    ("carried_out_late", |plan| plan.carried_out_late = 0),
    ("channel_error", |plan| plan.channel_error = 0),
    ("garbage", |plan| plan.garbage = 0),
    ("bad_signature", |plan| plan.bad_signature = 0),
    ("not_sent", |plan| plan.not_sent = 0),
    ("wrong_amount", |plan| plan.wrong_amount = 0),
    ("wrong_trade", |plan| plan.wrong_trade = 0),
    ("contradiction", |plan| plan.contradiction = 0),
    ("close_age", |plan| plan.close_age = false),
    ("notice_lost", |plan| plan.notice_lost = 0),
    ("notice_doubled", |plan| plan.notice_doubled = 0),
    ("notice_late", |plan| plan.notice_late = 0),
    ("notice_wrong", |plan| plan.notice_wrong = 0),
    ("finished_first", |plan| plan.finished_first = 0),
    ("key_change", |plan| plan.key_change = false),
    ("crash", |plan| plan.crash = 0),
    ("pause", |plan| plan.pause = 0),
    ("conflict", |plan| plan.conflict = 0),
    ("commit_unknown", |plan| plan.commit_unknown = 0),
    ("store_down", |plan| plan.store_down = 0),
    ("lease_lie", |plan| plan.lease_lie = 0),
    ("skew", |plan| plan.skew = 0),
    ("client_lost", |plan| plan.client_lost = 0),
    ("merchant_down", |plan| plan.merchant_down = false),
    ("receipt_lost", |plan| plan.receipt_lost = 0),
    ("poor", |plan| plan.poor = 0),
    ("abnormal", |plan| plan.abnormal = 0),
    ("refund_closed", |plan| plan.refund_closed = 0),
    ("external_refund", |plan| plan.external_refund = 0),
    ("attacker", |plan| plan.attacker = false),
    ("operator", |plan| plan.operator = false),
    ("impostor", |plan| plan.impostor = false),
    ("behind", |plan| plan.behind = 0),
    ("drowsy", |plan| plan.drowsy = 0),
    ("refused", |plan| plan.refused = 0),
    ("nothing_left", |plan| plan.nothing_left = false),
    ("counter", |plan| plan.counter = 0),
    ("password", |plan| plan.password = 0),
    ("code_refused", |plan| plan.code_refused = 0),
    ("unsigned_no", |plan| plan.unsigned_no = 0),
    ("slow_payer", |plan| plan.slow_payer = 0),
    ("reverse_again", |plan| plan.reverse_again = 0),
    ("kept", |plan| plan.kept = 0),
    ("orders", |plan| plan.orders = 1),
    ("nodes", |plan| plan.nodes = 1),
];
