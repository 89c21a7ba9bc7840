//! Taking a channel's daily bill: the last of the ways in which the truth arrives. It
//! is downloaded and found whole before its first row is believed, and then goes
//! through the same decisions as every notice and every query.

use crate::accounts::Registry;
use cashier::channel::{Bill, BillFault, BillRow, Outcome};
use cashier::id::AccountId;
use cashier::shell::{Cashier, Channels};
use cashier::store::StoreError;
use cashier::time::Day;
use tokio::sync::mpsc;

/// How many rows are looked up at once.
const BATCH: usize = 400;

/// What a bill said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// How many rows it has.
    pub rows: u64,
    /// How many of them said something new.
    pub news: u64,
}

/// Why a bill was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// There is no such account, or its channel has no bills.
    #[error("{0} has no bills: is it a channel account that Till knows?")]
    NoBills(AccountId),
    /// The channel did not hand it out, or what it handed out is damaged.
    #[error("the channel did not give a usable bill ({0}); nothing of it was taken")]
    Channel(String),
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
        Outcome::Done(Some(bill)) => read(cashier, account, bill).await.map(Some),
        Outcome::Done(None) => Ok(None),
        Outcome::Refused(refusal) => {
            let said = format!("{}: {}", refusal.code, refusal.message);
            Err(Trouble::Channel(said))
        }
        Outcome::NotSent(cause) | Outcome::Unknown(cause) => Err(Trouble::Channel(format!(
            "{:?}: {}",
            cause.kind, cause.detail
        ))),
    }
}

/// Reads a bill on a thread that may block, a batch ahead of what is decided.
async fn read(cashier: &Cashier, account: &AccountId, bill: Bill) -> Result<Said, Trouble> {
    let (sender, mut batches) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || send(bill, &sender));
    let mut said = Said::default();
    while let Some(batch) = batches.recv().await {
        let batch: Vec<BillRow> = batch?;
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        said.rows = said.rows.saturating_add(count(batch.len()));
        let news = cashier.take_bill_rows(account, batch).await?;
        said.news = said.news.saturating_add(count(news));
    }
    Ok(said)
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
