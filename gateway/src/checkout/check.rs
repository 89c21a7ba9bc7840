//! Asks the channel, because the payer says that they have paid
//! (`POST /checkout/{token}/check`) or comes back from the wallet's page
//! (`GET /checkout/{token}/back`). What the browser brings along is not read: a
//! wallet's redirect proves nothing.

use super::fault::Fault;
use super::remark::Remark;
use super::stage::Stage;
use super::visit::Visit;
use actix_web::HttpResponse;
use cashier::command::Refusal;

/// The payer says that they have paid.
pub(super) async fn handle(visit: Visit) -> Result<HttpResponse, Fault> {
    ask(&visit, Some(Remark::NotYet)).await
}

/// The payer comes back.
pub(super) async fn come_back(visit: Visit) -> Result<HttpResponse, Fault> {
    ask(&visit, None).await
}

async fn ask(visit: &Visit, unpaid: Option<Remark>) -> Result<HttpResponse, Fault> {
    let order = visit.order().await?.order.id;
    match visit.shared.cashier.check(&order).await {
        Ok(state) => {
            let stage = Stage::of(&state, visit.shared.clock.now());
            Ok(visit.page(unpaid.filter(|_| stage != Stage::Paid)))
        }
        Err(refusal @ (Refusal::NotFound | Refusal::StoreUnavailable)) => {
            Err(visit.fault(&refusal))
        }
        // Somebody is busy with the order: the page goes on waiting.
        Err(_) => Ok(visit.page(unpaid)),
    }
}
