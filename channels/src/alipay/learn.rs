//! Learning a certificate that Alipay signs with and that is not known yet
//! (alipay.open.app.alipaycert.download): one download at a time, and not the same
//! one over and over.

use super::answer;
use super::client::Client;
use super::codes::Call;
use super::wire::{ByCertificate, CertificateContent, Head};
use crate::redact;
use cashier::channel::Outcome;
use cashier::time::{Span, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as State, PoisonError};
use tokio::sync::Mutex;

/// How long a download that failed is not made again. Anybody can send a notice that
/// names a certificate, so that of those only one is made in this time.
const PAUSE: Span = Span::seconds(10);

/// The most failures that are remembered.
const MOST_FAILURES: usize = 32;

/// What was downloaded lately.
#[derive(Debug, Default)]
pub(super) struct Lessons {
    /// Held while a download is under way.
    turn: Mutex<()>,
    failed: State<BTreeMap<String, Timestamp>>,
    /// When a notice made us download last.
    noticed: State<Option<Timestamp>>,
}

impl Client {
    /// Downloads the certificate of this serial number, unless somebody just did.
    pub(super) async fn learn(&self, serial: &str) {
        let Some(certificates) = self.account().trust.certificates() else {
            return;
        };
        let _turn = self.lessons.turn.lock().await;
        if certificates.knows(serial) || self.lessons.has_failed(serial, self.now()) {
            return;
        }
        let taken = match self.download(serial).await {
            Ok(content) => certificates.take(serial, &content, self.now()),
            Err(why) => Err(why),
        };
        match taken {
            Ok(()) => tracing::info!(certificate = serial, "learnt a certificate of Alipay's"),
            Err(why) => {
                let detail = redact::words(&why);
                tracing::warn!(
                    certificate = serial,
                    detail,
                    "could not learn a certificate"
                );
                self.lessons.note_failure(serial, self.now());
            }
        }
    }

    /// Begins to learn a certificate that a notice names, and does not wait for it. It
    /// runs where the caller runs; outside of a runtime nothing is begun, and the next
    /// call's answer brings it.
    pub(super) fn begin_to_learn(self: &Arc<Self>, serial: String) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if self.lessons.may_begin(self.now()) {
            let client = Arc::clone(self);
            runtime.spawn(async move { client.learn(&serial).await });
        }
    }

    /// The answer is signed with the certificate that it brings: what it is worth, the
    /// roots say.
    async fn download(&self, serial: &str) -> Result<String, String> {
        let call = Call::Certificate;
        let content = ByCertificate {
            alipay_cert_sn: serial,
        };
        let content = serde_json::to_string(&content).map_err(|error| error.to_string())?;
        let request = self
            .request(call, &[("biz_content", &content)])
            .map_err(|cause| cause.detail)?;
        let answer = match self.http().send(request).await {
            Ok(answer) => answer,
            Err(lost) => return Err(in_words(lost.into())),
        };
        let cut = answer::cut(&answer.body, call.method())?;
        let unreadable = |error: serde_json::Error| format!("the node: {error}");
        let head: Head = serde_json::from_str(cut.node).map_err(unreadable)?;
        if head.code != "10000" {
            return Err(format!("{} {} {}", head.code, head.sub_code, head.sub_msg));
        }
        let content: CertificateContent = serde_json::from_str(cut.node).map_err(unreadable)?;
        Ok(content.alipay_cert_content)
    }
}

impl Lessons {
    fn has_failed(&self, serial: &str, now: Timestamp) -> bool {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get(serial).is_some_and(|at| now.since(*at) < PAUSE)
    }

    fn note_failure(&self, serial: &str, now: Timestamp) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.retain(|_, at| now.since(*at) < PAUSE);
        if failed.len() < MOST_FAILURES {
            failed.insert(serial.to_owned(), now);
        }
    }

    fn may_begin(&self, now: Timestamp) -> bool {
        let mut noticed = self.noticed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_soon = noticed.is_some_and(|at| now.since(at) < PAUSE);
        if !is_soon {
            *noticed = Some(now);
        }
        !is_soon
    }
}

fn in_words(outcome: Outcome<()>) -> String {
    match outcome {
        Outcome::NotSent(cause) | Outcome::Unknown(cause) => cause.detail,
        Outcome::Done(()) | Outcome::Refused(_) => String::new(),
    }
}
