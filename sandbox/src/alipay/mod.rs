//! Simulated Alipay: `/gateway.do` in key mode (RSA2).
use std::collections::BTreeMap;
use actix_web::web;
use chrono::{DateTime, Utc};
use crate::ledger::{Order, Trade};
use crate::notice::{NoticeKind, NoticeRefused};
use crate::payer::{Opened, PayerError};
use crate::server::{Sandbox, World};
pub(crate) fn configure(_: &mut web::ServiceConfig) {}
pub(crate) fn read_form(_: &str) -> Result<Vec<(String, String)>, PayerError> { Err(PayerError::Unknown(String::new())) }
pub(crate) fn read_query(_: &str) -> Vec<(String, String)> { Vec::new() }
pub(crate) fn open_page(_: &Sandbox, _: Vec<(String, String)>) -> Result<Opened, PayerError> { Err(PayerError::Unknown(String::new())) }
pub(crate) fn open_order_string(_: &Sandbox, _: &str) -> Result<Opened, PayerError> { Err(PayerError::Unknown(String::new())) }
pub(crate) fn create_trade(_: &mut World, _: &Order, _: DateTime<Utc>) -> Result<Trade, PayerError> { Err(PayerError::Unknown(String::new())) }
pub(crate) fn return_url(_: &Sandbox, _: &Trade) -> Option<String> { None }
pub(crate) fn send_notice(_: &Sandbox, _: &Trade, _: NoticeKind, _: BTreeMap<String, String>) -> Result<(), NoticeRefused> { Ok(()) }
