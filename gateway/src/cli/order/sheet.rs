//! An order as text for a person at a terminal: times are UTC, amounts yuan and
//! fen. No payer's identity, no address, no token.

use cashier::money::Money;
use cashier::snapshot::rfc3339;
use cashier::state::OrderState;
use cashier::time::Timestamp;
use cashier::timeline::{Entry, Run, fold};
use std::fmt::Write;

/// The whole sheet, its last line ended.
pub(super) fn of(state: &OrderState, timeline: &[Entry]) -> String {
    let mut sheet = Sheet::default();
    sheet.order(state);
    sheet.list("flows", flows(state));
    sheet.list("captures", captures(state));
    sheet.list("refunds", refunds(state));
    sheet.list("exceptions", exceptions(state));
    sheet.list("timeline (UTC)", fold(timeline).iter().map(line));
    sheet.text
}

#[derive(Default)]
struct Sheet {
    text: String,
}

impl Sheet {
    fn fact(&mut self, name: &str, value: &str) {
        // Writing to a String does not fail.
        let _ = writeln!(self.text, "{name:<12} {value}");
    }

    fn order(&mut self, state: &OrderState) {
        let order = &state.order;
        self.fact("order", order.id.as_str());
        self.fact("merchant", order.merchant.as_str());
        self.fact("application", order.app.as_str());
        self.fact("number", &order.merchant_order_no);
        self.fact("subject", &order.subject);
        self.fact("amount", &amount(order.amount));
        self.fact("status", &status(state));
        self.fact("made", &rfc3339(order.created_at));
        self.fact("expires", &rfc3339(order.expires_at));
        self.fact("version", &order.version.to_string());
    }

    fn list(&mut self, name: &str, rows: impl Iterator<Item = String>) {
        let _ = writeln!(self.text, "\n{name}");
        let before = self.text.len();
        for row in rows {
            let _ = writeln!(self.text, "  {}", row.replace('\n', " "));
        }
        if self.text.len() == before {
            self.text.push_str("  none\n");
        }
    }
}

fn status(state: &OrderState) -> String {
    let order = &state.order;
    let name = order.status.name();
    let paid = order.paid_at.zip(order.paid_by.as_ref());
    match (paid, order.closed, order.close_requested_at) {
        (Some((at, flow)), ..) => format!("{name} at {} by {flow}", rfc3339(at)),
        (None, Some((at, reason)), _) => format!("{name} at {} ({})", rfc3339(at), reason.name()),
        (None, None, Some(at)) => format!("{name}, to be closed since {}", rfc3339(at)),
        (None, None, None) => name.to_owned(),
    }
}

fn amount(money: Money) -> String {
    format!("{money} CNY ({} fen)", money.fen())
}

fn flows(state: &OrderState) -> impl Iterator<Item = String> {
    state.flows.iter().map(|flow| {
        let mut text = format!(
            "{} {} {} {} by {}, made {}, expires {}",
            flow.no,
            flow.way(),
            flow.status.name(),
            amount(flow.amount()),
            flow.account,
            rfc3339(flow.created_at),
            rfc3339(flow.expires_at())
        );
        if let Some(at) = flow.superseded_at {
            let _ = write!(text, ", superseded {}", rfc3339(at));
        }
        if let Some(at) = flow.reverse_wanted_at {
            let _ = write!(text, ", to be taken back since {}", rfc3339(at));
        }
        if let Some(reason) = &flow.reason {
            let _ = write!(text, ": {reason}");
        }
        text
    })
}

fn captures(state: &OrderState) -> impl Iterator<Item = String> {
    state.captures.iter().map(|capture| {
        format!(
            "{} {} {} trade {} of {}, paid {}, seen {}",
            capture.id,
            capture.kind.name(),
            amount(capture.amount),
            capture.trade_no,
            capture.flow_no,
            rfc3339(capture.paid_at),
            rfc3339(capture.seen_at)
        )
    })
}

fn refunds(state: &OrderState) -> impl Iterator<Item = String> {
    state.refunds.iter().map(|refund| {
        let whose = match &refund.merchant_refund_no {
            Some(number) => format!("as {number}"),
            None => "by itself".to_owned(),
        };
        let mut text = format!(
            "{} {} {} of {} {whose}, made {}",
            refund.no,
            refund.status.name(),
            amount(refund.amount()),
            refund.capture,
            rfc3339(refund.created_at)
        );
        if let Some(at) = refund.settled_at {
            let _ = write!(text, ", ended {}", rfc3339(at));
        }
        if let Some(detail) = &refund.detail {
            let _ = write!(text, ": {detail}");
        }
        text
    })
}

fn exceptions(state: &OrderState) -> impl Iterator<Item = String> {
    state.exceptions.iter().map(|exception| {
        let of = exception
            .amount
            .map_or_else(String::new, |money| format!(" of {}", amount(money)));
        let resolution = state.resolutions.iter();
        let mut resolution = resolution.filter(|entry| entry.exception == exception.id);
        let end = resolution.next().map_or_else(
            || "open".to_owned(),
            |entry| format!("resolved {} by {}", rfc3339(entry.at), entry.actor),
        );
        format!(
            "{} {} about {}{of}, opened {}, {end}: {}",
            exception.id,
            exception.kind.name(),
            exception.subject,
            rfc3339(exception.opened_at),
            exception.detail
        )
    })
}

fn line(run: &Run) -> String {
    let Entry {
        at,
        source,
        subject,
        text,
    } = &run.entry;
    let often = often(run.count, run.until);
    let subject = subject.as_deref().unwrap_or("the order");
    format!(
        "{}  {:<8}  {subject}  {text}{often}",
        rfc3339(*at),
        source.name()
    )
}

fn often(count: u32, until: Timestamp) -> String {
    match count {
        1 => String::new(),
        count => format!(" ({count} times until {})", rfc3339(until)),
    }
}
