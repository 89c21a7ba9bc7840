//! What was handed out, and what it stands for.
//!
//! A QR text, a page, an `h5_url` or a `prepay_id` is a bearer artefact: whoever has it can open
//! it until it expires, however the merchant's own books look. This is where the payer's wallet
//! looks it up.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ledger::{Order, TradeKey};

/// How many artefacts are remembered; the oldest are forgotten first.
const REMEMBERED: usize = 20_000;

/// In which form an artefact was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArtefactKind {
    /// The text of a QR code: Alipay's `qr_code`, WeChat's `code_url`.
    QrCode,
    /// A cashier page that a browser opened (Alipay's page and wap pay).
    Page,
    /// WeChat's `h5_url`; the code is its `id` parameter.
    H5,
    /// A signed order string that an app gave to the wallet (Alipay's app pay).
    OrderString,
    /// None: the trade exists and waits in the payer's wallet (Alipay's create, a payment code
    /// that asks for the password). The code is the channel's number of the trade.
    Trade,
    /// WeChat's `prepay_id`, which JSAPI and APP parameters carry.
    PrepayId,
}

/// One thing that was handed out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Artefact {
    /// What identifies it: the QR's text, the `prepay_id`, the `id` of an `h5_url`, the digest of
    /// the signature of a page or an order string.
    pub code: String,
    /// Its form.
    pub kind: ArtefactKind,
    /// What is paid by it.
    pub order: Order,
    /// UTC.
    pub created_at: DateTime<Utc>,
    /// From when on it cannot be opened, UTC (the code's own life, not the order's).
    pub expires_at: Option<DateTime<Utc>>,
    /// WeChat: a newer code of the same order took its place.
    pub replaced: bool,
}

impl Artefact {
    /// Whether it can still be opened: neither replaced nor over, nor the order's time.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        !self.replaced
            && self.expires_at.is_none_or(|at| now < at)
            && !self.order.expiry.is_over(now)
    }
}

/// Everything that was handed out lately.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Artefact>", into = "Vec<Artefact>")]
pub struct Artefacts {
    /// By age: the highest number is the newest.
    by_age: BTreeMap<u64, Artefact>,
    by_code: BTreeMap<String, u64>,
    by_trade: BTreeMap<TradeKey, Vec<u64>>,
}

impl Artefacts {
    /// Remembers an artefact; the same code again keeps its place and takes the new content.
    pub fn hand_out(&mut self, artefact: Artefact) {
        if let Some(age) = self.by_code.get(&artefact.code) {
            self.by_age.insert(*age, artefact);
            return;
        }
        let age = self.by_age.last_key_value().map_or(0, |(age, _)| age + 1);
        self.by_code.insert(artefact.code.clone(), age);
        self.by_trade
            .entry(artefact.order.key.clone())
            .or_default()
            .push(age);
        self.by_age.insert(age, artefact);
        if self.by_age.len() > REMEMBERED {
            self.forget_oldest();
        }
    }

    /// The artefact with this code.
    pub fn find(&self, code: &str) -> Option<&Artefact> {
        self.by_age.get(self.by_code.get(code)?)
    }

    /// The newest artefacts first.
    pub fn newest(&self) -> impl Iterator<Item = &Artefact> {
        self.by_age.values().rev()
    }

    /// The newest artefact of this trade in this form.
    pub fn newest_of(&self, trade: &TradeKey, kind: ArtefactKind) -> Option<&Artefact> {
        let ages = self.by_trade.get(trade)?;
        let artefacts = ages.iter().rev().filter_map(|age| self.by_age.get(age));
        artefacts.into_iter().find(|artefact| artefact.kind == kind)
    }

    /// Artefacts of any account for this order number, newest first.
    pub fn numbered<'a>(&'a self, out_trade_no: &'a str) -> impl Iterator<Item = &'a Artefact> {
        let trades = self.by_trade.range(TradeKey::first(out_trade_no)..);
        let mut ages: Vec<_> = trades
            .take_while(|(key, _)| key.out_trade_no == out_trade_no)
            .flat_map(|(_, ages)| ages)
            .collect();
        ages.sort();
        ages.into_iter()
            .rev()
            .filter_map(|age| self.by_age.get(age))
    }

    /// Makes every artefact of this trade in this form unusable (WeChat: a repeated order makes
    /// the old code invalid).
    pub fn replace(&mut self, trade: &TradeKey, kind: ArtefactKind) {
        for age in self.by_trade.get(trade).into_iter().flatten() {
            if let Some(artefact) = self.by_age.get_mut(age)
                && artefact.kind == kind
            {
                artefact.replaced = true;
            }
        }
    }

    fn forget_oldest(&mut self) {
        let Some((age, oldest)) = self.by_age.pop_first() else {
            return;
        };
        self.by_code.remove(&oldest.code);
        if let Some(ages) = self.by_trade.get_mut(&oldest.order.key) {
            ages.retain(|other| *other != age);
            if ages.is_empty() {
                self.by_trade.remove(&oldest.order.key);
            }
        }
    }
}

impl From<Artefacts> for Vec<Artefact> {
    fn from(artefacts: Artefacts) -> Self {
        artefacts.by_age.into_values().collect()
    }
}

impl From<Vec<Artefact>> for Artefacts {
    fn from(saved: Vec<Artefact>) -> Self {
        let mut artefacts = Self::default();
        saved
            .into_iter()
            .for_each(|artefact| artefacts.hand_out(artefact));
        artefacts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Channel, Expiry};

    fn artefact(code: &str, number: &str) -> Artefact {
        let order = Order {
            key: TradeKey::new(Channel::Wechat, "m", number),
            amount: 1,
            subject: "tea".to_owned(),
            product: "NATIVE".to_owned(),
            notify_url: None,
            return_url: None,
            attach: None,
            expiry: Expiry::Never,
            details: BTreeMap::new(),
        };
        Artefact {
            code: code.to_owned(),
            kind: ArtefactKind::QrCode,
            order,
            created_at: DateTime::UNIX_EPOCH,
            expires_at: None,
            replaced: false,
        }
    }

    #[test]
    fn a_replaced_code_cannot_be_opened_and_its_successor_can() {
        let mut artefacts = Artefacts::default();
        let first = artefact("one", "W1");
        let trade = first.order.key.clone();
        artefacts.hand_out(first);
        artefacts.hand_out(artefact("other", "W2"));
        artefacts.replace(&trade, ArtefactKind::QrCode);
        artefacts.hand_out(artefact("two", "W1"));
        let live = |code| artefacts.find(code).unwrap().is_live(DateTime::UNIX_EPOCH);
        assert_eq!(
            (live("one"), live("two"), live("other")),
            (false, true, true)
        );
        assert_eq!(
            artefacts
                .newest_of(&trade, ArtefactKind::QrCode)
                .unwrap()
                .code,
            "two"
        );
        let of_w1: Vec<_> = artefacts
            .numbered("W1")
            .map(|found| found.code.as_str())
            .collect();
        assert_eq!(of_w1, ["two", "one"]);
    }

    #[test]
    fn the_oldest_are_forgotten_first_and_a_saved_list_keeps_its_order() {
        let mut artefacts = Artefacts::default();
        for n in 0..=REMEMBERED {
            artefacts.hand_out(artefact(&format!("c{n}"), &format!("W{n}")));
        }
        assert!(artefacts.find("c0").is_none() && artefacts.find("c1").is_some());
        assert_eq!(artefacts.numbered("W0").count(), 0);
        let again = Artefacts::from(Vec::from(artefacts));
        let newest = again.newest().next().unwrap();
        assert_eq!(newest.code, format!("c{REMEMBERED}"));
    }
}
