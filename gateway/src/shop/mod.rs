//! The demo shop: a merchant's server in small, which uses the gateway as any
//! merchant does: its HTTP interface with an API key, and its signed events. It
//! shares no code with the gateway, and only `till demo` starts it.
//!
//! What it sells, and what it was told, is in memory.

mod buy;
mod catalogue;
mod list;
mod merchant;
mod news;
mod order;
mod refund;
mod sales;
mod sheet;
mod webhook;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data, get, post};
use actix_web::{App, HttpServer};
use cashier::time::Entropy;
use merchant::Merchant;
use sales::Sales;
use secrecy::SecretString;
use standardwebhooks::{Webhook, WebhookError};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

/// What a shop is told when it opens.
pub struct Setting {
    /// How payers reach it, without a slash at the end.
    pub url: String,
    /// The gateway, without a slash at the end.
    pub gateway: String,
    /// Its API key there.
    pub api_key: SecretString,
    /// What the gateway signs events with.
    pub webhook_secret: SecretString,
    /// For the numbers of its orders.
    pub entropy: Arc<dyn Entropy>,
}

/// Why a shop cannot open.
#[derive(Debug, thiserror::Error)]
pub enum ShopFault {
    /// It cannot listen.
    #[error("the demo shop cannot listen: {0}")]
    Listen(#[from] io::Error),
    /// It cannot call the gateway.
    #[error("the demo shop's HTTP client could not be set up: {0}")]
    Client(#[from] reqwest::Error),
    /// The webhook's secret is none.
    #[error("the demo shop's webhook secret is not a whsec_ secret: {0}")]
    Secret(#[from] WebhookError),
}

/// An open shop.
pub struct Running {
    server: ServerHandle,
}

/// Opens the shop inside the current tokio runtime.
///
/// # Errors
/// [`ShopFault`] says what is in the way.
pub fn start(listener: TcpListener, setting: Setting) -> Result<Running, ShopFault> {
    let verifier = Data::new(verifier(&setting.webhook_secret)?);
    let merchant = Data::new(Merchant::new(setting)?);
    let sales = Data::new(Sales::default());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(merchant.clone())
            .app_data(sales.clone())
            .app_data(verifier.clone())
            .route("/", get().to(list::handle))
            .route("/shop.css", get().to(sheet::style))
            .route("/buy", post().to(buy::handle))
            .route("/orders/{no}", get().to(order::handle))
            .route("/orders/{no}/refund", post().to(refund::handle))
            .route("/webhook", post().to(webhook::handle))
            .default_service(web::to(sheet::not_found))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(2)
    .listen(listener)?
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok(Running { server: handle })
}

impl Running {
    /// Closes the shop.
    pub async fn stop(self) {
        self.server.stop(true).await;
    }
}

fn verifier(secret: &SecretString) -> Result<Webhook, WebhookError> {
    use secrecy::ExposeSecret as _;
    Webhook::new(secret.expose_secret())
}
