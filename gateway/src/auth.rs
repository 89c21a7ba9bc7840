//! Who is asking: the API key in `Authorization: Bearer …`. A [`Caller`] is the
//! only way to an application's id, so nothing can be read or changed without it.
//!
//! Only the key's SHA-256 is compared and kept. An answer of the directory is
//! believed for a few seconds: a key that is taken back works no longer than that.

mod cache;
mod limit;
mod operator;

pub use operator::Operator;

use crate::accounts::App;
use crate::problem::{Code, Problem};
use crate::shared::{Settings, Shared};
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use cache::KnownKeys;
use cashier::id::AppId;
use cashier::time::Clock;
use futures_util::future::LocalBoxFuture;
use limit::Limiter;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// The prefixes of API keys: for the sandbox, and for real money.
const PREFIXES: [&str; 2] = ["till_test_", "till_live_"];
/// How many random characters a key has at least, and at most.
const RANDOM: std::ops::RangeInclusive<usize> = 32..=128;

/// What stands at the door of the interface: recently seen keys, and how much
/// each of them has asked for. One for the whole process.
pub struct Gate {
    known: KnownKeys,
    limiter: Limiter,
}

impl Gate {
    /// A gate with nobody seen yet.
    pub fn new(clock: Arc<dyn Clock>, settings: &Settings) -> Gate {
        let limiter = Limiter::new(clock, settings.requests_per_second, settings.request_burst);
        Gate {
            known: KnownKeys::default(),
            limiter,
        }
    }

    async fn admit(&self, request: &HttpRequest, shared: &Shared) -> Result<Caller, Problem> {
        let hash = hashed(
            request,
            |header| bearer(header, &PREFIXES),
            "send your API key as `Authorization: Bearer till_…`: till_test_… or till_live_…",
        )?;
        let now = shared.clock.now();
        let app = match self.known.get(&hash, now) {
            Some(app) => app,
            None => {
                let found = shared.directory.find_api_key(&hash).await;
                let owner = found.map_err(|error| Problem::store(&error))?;
                let app = owner.ok_or_else(unknown_key)?.app;
                self.known.put(&hash, app.clone(), now);
                app
            }
        };
        self.limiter.check(&hash).map_err(Problem::rate_limited)?;
        let app = shared.registry.app(&app).ok_or_else(not_loaded)?;
        Ok(Caller { app })
    }
}

/// The application that is asking.
#[derive(Clone)]
pub struct Caller {
    /// The application, with its merchant and its choices.
    pub app: Arc<App>,
}

impl Caller {
    /// The application's id.
    pub fn app_id(&self) -> &AppId {
        &self.app.id
    }
}

/// Somebody whose commands may have idempotency keys.
pub trait Asker {
    /// Whose those keys are: no two askers share any.
    fn space(&self) -> AppId;
}

impl Asker for Caller {
    fn space(&self) -> AppId {
        self.app.id.clone()
    }
}

impl Asker for Operator {
    /// An application's name never holds a colon.
    fn space(&self) -> AppId {
        AppId::new(format!("ops:{}", self.name))
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { identify(&request).await })
    }
}

/// Who is asking, if they may ask now.
async fn identify(request: &HttpRequest) -> Result<Caller, Problem> {
    let gate = request.app_data::<web::Data<Gate>>();
    let shared = request.app_data::<web::Data<Shared>>();
    match (gate, shared) {
        (Some(gate), Some(shared)) => gate.admit(request, shared).await,
        _ => Err(Problem::internal(
            "the server was put together without a gate",
        )),
    }
}

/// The hash that the directory knows a key by: SHA-256 in hexadecimal.
fn hashed(
    request: &HttpRequest,
    key: impl Fn(&str) -> Option<&str>,
    advice: &str,
) -> Result<String, Problem> {
    let header = request.headers().get(AUTHORIZATION);
    let key = header
        .and_then(|header| header.to_str().ok())
        .and_then(key)
        .ok_or_else(|| Problem::unauthorized(advice))?;
    Ok(hex::encode(Sha256::digest(key.as_bytes())))
}

/// The key in a header, if it begins with one of these and looks like one of ours.
fn bearer<'a>(header: &'a str, prefixes: &[&str]) -> Option<&'a str> {
    let (scheme, key) = header.split_once(' ')?;
    let random = prefixes
        .iter()
        .find_map(|prefix| key.strip_prefix(prefix))?;
    let plain = random
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let shaped = scheme.eq_ignore_ascii_case("bearer") && plain && RANDOM.contains(&random.len());
    shaped.then_some(key)
}

fn unknown_key() -> Problem {
    Problem::unauthorized("this API key is not known; check that it is complete and still valid")
}

/// The key was imported a moment ago, and the application is not loaded yet.
fn not_loaded() -> Problem {
    Problem::new(
        Code::Unavailable,
        "the application is being loaded; send the request again",
    )
    .retry_after(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_keys_are_looked_up() {
        let random = "abcdefghijklmnopqrstuvwxyz012345";
        let bearer = |header: &str| super::bearer(header, &PREFIXES).is_some();
        assert!(bearer(&format!("Bearer till_test_{random}")));
        assert!(bearer(&format!("bearer till_live_{random}")));
        for header in [
            String::new(),
            "Bearer".to_owned(),
            format!("till_test_{random}"),
            format!("Basic till_test_{random}"),
            format!("Bearer  till_test_{random}"),
            format!("Bearer sk_test_{random}"),
            format!("Bearer till_ops_{random}"),
            format!("Bearer till_test_{}", &random[1..]),
            format!("Bearer till_test_{random}!"),
            format!("Bearer till_test_{}", "a".repeat(129)),
        ] {
            assert!(!bearer(&header), "{header:?}");
        }
    }
}
