//! What only a build with crash points reads: `TILL_CRASH_AT`, and a clock that is
//! wrong on purpose. Settings of people are not among these.

/// A variable of the environment that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("TILL_CLOCK_AHEAD_SECONDS: {0:?} is no number of seconds such as 600 or -600")]
pub struct NoOffset(String);

/// The crash point that this process is to end at, if any.
#[expect(
    clippy::disallowed_methods,
    reason = "configuration is read here, and this is one that no file may hold"
)]
pub fn crash_at() -> Option<String> {
    std::env::var("TILL_CRASH_AT").ok()
}

/// How many milliseconds this process's clock is ahead of the system's (negative:
/// behind); nothing, none.
///
/// # Errors
/// [`NoOffset`].
#[expect(
    clippy::disallowed_methods,
    reason = "configuration is read here, and this is one that no file may hold"
)]
pub fn clock_ahead() -> Result<i64, NoOffset> {
    let Ok(text) = std::env::var("TILL_CLOCK_AHEAD_SECONDS") else {
        return Ok(0);
    };
    let seconds: Option<i64> = text.parse().ok();
    seconds
        .and_then(|seconds| seconds.checked_mul(1000))
        .ok_or(NoOffset(text))
}
