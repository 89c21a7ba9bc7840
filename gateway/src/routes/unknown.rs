//! Addresses that do not exist, and methods that an address does not take.

use crate::problem::Problem;
use actix_web::http::Method;

/// There is nothing at this address.
///
/// # Errors
/// Always: that is its answer.
pub async fn not_found() -> Result<String, Problem> {
    Err(Problem::not_found(
        "there is nothing at this address; /docs shows what there is",
    ))
}

/// The address takes GET.
pub(super) async fn only_get(method: Method) -> Result<String, Problem> {
    Err(Problem::wrong_method(&method, "GET"))
}

/// The address takes POST.
pub(super) async fn only_post(method: Method) -> Result<String, Problem> {
    Err(Problem::wrong_method(&method, "POST"))
}

/// The address takes both.
pub(super) async fn get_or_post(method: Method) -> Result<String, Problem> {
    Err(Problem::wrong_method(&method, "GET, POST"))
}
