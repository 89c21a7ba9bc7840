//! Taking a channel's daily bill: the last of the ways in which the truth arrives. It
//! is downloaded and found whole before its first row is believed, and then goes
//! through the same decisions as every notice and every query.
//!
//! An account may be shared with other systems, whose payments are in its bill too: a
//! hundred thousand a day, perhaps. An exception for each of them would bury those that
//! matter, and cost as many queries. They are told apart by their numbers: what Till gave
//! out always has its form ([`FlowNo::has_our_form`]), also when the database has forgotten
//! it, so that a row of another form is never money of ours. Such rows are counted and told
//! once a bill; a number of our form that no flow has is an exception each.

use crate::accounts::Registry;
use crate::shared::Shared;
use cashier::channel::{Bill, BillFault, BillRow, CauseKind, Outcome};
use cashier::desk::Search;
use cashier::exception::{Entry, EntryKind, ExceptionKind, TILL};
use cashier::id::{AccountId, ExceptionId, FlowNo};
use cashier::shell::{Cashier, Channels};
use cashier::store::StoreError;
use cashier::time::{Day, Span};
use entities::directory::TakenBill;
use tokio::sync::mpsc;

/// How many rows are looked up at once.
const BATCH: usize = 400;

/// How long after a day's beginning its bill may have numbers of ours from: so long that
/// a wrong clock of ours never makes a number of our own another system's.
const NUMBERS_END: Span = Span::minutes(366 * 24 * 60);

/// How many of an account's open exceptions about bills are looked through; there is one
/// a day at most.
const OPEN: u32 = 100;

/// What a bill said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// How many rows it has.
    pub rows: u64,
    /// How many of them said something new.
    pub news: u64,
    /// How many of them have numbers that are not of Till's form: another system's.
    pub foreign: u64,
}

/// Why a bill was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// There is no such account, or its channel has no bills.
    #[error("{0} has no bills: is it a channel account that Till knows?")]
    NoBills(AccountId),
    /// The channel refuses to hand it out, or what it handed out is damaged.
    #[error("the channel did not give a usable bill ({0}); nothing of it was taken")]
    Channel(String),
    /// The channel could not be asked, or has a trouble of its own.
    #[error("the channel did not give the bill now ({0}); nothing of it was taken")]
    NotNow(String),
    /// It was whole when it came and could not be read to its end.
    #[error(transparent)]
    Fault(#[from] BillFault),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes the bill of a day. `None`: the channel has none for that day (yet). Taking it
/// again changes nothing.
///
/// # Errors
/// [`Trouble`]; to be taken again.
pub async fn take(
    cashier: &Cashier,
    registry: &Registry,
    account: &AccountId,
    day: Day,
) -> Result<Option<Said>, Trouble> {
    let channel = registry.channel(account);
    let bills = channel.as_ref().and_then(|channel| channel.bills());
    let bills = bills.ok_or_else(|| Trouble::NoBills(account.clone()))?;
    match bills.bill(day).await {
        Outcome::Done(Some(bill)) => read(cashier, account, day, bill).await.map(Some),
        Outcome::Done(None) => Ok(None),
        Outcome::Refused(refusal) => {
            let said = format!("{}: {}", refusal.code, refusal.message);
            Err(Trouble::Channel(said))
        }
        Outcome::NotSent(cause) | Outcome::Unknown(cause) => {
            let said = format!("{:?}: {}", cause.kind, cause.detail);
            Err(match cause.kind {
                CauseKind::Unreachable
                | CauseKind::Timeout
                | CauseKind::Reset
                | CauseKind::ChannelError => Trouble::NotNow(said),
                CauseKind::Unreadable | CauseKind::BadSignature | CauseKind::Mismatch => {
                    Trouble::Channel(said)
                }
            })
        }
    }
}

/// Takes the bill of a day and records that; what was told of trouble with it is over
/// then. `None`: the channel has none for that day (yet).
///
/// # Errors
/// [`Trouble`]; to be taken again.
pub async fn take_and_record(
    shared: &Shared,
    account: &AccountId,
    day: Day,
) -> Result<Option<Said>, Trouble> {
    let said = take(&shared.cashier, &shared.registry, account, day).await?;
    if let Some(Said { rows, news, .. }) = said {
        let taken = TakenBill {
            account: account.clone(),
            day,
            at: shared.clock.now(),
            rows,
            news,
        };
        shared.directory.record_bill(&taken).await?;
    }
    for exception in open_trouble(shared, account, day).await? {
        let over = Entry {
            exception,
            kind: EntryKind::Resolved,
            actor: TILL.to_owned(),
            text: match said {
                Some(_) => "the bill was taken".to_owned(),
                None => "the channel has no bill of that day".to_owned(),
            },
            at: shared.clock.now(),
        };
        // Whoever resolved it meanwhile has said so.
        shared.desk.add_entry(over).await?;
    }
    Ok(said)
}

/// Has a person told of trouble with a bill, once for the account and the day however
/// often it is tried: of what will not pass by itself at once, and of anything with a bill
/// that `is_late`.
///
/// # Errors
/// [`StoreError`]: nobody is told.
pub async fn report(
    shared: &Shared,
    account: &AccountId,
    day: Day,
    trouble: &Trouble,
    is_late: bool,
) -> Result<(), StoreError> {
    let may_pass = matches!(trouble, Trouble::NotNow(_));
    if may_pass && !is_late || !open_trouble(shared, account, day).await?.is_empty() {
        return Ok(());
    }
    let why = trouble.to_string();
    shared.cashier.report_bill(account, day, &why).await
}

/// What people are told of a bill, and is not over.
async fn open_trouble(
    shared: &Shared,
    account: &AccountId,
    day: Day,
) -> Result<Vec<ExceptionId>, StoreError> {
    let search = Search {
        open: Some(true),
        kind: Some(ExceptionKind::BillRefused),
        account: Some(account.clone()),
        ..Search::default()
    };
    let about = format!("{account}/{day}");
    let open = shared.desk.exceptions(&search, None, OPEN).await?;
    let exceptions = open.into_iter().map(|standing| standing.exception);
    Ok(exceptions
        .filter(|exception| exception.about() == about)
        .map(|exception| exception.id)
        .collect())
}

/// Reads a bill on a thread that may block, a batch ahead of what is decided.
async fn read(
    cashier: &Cashier,
    account: &AccountId,
    day: Day,
    bill: Bill,
) -> Result<Said, Trouble> {
    let end = day.begins().plus(NUMBERS_END);
    let (sender, mut batches) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || send(bill, &sender));
    let mut said = Said::default();
    while let Some(batch) = batches.recv().await {
        let batch: Vec<BillRow> = batch?;
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        said.rows = said.rows.saturating_add(count(batch.len()));
        let (ours, foreign): (Vec<BillRow>, Vec<BillRow>) = batch
            .into_iter()
            .partition(|row| flow_no(row).has_our_form(end));
        said.foreign = said.foreign.saturating_add(count(foreign.len()));
        let news = cashier.take_bill_rows(account, ours).await?;
        said.news = said.news.saturating_add(count(news));
    }
    Ok(said)
}

fn flow_no(row: &BillRow) -> &FlowNo {
    match row {
        BillRow::Paid { flow_no, .. } | BillRow::Refunded { flow_no, .. } => flow_no,
    }
}

type Batch = Result<Vec<BillRow>, BillFault>;

fn send(mut bill: Bill, sender: &mpsc::Sender<Batch>) {
    loop {
        let batch: Batch = bill.by_ref().take(BATCH).collect();
        let is_last = batch.as_ref().map_or(true, Vec::is_empty);
        let is_worth_it = batch.is_err() || !is_last;
        // Nobody listens any more: somebody else's error ended it.
        if is_worth_it && sender.blocking_send(batch).is_err() || is_last {
            return;
        }
    }
}
