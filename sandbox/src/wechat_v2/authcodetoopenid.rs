//! `POST /tools/authcodetoopenid`: who shows a payment code.

use super::auth_code;
use super::call::{Call, Reply};
use super::refusal::Refusal;
use super::xml::Fields;
use crate::ledger::Channel;
use crate::wechat::openid::payer_of;

/// The openid of the payer. The code stays good for a payment.
///
/// # Errors
/// `LACK_PARAMS`, `AUTH_CODE_ERROR`, `AUTH_CODE_INVALID`, `AUTHCODEEXPIRE`.
pub fn carry_out(call: &Call<'_>) -> Result<Reply, Refusal> {
    let auth_code = auth_code::read(call.request())?;
    call.sandbox.with_world(|world, now| {
        world
            .barcodes
            .look_at(&auth_code, Channel::Wechat, now)
            .map_err(auth_code::unusable)?;
        Ok(Reply::Fields(Fields::from([(
            "openid".to_owned(),
            payer_of(call.request().given("appid").unwrap_or_default()),
        )])))
    })
}
