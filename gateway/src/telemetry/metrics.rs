//! Metrics: their names, each with its unit, in one place; and the server that
//! Prometheus asks, on an address of its own.

use crate::server::StartFault;
use actix_web::dev::ServerHandle;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{App, HttpResponse, HttpServer, web};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::net::{SocketAddr, TcpListener};
use std::sync::OnceLock;
use std::time::Duration;

/// Calls to channels, by `account`, `call` and `outcome`.
pub const CHANNEL_CALLS: &str = "till_channel_calls_total";
/// How long calls to channels take, in seconds, by `account` and `call`.
pub const CHANNEL_SECONDS: &str = "till_channel_call_duration_seconds";
/// Notices, by `account` and `verdict`.
pub const NOTICES: &str = "till_notices_total";
/// Tasks that were done, by `call` and `outcome`.
pub const TASKS: &str = "till_tasks_total";
/// Tasks that are being done.
pub const TASKS_RUNNING: &str = "till_tasks_running";
/// Events that were committed, by `kind`.
pub const EVENTS: &str = "till_events_total";
/// Exceptions that were committed, by `kind`.
pub const EXCEPTIONS: &str = "till_exceptions_total";
/// Exceptions that are open now, by `kind`.
pub const EXCEPTIONS_OPEN: &str = "till_exceptions_open";
/// Tries to alert somebody of an exception, by `outcome`.
pub const ALERTS: &str = "till_alerts_total";
/// Tries to deliver an event, by `outcome`.
pub const DELIVERIES: &str = "till_deliveries_total";
/// From an event to its successful delivery, in seconds.
pub const DELIVERY_LAG: &str = "till_delivery_lag_seconds";
/// Requests, by `method`, `route` and `status`.
pub const REQUESTS: &str = "till_http_requests_total";
/// How long requests take, in seconds, by `method` and `route`.
pub const REQUEST_SECONDS: &str = "till_http_request_duration_seconds";
/// How far this machine's clock is behind the database's, in milliseconds.
pub const CLOCK_OFFSET: &str = "till_clock_offset_milliseconds";
/// Errors of background loops, by `loop`.
pub const LOOP_ERRORS: &str = "till_worker_errors_total";
/// Breaches that the last audit found, by `formula`.
pub const AUDIT_BREACHES: &str = "till_audit_breaches";
/// When the last audit ended, in seconds since 1970 (UTC).
pub const AUDIT_LAST_RUN: &str = "till_audit_last_run_timestamp_seconds";

/// Daily bills that were asked for, by `account` and `outcome` (`taken`, `none`, `trouble`).
pub const BILLS: &str = "till_bills_total";
/// Rows of daily bills whose numbers are not of Till's form, by `account`.
pub const FOREIGN_BILL_ROWS: &str = "till_bill_foreign_rows_total";

/// Upper bounds of durations, in seconds.
const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// Upper bounds of the delivery lag, in seconds: the retry schedule's steps.
const LAG: &[f64] = &[
    0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0, 270_000.0,
];

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// The process's metrics; made at the first call.
///
/// # Errors
/// Somebody else records metrics in this process.
pub fn recorder() -> Result<PrometheusHandle, StartFault> {
    if let Some(handle) = RECORDER.get() {
        return Ok(handle.clone());
    }
    let fault = |error: &dyn std::fmt::Display| StartFault::Metrics(error.to_string());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("duration_seconds".to_owned()), SECONDS)
        .and_then(|b| b.set_buckets_for_metric(Matcher::Full(DELIVERY_LAG.to_owned()), LAG))
        .map_err(|error| fault(&error))?
        .install_recorder();
    match handle {
        Ok(handle) => Ok(RECORDER.get_or_init(|| handle).clone()),
        // Two servers that start at once in one process share one recorder.
        Err(error) => RECORDER.get().cloned().ok_or_else(|| fault(&error)),
    }
}

/// The metrics' server.
#[derive(Debug)]
pub struct MetricsServer {
    /// Where it listens.
    pub addr: SocketAddr,
    handle: ServerHandle,
}

impl MetricsServer {
    /// Serves `/metrics` on this address.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub fn start(listen: &str) -> Result<MetricsServer, StartFault> {
        let recorder = recorder()?;
        let bind = |source| StartFault::Bind {
            addr: listen.to_owned(),
            source,
        };
        let listener = TcpListener::bind(listen).map_err(bind)?;
        let addr = listener.local_addr().map_err(bind)?;
        let shared = web::Data::new(recorder);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/metrics", web::get().to(show))
        })
        .workers(1)
        .disable_signals()
        .client_request_timeout(Duration::from_secs(10))
        .listen(listener)
        .map_err(bind)?
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(MetricsServer { addr, handle })
    }

    /// Stops.
    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}

async fn show(recorder: web::Data<PrometheusHandle>) -> HttpResponse {
    recorder.run_upkeep();
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4"))
        .body(recorder.render())
}
