//! What was handed out, and what it stands for.
//!
//! A QR text, a page, an `h5_url` or a `prepay_id` is a bearer artefact: whoever has it can open
//! it until it expires, however the merchant's own books look. This is where the payer's wallet
//! looks it up.

use std::collections::{BTreeMap, VecDeque};

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
    /// WeChat's `prepay_id`, which JSAPI and APP parameters carry.
    PrepayId,
}

/// One thing that was handed out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Artefact {
    /// What identifies it: the QR's text, the `prepay_id`, the `id` of an `h5_url`, the signature
    /// of a page or an order string.
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
pub struct Artefacts {
    by_code: BTreeMap<String, Artefact>,
    /// Codes, oldest first.
    order: VecDeque<String>,
}

impl Artefacts {
    /// Remembers an artefact; the same code again takes the place of the former.
    pub fn hand_out(&mut self, artefact: Artefact) {
        let code = artefact.code.clone();
        if self.by_code.insert(code.clone(), artefact).is_none() {
            self.order.push_back(code);
        }
        while self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_code.remove(&oldest);
        }
    }

    /// The artefact with this code.
    pub fn find(&self, code: &str) -> Option<&Artefact> {
        self.by_code.get(code)
    }

    /// The newest artefacts first.
    pub fn newest(&self) -> impl Iterator<Item = &Artefact> {
        self.order
            .iter()
            .rev()
            .filter_map(|code| self.by_code.get(code))
    }

    /// The newest artefact of this trade in this form.
    pub fn newest_of(&self, trade: &TradeKey, kind: ArtefactKind) -> Option<&Artefact> {
        self.newest()
            .find(|artefact| artefact.kind == kind && artefact.order.key == *trade)
    }

    /// Makes every artefact of this trade in this form unusable (WeChat: a repeated order makes
    /// the old code invalid).
    pub fn replace(&mut self, trade: &TradeKey, kind: ArtefactKind) {
        for artefact in self.by_code.values_mut() {
            if artefact.kind == kind && artefact.order.key == *trade {
                artefact.replaced = true;
            }
        }
    }
}
