//! `GET /checkout/{token}/events`: where the page stands, pushed when it changes
//! (server-sent events, WHATWG HTML 9.2). A commit in this process is heard of at
//! once; for those of other processes, and for time that runs out, the database
//! is read again every few seconds.

use super::fault::Fault;
use super::sheet::unseen_by_others;
use super::stage::Stage;
use super::status::Status;
use super::streams::{Listening, Streams};
use super::visit::Visit;
use crate::shared::Shared;
use actix_web::http::header::{CONTENT_ENCODING, RETRY_AFTER};
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpResponse};
use cashier::id::OrderId;
use cashier::time::Span;
use futures_util::stream;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// How often the database is read without a hint.
const REREAD: Span = Span::seconds(3);
/// After how many readings without a change something is sent all the same, so
/// that proxies and the browser know that the stream is alive.
const QUIET_READINGS: u32 = 5;
/// When a browser may come back after too many have come, in seconds.
const COME_BACK: &str = "30";

/// Opens the stream.
pub(super) async fn handle(visit: Visit, streams: Data<Streams>) -> Result<HttpResponse, Fault> {
    // Listening begins before the first reading, so that nothing falls between.
    let hints = visit.shared.changes.subscribe();
    let order = visit.order().await?.order.id;
    let Some(listening) = streams.enter() else {
        let mut answer = HttpResponse::ServiceUnavailable();
        return Ok(unseen_by_others(&mut answer)
            .insert_header((RETRY_AFTER, COME_BACK))
            .finish());
    };
    let watcher = Watcher {
        shared: visit.shared,
        order,
        hints,
        listening,
        told: None,
        over: false,
    };
    let pieces = stream::unfold(watcher, |mut watcher| async move {
        let piece = watcher.next().await?;
        Some((Ok::<Bytes, Error>(Bytes::from(piece)), watcher))
    });
    Ok(unseen_by_others(&mut HttpResponse::Ok())
        .content_type("text/event-stream")
        // Compression would hold events back; so would buffering in a proxy.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(pieces))
}

/// Watches one order for one page.
struct Watcher {
    shared: Data<Shared>,
    order: OrderId,
    hints: Receiver<OrderId>,
    listening: Listening,
    told: Option<String>,
    over: bool,
}

impl Watcher {
    /// The next piece of the stream; `None` at its end.
    async fn next(&mut self) -> Option<String> {
        if self.over {
            return None;
        }
        for _ in 0..QUIET_READINGS {
            if self.told.is_some() && !self.wait().await {
                return None;
            }
            if let Some(news) = self.read().await {
                return Some(news);
            }
            self.told.get_or_insert_default();
        }
        Some(":\n\n".to_owned())
    }

    /// Reads where the order stands; `None` if that is known already, or if the
    /// database does not answer just now.
    async fn read(&mut self) -> Option<String> {
        let state = self.shared.store.load(&self.order).await.ok()??;
        let stage = Stage::of(&state, self.shared.clock.now());
        let mark = stage.mark();
        if self.told.as_ref() == Some(&mark) {
            return None;
        }
        self.told = Some(mark);
        self.over = stage.is_final();
        let data = serde_json::to_string(&Status::from(stage)).ok()?;
        Some(format!("data: {data}\n\n"))
    }

    /// Waits for a hint about this order, or for a while. `false`: the end.
    async fn wait(&mut self) -> bool {
        let mut pause = self.shared.clock.sleep(REREAD);
        loop {
            tokio::select! {
                () = &mut pause => return true,
                () = self.listening.ended() => return false,
                hint = self.hints.recv() => match hint {
                    Ok(order) if order == self.order => return true,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return true,
                    Err(RecvError::Closed) => return false,
                },
            }
        }
    }
}
