//! The line from a node to a channel: requests and answers that take time, get
//! lost, come late, are damaged. It stands where an adapter stands, and speaks the
//! Channel port's words.

use crate::actor::payer;
use crate::bank::{Books, Verdict, account};
use crate::exec::{Group, Slot};
use crate::letter::Letter;
use crate::node::{Life, die_here};
use crate::post;
use crate::sight::{CrashPoint, Met};
use crate::world::World;
use async_trait::async_trait;
use cashier::audit::{Formula, TradeState};
use cashier::channel::{
    Action, Bills, Cause, CauseKind, Channel, Closed, Notice, NoticeRefusal, NoticeReply, Offer,
    Outcome, PayRequest, Payers, RawNotice, Receipt, RefundRequest, Refunded, Refusal, Reversed,
    Trade,
};
use cashier::flow::FlowStatus;
use cashier::id::FlowNo;
use cashier::money::Money;
use cashier::time::{Span, Timestamp};
use cashier::way::{ChannelKind, Way};
use std::sync::Arc;

/// How long a node waits for an answer.
const DEADLINE: Span = Span::seconds(10);

/// How long a payer is asked to wait at a counter.
const MOST_PATIENCE: Span = Span::seconds(60);

/// A node's line to one channel.
pub struct Channeled {
    /// The world.
    pub world: Arc<World>,
    /// Whose it is.
    pub life: Life,
    /// Which channel.
    pub kind: ChannelKind,
}

/// What a channel's answer holds: what was asked for, or a no.
type Said<T> = Result<T, Refusal>;

fn lost(kind: CauseKind) -> Cause {
    Cause {
        kind,
        detail: format!("{kind:?}"),
    }
}

impl Channeled {
    /// One call: what is carried out at the channel is carried out there whatever
    /// happens to the node meanwhile.
    async fn call<T: Send + 'static>(
        &self,
        about: String,
        carry_out: impl FnOnce(&Arc<World>, Timestamp) -> Said<T> + Send + 'static,
    ) -> Outcome<T> {
        die_here(&self.world, self.life, CrashPoint::BeforeCall).await;
        let (exec, plan) = (self.world.exec.clone(), self.world.plan());
        if exec.chance(plan.not_sent) {
            return Outcome::NotSent(lost(CauseKind::Unreachable));
        }
        let deadline = exec.now().plus(DEADLINE);
        let slot: Slot<Result<Said<T>, CauseKind>> = Slot::default();
        let is_unsigned = exec.chance(plan.unsigned_no);
        let is_undone = is_unsigned && exec.chance(500);
        if !exec.chance(plan.call_lost) {
            let late = exec.chance(plan.carried_out_late);
            let travel = match late {
                true => exec.span(Span::seconds(11), Span::seconds(25)),
                false => exec.span(Span::millis(20), Span::millis(900)),
            };
            let (world, answer) = (self.world.clone(), slot.clone());
            exec.spawn(Group::World, async move {
                world.exec.sleep(travel).await;
                match is_undone {
                    true => answer.fill(&world.exec, Err(CauseKind::BadSignature)),
                    false => carried_out(&world, carry_out, answer).await,
                }
            });
        }
        self.world.line_taken(&about);
        let said = slot.wait(&exec, deadline).await;
        self.world.line_free(&about);
        die_here(&self.world, self.life, CrashPoint::AfterCall).await;
        match said {
            None => Outcome::Unknown(lost(CauseKind::Timeout)),
            Some(Err(kind)) => Outcome::Unknown(lost(kind)),
            Some(Ok(_)) if is_unsigned => {
                self.world.bank.books().unsigned.insert(about);
                Outcome::Unknown(lost(CauseKind::BadSignature))
            }
            Some(Ok(Err(refusal))) => Outcome::Refused(refusal),
            Some(Ok(Ok(answer))) => Outcome::Done(answer),
        }
    }

    /// A payer's code is brought to the channel. It is sent once, whatever happens.
    async fn charge(&self, request: &PayRequest) -> Outcome<Offer> {
        let (kind, request) = (self.kind, request.clone());
        let no = request.flow_no.clone();
        let code = request.auth_code.clone().unwrap_or_default();
        let sent = self.world.bank.books().sent.insert(code, no.clone());
        if sent.is_some_and(|before| before != no || !self.world.leases_lie) {
            self.without_intent(&format!("flows {no}"), "its payer's code is sent twice");
        }
        let made = self.world.flow(&no).map(|flow| flow.created_at);
        if made.is_some_and(|at| request.expires_at.since(at) > MOST_PATIENCE) {
            let (now, row) = (self.world.exec.now(), format!("flows {no}"));
            let detail = "its payer waits at the counter longer than a minute";
            self.world.sight.broken(now, Formula::A21, row, detail);
        }
        let (exec, plan) = (self.world.exec.clone(), self.world.plan());
        if exec.chance(plan.contradiction) {
            payer::charged_after_all(&self.world, kind, &request);
        }
        let said = self
            .call(format!("pay {no}"), move |world, now| {
                charged(world, kind, &request, now)
            })
            .await;
        said.map(Offer::Trade)
    }

    /// A call that was not committed before it was made.
    fn without_intent(&self, what: &str, detail: &str) {
        let now = self.world.exec.now();
        self.world.sight.broken(now, Formula::A5, what, detail);
    }
}

/// At the channel: it does the thing, or fails before or after, and answers.
async fn carried_out<T: Send>(
    world: &Arc<World>,
    carry_out: impl FnOnce(&Arc<World>, Timestamp) -> Said<T> + Send,
    answer: Slot<Result<Said<T>, CauseKind>>,
) {
    let (exec, plan) = (&world.exec, world.plan());
    if exec.chance(plan.channel_error) && exec.chance(500) {
        exec.sleep(exec.span(Span::millis(20), Span::millis(500)))
            .await;
        answer.fill(exec, Err(CauseKind::ChannelError));
        return;
    }
    let said = carry_out(world, world.channel_time());
    let fault = if exec.chance(plan.channel_error) {
        Some(CauseKind::ChannelError)
    } else if exec.chance(plan.garbage) {
        Some(CauseKind::Unreadable)
    } else if exec.chance(plan.bad_signature) {
        Some(CauseKind::BadSignature)
    } else {
        None
    };
    exec.sleep(exec.span(Span::millis(20), Span::millis(900)))
        .await;
    if !exec.chance(plan.answer_lost) {
        answer.fill(exec, fault.map_or(Ok(said), Err));
    }
}

/// At the channel: what comes of a payer's code.
fn charged(
    world: &Arc<World>,
    kind: ChannelKind,
    request: &PayRequest,
    now: Timestamp,
) -> Said<Trade> {
    let (exec, plan) = (&world.exec, world.plan());
    let mut books = world.bank.books();
    let verdict = if exec.chance(plan.code_refused) {
        Verdict::Refuses
    } else if exec.chance(plan.password) {
        Verdict::Asks
    } else {
        Verdict::AtOnce
    };
    let amount = match exec.chance(plan.wrong_trade) {
        true => Money::from_fen(1).unwrap_or_default(),
        false => request.amount,
    };
    let no = &request.flow_no;
    let is_known = books.ledger.trades.contains_key(no);
    let said = books.charge(kind, request, amount, verdict, now);
    let is_made = !is_known && books.ledger.trades.contains_key(no);
    let is_late = books.not_reversed.contains(no);
    drop(books);
    world
        .sight
        .trace(now, format_args!("bank charges {no}: {said:?}"));
    if is_made && is_late {
        world.sight.met(Met::ArrivedAfterReversal);
    }
    match said {
        Ok(Trade::Waiting) if is_made => payer::asked(world, kind, no),
        Ok(Trade::Paid(_)) if is_made => payer::charged(world, kind, no),
        _ => {}
    }
    said
}

/// At the channel: a barcode payment is taken back, or not.
fn reversed(world: &Arc<World>, kind: ChannelKind, no: &FlowNo, now: Timestamp) -> Said<Reversed> {
    let (exec, plan) = (&world.exec, world.plan());
    let is_again = exec.chance(plan.reverse_again);
    if is_again {
        world.sight.met(Met::ReversedAgain);
        if exec.chance(500) {
            return Ok(Reversed::Again);
        }
    }
    let mut books = world.bank.books();
    let state = |books: &Books| books.ledger.trades.get(no).map(|trade| trade.state);
    let before = state(&books);
    if before == Some(TradeState::Paid) && exec.chance(plan.poor) {
        return Err(Refusal {
            kind: cashier::channel::RefusalKind::Later,
            code: "NOT_ENOUGH".to_owned(),
            message: "balance".to_owned(),
        });
    }
    let said = books.reverse(no, exec.chance(plan.kept), now);
    let after = state(&books);
    drop(books);
    world
        .sight
        .trace(now, format_args!("bank reverses {no}: {said:?}"));
    match (before, after) {
        (Some(TradeState::Waiting), Some(TradeState::Closed)) => {
            world.sight.met(Met::ReversedUnpaid);
        }
        (Some(TradeState::Paid), Some(TradeState::Reversed)) => {
            world.sight.met(Met::ReversedPaid);
            if kind == ChannelKind::Alipay {
                post::reversed(world, no);
            }
        }
        _ => {}
    }
    match said {
        Ok(Reversed::Confirmed) if is_again => Ok(Reversed::Again),
        other => other,
    }
}

#[async_trait]
impl Channel for Channeled {
    fn kind(&self) -> ChannelKind {
        self.kind
    }

    async fn pay(&self, request: &PayRequest) -> Outcome<Offer> {
        let (kind, request) = (self.kind, request.clone());
        let no = request.flow_no.clone();
        let known = self.world.flow(&no);
        if known.as_ref().is_none_or(|flow| flow.request != request) {
            self.without_intent(
                &format!("flows {no}"),
                "created at the channel without its row",
            );
        }
        if request.way.is_barcode() {
            return self.charge(&request).await;
        }
        let action = Action::QrCode {
            text: format!("qr:{no}"),
        };
        // A channel may refuse what it has made already. Where leases lie as well, two
        // first calls can be under way at once, and whoever is refused cannot know of
        // the other: only where Till knows that it asked before, then.
        let is_repeated = known.is_some_and(|flow| flow.status != FlowStatus::Created)
            || self.world.plan().lease_lie == 0;
        // These are signed by the merchant and by nobody asked.
        let is_signed = matches!(request.way, Way::AliPc | Way::AliWap | Way::AliApp);
        let make = move |world: &Arc<World>, now: Timestamp| {
            let mut books = world.bank.books();
            if books.differs(&request) {
                let row = format!("flows {}", request.flow_no);
                world.sight.broken(
                    now,
                    Formula::A5,
                    row,
                    "the same number with another content",
                );
            }
            let wrong = world.exec.chance(world.plan().wrong_trade);
            let amount = if wrong {
                Money::from_fen(1).unwrap_or_default()
            } else {
                request.amount
            };
            let refuses = is_repeated || !books.ledger.trades.contains_key(&request.flow_no);
            let made = match !is_signed && refuses && world.exec.chance(world.plan().refused) {
                true => Err(books.refuse()),
                false => books.create(kind, &request, amount, now),
            };
            if made
                .as_ref()
                .is_err_and(|no| no.kind == cashier::channel::RefusalKind::Final)
            {
                books.refused.insert(request.flow_no.clone());
            }
            drop(books);
            if made.is_ok() && kind == ChannelKind::Wechat && world.exec.chance(30) {
                crate::actor::payer::reminded(world, &request.flow_no);
            }
            made.map(|()| Offer::Action(action))
        };
        if is_signed {
            return match make(&self.world, self.world.channel_time()) {
                Ok(offer) => Outcome::Done(offer),
                Err(refusal) => Outcome::Refused(refusal),
            };
        }
        self.call(format!("pay {no}"), make).await
    }

    async fn query(&self, flow: &FlowNo) -> Outcome<Trade> {
        let (kind, no) = (self.kind, flow.clone());
        self.call(format!("query {flow}"), move |world, now| {
            let mut books = world.bank.books();
            let seen = books.query(kind, &no, now);
            Ok(match seen {
                // Once for each flow: a channel that says it twice is believed.
                Trade::Paid(mut payment)
                    if world.exec.chance(world.plan().wrong_amount)
                        && books.misnamed.insert(no.clone()) =>
                {
                    payment.amount = Money::from_fen(3).unwrap_or_default();
                    Trade::Paid(payment)
                }
                other => other,
            })
        })
        .await
    }

    async fn close(&self, flow: &FlowNo) -> Outcome<Closed> {
        let (kind, no) = (self.kind, flow.clone());
        let wanted = self.world.flow(flow).is_some_and(|flow| {
            flow.status == FlowStatus::Closing
                || flow.status.is_settled()
                || flow.close_refused_at.is_some()
        });
        if !wanted {
            self.without_intent(
                &format!("flows {flow}"),
                "closed at the channel without a row that wants it",
            );
        }
        self.call(format!("close {flow}"), move |world, now| {
            let mut books = world.bank.books();
            let closed = books.close(kind, &no, world.plan().close_age, now);
            let paid = books
                .ledger
                .trades
                .get(&no)
                .is_some_and(|t| t.state == TradeState::Paid);
            if closed == Closed::NotAllowed && paid {
                world.sight.met(Met::CloseLostTheRace);
            }
            world
                .sight
                .trace(now, format_args!("bank close {no}: {closed:?}"));
            Ok(closed)
        })
        .await
    }

    async fn reverse(&self, flow: &FlowNo) -> Outcome<Reversed> {
        let (kind, no) = (self.kind, flow.clone());
        let wanted = self.world.flow(flow).is_some_and(|flow| {
            flow.reverse_wanted_at.is_some()
                || flow.status == FlowStatus::Closing
                || flow.status.is_settled()
        });
        if !wanted {
            self.without_intent(
                &format!("flows {flow}"),
                "taken back at the channel without a row that wants it",
            );
        }
        let said = self
            .call(format!("reverse {flow}"), move |world, now| {
                reversed(world, kind, &no, now)
            })
            .await;
        let books = self.world.bank.books();
        let is_done = books.reversed_at.contains_key(flow);
        let is_unsigned = books.unsigned.contains(&format!("reverse {flow}"));
        drop(books);
        if is_done && matches!(said, Outcome::Unknown(_)) {
            self.world.sight.met(Met::ReversalUnheard);
        }
        if is_done && is_unsigned {
            self.world.sight.met(Met::UnsignedReversalDone);
        }
        said
    }

    async fn refund(&self, request: &RefundRequest) -> Outcome<Refunded> {
        let (kind, request) = (self.kind, request.clone());
        let row = format!("refunds {}", request.refund_no);
        if self
            .world
            .refund(&request.refund_no)
            .is_none_or(|refund| refund.request != request)
        {
            self.without_intent(&row, "sent to the channel without its row");
        }
        let world = self.world.clone();
        self.call(format!("refund {}", request.refund_no), move |_, now| {
            if world.exec.chance(world.plan().poor) {
                return Err(Refusal {
                    kind: cashier::channel::RefusalKind::Later,
                    code: "NOT_ENOUGH".to_owned(),
                    message: "balance".to_owned(),
                });
            }
            let before = world.bank.books().query_refund(&request.refund_no);
            let nothing_left = world.plan().nothing_left;
            let said = world.bank.books().refund(kind, &request, nothing_left, now);
            if before == Refunded::NotFound && said.is_ok() {
                world.refund_taken(kind, &request);
            }
            world.sight.trace(
                now,
                format_args!("bank refund {}: {said:?}", request.refund_no),
            );
            said
        })
        .await
    }

    async fn query_refund(&self, request: &RefundRequest) -> Outcome<Refunded> {
        let no = request.refund_no.clone();
        self.call(format!("query {no}"), move |world, _| {
            Ok(world.bank.books().query_refund(&no))
        })
        .await
    }

    fn open_notice(&self, raw: RawNotice<'_>) -> Result<Notice, NoticeRefusal> {
        Letter::open(
            raw.body,
            &account(self.kind),
            self.world.key_known(self.life.node),
        )
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
