//! Payment codes: what the payer's wallet shows and a cashier scans.
//!
//! A code is one channel's, good for one minute of sandbox time, and used once: the channel's pay
//! call [takes](Barcodes::take) it. With the code the payer has decided how the payment goes; where
//! it then waits, `POST /sandbox/trades/{out_trade_no}/pay` goes on as for any other trade.

use std::collections::{BTreeMap, VecDeque};

use aws_lc_rs::rand;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::ledger::Channel;

/// How long a code can be scanned.
const LIFE: TimeDelta = TimeDelta::minutes(1);

/// How many codes are remembered; the oldest are forgotten first.
const REMEMBERED: usize = 20_000;

/// How many digits follow the first two.
const TAIL: usize = 16;

/// What becomes of the payment when the code is scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// Paid at once.
    Pay,
    /// The wallet asks for the password: the trade waits (Alipay `10003`, WeChat `USERPAYING`).
    AskPassword,
    /// A definite no, such as a balance that is too small.
    Refuse,
    /// The channel does not know (Alipay `20000`, WeChat `SYSTEMERROR`); the trade waits.
    Silent,
}

/// Why a code cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefused {
    /// No wallet of this channel shows it.
    #[error("no wallet of this channel shows this payment code")]
    Unknown,
    /// Its minute is over.
    #[error("the payment code is older than one minute")]
    Expired,
    /// An earlier payment used it.
    #[error("the payment code was used before")]
    Used,
}

/// All codes that wallets showed lately.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Barcodes {
    shown: BTreeMap<String, Shown>,
    /// The codes, oldest first.
    ages: VecDeque<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Shown {
    channel: Channel,
    behaviour: Behaviour,
    shown_at: DateTime<Utc>,
    used: bool,
}

impl Barcodes {
    /// A wallet shows a new code: 18 digits, the first two of them the channel's (Alipay 25 to 30,
    /// WeChat Pay 10 to 15).
    pub fn show(&mut self, channel: Channel, behaviour: Behaviour, now: DateTime<Utc>) -> String {
        let code = loop {
            let code = digits(channel);
            if !self.shown.contains_key(&code) {
                break code;
            }
        };
        let shown = Shown {
            channel,
            behaviour,
            shown_at: now,
            used: false,
        };
        self.shown.insert(code.clone(), shown);
        self.ages.push_back(code.clone());
        if self.ages.len() > REMEMBERED
            && let Some(oldest) = self.ages.pop_front()
        {
            self.shown.remove(&oldest);
        }
        code
    }

    /// Whose wallet shows this code, while it can be scanned.
    pub fn shown_by(&self, auth_code: &str, now: DateTime<Utc>) -> Option<Channel> {
        let shown = self.shown.get(auth_code)?;
        (!shown.used && now < shown.shown_at + LIFE).then_some(shown.channel)
    }

    /// Tells how a payment with the code would go, and leaves it unused.
    ///
    /// # Errors
    /// [`CodeRefused`].
    pub fn look_at(
        &self,
        auth_code: &str,
        channel: Channel,
        now: DateTime<Utc>,
    ) -> Result<Behaviour, CodeRefused> {
        let shown = self
            .shown
            .get(auth_code)
            .filter(|shown| shown.channel == channel)
            .ok_or(CodeRefused::Unknown)?;
        if shown.used {
            return Err(CodeRefused::Used);
        }
        if shown.shown_at + LIFE <= now {
            return Err(CodeRefused::Expired);
        }
        Ok(shown.behaviour)
    }

    /// Uses the code for a payment at `channel`, and tells how the payment goes. The next time it
    /// is [`CodeRefused::Used`]: a repeated pay call must be told by its order number before.
    pub fn take(
        &mut self,
        auth_code: &str,
        channel: Channel,
        now: DateTime<Utc>,
    ) -> Result<Behaviour, CodeRefused> {
        let behaviour = self.look_at(auth_code, channel, now)?;
        if let Some(shown) = self.shown.get_mut(auth_code) {
            shown.used = true;
        }
        Ok(behaviour)
    }
}

/// Random digits that begin as this channel's codes do.
fn digits(channel: Channel) -> String {
    let mut bytes = [0; TAIL + 1];
    if rand::fill(&mut bytes).is_err() {
        tracing::error!("the operating system gives no randomness");
    }
    let [first, tail @ ..] = bytes;
    let lowest = match channel {
        Channel::Alipay => 25,
        Channel::Wechat => 10,
    };
    let mut code = (lowest + first % 6).to_string();
    code.extend(tail.map(|byte| char::from(b'0' + byte % 10)));
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn codes_begin_as_their_channel_documents_and_differ() {
        let mut codes = Barcodes::default();
        for (channel, prefixes) in [(Channel::Alipay, 25..=30), (Channel::Wechat, 10..=15)] {
            let shown: std::collections::BTreeSet<_> = (0..200)
                .map(|_| codes.show(channel, Behaviour::Pay, at(0)))
                .collect();
            assert_eq!(shown.len(), 200);
            for code in shown {
                assert!(
                    prefixes.contains(&code[..2].parse::<u8>().unwrap()),
                    "{code}"
                );
                assert!(code.len() == 18 && code.bytes().all(|b| b.is_ascii_digit()));
            }
        }
    }

    #[test]
    fn a_code_is_used_once_and_only_at_its_own_channel() {
        let mut codes = Barcodes::default();
        let code = codes.show(Channel::Alipay, Behaviour::AskPassword, at(0));
        let mut take = |channel, seconds| codes.take(&code, channel, at(seconds));
        assert_eq!(take(Channel::Wechat, 1), Err(CodeRefused::Unknown));
        assert_eq!(take(Channel::Alipay, 1), Ok(Behaviour::AskPassword));
        assert_eq!(take(Channel::Alipay, 2), Err(CodeRefused::Used));
        assert_eq!(take(Channel::Alipay, 99), Err(CodeRefused::Used));
    }

    #[test]
    fn a_code_is_good_for_one_minute() {
        let mut codes = Barcodes::default();
        let mut take = |seconds| {
            let code = codes.show(Channel::Wechat, Behaviour::Refuse, at(0));
            codes.take(&code, Channel::Wechat, at(seconds))
        };
        assert_eq!(take(59), Ok(Behaviour::Refuse));
        assert_eq!(take(60), Err(CodeRefused::Expired));
    }
}
