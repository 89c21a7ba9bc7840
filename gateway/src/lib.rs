//! The gateway: Till's HTTP interface, its background work, its configuration and
//! its command line. The one crate that names concrete types.

pub mod accounts;
pub mod alert;
pub mod assembly;
pub mod audit;
pub mod auth;
pub mod bill;
pub mod checkout;
pub mod cli;
pub mod clock;
pub mod config;
#[cfg(feature = "crash-points")]
pub mod crash;
pub mod doctor;
pub mod entropy;
pub mod idempotency;
pub mod json;
pub mod problem;
pub mod request_id;
pub mod routes;
pub mod server;
pub mod shared;
pub mod shop;
pub mod store_watch;
pub mod telemetry;
pub mod view;
pub mod webhook;
pub mod worker;
