//! What people read in a chat: the exceptions in words, as many as a message holds.

use cashier::desk::Standing;
use cashier::reading::{Reading, read};

/// The most characters of what was seen exactly: the channel's own words are in it.
const LONGEST_DETAIL: usize = 300;
/// What the line about those that did not fit may take, in bytes.
const REST: usize = 120;

/// How a chat shows something strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Markdown.
    Markdown,
    /// As it is.
    Plain,
}

/// The first line. It holds the word Till, for robots that ask for a keyword.
pub(super) fn title(standings: &[Standing]) -> String {
    match standings.len() {
        1 => "Till: an exception that a person must see".to_owned(),
        many => format!("Till: {many} exceptions that a person must see"),
    }
}

/// Title and exceptions in at most `limit` bytes, and how many more there are.
pub(super) fn text(standings: &[Standing], style: Style, limit: usize) -> String {
    let mut text = strong(&title(standings), style);
    let mut shown: usize = 0;
    for standing in standings {
        let item = item(standing, style);
        let room = limit.saturating_sub(REST);
        if text.len().saturating_add(item.len()) > room {
            break;
        }
        text.push_str(&item);
        shown = shown.saturating_add(1);
    }
    let rest = standings.len().saturating_sub(shown);
    if rest > 0 {
        text.push_str(&format!(
            "\n\n{rest} more: GET /ops/v1/exceptions?status=open"
        ));
    }
    text
}

fn item(standing: &Standing, style: Style) -> String {
    let exception = &standing.exception;
    let Reading {
        happened,
        did,
        left,
    } = read(standing);
    let mut head = exception.kind.name().to_owned();
    if let Some(amount) = exception.amount {
        head.push_str(&format!(" {amount} CNY"));
    }
    let mut about = vec![exception.id.to_string()];
    about.extend(exception.order.as_ref().map(|id| format!("order {id}")));
    about.extend(exception.account.as_ref().map(|id| format!("account {id}")));
    let lines = [
        strong(&head, style),
        format!("{happened} {}", quoted(&exception.detail)),
        format!("Till: {}", quoted(&did)),
        format!("To do: {}", quoted(&left)),
        about.join(", "),
    ];
    // One line end is none in Markdown.
    format!("\n\n{}", lines.join("\n\n"))
}

fn strong(text: &str, style: Style) -> String {
    match style {
        Style::Markdown => format!("**{text}**"),
        Style::Plain => text.to_owned(),
    }
}

/// Words that came from outside: on one line, of bounded length, and without what
/// chats take for a command (`<at …>`, `<@…>`).
fn quoted(text: &str) -> String {
    text.chars()
        .take(LONGEST_DETAIL)
        .map(|c| match c {
            '<' => '‹',
            '>' => '›',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cashier::exception::{Exception, ExceptionKind};
    use cashier::id::{AccountId, ExceptionId, OrderId};
    use cashier::money::Money;
    use cashier::time::Timestamp;

    fn standing(nth: usize) -> Standing {
        let exception = Exception {
            id: ExceptionId::new(format!("exc_{nth}")),
            order: Some(OrderId::new("ord_1")),
            account: Some(AccountId::new("tea_alipay")),
            kind: ExceptionKind::AmountMismatch,
            subject: format!("F{nth}"),
            amount: Some(Money::from_fen(1).unwrap()),
            detail: "金额<at user_id=\"all\">\n不符".to_owned(),
            opened_at: Timestamp::from_millis(0),
        };
        Standing::of(exception, None, &[], None)
    }

    #[test]
    fn a_message_says_what_where_and_how_much() {
        let text = text(&[standing(1)], Style::Markdown, 4096);
        for part in [
            "**Till: an exception that a person must see**",
            "**amount_mismatch 0.01 CNY**",
            "金额‹at user_id=\"all\"› 不符",
            "To do: Compare",
            "exc_1, order ord_1, account tea_alipay",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn a_message_never_exceeds_its_limit_and_says_what_is_missing() {
        let many: Vec<Standing> = (1..=50).map(standing).collect();
        for limit in [4096, 16_000] {
            let text = text(&many, Style::Plain, limit);
            assert!(text.len() <= limit);
            let shown = text.matches("To do:").count();
            assert!(shown > 3, "{text}");
            assert!(text.ends_with(&format!(
                "{} more: GET /ops/v1/exceptions?status=open",
                50 - shown
            )));
        }
    }
}
