//! An adapter for a channel that the core has never heard of: it brings its own name
//! and way, and implements the port as it stands.

use crate::bank::{Bank, Letter};
use async_trait::async_trait;
use aws_lc_rs::hmac;
use cashier::channel::{
    Action, Bills, Cause, CauseKind, Channel, Closed, Notice, NoticeFact, NoticeRefusal,
    NoticeReply, Offer, Outcome, PayRequest, Payers, Payment, RawNotice, Receipt, RefundRequest,
    Refunded, Reversed, Trade,
};
use cashier::id::FlowNo;
use cashier::money::Money;
use cashier::time::{Clock, Span};
use cashier::way::{ChannelKind, ChannelTraits, Way, WayTraits};
use serde_json::{Value, json};
use std::sync::Arc;

static TRAITS: ChannelTraits = ChannelTraits {
    name: "giro",
    refund_spacing: Span::seconds(1),
    barcode_life: Span::seconds(60),
};

static PAGE: WayTraits = WayTraits {
    name: "GIRO_PAGE",
    channel: ChannelKind::new(&TRAITS),
    payer_field: None,
    needs_client_ip: false,
    is_barcode: false,
};

/// Giro on the bank's page.
pub const GIRO_PAGE: Way = Way::new(&PAGE);

/// One account at the bank.
pub struct Giro {
    bank: Arc<Bank>,
    key: hmac::Key,
    clock: Arc<dyn Clock>,
}

impl Giro {
    pub fn new(bank: Arc<Bank>, secret: &[u8], clock: Arc<dyn Clock>) -> Giro {
        Giro {
            bank,
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
            clock,
        }
    }

    /// Asks the bank, and believes only what it has signed about that very transfer.
    fn ask(&self, question: &Value) -> Result<Value, Cause> {
        let text = question.to_string();
        let signature = hex::encode(hmac::sign(&self.key, text.as_bytes()));
        let answer = self.open(&self.bank.ask(&(text, signature)))?;
        if answer["number"] != question["number"] {
            return Err(Cause {
                kind: CauseKind::Mismatch,
                detail: "about another transfer".to_owned(),
            });
        }
        Ok(answer)
    }

    fn open(&self, (text, signature): &Letter) -> Result<Value, Cause> {
        let cause = |kind, detail: &str| Cause {
            kind,
            detail: detail.to_owned(),
        };
        hex::decode(signature)
            .ok()
            .filter(|tag| hmac::verify(&self.key, text.as_bytes(), tag).is_ok())
            .ok_or_else(|| cause(CauseKind::BadSignature, "not the bank's signature"))?;
        serde_json::from_str(text).map_err(|_| cause(CauseKind::Unreadable, "no JSON"))
    }

    fn trade(&self, answer: &Value) -> Result<Trade, Cause> {
        let number = answer["number"].as_str().unwrap_or_default();
        let amount = answer["amount"].as_i64().map(Money::from_fen);
        match (answer["state"].as_str(), amount) {
            (Some("unknown"), _) => Ok(Trade::NotFound),
            (Some("open"), _) => Ok(Trade::Waiting),
            (Some("closed"), _) => Ok(Trade::Closed),
            (Some("paid"), Some(Ok(amount))) => Ok(Trade::Paid(Payment {
                trade_no: format!("giro-{number}"),
                amount,
                paid_at: self.clock.now(),
                payer: None,
                returned: false,
            })),
            _ => Err(Cause {
                kind: CauseKind::Unreadable,
                detail: "a state never seen".to_owned(),
            }),
        }
    }

    fn returned(&self, request: &RefundRequest, question: &Value) -> Outcome<Refunded> {
        match self.ask(question) {
            Ok(answer) if answer["returned"][request.refund_no.as_str()].is_i64() => {
                Outcome::Done(Refunded::Succeeded)
            }
            Ok(_) => Outcome::Done(Refunded::NotFound),
            Err(cause) => Outcome::Unknown(cause),
        }
    }
}

#[async_trait]
impl Channel for Giro {
    fn kind(&self) -> ChannelKind {
        GIRO_PAGE.channel()
    }

    async fn pay(&self, request: &PayRequest) -> Outcome<Offer> {
        let question = json!({
            "do": "open", "number": request.flow_no, "amount": request.amount.fen(),
        });
        match self.ask(&question) {
            Ok(_) => Outcome::Done(Offer::Action(Action::Redirect {
                url: format!("https://giro.example/{}", request.flow_no),
            })),
            Err(cause) => Outcome::Unknown(cause),
        }
    }

    async fn query(&self, flow: &FlowNo) -> Outcome<Trade> {
        let answer = self.ask(&json!({ "do": "look", "number": flow }));
        match answer.and_then(|answer| self.trade(&answer)) {
            Ok(trade) => Outcome::Done(trade),
            Err(cause) => Outcome::Unknown(cause),
        }
    }

    async fn close(&self, flow: &FlowNo) -> Outcome<Closed> {
        let answer = self.ask(&json!({ "do": "close", "number": flow }));
        match answer.and_then(|answer| self.trade(&answer)) {
            Ok(Trade::Closed) => Outcome::Done(Closed::Confirmed),
            Ok(Trade::NotFound) => Outcome::Done(Closed::NotFound),
            Ok(_) => Outcome::Done(Closed::NotAllowed),
            Err(cause) => Outcome::Unknown(cause),
        }
    }

    /// This bank takes no payment codes: there is nothing to take back.
    async fn reverse(&self, _: &FlowNo) -> Outcome<Reversed> {
        Outcome::Done(Reversed::NotFound)
    }

    async fn refund(&self, request: &RefundRequest) -> Outcome<Refunded> {
        let question = json!({
            "do": "return", "number": request.flow_no, "amount": request.amount.fen(),
            "back": request.refund_no,
        });
        self.returned(request, &question)
    }

    async fn query_refund(&self, request: &RefundRequest) -> Outcome<Refunded> {
        self.returned(request, &json!({ "do": "look", "number": request.flow_no }))
    }

    fn open_notice(&self, raw: RawNotice<'_>) -> Result<Notice, NoticeRefusal> {
        let signature = raw
            .headers
            .iter()
            .find(|(name, _)| name == "giro-signature");
        let signature = signature
            .map(|(_, value)| value.clone())
            .unwrap_or_default();
        let text = String::from_utf8_lossy(raw.body).into_owned();
        let letter = self
            .open(&(text, signature))
            .map_err(|cause| NoticeRefusal::Unverified(cause.detail))?;
        let trade = self
            .trade(&letter)
            .map_err(|cause| NoticeRefusal::unreadable(cause.detail))?;
        let number = letter["number"].as_str().unwrap_or_default();
        Ok(Notice {
            key: format!("{number} {}", letter["state"]),
            fact: NoticeFact::Trade {
                flow_no: FlowNo::new(number),
                trade,
            },
        })
    }

    fn notice_reply(&self, receipt: Receipt) -> NoticeReply {
        NoticeReply {
            status: if receipt == Receipt::Committed {
                204
            } else {
                503
            },
            content_type: "text/plain",
            body: "",
        }
    }

    fn payers(&self) -> Option<&dyn Payers> {
        None
    }

    fn bills(&self) -> Option<&dyn Bills> {
        None
    }
}
