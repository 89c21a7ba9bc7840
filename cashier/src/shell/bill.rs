//! Taking a row of a channel's bill: the last way in which the truth arrives, and
//! the same way through `decide` as every other.

use super::Cashier;
use crate::channel::BillRow;
use crate::decide::Input;
use crate::exception::ExceptionKind;
use crate::id::AccountId;
use crate::store::StoreError;
use crate::time::Day;

impl Cashier {
    /// Has a person told that an account's bill of a day is not taken, and why (in words,
    /// nothing secret): once until that is resolved.
    ///
    /// # Errors
    /// [`StoreError`]: nobody is told.
    pub async fn report_bill(
        &self,
        account: &AccountId,
        day: Day,
        why: &str,
    ) -> Result<(), StoreError> {
        let (kind, subject) = (ExceptionKind::BillRefused, day.to_string());
        let detail = format!("the bill of {day}: {why}");
        let exception = self.stray(account, kind, &subject, None, detail);
        self.store.record_stray(None, exception).await.map(drop)
    }

    /// Takes rows of an account's bill, a few hundred at a time: most say what is known,
    /// and the others are decided one by one. Returns how many those were.
    ///
    /// # Errors
    /// [`StoreError`]: they are not all committed, and must be taken again.
    pub async fn take_bill_rows(
        &self,
        account: &AccountId,
        rows: Vec<BillRow>,
    ) -> Result<usize, StoreError> {
        let news = self.store.news_in_bill(account, rows).await?;
        let count = news.len();
        for row in news {
            self.take_bill_row(account, row).await?;
        }
        Ok(count)
    }

    /// Takes a row of an account's bill. The same row again changes nothing; money
    /// of a trade that Till never made is an exception.
    ///
    /// # Errors
    /// [`StoreError`]: it is not committed, and must be taken again.
    pub async fn take_bill_row(&self, account: &AccountId, row: BillRow) -> Result<(), StoreError> {
        let (flow_no, amount) = match &row {
            BillRow::Paid { flow_no, payment } => (flow_no.clone(), payment.amount),
            BillRow::Refunded {
                flow_no, amount, ..
            } => (flow_no.clone(), *amount),
        };
        let Some(order) = self.store.find_by_flow(account, &flow_no).await? else {
            let detail = format!(
                "the bill names a trade that Till never made: {flow_no}. Look it up in the channel's back office"
            );
            let subject = flow_no.as_str();
            let kind = ExceptionKind::UnknownTrade;
            let exception = self.stray(account, kind, subject, Some(amount), detail);
            return self.store.record_stray(None, exception).await.map(drop);
        };
        self.drive(&order, &Input::Billed(row), None).await?;
        Ok(())
    }
}
