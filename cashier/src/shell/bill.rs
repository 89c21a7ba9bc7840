//! Taking a row of a channel's bill: the last way in which the truth arrives, and
//! the same way through `decide` as every other.

use super::Cashier;
use crate::channel::Payment;
use crate::decide::Input;
use crate::exception::ExceptionKind;
use crate::id::{AccountId, FlowNo, RefundNo};
use crate::money::Money;
use crate::store::StoreError;

/// A row of a channel's daily bill, read and checked by its adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BillRow {
    /// The channel took money.
    Paid {
        /// The flow it was taken for.
        flow_no: FlowNo,
        /// The money.
        payment: Payment,
    },
    /// The channel gave money back.
    Refunded {
        /// The flow whose payment it was.
        flow_no: FlowNo,
        /// The number of the refund at the channel.
        refund_no: RefundNo,
        /// How much, in fen.
        amount: Money,
    },
}

impl Cashier {
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
            return self.store.record_stray(None, exception).await;
        };
        self.drive(&order, &Input::Billed(row), None).await?;
        Ok(())
    }
}
