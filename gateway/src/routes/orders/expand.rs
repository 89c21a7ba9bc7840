//! What an answer about an order holds beyond the order itself: its timeline, if
//! the request asks for it.

use crate::problem::Problem;
use serde::Deserialize;
use utoipa::IntoParams;

/// What else is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct More {
    /// `timeline`: the answer also holds everything that was asked, answered,
    /// noticed, decided and told about the order.
    #[param(example = "timeline")]
    expand: Option<String>,
}

impl More {
    /// Whether the timeline is wanted.
    ///
    /// # Errors
    /// `invalid_request` for anything else.
    pub(super) fn timeline(&self) -> Result<bool, Problem> {
        timeline(self.expand.as_deref())
    }
}

/// Whether the timeline is wanted.
///
/// # Errors
/// `invalid_request` for anything else.
pub(super) fn timeline(expand: Option<&str>) -> Result<bool, Problem> {
    match expand {
        None => Ok(false),
        Some("timeline") => Ok(true),
        Some(_) => Err(Problem::invalid(
            "expand",
            "must be timeline, or be left out: nothing else can be expanded",
        )),
    }
}
