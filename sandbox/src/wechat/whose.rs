//! Whose order a call is about: the caller's own (direct merchants), or a sub-merchant's, for whom
//! a service provider (服务商) calls under `/v3/pay/partner/`.
//!
//! A number is unique over a provider with all its sub-merchants, so the trade's account is the
//! provider's mchid either way; the sub-merchant is a detail of the order.

use super::call::Call;
use super::fields::Fields;
use super::problem::{Location, Problem};
use crate::ledger::Trade;

/// The order's side of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whose {
    /// The sub-merchant, in service-provider mode.
    pub sub_mchid: Option<String>,
}

impl Whose {
    /// Reads the query of a GET: `mchid`, or `sp_mchid` and `sub_mchid`, and nothing else.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR` for other parameters, or when the caller is somebody else; 403 `NO_AUTH`
    /// for a sub-merchant that is not linked.
    pub fn in_query(call: &Call<'_>) -> Result<Self, Problem> {
        let mut parameters = call.query();
        let caller = if call.is_partner() {
            "sp_mchid"
        } else {
            "mchid"
        };
        let named = parameters.remove(caller);
        let sub_mchid = if call.is_partner() {
            parameters.remove("sub_mchid")
        } else {
            None
        };
        let complete = sub_mchid.is_some() || !call.is_partner();
        if named.as_deref() != Some(call.mchid()) || !complete || !parameters.is_empty() {
            let issue = if call.is_partner() {
                "查询参数应只有sp_mchid和sub_mchid，且sp_mchid与Authorization中的mchid一致"
            } else {
                "查询参数应只有mchid，且与Authorization中的mchid一致"
            };
            return Err(Problem::field(caller, Location::Url, issue));
        }
        Self::of(call, sub_mchid)
    }

    /// Reads `mchid`, or `sp_mchid` and `sub_mchid`, out of a body.
    ///
    /// # Errors
    /// As [`Self::in_query`].
    pub fn in_body(call: &Call<'_>, fields: &mut Fields) -> Result<Self, Problem> {
        let (caller, sub_mchid) = if call.is_partner() {
            let sub_mchid = fields.required_text("sub_mchid", 32)?;
            ("sp_mchid", Some(sub_mchid))
        } else {
            ("mchid", None)
        };
        let named = fields.required_text(caller, 32)?;
        if named != call.mchid() {
            return Err(fields.refuse(caller, "商户号与Authorization中的mchid不一致"));
        }
        Self::of(call, sub_mchid)
    }

    /// The caller itself, or a sub-merchant that is linked with it.
    ///
    /// # Errors
    /// 403 `NO_AUTH` for a sub-merchant that is not linked.
    pub fn of(call: &Call<'_>, sub_mchid: Option<String>) -> Result<Self, Problem> {
        match &sub_mchid {
            Some(id) if !call.account.portal.has_sub_merchant(id) => Err(Problem::not_linked(id)),
            _ => Ok(Self { sub_mchid }),
        }
    }

    /// Whether the trade is of this side.
    pub fn owns(&self, trade: &Trade) -> bool {
        trade.order.details.get("sub_mchid") == self.sub_mchid.as_ref()
    }
}
