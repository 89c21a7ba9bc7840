//! A command as it comes in: who asks, what exactly, and under which
//! idempotency key. Checked in that order, so that a stranger learns nothing
//! about a body, and a body that breaks a rule reserves no key.

use crate::auth::{Asker, Caller};
use crate::idempotency::{Once, Reply};
use crate::json;
use crate::problem::Problem;
use crate::request_id::{self, RequestId};
use crate::shared::Shared;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::future::Future;

/// A command with the body `T`, of a merchant or of whoever `C` is.
pub struct Posted<T, C = Caller> {
    /// Who asks.
    pub caller: C,
    /// What for.
    pub body: T,
    /// What lets it be executed.
    pub ticket: Ticket,
}

/// What lets a command be executed: once, where it has an idempotency key.
pub struct Ticket {
    once: Option<Once>,
    request_id: RequestId,
}

/// The body of a command that needs none: nothing, or an empty object.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl Ticket {
    /// Executes `work`, or gives again what it gave under the same key.
    ///
    /// # Errors
    /// What `work` refuses, and what [`Once::run`] refuses.
    pub async fn once(
        self,
        shared: &Shared,
        caller: &impl Asker,
        work: impl Future<Output = Result<Reply, Problem>>,
    ) -> Result<HttpResponse, Problem> {
        match self.once {
            Some(once) => {
                let space = caller.space();
                once.run(shared, &space, &self.request_id, work).await
            }
            None => work.await.map(HttpResponse::from),
        }
    }
}

impl<T, C> FromRequest for Posted<T, C>
where
    T: DeserializeOwned + 'static,
    C: FromRequest<Error = Problem> + 'static,
{
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let caller = C::extract(&request).await?;
            let limit = request
                .app_data::<web::Data<Shared>>()
                .map(|s| s.settings.body_limit);
            let bytes = json::read(&mut payload, limit.unwrap_or_default()).await?;
            if !bytes.is_empty() {
                json::check_content_type(&request)?;
            }
            let body = json::parse(if bytes.is_empty() { b"{}" } else { &bytes })?;
            let once = Once::of(&request, &bytes)?;
            let ticket = Ticket {
                once,
                request_id: request_id::of(&request)?,
            };
            Ok(Posted {
                caller,
                body,
                ticket,
            })
        })
    }
}
