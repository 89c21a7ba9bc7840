//! A notice as it travels in the simulator: what it says, and who has signed it.

use cashier::channel::{Notice, NoticeFact, NoticeRefusal, Refunded, Trade};
use cashier::id::{AccountId, FlowNo, RefundNo};
use serde::{Deserialize, Serialize};

/// A notice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Letter {
    /// The account that it is for.
    pub account: AccountId,
    /// Under which key of the channel it is signed; `None`: by somebody else.
    pub key: Option<u32>,
    /// What makes it this fact and no other.
    pub name: String,
    /// What it says.
    pub content: Content,
}

/// What a notice says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Content {
    /// Something about a trade.
    Trade(FlowNo, Trade),
    /// Something about a refund. Alipay's looks like a payment's, and does not say
    /// the refund's state.
    Refund(FlowNo, RefundNo, Option<Refunded>),
    /// A probe of the channel.
    Probe,
}

impl Letter {
    /// The letter as bytes.
    pub fn body(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What an adapter makes of it that knows the channel's keys up to `known`.
    ///
    /// # Errors
    /// [`NoticeRefusal`], as an adapter would refuse it.
    pub fn open(body: &[u8], account: &AccountId, known: u32) -> Result<Notice, NoticeRefusal> {
        let letter: Letter = serde_json::from_slice(body)
            .map_err(|_| NoticeRefusal::Unverified("not a notice".to_owned()))?;
        match letter.key {
            None => return Err(NoticeRefusal::Unverified("forged".to_owned())),
            Some(key) if key > known => {
                return Err(NoticeRefusal::NotNow("an unknown key".to_owned()));
            }
            Some(_) => {}
        }
        if letter.account != *account {
            return Err(NoticeRefusal::Identity {
                flow_no: None,
                detail: format!("for {}", letter.account),
            });
        }
        let fact = match letter.content {
            Content::Trade(flow_no, trade) => NoticeFact::Trade { flow_no, trade },
            Content::Refund(flow_no, refund_no, refunded) => NoticeFact::Refund {
                flow_no,
                refund_no,
                refunded,
            },
            Content::Probe => return Err(NoticeRefusal::Unverified("a probe".to_owned())),
        };
        Ok(Notice {
            key: letter.name,
            fact,
        })
    }
}
