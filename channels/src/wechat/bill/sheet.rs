//! A bill's table: columns by their names, rows in our words, and sums that must be
//! those of the rows.

use super::text::Text;
use super::{Owner, fault};
use aws_lc_rs::digest::Digest;
use cashier::channel::{BillFault, BillRow, Payment};
use cashier::id::{FlowNo, RefundNo};
use cashier::money::Money;
use cashier::time::{Span, Timestamp};
use chrono::NaiveDateTime;

/// What a cell begins with.
const CELL: char = '`';

/// What stands between two cells; a comma alone may be part of one.
const BETWEEN: &str = ",`";

/// The columns whose text a merchant chooses: only they may hold a [`BETWEEN`].
const FREE: [&str; 2] = ["商品名称", "商户数据包"];

/// The sums that are compared, and the columns whose sums they are.
const SUMS: [(&str, &str); 5] = [
    ("应结订单总金额", "应结订单金额"),
    ("退款总金额", "退款金额"),
    ("充值券退款总金额", "充值券退款金额"),
    ("订单总金额", "订单金额"),
    ("申请退款总金额", "申请退款金额"),
];

/// The number of rows, among the sums.
const COUNT: &str = "总交易单数";

/// Beijing's distance from UTC.
const AHEAD: Span = Span::seconds(8 * 3600);

/// A bill's table on its way.
pub(super) struct Sheet {
    text: Text,
    owner: Owner,
    columns: Columns,
    totals: [Money; SUMS.len()],
    rows: u64,
    ended: bool,
}

/// A line of the table.
pub(super) enum Line {
    /// Money came or went back.
    Row(BillRow),
    /// A refund that did not come about.
    Nothing,
}

/// Where each column is.
struct Columns(Vec<String>);

/// A row's cells.
struct Cells<'a> {
    columns: &'a Columns,
    cells: Vec<&'a str>,
    number: u64,
}

impl Sheet {
    /// Reads the names of the columns.
    pub(super) fn begin(mut text: Text, owner: Owner) -> Result<Sheet, BillFault> {
        let names = text.next_line()?.ok_or_else(|| fault("it is empty"))?;
        let columns = Columns(names.split(',').map(str::to_owned).collect());
        Ok(Sheet {
            text,
            owner,
            columns,
            totals: [Money::ZERO; SUMS.len()],
            rows: 0,
            ended: false,
        })
    }

    /// The next line; `None` after the sums, which have then been compared.
    pub(super) fn next_line(&mut self) -> Result<Option<Line>, BillFault> {
        if self.ended {
            return Ok(None);
        }
        let cut = || fault("it ends before its sums");
        let line = self.text.next_line()?.ok_or_else(cut)?;
        if let Some(first) = line.strip_prefix(CELL) {
            self.rows += 1;
            let cells = self.columns.cells(first, self.rows)?;
            for ((_, column), total) in SUMS.iter().zip(&mut self.totals) {
                let amount = cells.yuan(column)?;
                let sum = total.checked_add(amount);
                *total = sum.ok_or_else(|| fault("its amounts are more than there is money"))?;
            }
            return read(&cells, &self.owner).map(Some);
        }
        let names = Columns(line.split(',').map(str::to_owned).collect());
        let sums = self.text.next_line()?.ok_or_else(cut)?;
        let sums = sums.strip_prefix(CELL).ok_or_else(cut)?;
        let sums = names.cells(sums, self.rows)?;
        compare(&sums, &self.totals, self.rows)?;
        while let Some(rest) = self.text.next_line()? {
            if !rest.is_empty() {
                return Err(fault("it goes on after its sums"));
            }
        }
        self.ended = true;
        Ok(None)
    }

    /// The SHA-1 of what was read.
    pub(super) fn digest(self) -> Digest {
        self.text.digest()
    }
}

fn compare(sums: &Cells<'_>, totals: &[Money], rows: u64) -> Result<(), BillFault> {
    if sums.text(COUNT)? != rows.to_string() {
        return Err(fault("it has another number of rows than it says"));
    }
    for ((name, column), total) in SUMS.iter().zip(totals) {
        if sums.yuan(name)? != *total {
            return Err(fault(format!("the sum of {column} is not what it says")));
        }
    }
    Ok(())
}

impl Columns {
    fn place(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|column| column == name)
    }

    /// Parts a line into cells. Where there are more than columns, the merchant's own
    /// text is in several of them, and the cells on both sides are counted from the
    /// ends.
    fn cells<'a>(&'a self, line: &'a str, number: u64) -> Result<Cells<'a>, BillFault> {
        let mut cells: Vec<&str> = line.split(BETWEEN).collect();
        let too_many = cells.len().checked_sub(self.0.len());
        let free = self.place(FREE[0]);
        match (too_many, free) {
            (Some(0), _) => {}
            (Some(more), Some(first)) => {
                cells.drain(first..first + more);
            }
            _ => return Err(fault(format!("row {number} has other cells than columns"))),
        }
        Ok(Cells {
            columns: self,
            cells,
            number,
        })
    }
}

impl<'a> Cells<'a> {
    fn text(&self, name: &str) -> Result<&'a str, BillFault> {
        let place = self.columns.place(name);
        place
            .and_then(|place| self.cells.get(place).copied())
            .ok_or_else(|| fault(format!("it has no column {name}")))
    }

    fn filled(&self, name: &str) -> Result<&'a str, BillFault> {
        let text = self.text(name)?;
        if text.is_empty() {
            return Err(self.wrong(name));
        }
        Ok(text)
    }

    fn yuan(&self, name: &str) -> Result<Money, BillFault> {
        Money::from_yuan(self.text(name)?).map_err(|_| self.wrong(name))
    }

    fn moment(&self, name: &str) -> Result<Timestamp, BillFault> {
        NaiveDateTime::parse_from_str(self.text(name)?, "%Y-%m-%d %H:%M:%S")
            .map(|there| Timestamp::from_millis(there.and_utc().timestamp_millis()).minus(AHEAD))
            .map_err(|_| self.wrong(name))
    }

    fn wrong(&self, name: &str) -> BillFault {
        fault(format!("row {}: {name} cannot be read", self.number))
    }
}

/// What a row says.
fn read(cells: &Cells<'_>, owner: &Owner) -> Result<Line, BillFault> {
    belongs(cells, owner)?;
    if cells.text("货币种类")? != "CNY" {
        return Err(cells.wrong("货币种类"));
    }
    let flow_no = FlowNo::new(cells.filled("商户订单号")?);
    match cells.text("交易状态")? {
        "SUCCESS" => {
            let payment = payment(cells, cells.yuan("订单金额")?, false)?;
            Ok(Line::Row(BillRow::Paid { flow_no, payment }))
        }
        // Paid by barcode, and taken back whole.
        "REVOKED" => {
            let taken = cells.yuan("订单金额")?;
            let given = cells.yuan("申请退款金额")?;
            let payment = payment(cells, taken.max(given), true)?;
            Ok(Line::Row(BillRow::Paid { flow_no, payment }))
        }
        "REFUND" => refund(cells, flow_no),
        _ => Err(cells.wrong("交易状态")),
    }
}

fn belongs(cells: &Cells<'_>, owner: &Owner) -> Result<(), BillFault> {
    let sub_merchant = match cells.text("特约商户号")? {
        "" | "0" => None,
        other => Some(other),
    };
    let ours =
        cells.text("商户号")? == owner.merchant && sub_merchant == owner.sub_merchant.as_deref();
    if ours {
        return Ok(());
    }
    Err(fault(format!("row {} is another merchant's", cells.number)))
}

fn payment(cells: &Cells<'_>, amount: Money, returned: bool) -> Result<Payment, BillFault> {
    if !amount.is_positive() {
        return Err(cells.wrong("订单金额"));
    }
    let payer = cells.text("用户标识")?;
    Ok(Payment {
        trade_no: cells.filled("微信订单号")?.to_owned(),
        amount,
        paid_at: cells.moment("交易时间")?,
        payer: Some(payer.to_owned()).filter(|openid| !openid.is_empty()),
        returned,
    })
}

/// A refund that is under way was taken from the merchant already.
fn refund(cells: &Cells<'_>, flow_no: FlowNo) -> Result<Line, BillFault> {
    let amount = cells.yuan("申请退款金额")?;
    let refund_no = RefundNo::new(cells.filled("商户退款单号")?);
    match cells.text("退款状态")? {
        "SUCCESS" | "PROCESSING" if amount.is_positive() => Ok(Line::Row(BillRow::Refunded {
            flow_no,
            refund_no,
            amount,
        })),
        // Failed, given up, or stuck until a person acts: in the words of the bill, of
        // APIv2 and of APIv3, since the bill's own list is short and one word more would
        // cost the whole day.
        "FAIL" | "CHANGE" | "ABNORMAL" | "REFUNDCLOSE" | "CLOSED" => Ok(Line::Nothing),
        _ => Err(cells.wrong("退款状态")),
    }
}
