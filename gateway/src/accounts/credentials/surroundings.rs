//! What an adapter needs beside its credentials.

use cashier::time::{Clock, Entropy};
use std::sync::Arc;
use std::time::Duration;

/// What an adapter needs from the program around it.
#[derive(Clone)]
pub struct Surroundings {
    /// How long one call may take.
    pub deadline: Duration,
    /// The real time, which the channels compare with their own.
    pub wall: Arc<dyn Clock>,
    /// For nonces.
    pub entropy: Arc<dyn Entropy>,
}
