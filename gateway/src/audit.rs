//! The audit: every formula over the rows of the database, as `till audit` and a
//! background loop ask for it. It reads, and changes nothing.

use cashier::audit::{Books, Breach, Delivery, Standing, rest, rows};
use cashier::store::StoreError;
use cashier::time::{Span, Timestamp};
use cashier::timing::Timing;
use entities::Auditor;
use entities::auditor::{Record, Scope};

/// How many orders are read at a time.
const PAGE: u32 = 200;

/// How long a delivery that is due may wait for its turn before it is in limbo.
const TURN: Span = Span::minutes(60);

/// What an audit looks at, and from when.
#[derive(Debug)]
pub struct Audit<'a> {
    /// Who reads the rows.
    pub auditor: &'a Auditor,
    /// Which orders.
    pub scope: &'a Scope,
    /// The rhythm by which it is known what should have come to rest.
    pub timing: &'a Timing,
    /// The present moment.
    pub now: Timestamp,
}

impl Audit<'_> {
    /// Looks at every order in scope, and at what belongs to none, and tells of each
    /// breach as it is found. Returns how many orders there were.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer; `tell`'s own errors.
    pub async fn run<E: From<StoreError>>(
        &self,
        mut tell: impl FnMut(Breach) -> Result<(), E>,
    ) -> Result<u64, E> {
        let (mut count, mut after) = (0, None);
        loop {
            let page = self
                .auditor
                .page(self.scope, after.as_deref(), PAGE)
                .await?;
            count += u64::try_from(page.records.len() + page.damage.len()).unwrap_or(0);
            let found = page.records.iter().flat_map(|record| self.check(record));
            page.damage
                .iter()
                .cloned()
                .chain(found)
                .try_for_each(&mut tell)?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if !matches!(self.scope, Scope::One(_)) {
            self.auditor
                .strays()
                .await?
                .into_iter()
                .try_for_each(&mut tell)?;
        }
        Ok(count)
    }

    fn check(&self, record: &Record) -> Vec<Breach> {
        let deliveries: Vec<Delivery> = record
            .deliveries
            .iter()
            .map(|told| told.delivery.clone())
            .collect();
        let mut found = rows::check(&Books {
            state: &record.state,
            events: &record.events,
            deliveries: &deliveries,
        });
        if rest::is_due(&record.state, self.timing, self.now) {
            found.extend(rest::check(&Books {
                state: &record.state,
                events: &record.events,
                deliveries: &self.at_rest(record),
            }));
        }
        found
    }

    /// Deliveries without those that wait for their next try, which may be days away.
    fn at_rest(&self, record: &Record) -> Vec<Delivery> {
        let waits = |due: Timestamp| self.now.since(due).as_millis() <= TURN.as_millis();
        record
            .deliveries
            .iter()
            .filter(|told| told.delivery.standing != Standing::Pending || !waits(told.due))
            .map(|told| told.delivery.clone())
            .collect()
    }
}
