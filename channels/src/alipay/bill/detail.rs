//! The file of every trade (业务明细): its head names account and day, then a row for
//! each payment and each refund, then their sums.

use super::super::convert;
use super::lines::{Lines, column, fen, fields};
use super::{Expected, Side, Totals};
use cashier::channel::{BillRow, Payment};
use cashier::id::{FlowNo, RefundNo};
use cashier::money::Money;
use std::fs::File;

/// A file of trades, behind its head.
pub(super) struct Details {
    lines: Lines,
    columns: Columns,
    expected: Expected,
    is_over: bool,
}

/// One row.
pub(super) struct Row {
    /// What it says.
    pub(super) said: BillRow,
    /// 订单金额, in fen; negative on refunds.
    pub(super) ordered: i64,
    /// 商家实收, in fen; negative on refunds.
    pub(super) received: i64,
}

/// Where the columns stand, which changed over the years.
struct Columns {
    count: usize,
    trade_no: usize,
    flow_no: usize,
    kind: usize,
    done_at: usize,
    ordered: usize,
    received: usize,
    refund_no: usize,
}

impl Details {
    /// Reads the head.
    ///
    /// # Errors
    /// It is not the head of such a bill.
    pub(super) fn open(file: File, expected: &Expected) -> Result<Details, String> {
        Details::begin(Lines::new(file), expected.clone())
    }

    /// The same from its beginning.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn again(self) -> Result<Details, String> {
        Details::begin(self.lines.rewind()?, self.expected)
    }

    fn begin(mut lines: Lines, expected: Expected) -> Result<Details, String> {
        head(&mut lines, &expected, "#支付宝业务明细查询", "业务明细列表")?;
        let columns = Columns::read(&fields(&lines.must_come()?)?)?;
        Ok(Details {
            lines,
            columns,
            expected,
            is_over: false,
        })
    }

    /// The next row; `None` behind the last one.
    ///
    /// # Errors
    /// It cannot be understood, or the file is cut.
    pub(super) fn next_row(&mut self) -> Result<Option<Row>, String> {
        if self.is_over {
            return Ok(None);
        }
        let line = self.lines.must_come()?;
        if line.starts_with('#') {
            self.is_over = true;
            return match line.contains("业务明细列表结束") {
                true => Ok(None),
                false => Err("it goes on with something else than trades".to_owned()),
            };
        }
        self.columns.row(&fields(&line)?).map(Some)
    }

    /// Reads the sums and what stands below them, to the end.
    ///
    /// # Errors
    /// They are not there, or something else is.
    pub(super) fn foot(&mut self) -> Result<Said, String> {
        let paid = self.lines.must_come()?;
        let refunded = self.lines.must_come()?;
        let said = Said {
            paid: sums(&paid, "#交易合计", "商家实收共")?,
            refunded: sums(&refunded, "#退款合计", "商家实收退款共")?,
        };
        end(&mut self.lines)?;
        Ok(said)
    }
}

/// What the foot says: how many, and how much the merchant received, in fen.
#[derive(Debug)]
pub(super) struct Said {
    paid: (u64, i64),
    refunded: (u64, i64),
}

impl Said {
    /// Compares it with the rows.
    ///
    /// # Errors
    /// It differs.
    pub(super) fn agrees_with(&self, counted: &Totals) -> Result<(), String> {
        let of = |side: Side| (side.count, side.received);
        if self.paid == of(counted.paid) && self.refunded == of(counted.refunded) {
            return Ok(());
        }
        Err("its sums are not those of its rows".to_owned())
    }
}

impl Columns {
    fn read(header: &[String]) -> Result<Columns, String> {
        Ok(Columns {
            count: header.len(),
            trade_no: column(header, "支付宝交易号")?,
            flow_no: column(header, "商户订单号")?,
            kind: column(header, "业务类型")?,
            done_at: column(header, "完成时间")?,
            ordered: column(header, "订单金额（元）")?,
            received: column(header, "商家实收（元）")?,
            refund_no: column(header, "退款批次号/请求号")?,
        })
    }

    fn row(&self, fields: &[String]) -> Result<Row, String> {
        if fields.len() != self.count {
            return Err("a row has not as many fields as the header".to_owned());
        }
        let field = |at: usize| fields.get(at).map(String::as_str).unwrap_or_default();
        let (ordered, received) = (fen(field(self.ordered))?, fen(field(self.received))?);
        let flow_no = FlowNo::new(named(field(self.flow_no))?);
        let trade_no = named(field(self.trade_no))?;
        let said = match field(self.kind) {
            "交易" => BillRow::Paid {
                flow_no,
                payment: Payment {
                    trade_no: trade_no.to_owned(),
                    amount: positive(ordered)?,
                    paid_at: convert::time(field(self.done_at))?,
                    payer: None,
                    returned: false,
                },
            },
            "退款" => BillRow::Refunded {
                // A refund without a number of its own goes by the trade's.
                refund_no: RefundNo::new(match field(self.refund_no) {
                    "" => field(self.flow_no),
                    number => number,
                }),
                flow_no,
                amount: positive(ordered.saturating_neg())?,
            },
            _ => return Err("a row is neither a payment nor a refund".to_owned()),
        };
        Ok(Row {
            said,
            ordered,
            received,
        })
    }
}

/// Reads the four lines that both files begin with.
pub(super) fn head(
    lines: &mut Lines,
    expected: &Expected,
    title: &str,
    list: &str,
) -> Result<(), String> {
    if lines.must_come()? != title {
        return Err(format!("it does not begin with {title}"));
    }
    if !expected.is_account(&lines.must_come()?) {
        return Err("it is another account's".to_owned());
    }
    if !expected.is_period(&lines.must_come()?) {
        return Err("it is another day's".to_owned());
    }
    let marker = lines.must_come()?;
    match marker.starts_with('#') && marker.contains(list) && !marker.contains("结束") {
        true => Ok(()),
        false => Err("its list has no beginning".to_owned()),
    }
}

/// Reads the last line that says anything, and that nothing follows.
pub(super) fn end(lines: &mut Lines) -> Result<(), String> {
    if !lines.must_come()?.starts_with("#导出时间") {
        return Err("it does not say when it was made".to_owned());
    }
    while let Some(line) = lines.next()? {
        if !line.is_empty() {
            return Err("something follows its end".to_owned());
        }
    }
    Ok(())
}

/// `#交易合计：6笔，商家实收共0.06元，…`: how many, and how much.
fn sums(line: &str, title: &str, received: &str) -> Result<(u64, i64), String> {
    let missing = || format!("{title} is missing");
    let rest = line.strip_prefix(title).ok_or_else(missing)?;
    let count = rest
        .trim_start_matches(['：', ':'])
        .split('笔')
        .next()
        .unwrap_or_default();
    let amount = rest
        .split_once(received)
        .and_then(|(_, rest)| rest.split_once('元'));
    let (amount, _) = amount.ok_or_else(missing)?;
    Ok((count.parse().map_err(|_| missing())?, fen(amount)?))
}

fn named(text: &str) -> Result<&str, String> {
    match text.is_empty() {
        true => Err("a row has no number".to_owned()),
        false => Ok(text),
    }
}

fn positive(fen: i64) -> Result<Money, String> {
    let amount = Money::from_fen(fen)
        .ok()
        .filter(|amount| amount.is_positive());
    amount.ok_or_else(|| "the amount of a row has the wrong sign".to_owned())
}
