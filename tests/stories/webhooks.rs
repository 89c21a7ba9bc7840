//! Webhooks: the merchant is told, whatever its endpoint does, and nobody else's
//! endpoint matters.

mod endpoint;
mod private;
mod pull;
mod retries;
mod slow;
mod telling;
