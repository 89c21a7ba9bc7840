//! Faults on demand: what a test arms, and what it does to calls and notices.
//!
//! A fault is armed for a method (`alipay.trade.close`, `wechat.native`, `notice.alipay`, or all
//! of a family: `alipay.*`). Each call asks [`Faults::fire`]; the first armed fault that fits and
//! whose dice (seeded, so a run can be repeated) say so does its work, at most `times` times.

mod order;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::BodyStream;
use actix_web::web::Bytes;
use serde::{Deserialize, Serialize};

pub use order::{FaultOrder, FaultRefused};

/// How long a call that gets no answer is held, if `delay_ms` does not say.
const HOLD: Duration = Duration::from_secs(60);

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Call: not carried out; the connection is held, then dropped.
    TimeoutBefore,
    /// Call: carried out; the connection is held, then dropped.
    TimeoutAfter,
    /// Call: not carried out; HTTP 500 with an HTML body.
    #[serde(rename = "http_500")]
    Http500,
    /// Call: carried out; the answer is HTML.
    Garbage,
    /// Call or notice: the signature does not fit.
    BadSignature,
    /// Call or notice: the amount is wrong, the signature right.
    WrongAmount,
    /// Call or notice: later by `delay_ms`.
    Delay,
    /// Call: not carried out; a signed system error.
    SystemError,
    /// Call: carried out; a signed "unknown" all the same (Alipay's `20000`).
    SystemErrorAfter,
    /// Alipay's call: carried out; the answer has no signature.
    Unsigned,
    /// Alipay's call: carried out; before the signed node stands another one of the same name.
    SecondNode,
    /// Close: refused as too young (WeChat: within 5 minutes of ordering). WeChat's reverse: being
    /// paid just now.
    TooEarly,
    /// WeChat call: not carried out; 429.
    RateLimited,
    /// WeChat call: carried out; 429 all the same.
    RateLimitedAfter,
    /// WeChat call or notice: a probe with a wrong signature (`WECHATPAY/SIGNTEST/`).
    Signtest,
    /// WeChat's bill: the hash that is told is not the file's.
    WrongHash,
    /// WeChat's bill: its sums are not those of its rows; the hash is the file's.
    WrongSums,
    /// A bill's file: its end is missing.
    Cut,
    /// A bill's file: a small one that becomes 2 GiB.
    ZipBomb,
    /// Call of v2: not carried out; a signed refusal with `err_code`.
    RefusedBefore,
    /// Call of v2: carried out; a signed refusal with `err_code` all the same.
    RefusedAfter,
    /// Call of v2: not carried out; `return_code` FAIL, which is not signed.
    UnsignedBefore,
    /// Call of v2: carried out; `return_code` FAIL all the same.
    UnsignedAfter,
    /// Notice: this delivery does not leave.
    Drop,
    /// Notice: this delivery is sent twice.
    Duplicate,
    /// Notice: waits until another notice has been delivered, or `delay_ms`.
    Reorder,
    /// Notice: another `app_id`.
    WrongAppId,
    /// Notice or Alipay's bill: another seller (`seller_id`, `mchid`).
    WrongSeller,
    /// Notice: another `out_trade_no`.
    WrongOutTradeNo,
    /// Notice: `sign_type` is missing (Alipay).
    SignTypeRemoved,
    /// Notice: signed by the V2 rule (Alipay).
    V2Signed,
}

impl Fault {
    /// Whether this can happen to calls of this method, or to notices of this channel.
    fn strikes(self, method: &str) -> bool {
        let is_notice = method.starts_with("notice.");
        let is_bill = method == "alipay.bill_file";
        match self {
            Self::WrongAmount | Self::Delay => true,
            Self::BadSignature => !matches!(
                method,
                "alipay.bill_file" | "wechat.bill_file" | "v2/downloadbill"
            ),
            Self::TimeoutBefore | Self::TimeoutAfter | Self::Http500 | Self::Garbage => !is_notice,
            Self::SystemError => !is_notice && !is_bill,
            Self::SystemErrorAfter | Self::Unsigned | Self::SecondNode => {
                method.starts_with("alipay.") && !is_bill
            }
            Self::WrongSeller => {
                is_notice || is_bill || matches!(method, "wechat.bill" | "v2/downloadbill")
            }
            Self::TooEarly => matches!(method, "wechat.close" | "wechat.reverse" | "v2/closeorder"),
            Self::RateLimited | Self::RateLimitedAfter => method.starts_with("wechat."),
            Self::Signtest => {
                let signed = method.starts_with("wechat.") && method != "wechat.bill_file";
                signed || method == "notice.wechat"
            }
            Self::WrongHash => method == "wechat.bill",
            Self::WrongSums => matches!(method, "wechat.bill" | "v2/downloadbill"),
            Self::Cut | Self::ZipBomb => {
                is_bill || matches!(method, "wechat.bill_file" | "v2/downloadbill")
            }
            Self::RefusedBefore
            | Self::RefusedAfter
            | Self::UnsignedBefore
            | Self::UnsignedAfter => method.starts_with("v2/"),
            Self::SignTypeRemoved | Self::V2Signed => method == "notice.alipay",
            Self::Drop
            | Self::Duplicate
            | Self::Reorder
            | Self::WrongAppId
            | Self::WrongOutTradeNo => is_notice,
        }
    }
}

/// A fault that fired now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// What goes wrong.
    pub fault: Fault,
    /// `delay_ms`, if given.
    pub delay: Option<Duration>,
    /// `err_code`, if given.
    pub err_code: Option<&'static str>,
}

/// One armed fault, as `GET /sandbox/faults` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Armed {
    /// The order that armed it.
    #[serde(flatten)]
    pub order: FaultOrder,
    /// Calls that it fitted.
    pub seen: u64,
    /// How often it fired.
    pub fired: u64,
    #[serde(skip)]
    dice: u64,
}

/// All armed faults.
#[derive(Debug, Default)]
pub struct Faults {
    armed: Mutex<Vec<Armed>>,
}

impl Faults {
    /// Arms a fault.
    pub fn arm(&self, order: FaultOrder) -> Result<(), FaultRefused> {
        order.check()?;
        let dice = order.seed.unwrap_or_default();
        self.lock().push(Armed {
            order,
            seen: 0,
            fired: 0,
            dice,
        });
        Ok(())
    }

    /// Ends all faults.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// What is armed, and how often each fired.
    pub fn armed(&self) -> Vec<Armed> {
        self.lock().clone()
    }

    /// The fault that strikes this call or notice, if any.
    pub fn fire(&self, method: &str, out_trade_no: &str) -> Option<Hit> {
        self.lock()
            .iter_mut()
            .find_map(|armed| armed.try_fire(method, out_trade_no))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn try_fire(&mut self, method: &str, out_trade_no: &str) -> Option<Hit> {
        let order = &self.order;
        if !order.fits(method)
            || !order.fault.strikes(method)
            || order
                .out_trade_no
                .as_deref()
                .is_some_and(|number| number != out_trade_no)
            || order
                .times
                .is_some_and(|times| self.fired >= u64::from(times))
        {
            return None;
        }
        self.seen += 1;
        if let Some(parts) = order.parts_per_million()
            && throw(&mut self.dice) % 1_000_000 >= u64::from(parts)
        {
            return None;
        }
        self.fired += 1;
        Some(Hit {
            fault: order.fault,
            delay: order.delay_ms.map(Duration::from_millis),
            err_code: order.known_err_code(),
        })
    }
}

/// Answers a call through the fault that struck it. `carry_out` does the work and is told of the
/// faults that change the answer itself (`bad_signature`, `wrong_amount`, `system_error`,
/// `too_early`, …); for those that only lose or delay it, it is told nothing.
pub async fn answer(
    hit: Option<Hit>,
    carry_out: impl FnOnce(Option<Fault>) -> HttpResponse,
) -> HttpResponse {
    let Some(hit) = hit else {
        return carry_out(None);
    };
    match hit.fault {
        Fault::TimeoutBefore => hang(hit).await,
        Fault::TimeoutAfter => {
            carry_out(None);
            hang(hit).await
        }
        Fault::Http500 => HttpResponse::InternalServerError()
            .content_type("text/html")
            .body("<html><body><h1>500 Internal Server Error</h1></body></html>"),
        Fault::Garbage => {
            carry_out(None);
            HttpResponse::Ok()
                .content_type("text/html")
                .body("<html><body>504 Gateway Time-out</body></html>")
        }
        Fault::Delay => {
            tokio::time::sleep(hit.delay.unwrap_or(Duration::from_secs(1))).await;
            carry_out(None)
        }
        fault => carry_out(Some(fault)),
    }
}

/// Holds the call and then drops the connection; the server notices by itself when the client
/// goes away first.
async fn hang(hit: Hit) -> HttpResponse {
    tokio::time::sleep(hit.delay.unwrap_or(HOLD)).await;
    let broken = futures_util::stream::once(async {
        Err::<Bytes, std::io::Error>(std::io::ErrorKind::ConnectionReset.into())
    });
    HttpResponse::Ok()
        .force_close()
        .body(BodyStream::new(broken))
}

/// The next number of a splitmix64 sequence: small, seedable, and even enough for dice.
fn throw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(json: &str) -> FaultOrder {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_fault_fires_as_often_as_it_was_armed_for_and_only_where_it_fits() {
        let faults = Faults::default();
        let text = r#"{"method":"alipay.*","fault":"http_500","times":2,"out_trade_no":"A1"}"#;
        faults.arm(order(text)).unwrap();
        assert_eq!(faults.fire("wechat.native", "A1"), None);
        assert_eq!(faults.fire("alipay.trade.close", "A2"), None);
        for _ in 0..2 {
            let hit = faults.fire("alipay.trade.close", "A1").unwrap();
            assert_eq!(hit.fault, Fault::Http500);
        }
        assert_eq!(faults.fire("alipay.trade.query", "A1"), None);
        assert_eq!(faults.armed()[0].fired, 2);
    }

    #[test]
    fn the_same_seed_gives_the_same_faults_and_the_rate_is_kept() {
        let run = || {
            let faults = Faults::default();
            let text = r#"{"method":"wechat.query","fault":"delay","rate":0.25,"seed":7}"#;
            faults.arm(order(text)).unwrap();
            (0..4000)
                .map(|_| faults.fire("wechat.query", "W").is_some())
                .collect::<Vec<_>>()
        };
        let first = run();
        assert_eq!(first, run());
        let fired = first.iter().filter(|fired| **fired).count();
        assert!((800..1200).contains(&fired), "{fired}");
    }

    #[test]
    fn a_fault_that_makes_no_sense_is_refused() {
        let faults = Faults::default();
        for text in [
            r#"{"method":"notice.alipay","fault":"http_500"}"#,
            r#"{"method":"alipay.trade.query","fault":"drop"}"#,
            r#"{"method":"stripe.charge","fault":"delay"}"#,
            r#"{"method":"alipay.trade.clsoe","fault":"delay"}"#,
            r#"{"method":"alipay.trade.close","fault":"too_early"}"#,
            r#"{"method":"alipay.trade.close","fault":"rate_limited"}"#,
            r#"{"method":"wechat.query","fault":"zip_bomb"}"#,
            r#"{"method":"wechat.query","fault":"wrong_seller"}"#,
            r#"{"method":"alipay.bill_file","fault":"wrong_sums"}"#,
            r#"{"method":"wechat.bill_file","fault":"bad_signature"}"#,
            r#"{"method":"notice.wechat","fault":"v2_signed"}"#,
            r#"{"method":"alipay.*","fault":"delay","rate":1.5}"#,
        ] {
            assert!(faults.arm(order(text)).is_err(), "{text}");
        }
    }
}
