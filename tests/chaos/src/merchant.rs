//! The merchant's program: it asks any gateway, and when it gets no final answer
//! asks again, any other, under the same idempotency key.

use crate::counts::Counts;
use crate::dice::Dice;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The first pause before the same request is sent again; it doubles, as far as that
/// many times, so that a gateway in trouble is not asked the more the less it answers.
const PAUSE: Duration = Duration::from_millis(400);
const DOUBLED: u32 = 4;
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The merchant.
#[derive(Clone, Debug)]
pub struct Merchant {
    http: reqwest::Client,
    gateways: Vec<String>,
    key: String,
    counts: Arc<Counts>,
}

/// A final answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The document.
    pub json: Value,
}

impl Answer {
    /// Whether it is a yes.
    pub fn is_yes(&self) -> bool {
        self.status < 300
    }

    /// The stable code of a no.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// Whether asking again is worth it.
    fn may_pass(&self) -> bool {
        self.status >= 500 || self.status == 429 || self.code() == "payment_in_progress"
    }
}

impl Merchant {
    /// A merchant that knows these gateways.
    ///
    /// # Panics
    /// When no client can be built.
    pub fn new(gateways: Vec<String>, key: String, counts: Arc<Counts>) -> Merchant {
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only(Vec::new())
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Merchant {
            http,
            gateways,
            key,
            counts,
        }
    }

    /// A command, sent again and again under one key until there is a final answer.
    /// `None`: there was none within a minute.
    pub async fn post(&self, dice: &mut Dice, path: &str, body: &Value) -> Option<Answer> {
        let key = format!("{:016x}{:016x}", dice.below(u64::MAX), dice.below(u64::MAX));
        let end = Instant::now() + PATIENCE;
        for attempt in 0.. {
            let answer = self
                .once(dice, Method::POST, path, Some((body, &key)))
                .await;
            match answer {
                Some(answer) if !answer.may_pass() => return Some(answer),
                _ if Instant::now() >= end => return None,
                _ => self.counts.add("requests repeated"),
            }
            tokio::time::sleep(pause(dice, attempt)).await;
        }
        None
    }

    /// A look, repeated until somebody answers. `None`: nobody did within a minute.
    pub async fn get(&self, dice: &mut Dice, path: &str) -> Option<Answer> {
        let end = Instant::now() + PATIENCE;
        for attempt in 0.. {
            let answer = self.once(dice, Method::GET, path, None).await;
            if let Some(answer) = answer.filter(|answer| !answer.may_pass()) {
                return Some(answer);
            }
            if Instant::now() >= end {
                break;
            }
            tokio::time::sleep(pause(dice, attempt)).await;
        }
        None
    }

    /// Has an event delivered once more. Whether that was taken on.
    pub async fn redeliver(&self, dice: &mut Dice, event: &str) -> bool {
        let path = format!("/v1/events/{event}/redeliver");
        let answer = self.post(dice, &path, &json!({})).await;
        answer.is_some_and(|answer| answer.is_yes())
    }

    async fn once(
        &self,
        dice: &mut Dice,
        method: Method,
        path: &str,
        command: Option<(&Value, &str)>,
    ) -> Option<Answer> {
        let gateway = dice.one_of(&self.gateways);
        let mut request = self
            .http
            .request(method, format!("{gateway}{path}"))
            .bearer_auth(&self.key);
        if let Some((body, key)) = command {
            request = request.header("Idempotency-Key", key).json(body);
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let json = response.json().await.ok()?;
        Some(Answer { status, json })
    }
}

/// The pause before a request is sent again, drawn from half of its length to one and
/// a half.
fn pause(dice: &mut Dice, attempt: u32) -> Duration {
    let whole = PAUSE * 2_u32.pow(attempt.min(DOUBLED));
    let millis = u64::try_from(whole.as_millis()).unwrap();
    dice.millis(millis / 2, millis * 3 / 2)
}
