//! The database of a world: the store in memory, reached over a connection that
//! takes time and breaks. What is written is durable; what is on its way when a
//! node dies is not; and whoever loses the answer does not know which it was.

use crate::exec::Exec;
use crate::node::{Life, die_here};
use crate::plan::Plan;
use crate::sight::{CrashPoint, Met};
use crate::world::World;
use async_trait::async_trait;
use cashier::audit::Formula;
use cashier::channel::BillRow;
use cashier::exception::{Exception, ExceptionKind};
use cashier::flow::FlowStatus;
use cashier::id::{
    AccountId, AppId, CheckoutToken, EventId, FlowNo, MerchantId, OrderId, RefundNo,
};
use cashier::journal::{Line, Source};
use cashier::refund::RefundStatus;
use cashier::state::{OrderState, Row};
use cashier::store::{
    ClaimedDelivery, Commit, DeliveryTry, EventRecord, NoticeRecord, Store, StoreError,
};
use cashier::task::Claimed;
use cashier::time::{Span, Timestamp};
use cashier::timeline::Evidence;
use std::sync::Arc;

/// A node's connection to the database.
pub struct Connection {
    /// The world.
    pub world: Arc<World>,
    /// Whose it is.
    pub life: Life,
}

type Answer<T> = Result<T, StoreError>;

fn down() -> StoreError {
    StoreError::Unavailable("no connection".to_owned())
}

impl Connection {
    fn exec(&self) -> &Exec {
        &self.world.exec
    }

    fn plan(&self) -> Arc<Plan> {
        self.world.plan()
    }

    /// The way to the database: takes a moment, or fails.
    async fn reach(&self) -> Answer<()> {
        let pause = self.exec().span(Span::millis(1), Span::millis(4));
        self.exec().sleep(pause).await;
        if self.exec().chance(self.plan().store_down) {
            self.exec().sleep(Span::seconds(2)).await;
            return Err(down());
        }
        Ok(())
    }

    /// Whether an answer is lost, with what was asked for done or not.
    fn fate(&self) -> Fate {
        let plan = self.plan();
        if self.exec().chance(plan.commit_unknown) {
            self.world.sight.met(Met::UnknownCommit);
            if self.exec().chance(500) {
                Fate::WrittenUnheard
            } else {
                Fate::NotWritten
            }
        } else {
            Fate::Heard
        }
    }

    /// One transaction: what comes of it, and whether anybody hears of it.
    async fn write<T>(&self, doing: impl FnOnce() -> Answer<T> + Send) -> Answer<T> {
        die_here(&self.world, self.life, CrashPoint::BeforeCommit).await;
        self.reach().await?;
        let fate = self.fate();
        if fate == Fate::NotWritten {
            return Err(down());
        }
        let answer = doing();
        self.world.wake_workers();
        let pause = self.exec().span(Span::millis(1), Span::millis(6));
        self.exec().sleep(pause).await;
        if fate == Fate::WrittenUnheard {
            Err(down())
        } else {
            answer
        }
    }

    /// Writes one decision, and looks at what it has made.
    fn write_one(&self, commit: &Commit) -> Answer<()> {
        if self.exec().chance(self.plan().conflict) {
            return Err(StoreError::Conflict(
                "as if somebody had been faster".to_owned(),
            ));
        }
        let before = self
            .world
            .memory
            .audit(&commit.order, |books| books.state.clone());
        let answer = pollster::block_on(self.world.memory.commit(vec![commit.clone()]))
            .pop()
            .unwrap_or_else(|| Err(down()));
        match &answer {
            Ok(()) => self.look(before.as_ref(), commit),
            Err(_) => self.world.sight.met(Met::Conflict),
        }
        answer
    }

    fn look(&self, before: Option<&OrderState>, commit: &Commit) {
        let world = &self.world;
        for row in &commit.rows {
            match row {
                Row::Flow(flow) => world.bank.knows(&flow.no, &commit.order),
                Row::Line(line) => {
                    let now = world.exec.now();
                    let (who, text) = (line.source.name(), &line.text);
                    let subject = line.subject.as_deref().unwrap_or("-");
                    let node = self.life.node;
                    world
                        .sight
                        .trace(now, format_args!("n{node} {who} {subject}: {text}"));
                }
                Row::Capture(capture) => {
                    let by_bill = commit
                        .rows
                        .iter()
                        .any(|row| matches!(row, Row::Line(line) if line.source == Source::Bill));
                    world.captured(before, capture, by_bill);
                }
                _ => {}
            }
        }
        if let Some(before) = before {
            moved(world, before, commit);
        }
        world.check_order(&commit.order);
    }
}

/// Notes the moves that must have been seen.
fn moved(world: &World, before: &OrderState, commit: &Commit) {
    let early = |flow: &FlowNo| {
        before
            .flow(flow)
            .is_some_and(|flow| matches!(flow.status, FlowStatus::Created | FlowStatus::Unknown))
    };
    for row in &commit.rows {
        handed_out(world, before, row);
        match row {
            Row::Flow(flow)
                if commit.notice.is_some()
                    && flow.status == FlowStatus::Paid
                    && early(&flow.no) =>
            {
                world.sight.met(Met::NoticeBeforeAnswer);
            }
            Row::Flow(flow) if flow.way().is_barcode() && flow.status == FlowStatus::Paid => {
                match before.flow(&flow.no).map(|flow| flow.status) {
                    Some(FlowStatus::Created) => world.sight.met(Met::CodePaidAtOnce),
                    Some(FlowStatus::Live) => world.sight.met(Met::CodePaidAfterWaiting),
                    _ => {}
                }
            }
            Row::Refund(refund) if refund.status == RefundStatus::Succeeded => {
                let was = before.refund(&refund.no).map(|refund| refund.status);
                if was == Some(RefundStatus::Unknown) {
                    world.sight.met(Met::RefundUnknownThenDone);
                }
                if commit.notice.is_some() {
                    world.sight.met(Met::RefundByNotice);
                }
                let call = format!("refund {}", refund.no);
                if world.bank.books().unsigned.contains(&call) {
                    world.sight.met(Met::UnsignedRefundMade);
                }
                if was == Some(RefundStatus::Abnormal) {
                    world.sight.met(Met::AbnormalRefundEnded);
                }
                if was != Some(RefundStatus::Succeeded) && refund.is_automatic() {
                    world.sight.met(Met::SurplusRefunded);
                }
            }
            // A refund by hand is heard of from a notice, or from the bill.
            Row::Exception(exception)
                if exception.kind == ExceptionKind::ExternalRefund && commit.notice.is_none() =>
            {
                world.sight.met(Met::HandRefundByBill);
            }
            Row::Refund(refund) if refund.status == RefundStatus::Failed => {
                world.sight.met(match commit.notice {
                    Some(_) => Met::RefundClosedByNotice,
                    None => Met::RefundRefused,
                });
            }
            _ => {}
        }
    }
}

/// A6: what is being closed is not handed out any more.
fn handed_out(world: &World, before: &OrderState, row: &Row) {
    let Row::Flow(flow) = row else { return };
    let was = before.flow(&flow.no);
    let given =
        was.is_some_and(|was| was.status == FlowStatus::Closing && was.action != flow.action);
    if given && flow.action.is_some() {
        let (now, row) = (world.exec.now(), format!("flows {}", flow.no));
        let detail = "it is handed out while it is being closed";
        world.sight.broken(now, Formula::A6, row, detail);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Heard,
    WrittenUnheard,
    NotWritten,
}

#[async_trait]
impl Store for Connection {
    async fn load(&self, order: &OrderId) -> Answer<Option<OrderState>> {
        self.reach().await?;
        self.world.memory.load(order).await
    }

    async fn revision(&self, order: &OrderId) -> Answer<Option<u32>> {
        self.reach().await?;
        self.world.memory.revision(order).await
    }

    async fn find_by_merchant_no(&self, app: &AppId, no: &str) -> Answer<Option<OrderId>> {
        self.reach().await?;
        self.world.memory.find_by_merchant_no(app, no).await
    }

    async fn find_by_token(&self, token: &CheckoutToken) -> Answer<Option<OrderId>> {
        self.reach().await?;
        self.world.memory.find_by_token(token).await
    }

    async fn find_by_flow(&self, account: &AccountId, flow: &FlowNo) -> Answer<Option<OrderId>> {
        self.reach().await?;
        self.world.memory.find_by_flow(account, flow).await
    }

    async fn find_by_refund(&self, refund: &RefundNo) -> Answer<Option<OrderId>> {
        self.reach().await?;
        self.world.memory.find_by_refund(refund).await
    }

    async fn find_by_merchant_refund_no(
        &self,
        merchant: &MerchantId,
        no: &str,
    ) -> Answer<Option<OrderId>> {
        self.reach().await?;
        self.world
            .memory
            .find_by_merchant_refund_no(merchant, no)
            .await
    }

    async fn commit(&self, commits: Vec<Commit>) -> Vec<Answer<()>> {
        let count = commits.len();
        let is_notice = commits.iter().any(|commit| commit.notice.is_some());
        let all = || {
            Ok(commits
                .iter()
                .map(|commit| self.write_one(commit))
                .collect())
        };
        let answers = match self.write(all).await {
            Ok(answers) => answers,
            Err(error) => vec![Err(error); count],
        };
        if is_notice {
            die_here(&self.world, self.life, CrashPoint::AfterNotice).await;
        }
        die_here(&self.world, self.life, CrashPoint::AfterCommit).await;
        answers
    }

    async fn record_stray(
        &self,
        notice: Option<NoticeRecord>,
        exception: Exception,
    ) -> Answer<bool> {
        let doing = self.world.memory.record_stray(notice, exception);
        self.write(|| pollster::block_on(doing)).await
    }

    async fn knows_notice(&self, account: &AccountId, key: &str) -> Answer<bool> {
        self.reach().await?;
        self.world.memory.knows_notice(account, key).await
    }

    async fn news_in_bill(&self, account: &AccountId, rows: Vec<BillRow>) -> Answer<Vec<BillRow>> {
        self.reach().await?;
        self.world.memory.news_in_bill(account, rows).await
    }

    async fn claim_tasks(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Answer<Vec<Claimed>> {
        self.reach().await?;
        if self.exec().chance(self.plan().lease_lie) {
            self.world.memory.forget_leases();
        }
        let claimed = self.world.memory.claim_tasks(now, until, limit).await?;
        if !claimed.is_empty() {
            die_here(&self.world, self.life, CrashPoint::AfterClaim).await;
        }
        Ok(claimed)
    }

    async fn claim_deliveries(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Answer<Vec<ClaimedDelivery>> {
        self.reach().await?;
        self.world.memory.claim_deliveries(now, until, limit).await
    }

    async fn record_delivery(&self, tried: DeliveryTry) -> Answer<()> {
        let doing = self.world.memory.record_delivery(tried);
        self.write(|| pollster::block_on(doing)).await
    }

    async fn events_after(
        &self,
        app: &AppId,
        position: i64,
        limit: u32,
    ) -> Answer<Vec<EventRecord>> {
        self.reach().await?;
        self.world.memory.events_after(app, position, limit).await
    }

    async fn redeliver(&self, app: &AppId, event: &EventId, now: Timestamp) -> Answer<bool> {
        self.reach().await?;
        self.world.memory.redeliver(app, event, now).await
    }

    async fn journal(&self, order: &OrderId) -> Answer<Vec<Line>> {
        self.reach().await?;
        self.world.memory.journal(order).await
    }

    async fn evidence(&self, order: &OrderId) -> Answer<Evidence> {
        self.reach().await?;
        self.world.memory.evidence(order).await
    }

    async fn now(&self) -> Answer<Timestamp> {
        self.reach().await?;
        Ok(self.exec().now())
    }

    async fn ping(&self) -> Answer<()> {
        self.reach().await
    }
}
