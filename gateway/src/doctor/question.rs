//! One signed, harmless call: about a payment that was never made.

use cashier::channel::{Cause, CauseKind, Channel, Outcome};
use cashier::id::FlowNo;

/// A number that no flow ever has.
const NEVER_MADE: &str = "tilldoctor0000000000000000";

/// Asks the channel.
///
/// # Errors
/// What it says about the keys, in words that say how to mend it.
pub async fn question(channel: &dyn Channel) -> Result<(), String> {
    match channel.query(&FlowNo::new(NEVER_MADE)).await {
        Outcome::Done(_) => Ok(()),
        Outcome::Refused(no) => Err(format!(
            "the channel refuses a signed question with {}: {}; compare the merchant's key and \
             numbers with the channel's portal",
            no.code, no.message
        )),
        Outcome::NotSent(Cause { detail, .. }) => Err(format!(
            "the channel cannot be reached: {detail}; look at base_url, DNS and the firewall"
        )),
        Outcome::Unknown(cause) if cause.kind == CauseKind::BadSignature => Err(format!(
            "the answer to a signed question is not believed: {}. If it is not signed, the \
             channel does not know who asks: compare the numbers, the serial number and the \
             private key with its portal. If it is, then by another key than the channel's that \
             is given here: copy the channel's public key or certificate from its portal again",
            cause.detail
        )),
        Outcome::Unknown(cause) => Err(format!(
            "a signed question got no usable answer: {}; compare the merchant's key and numbers \
             with the channel's portal",
            cause.detail
        )),
    }
}
