//! A bank with a transfer service of its own: JSON letters under an HMAC. It keeps its
//! own book, and knows nothing of Till.

use aws_lc_rs::hmac;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// A letter and its signature in hexadecimal.
pub type Letter = (String, String);

/// A transfer that somebody asked for.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// In fen.
    pub amount: i64,
    pub paid: bool,
    pub closed: bool,
    /// In fen, by the merchant's number.
    pub returned: BTreeMap<String, i64>,
}

/// The bank.
pub struct Bank {
    key: hmac::Key,
    book: Mutex<BTreeMap<String, Transfer>>,
}

impl Bank {
    pub fn new(secret: &[u8]) -> Bank {
        Bank {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
            book: Mutex::default(),
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut BTreeMap<String, Transfer>) -> T) -> T {
        look(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn transfer(&self, number: &str) -> Option<Transfer> {
        self.with(|book| book.get(number).cloned())
    }

    /// The payer signs the transfer. `false`: they cannot.
    pub fn pay(&self, number: &str) -> bool {
        self.with(|book| {
            let open = book.get_mut(number).filter(|transfer| !transfer.closed);
            open.map(|transfer| transfer.paid = true).is_some()
        })
    }

    /// The letter that tells the merchant of a transfer.
    pub fn letter(&self, number: &str) -> Letter {
        self.sign(&self.seen(number))
    }

    /// Answers a signed question.
    pub fn ask(&self, (text, signature): &Letter) -> Letter {
        let genuine = hex::decode(signature)
            .is_ok_and(|tag| hmac::verify(&self.key, text.as_bytes(), &tag).is_ok());
        if !genuine {
            return self.sign(&json!({ "state": "who_are_you" }));
        }
        let question: Value = serde_json::from_str(text).unwrap_or_default();
        self.sign(&self.answer(&question))
    }

    fn answer(&self, question: &Value) -> Value {
        let number = question["number"].as_str().unwrap_or_default();
        let amount = question["amount"].as_i64().unwrap_or_default();
        match question["do"].as_str() {
            Some("open") => self.with(|book| {
                book.entry(number.to_owned()).or_insert(Transfer {
                    amount,
                    paid: false,
                    closed: false,
                    returned: BTreeMap::new(),
                });
            }),
            Some("close") => self.with(|book| {
                if let Some(transfer) = book.get_mut(number).filter(|t| !t.paid) {
                    transfer.closed = true;
                }
            }),
            Some("return") => self.with(|book| {
                let back = question["back"].as_str().unwrap_or_default();
                if let Some(transfer) = book.get_mut(number).filter(|t| t.paid) {
                    transfer.returned.entry(back.to_owned()).or_insert(amount);
                }
            }),
            _ => {}
        }
        self.seen(number)
    }

    fn seen(&self, number: &str) -> Value {
        let Some(transfer) = self.transfer(number) else {
            return json!({ "number": number, "state": "unknown" });
        };
        let state = match (transfer.paid, transfer.closed) {
            (true, _) => "paid",
            (_, true) => "closed",
            _ => "open",
        };
        json!({
            "number": number,
            "state": state,
            "amount": transfer.amount,
            "returned": transfer.returned,
        })
    }

    fn sign(&self, content: &Value) -> Letter {
        let text = content.to_string();
        let signature = hex::encode(hmac::sign(&self.key, text.as_bytes()));
        (text, signature)
    }
}
