//! The HTTP server: the interface, the notices and the checkout page behind one
//! stack of layers, with the background work beside it if it is wanted.
//!
//! [`start`] binds an address (port 0 picks a free one) inside the caller's tokio
//! runtime and returns what runs; tests start it the way the binary does, with a
//! clock of their own.

mod layers;

use crate::assembly::{Assembled, assemble};
use crate::auth::Gate;
use crate::checkout;
use crate::config::Config;
use crate::routes;
use crate::shared::Shared;
use crate::telemetry::metrics::MetricsServer;
use crate::telemetry::{access, metrics};
use crate::worker::Workers;
use crate::{config, request_id};
use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpServer, web};
use cashier::time::{Clock, Entropy};
use cashier::timing::Timing;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

pub use crate::assembly::StartFault;

/// How long an open connection may be silent between two requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// What a caller has of its own, in the place of the real thing.
#[derive(Clone, Default)]
pub struct Overrides {
    /// The clock; none, the system's.
    pub clock: Option<Arc<dyn Clock>>,
    /// The time that our signatures carry to merchants; none, `clock`. Where `clock`
    /// runs ahead (the demo), the clocks of those who verify did not move.
    pub wall: Option<Arc<dyn Clock>>,
    /// Randomness; none, the system's.
    pub entropy: Option<Arc<dyn Entropy>>,
    /// The rhythm of asking; none, the usual one.
    pub timing: Option<Timing>,
}

/// A gateway that runs.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Where the metrics are, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// What its handlers share.
    pub shared: Arc<Shared>,
    /// Delivers events: for callers that keep the workers off and deliver by hand.
    pub deliverer: Arc<crate::webhook::Deliverer>,
    /// Sends alerts: for callers that keep the workers off and send them by hand.
    pub alerter: Arc<crate::alert::Alerter>,
    server: ServerHandle,
    streams: web::Data<checkout::Streams>,
    metrics_server: Option<MetricsServer>,
    workers: Workers,
    patience: Duration,
}

/// Starts a gateway inside the current tokio runtime, with the background work if
/// `workers.enabled`.
///
/// # Errors
/// [`StartFault`] says what is in the way.
pub async fn start(config: Config, overrides: Overrides) -> Result<Running, StartFault> {
    let listener = listen(&config.http.listen)?;
    let addr = local(&listener, &config.http.listen)?;
    metrics::recorder()?;
    let Assembled {
        shared,
        deliverer,
        alerter,
    } = assemble(&config, overrides, addr).await?;
    let metrics_server = start_metrics(&config.metrics)?;
    let streams = web::Data::new(checkout::Streams::new());
    let server = serve(listener, &config.http, &shared, streams.clone())?;
    let handle = server.handle();
    tokio::spawn(server);
    let workers = if config.workers.enabled {
        Workers::start(&shared, deliverer.clone(), &alerter, &config)
    } else {
        Workers::start_reload(&shared)
    };
    tracing::info!(%addr, public_url = shared.settings.public_url, "the gateway is running");
    Ok(Running {
        addr,
        metrics: metrics_server.as_ref().map(|server| server.addr),
        shared,
        deliverer,
        alerter,
        server: handle,
        streams,
        metrics_server,
        workers,
        patience: config.http.shutdown(),
    })
}

/// The background work alone, and its metrics.
pub struct RunningWorkers {
    metrics: Option<MetricsServer>,
    workers: Workers,
    patience: Duration,
}

/// Starts the background work inside the current tokio runtime, without a server.
///
/// # Errors
/// [`StartFault`] says what is in the way.
pub async fn start_workers(
    config: Config,
    overrides: Overrides,
) -> Result<RunningWorkers, StartFault> {
    metrics::recorder()?;
    // Nothing listens here: the address only stands in where no public one is configured.
    let addr = config
        .http
        .listen
        .parse()
        .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
    let Assembled {
        shared,
        deliverer,
        alerter,
    } = assemble(&config, overrides, addr).await?;
    let metrics = start_metrics(&config.metrics)?;
    let workers = Workers::start(&shared, deliverer, &alerter, &config);
    tracing::info!("the workers are running");
    Ok(RunningWorkers {
        metrics,
        workers,
        patience: config.http.shutdown(),
    })
}

impl RunningWorkers {
    /// Stops: nothing new is begun, and what runs may finish.
    pub async fn stop(self) {
        #[cfg(feature = "crash-points")]
        crate::crash::reached("shutdown.asked");
        self.workers.stop(self.patience).await;
        #[cfg(feature = "crash-points")]
        crate::crash::reached("shutdown.done");
        if let Some(metrics) = self.metrics {
            metrics.stop().await;
        }
        tracing::info!("the workers have stopped");
    }
}

fn start_metrics(metrics: &config::Metrics) -> Result<Option<MetricsServer>, StartFault> {
    match metrics.listen.as_str() {
        "" => Ok(None),
        listen => MetricsServer::start(listen).map(Some),
    }
}

impl Running {
    /// `http://` and the address.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops: no new connections, open requests and running work may finish.
    pub async fn stop(self) {
        #[cfg(feature = "crash-points")]
        crate::crash::reached("shutdown.asked");
        self.streams.end();
        let stopping = self.workers.stop(self.patience);
        let _ = futures_util::future::join(self.server.stop(true), stopping).await;
        #[cfg(feature = "crash-points")]
        crate::crash::reached("shutdown.done");
        if let Some(metrics) = self.metrics_server {
            metrics.stop().await;
        }
        tracing::info!("the gateway has stopped");
    }
}

/// Binds an address.
pub(crate) fn listen(address: &str) -> Result<TcpListener, StartFault> {
    TcpListener::bind(address).map_err(|source| StartFault::Bind {
        addr: address.to_owned(),
        source,
    })
}

/// Where a listener really listens.
pub(crate) fn local(listener: &TcpListener, asked: &str) -> Result<SocketAddr, StartFault> {
    listener.local_addr().map_err(|source| StartFault::Bind {
        addr: asked.to_owned(),
        source,
    })
}

fn serve(
    listener: TcpListener,
    http: &config::Http,
    shared: &Arc<Shared>,
    streams: web::Data<checkout::Streams>,
) -> Result<Server, StartFault> {
    let data = web::Data::from(shared.clone());
    let gate = web::Data::new(Gate::new(shared.clock.clone(), &shared.settings));
    let deadline = Duration::from_secs(u64::from(http.request_seconds));
    let listening = http.listen.clone();
    let mut server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .configure(routes::configure(gate.clone()))
            .configure(checkout::configure(streams.clone()))
            .default_service(web::to(routes::not_found))
            .wrap(Compress::default())
            .wrap(from_fn(move |request, next| {
                layers::deadline(deadline, request, next)
            }))
            .wrap(from_fn(layers::security_headers))
            .wrap(from_fn(access::log))
            .wrap(from_fn(request_id::identify))
    })
    .disable_signals()
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(Duration::from_secs(u64::from(http.request_head_seconds)))
    .shutdown_timeout(u64::from(http.shutdown_seconds));
    if http.threads > 0 {
        server = server.workers(http.threads);
    }
    let bind = |source| StartFault::Bind {
        addr: listening,
        source,
    };
    Ok(server.listen(listener).map_err(bind)?.run())
}
