//! What was sold, and what the gateway said about it: in memory.

use super::catalogue::Article;
use super::news::News;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One sale.
#[derive(Clone, Debug)]
pub(super) struct Sale {
    /// The shop's own number.
    pub(super) no: String,
    /// What was bought.
    pub(super) article: &'static Article,
    /// The gateway's id of the order.
    pub(super) order: String,
    /// Where it is paid.
    pub(super) checkout_url: String,
    /// The events about it, each once, as they came.
    pub(super) news: Vec<News>,
    /// Whether a refund was asked for.
    pub(super) refund_asked: bool,
}

/// All sales, by number.
#[derive(Default)]
pub(super) struct Sales(Mutex<BTreeMap<String, Sale>>);

impl Sales {
    /// A new sale.
    pub(super) fn add(&self, sale: Sale) {
        self.lock().insert(sale.no.clone(), sale);
    }

    /// The sale of that number.
    pub(super) fn find(&self, no: &str) -> Option<Sale> {
        self.lock().get(no).cloned()
    }

    /// Notes a verified event. The same event again changes nothing; `false` for
    /// an order of somebody else's, or of before the shop was last opened.
    pub(super) fn note(&self, news: News) -> bool {
        let mut sales = self.lock();
        let Some(sale) = sales.get_mut(&news.data.order.merchant_order_no) else {
            return false;
        };
        if sale.news.iter().all(|known| known.id != news.id) {
            sale.news.push(news);
        }
        true
    }

    /// Notes that a refund was asked for.
    pub(super) fn note_refund(&self, no: &str) {
        if let Some(sale) = self.lock().get_mut(no) {
            sale.refund_asked = true;
        }
    }

    // Every change is one step, so that a panic elsewhere leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Sale>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sale {
    /// What the latest event says; events may come in any order.
    pub(super) fn latest(&self) -> Option<&News> {
        self.news.iter().max_by_key(|news| news.data.order.version)
    }

    /// What the shop believes: only what it was told by a signed event.
    pub(super) fn state(&self) -> &str {
        match self.latest().map(|news| &news.data.order) {
            Some(order) if order.amount_refunded >= self.article.fen => "refunded",
            Some(order) if order.status == "open" => "waiting",
            Some(order) => &order.status,
            None => "waiting",
        }
    }

    /// Whether more is expected soon.
    pub(super) fn is_under_way(&self) -> bool {
        self.state() == "waiting" || (self.refund_asked && self.state() != "refunded")
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::ARTICLES;
    use super::*;
    use serde_json::json;

    fn event(id: &str, version: u32, status: &str, refunded: i64) -> News {
        let order = json!({ "merchant_order_no": "A", "status": status, "version": version,
            "amount_refunded": refunded, "more": "is ignored" });
        let event = json!({ "id": id, "type": "order.paid", "data": { "order": order } });
        serde_json::from_value(event).unwrap()
    }

    fn shop() -> Sales {
        let sales = Sales::default();
        sales.add(Sale {
            no: "A".to_owned(),
            article: &ARTICLES[0],
            order: "ord_1".to_owned(),
            checkout_url: String::new(),
            news: Vec::new(),
            refund_asked: false,
        });
        sales
    }

    /// Shows F69.
    #[test]
    fn an_event_that_comes_twice_or_late_does_no_harm() {
        let sales = shop();
        assert_eq!(sales.find("A").unwrap().state(), "waiting");
        assert!(sales.note(event("e2", 2, "paid", 8800)));
        assert!(sales.note(event("e1", 1, "paid", 0)));
        assert!(sales.note(event("e2", 2, "paid", 8800)));
        let sale = sales.find("A").unwrap();
        assert_eq!(sale.news.len(), 2);
        assert_eq!(sale.state(), "refunded");
    }

    #[test]
    fn an_event_about_an_unknown_order_is_not_noted() {
        let mut news = event("e1", 1, "paid", 0);
        news.data.order.merchant_order_no = "B".to_owned();
        assert!(!shop().note(news));
    }
}
