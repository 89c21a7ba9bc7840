//! The file of sums (业务明细(汇总)), held against the rows of the other.

use super::detail::{end, head};
use super::lines::{Lines, column, fen, fields};
use super::{Expected, Totals};
use std::fs::File;

/// Reads the whole file and compares its last row with what was counted.
///
/// # Errors
/// It differs, or cannot be understood.
pub(super) fn check(file: File, expected: &Expected, counted: &Totals) -> Result<(), String> {
    let mut lines = Lines::new(file);
    head(&mut lines, expected, "#支付宝业务汇总查询", "业务汇总列表")?;
    let header = fields(&lines.must_come()?)?;
    let mut total = None;
    loop {
        let line = lines.must_come()?;
        if line.starts_with('#') {
            if !line.contains("业务汇总列表结束") {
                return Err("its sums have no end".to_owned());
            }
            break;
        }
        let row = fields(&line)?;
        if row.iter().take(2).any(|field| field == "合计") && total.replace(row).is_some() {
            return Err("it has two sums".to_owned());
        }
    }
    end(&mut lines)?;
    match total {
        Some(row) => agrees(&header, &row, counted),
        None if *counted == Totals::default() => Ok(()),
        None => Err("it has no sum".to_owned()),
    }
}

/// No document says whether the amounts of this row are of payments alone or of what
/// is left after refunds: they must be the one or the other.
fn agrees(header: &[String], row: &[String], counted: &Totals) -> Result<(), String> {
    let field = |name: &str| {
        let at = column(header, name)?;
        row.get(at)
            .map(String::as_str)
            .ok_or_else(|| "its sum is cut".to_owned())
    };
    let count = |name: &str| {
        let number = field(name)?.parse::<u64>();
        number.map_err(|_| format!("{name} is no number"))
    };
    let counts = (count("交易订单总笔数")?, count("退款订单总笔数")?);
    let amounts = (
        fen(field("订单金额（元）")?)?,
        fen(field("商家实收（元）")?)?,
    );
    let (paid, refunded) = (counted.paid, counted.refunded);
    let gross = (paid.ordered, paid.received);
    let net = (
        paid.ordered.saturating_add(refunded.ordered),
        paid.received.saturating_add(refunded.received),
    );
    if counts == (paid.count, refunded.count) && (amounts == gross || amounts == net) {
        return Ok(());
    }
    Err("the sums beside it are not those of its rows".to_owned())
}
