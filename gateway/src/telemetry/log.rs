//! Logs: to standard error, through [`super::redact`].

use super::redact::Redacting;
use crate::config::{Format, Log};
use std::io;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Why logs cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogFault {
    /// The filter cannot be read.
    #[error("log.filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Somebody else logs already.
    #[error("logs are set up already")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Logs from now on.
///
/// # Errors
/// [`LogFault`].
pub fn start(log: &Log) -> Result<(), LogFault> {
    let filter = EnvFilter::try_new(&log.filter)?;
    let layer = tracing_subscriber::fmt::layer().with_writer(Stderr);
    let registry = tracing_subscriber::registry().with(filter);
    match log.format {
        Format::Json => registry.with(layer.json().flatten_event(true)).try_init()?,
        Format::Text => registry.with(layer.with_ansi(false)).try_init()?,
    }
    Ok(())
}

struct Stderr;

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = Redacting<io::Stderr>;

    fn make_writer(&'a self) -> Self::Writer {
        Redacting(io::stderr())
    }
}
