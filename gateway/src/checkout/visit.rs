//! A request for one order's page: whose page, in which language, from where.

use super::fault::{Fault, Kind};
use super::language::Language;
use super::links::{self, Links};
use super::payer;
use super::place::Place;
use super::remark::Remark;
use super::sheet;
use super::text::Text;
use crate::shared::Shared;
use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::web::{Data, Query};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use cashier::command::Refusal;
use cashier::id::CheckoutToken;
use cashier::state::OrderState;
use serde::Deserialize;
use std::future::{Ready, ready};

/// A request for one order's page.
pub(super) struct Visit {
    pub(super) shared: Data<Shared>,
    pub(super) token: CheckoutToken,
    pub(super) language: Language,
    pub(super) place: Place,
    /// The payer, as the wallet calls them, where the merchant or the wallet gave that
    /// to the link.
    pub(super) payer: Option<String>,
    /// Whether the payer wants to choose again.
    pub(super) chooses: bool,
    /// What has just happened.
    pub(super) remark: Option<Remark>,
    /// Where the pages begin.
    pub(super) root: String,
}

#[derive(Default, Deserialize)]
struct Asked {
    openid: Option<String>,
    buyer_id: Option<String>,
    choose: Option<String>,
    remark: Option<String>,
}

impl Visit {
    fn of(request: &HttpRequest) -> Result<Visit, Fault> {
        let language = Language::of(request);
        let Some(shared) = request.app_data::<Data<Shared>>().cloned() else {
            tracing::error!("the server was put together without what its handlers share");
            return Err(Fault::new(Kind::Unavailable, language, ""));
        };
        let root = links::root(&shared.settings);
        let token = request.match_info().get("token").unwrap_or_default();
        if token.len() != 32 || !token.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Fault::new(Kind::NotFound, language, &root));
        }
        // What cannot be read of a query is as good as not there.
        let asked = Query::<Asked>::from_query(request.query_string());
        let Asked {
            openid,
            buyer_id,
            choose,
            remark,
        } = asked.map(Query::into_inner).unwrap_or_default();
        let agent = request
            .headers()
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok());
        let place = Place::of(agent.unwrap_or_default());
        let named = match place {
            Place::InAlipay => buyer_id,
            _ => openid,
        };
        Ok(Visit {
            shared,
            token: CheckoutToken::new(token),
            language,
            place,
            payer: named.as_deref().and_then(payer::name).map(str::to_owned),
            chooses: choose.is_some(),
            remark: remark.as_deref().and_then(Remark::named),
            root,
        })
    }

    /// The page's order.
    ///
    /// # Errors
    /// The page that says why there is none.
    pub(super) async fn order(&self) -> Result<OrderState, Fault> {
        let found = self.shared.cashier.order_by_token(&self.token).await;
        found.map_err(|refusal| self.fault(&refusal))
    }

    /// The page's words.
    pub(super) fn text(&self) -> &'static Text {
        Text::of(self.language)
    }

    /// The page's addresses.
    pub(super) fn links(&self) -> Links {
        let payer = self.payer.as_deref();
        Links::new(
            &self.root,
            &self.token,
            payer.map(|payer| (self.place.payer_name(), payer)),
        )
    }

    /// Back to the page, with a remark.
    pub(super) fn page(&self, remark: Option<Remark>) -> HttpResponse {
        sheet::see_other(&self.links().remarking(remark))
    }

    /// The page that says why there is none.
    pub(super) fn fault(&self, refusal: &Refusal) -> Fault {
        Fault::new(Fault::kind_of(refusal), self.language, &self.root)
    }

    /// The page that says that the request makes no sense.
    pub(super) fn invalid(&self) -> Fault {
        Fault::new(Kind::Invalid, self.language, &self.root)
    }
}

impl FromRequest for Visit {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Visit::of(request))
    }
}
