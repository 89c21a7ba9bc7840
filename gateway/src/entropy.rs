//! Real randomness: the cryptographic library's generator, which the operating
//! system seeds.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use cashier::time::Entropy;

/// The system's randomness.
#[derive(Debug, Default)]
pub struct SystemEntropy {
    random: SystemRandom,
}

impl Entropy for SystemEntropy {
    /// Sixteen random bytes.
    ///
    /// # Panics
    /// When the system has no randomness. Keys and tokens would be guessable:
    /// there is nothing safe to go on with.
    #[expect(
        clippy::panic,
        reason = "without randomness every number and token is guessable"
    )]
    fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        if self.random.fill(&mut bytes).is_err() {
            panic!("the operating system gives no random bytes");
        }
        bytes
    }
}
