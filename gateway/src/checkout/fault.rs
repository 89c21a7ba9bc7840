//! What cannot be shown, as a page: these addresses are read by people.

use super::language::Language;
use super::links;
use super::sheet::{self, Frame};
use super::text::Text;
use crate::shared::Shared;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;
use cashier::command::Refusal;
use std::fmt;

/// Why there is no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// No order has such a token.
    NotFound,
    /// The request makes no sense.
    Invalid,
    /// The database does not answer.
    Unavailable,
}

/// A page that says why there is no page.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    kind: Kind,
    language: Language,
    root: String,
}

#[derive(Template)]
#[template(path = "checkout/fault.html")]
struct FaultPage<'a> {
    text: &'static Text,
    frame: Frame,
    title: &'a str,
    explanation: &'a str,
}

impl Fault {
    pub(super) fn new(kind: Kind, language: Language, root: &str) -> Fault {
        Fault {
            kind,
            language,
            root: root.to_owned(),
        }
    }

    /// The refusals that leave nothing to show.
    pub(super) fn kind_of(refusal: &Refusal) -> Kind {
        match refusal {
            Refusal::NotFound => Kind::NotFound,
            other => {
                tracing::error!(error = %other, "a checkout page could not be served");
                Kind::Unavailable
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        match self.kind {
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Invalid => StatusCode::BAD_REQUEST,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let text = Text::of(self.language);
        let (title, explanation) = match self.kind {
            Kind::NotFound => (text.not_found_title, text.not_found_text),
            Kind::Invalid => (text.invalid_title, text.invalid_text),
            Kind::Unavailable => (text.unavailable_title, text.unavailable_text),
        };
        let page = FaultPage {
            text,
            frame: Frame::under(&self.root),
            title,
            explanation,
        };
        sheet::send(self.status_code(), &page, None)
    }
}

/// An address below `/checkout` where nothing is.
pub(super) async fn not_found(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let root = links::root(&shared.settings);
    Fault::new(Kind::NotFound, Language::of(&request), &root).error_response()
}
