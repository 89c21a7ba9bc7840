//! Random text: nonces, codes and numbers that nobody can guess.

use aws_lc_rs::rand;

use crate::key::KeyError;

/// `BYTES` random bytes as lower-case hexadecimal, twice as many characters.
///
/// # Errors
/// [`KeyError::Library`] when the operating system gives no randomness.
pub fn token<const BYTES: usize>() -> Result<String, KeyError> {
    let mut bytes = [0; BYTES];
    rand::fill(&mut bytes).map_err(|_| KeyError::Library("give random bytes"))?;
    Ok(hex::encode(bytes))
}
