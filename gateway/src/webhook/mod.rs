//! Telling the merchants: Standard Webhooks (<https://www.standardwebhooks.com>).
//!
//! An event is sent until the merchant's server answers 2xx within the deadline,
//! on a schedule that spans more than 75 hours, always under the same id with the
//! same bytes. Redirects are not followed, and private addresses are refused where
//! the connection is made, so that no merchant can make Till call into its own
//! network.

mod address;
mod client;
mod deliverer;
mod sign;

pub use address::is_public;
pub use client::{Client, ClientFault, Failure};
pub use deliverer::{Clocks, Deliverer, Endpoint, Endpoints};
pub use sign::{SecretFault, check_secret, signatures};
