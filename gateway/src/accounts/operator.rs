//! Operators: the shape of their names and keys. Only a key's hash is kept.

use cashier::exception::TILL;
use cashier::time::Entropy;
use entities::directory::Operator;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// What an operator's key begins with.
pub const OPS_PREFIX: &str = "till_ops_";
/// The fewest and the most random characters of a key.
const RANDOM: std::ops::RangeInclusive<usize> = 32..=128;
/// The most characters of a name.
const LONGEST: usize = 32;

/// Why somebody cannot be an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperatorFault {
    /// The name.
    #[error(
        "an operator's name is 1 to 32 characters of a to z, 0 to 9 and _, and not till, which \
         acts by itself"
    )]
    Name,
    /// The key.
    #[error(
        "an operator's key is till_ops_ and at least 32 letters and digits, as in \
         `echo till_ops_$(openssl rand -hex 24)`"
    )]
    Key,
}

/// The operator of that name with that key.
///
/// # Errors
/// [`OperatorFault`].
pub fn operator(name: &str, key: &SecretString) -> Result<Operator, OperatorFault> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !(1..=LONGEST).contains(&name.len()) || !name.bytes().all(plain) || name == TILL {
        return Err(OperatorFault::Name);
    }
    let text = key.expose_secret();
    let random = text.strip_prefix(OPS_PREFIX).ok_or(OperatorFault::Key)?;
    let shaped =
        RANDOM.contains(&random.len()) && random.bytes().all(|b| b.is_ascii_alphanumeric());
    let hint = random.get(random.len().saturating_sub(4)..);
    let hint = hint.filter(|_| shaped).ok_or(OperatorFault::Key)?;
    Ok(Operator {
        name: name.to_owned(),
        hash: hex::encode(Sha256::digest(text.as_bytes())),
        hint: hint.to_owned(),
    })
}

/// A new key: 192 random bits.
pub fn new_key(entropy: &dyn Entropy) -> SecretString {
    let random = Zeroizing::new([entropy.bytes(), entropy.bytes()].concat());
    let coded = Zeroizing::new(hex::encode(random.get(..24).unwrap_or(&random)));
    SecretString::from(format!("{OPS_PREFIX}{}", *coded))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn a_new_key_is_taken_and_what_is_none_is_not() {
        let key = new_key(&SystemEntropy::default());
        let known = operator("li_lei", &key).unwrap();
        assert!(key.expose_secret().ends_with(&known.hint));
        assert_eq!(known.hash.len(), 64);
        for name in ["", "till", "Li Lei", "李雷", &"a".repeat(33)] {
            assert_eq!(operator(name, &key), Err(OperatorFault::Name), "{name}");
        }
        let long = "a".repeat(129);
        for key in [
            "",
            "till_ops_",
            "till_ops_short",
            "till_test_0123456789abcdef0123456789abcdef",
            "till_ops_0123456789abcdef0123456789abcde!",
            &format!("till_ops_{long}"),
        ] {
            let key = SecretString::from(key);
            assert_eq!(operator("li_lei", &key), Err(OperatorFault::Key));
        }
    }
}
