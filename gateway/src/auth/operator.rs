//! Who works on exceptions: the operator's key in `Authorization: Bearer till_ops_…`.
//! It opens `/ops` and nothing else, as merchants' keys open all else but that.

use super::{Gate, bearer, hashed};
use crate::accounts::OPS_PREFIX;
use crate::problem::Problem;
use crate::shared::Shared;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;

/// The operator who is asking.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The name under which they act.
    pub name: String,
}

impl FromRequest for Operator {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { identify(&request).await })
    }
}

/// People ask rarely: each request looks the key up, so that one that is taken back
/// stops working at once.
async fn identify(request: &HttpRequest) -> Result<Operator, Problem> {
    let gate = request.app_data::<web::Data<Gate>>();
    let shared = request.app_data::<web::Data<Shared>>();
    let (Some(gate), Some(shared)) = (gate, shared) else {
        return Err(Problem::internal(
            "the server was put together without a gate",
        ));
    };
    let hash = hashed(
        request,
        |header| bearer(header, &[OPS_PREFIX]),
        "send your operator's key as `Authorization: Bearer till_ops_…`",
    )?;
    let found = shared.directory.find_operator(&hash).await;
    let known = found.map_err(|error| Problem::store(&error))?;
    let known = known.ok_or_else(|| {
        Problem::unauthorized("this operator's key is not known; `till operator add` makes one")
    })?;
    gate.limiter.check(&hash).map_err(Problem::rate_limited)?;
    Ok(Operator { name: known.name })
}
