//! What merchants and payers can ask of the cashier.

use super::{Cashier, unavailable};
use crate::command::{NewOrder, Opened, PayCommand, Payable, RefundAsked, RefundCommand, Refusal};
use crate::decide::{Decision, Input, Reply};
use crate::id::{CheckoutToken, FlowNo, OrderId};
use crate::journal::{Line, Source};
use crate::order::{Order, OrderStatus};
use crate::state::{OrderState, Row};
use crate::store::StoreError;
use crate::task::{Call, Next};
use crate::time::{Span, Timestamp};

/// How many rounds a wish may take: close the old flow, make the new one, see
/// what became of it, with some to spare for what others do meanwhile.
const MOST_ROUNDS: u32 = 12;

/// When to ask again if somebody else has been busy for too long.
const BUSY_RETRY: Span = Span::seconds(3);

impl Cashier {
    /// Makes an order; with `pay`, its first flow in the same commit. The same
    /// number with the same content is the same order.
    ///
    /// # Errors
    /// [`Refusal::OrderConflict`] for the same number with other content,
    /// [`Refusal::StoreUnavailable`].
    pub async fn open(&self, new: NewOrder, pay: Option<PayCommand>) -> Result<Opened, Refusal> {
        for _ in 0..MOST_ROUNDS {
            if let Some(known) = self.known(&new).await? {
                return self.open_again(known, &new, pay).await;
            }
            match self.open_once(&new, pay.clone()).await? {
                Some(opened) => return Ok(opened),
                // Somebody was faster, perhaps with this very order: look again.
                None => continue,
            }
        }
        Err(Refusal::StoreUnavailable)
    }

    /// Makes the order, unless somebody else commits first.
    async fn open_once(
        &self,
        new: &NewOrder,
        pay: Option<PayCommand>,
    ) -> Result<Option<Opened>, Refusal> {
        let now = self.clock.now();
        let state = OrderState::new(self.new_order(new, now));
        let input = match &pay {
            Some(wish) => Input::Pay {
                wish: Box::new(wish.clone()),
                mine: None,
            },
            None => Input::Due,
        };
        let decision = with_order(&state, self.decide(&state, &input));
        let run = decision.run.clone();
        let created = match self.commit(state, decision, None).await {
            Ok(committed) => committed.state,
            Err(StoreError::Conflict(_)) => return Ok(None),
            Err(error) => return Err(unavailable(error)),
        };
        let order = created.order.id.clone();
        let mine = created.flows.first().map(|flow| flow.no.clone());
        self.run(created, run).await.map_err(unavailable)?;
        self.opened(&order, true, pay, mine).await.map(Some)
    }

    async fn known(&self, new: &NewOrder) -> Result<Option<OrderState>, Refusal> {
        let found = self
            .store
            .find_by_merchant_no(&new.app, &new.merchant_order_no)
            .await;
        match found.map_err(unavailable)? {
            Some(id) => self.load(&id).await.map(Some),
            None => Ok(None),
        }
    }

    async fn open_again(
        &self,
        known: OrderState,
        new: &NewOrder,
        pay: Option<PayCommand>,
    ) -> Result<Opened, Refusal> {
        if let Some(field) = first_difference(&known.order, new) {
            return Err(Refusal::OrderConflict { field });
        }
        self.opened(&known.order.id, false, pay, None).await
    }

    async fn opened(
        &self,
        order: &OrderId,
        created: bool,
        pay: Option<PayCommand>,
        mine: Option<FlowNo>,
    ) -> Result<Opened, Refusal> {
        let flow = match pay {
            Some(wish) => Some(
                self.pay_on(order, wish, mine)
                    .await
                    .map(|payable| payable.flow),
            ),
            None => None,
        };
        Ok(Opened {
            state: self.load(order).await?,
            created,
            flow,
        })
    }

    fn new_order(&self, new: &NewOrder, now: Timestamp) -> Order {
        let expires_at = now.plus(new.expires_in);
        Order {
            id: OrderId::generate(now, self.entropy.bytes()),
            merchant: new.merchant.clone(),
            app: new.app.clone(),
            merchant_order_no: new.merchant_order_no.clone(),
            amount: new.amount,
            subject: new.subject.clone(),
            body: new.body.clone(),
            client_ip: new.client_ip.clone(),
            ways: new.ways.clone(),
            notify_url: new.notify_url.clone(),
            return_url: new.return_url.clone(),
            metadata: new.metadata.clone(),
            policy: new.policy,
            token: CheckoutToken::generate(self.entropy.bytes()),
            created_at: now,
            expires_at,
            status: OrderStatus::Open,
            close_requested_at: None,
            closed: None,
            paid_by: None,
            paid_at: None,
            revision: 0,
            version: 0,
            next: Some(Next::first(Call::Expire, expires_at)),
        }
    }

    /// Pays an order in one way: hands out the flow in progress if it is the
    /// same try, else closes it at the channel first, and makes a new one.
    ///
    /// # Errors
    /// Every [`Refusal`] that speaks of paying.
    pub async fn pay(&self, order: &OrderId, wish: PayCommand) -> Result<Payable, Refusal> {
        self.pay_on(order, wish, None).await
    }

    async fn pay_on(
        &self,
        order: &OrderId,
        wish: PayCommand,
        mine: Option<FlowNo>,
    ) -> Result<Payable, Refusal> {
        let input = Input::Pay {
            wish: Box::new(wish),
            mine,
        };
        match self.wish(order, input).await? {
            (Reply::Payable(flow), state) => Ok(Payable { state, flow }),
            (other, _) => Err(self.unexpected(&other)),
        }
    }

    /// Asks to close an order. The answer is the order: `closed`, or still
    /// `open` with the close requested.
    ///
    /// # Errors
    /// [`Refusal::OrderPaid`], [`Refusal::NotFound`], [`Refusal::StoreUnavailable`].
    pub async fn close(&self, order: &OrderId) -> Result<OrderState, Refusal> {
        match self.wish(order, Input::Close).await {
            Ok((_, state)) => Ok(state),
            // It stays wanted; the workers go on.
            Err(Refusal::PaymentInProgress { .. }) => self.load(order).await,
            Err(refusal) => Err(refusal),
        }
    }

    /// Gives money back. The same number with the same content is the same refund.
    ///
    /// # Errors
    /// Every [`Refusal`] that speaks of refunding.
    pub async fn refund(
        &self,
        order: &OrderId,
        wish: RefundCommand,
    ) -> Result<RefundAsked, Refusal> {
        let state = self.load(order).await?;
        let number = wish.merchant_refund_no.clone();
        let found = self
            .store
            .find_by_merchant_refund_no(&state.order.merchant, &number)
            .await;
        if found
            .map_err(unavailable)?
            .is_some_and(|other| other != *order)
        {
            return Err(Refusal::RefundConflict { field: "order" });
        }
        match self.wish(order, Input::Refund(wish)).await? {
            (Reply::Refund(refund, created), state) => Ok(RefundAsked {
                state,
                refund,
                created,
            }),
            (other, _) => Err(self.unexpected(&other)),
        }
    }

    /// Asks the channels now, because the payer says that they have paid.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::StoreUnavailable`].
    pub async fn check(&self, order: &OrderId) -> Result<OrderState, Refusal> {
        self.wish(order, Input::Check).await.map(|(_, state)| state)
    }

    /// Decides a wish round by round: commit, run what is to be run, decide
    /// again, until there is an answer.
    async fn wish(
        &self,
        order: &OrderId,
        mut input: Input,
    ) -> Result<(Reply, OrderState), Refusal> {
        let give_up = self.clock.now().plus(self.timing.patience);
        let mut pause = Span::millis(20);
        for _ in 0..MOST_ROUNDS {
            let driven = self.drive(order, &input, None).await.map_err(unavailable)?;
            let committed = driven.ok_or(Refusal::NotFound)?;
            let (decision, state) = (committed.decision, committed.state);
            let ran = !decision.run.is_empty();
            if ran {
                self.run(state.clone(), decision.run)
                    .await
                    .map_err(unavailable)?;
            }
            match decision.reply {
                Reply::No(refusal) => return Err(refusal),
                Reply::Again(flow) => remember(&mut input, flow),
                Reply::Busy => {
                    self.wait(order, &state, give_up, &mut pause).await?;
                }
                reply if ran => return Ok((reply, self.load(order).await?)),
                reply => return Ok((reply, state)),
            }
        }
        Err(Refusal::PaymentInProgress {
            retry_at: self.clock.now().plus(BUSY_RETRY),
        })
    }

    /// Waits until the order has changed: somebody else is busy with it.
    async fn wait(
        &self,
        order: &OrderId,
        seen: &OrderState,
        give_up: Timestamp,
        pause: &mut Span,
    ) -> Result<(), Refusal> {
        loop {
            let now = self.clock.now();
            if now >= give_up {
                return Err(Refusal::PaymentInProgress {
                    retry_at: now.plus(BUSY_RETRY),
                });
            }
            self.clock.sleep(*pause).await;
            *pause = pause.doubled(1, Span::millis(200));
            let revision = self.store.revision(order).await.map_err(unavailable)?;
            if revision != Some(seen.order.revision) {
                return Ok(());
            }
        }
    }

    /// A reply that does not belong to the wish: nothing was promised, so asking
    /// again is safe.
    fn unexpected(&self, _: &Reply) -> Refusal {
        Refusal::PaymentInProgress {
            retry_at: self.clock.now().plus(BUSY_RETRY),
        }
    }
}

/// The first commit of an order writes the order in any case, and begins its
/// journal.
fn with_order(state: &OrderState, mut decision: Decision) -> Decision {
    let made = Line {
        order: state.order.id.clone(),
        at: state.order.created_at,
        source: Source::Merchant,
        subject: None,
        text: format!("the order is made: {} CNY", state.order.amount),
    };
    decision.rows.insert(0, Row::Line(made));
    if !decision.rows.iter().any(|row| matches!(row, Row::Order(_))) {
        let mut order = state.order.clone();
        order.revision = 1;
        decision.rows.insert(0, Row::Order(Box::new(order)));
    }
    decision
}

/// The flow that a wish has made is its own in the next round.
fn remember(input: &mut Input, flow: Option<FlowNo>) {
    if let (Input::Pay { mine, .. }, Some(flow)) = (input, flow) {
        *mine = Some(flow);
    }
}

/// The first field in which an order differs from what is asked for again.
fn first_difference(order: &Order, new: &NewOrder) -> Option<&'static str> {
    let life = order.expires_at.since(order.created_at);
    [
        ("amount", order.amount == new.amount),
        ("subject", order.subject == new.subject),
        ("body", order.body == new.body),
        ("client_ip", order.client_ip == new.client_ip),
        ("ways", order.ways == new.ways),
        ("notify_url", order.notify_url == new.notify_url),
        ("return_url", order.return_url == new.return_url),
        ("metadata", order.metadata == new.metadata),
        ("expires_in", life == new.expires_in),
    ]
    .into_iter()
    .find(|(_, same)| !same)
    .map(|(field, _)| field)
}
