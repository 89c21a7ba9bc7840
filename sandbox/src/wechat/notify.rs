//! Notices of APIv3: `TRANSACTION.SUCCESS` and `REFUND.*`, the resource sealed, the whole signed
//! anew for each delivery, answered by an HTTP status whose body nobody reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::Unsaved;
use super::call::falsify;
use super::refund_view::refund_resource;
use super::seal::seal;
use super::sign::Signed;
use super::token::token;
use super::transaction::{moment, payment};
use crate::account::WechatAccount;
use crate::faults::Fault;
use crate::key::KeyError;
use crate::ledger::{Refund, RefundState, Trade, TradeKey};
use crate::notice::{self, Attempt, Letter, NoticeKind, NoticeRefused, Written};
use crate::server::Sandbox;

/// What a notice tells.
struct Event {
    event_type: &'static str,
    summary: &'static str,
    original_type: &'static str,
    resource: Value,
}

impl Event {
    fn payment(trade: &Trade) -> Result<Self, NoticeRefused> {
        let unpaid = "the trade was not paid: WeChat Pay tells nobody about unpaid trades";
        let paid_at = trade.paid_at.ok_or(NoticeRefused::Nothing(unpaid))?;
        Ok(Self {
            event_type: "TRANSACTION.SUCCESS",
            summary: "支付成功",
            original_type: "transaction",
            resource: payment(trade, paid_at),
        })
    }

    fn refund(trade: &Trade, refund: &Refund) -> Result<Self, NoticeRefused> {
        let (event_type, summary) = match refund.state {
            RefundState::Success => ("REFUND.SUCCESS", "退款成功"),
            RefundState::Abnormal => ("REFUND.ABNORMAL", "退款异常"),
            RefundState::Closed => ("REFUND.CLOSED", "退款关闭"),
            RefundState::Processing => {
                let early = "the refund is PROCESSING: WeChat Pay tells of its end only";
                return Err(NoticeRefused::Nothing(early));
            }
        };
        let resource = refund_resource(trade, refund);
        Ok(Self {
            event_type,
            summary,
            original_type: "refund",
            resource,
        })
    }
}

/// One notice on its way.
struct Message {
    trade: TradeKey,
    account: Arc<WechatAccount>,
    unsaved: Arc<Unsaved>,
    kind: NoticeKind,
    url: String,
    id: String,
    create_time: String,
    event: Event,
}

impl Letter for Message {
    fn trade(&self) -> &TradeKey {
        &self.trade
    }

    fn kind(&self) -> &str {
        self.kind.name()
    }

    fn url(&self) -> &str {
        &self.url
    }

    fn write(&self, attempt: Attempt) -> Result<Written, KeyError> {
        let body = self.body(attempt.fault)?;
        let key = self.account.portal.platform.notice_key(&self.account);
        let signed = Signed::new(
            &key.ok_or(KeyError::Private)?,
            attempt.wall.timestamp(),
            token::<16>()?,
            body.as_bytes(),
        )?;
        // A probe is followed by the right message, as any notice that was not received.
        let signed = match (attempt.fault, self.kind, attempt.number) {
            (Some(Fault::BadSignature), _, _) => signed.spoiled(),
            (Some(Fault::Signtest), _, _) | (_, NoticeKind::Signtest, 1) => signed.probe(),
            _ if self.unsaved.switches.probe_is_due() => signed.probe(),
            _ => signed,
        };
        let mut headers = vec![
            ("Content-Type", "application/json; charset=utf-8".to_owned()),
            (
                "Request-ID",
                format!("08{}-0", token::<20>()?.to_uppercase()),
            ),
        ];
        headers.extend(
            signed
                .headers()
                .map(|(name, value)| (name, value.to_owned())),
        );
        Ok(Written { headers, body })
    }

    /// 200 and 204 are receipts, whatever the body says.
    fn is_receipt(&self, status: u16, _: &[u8]) -> bool {
        is_received(status)
    }
}

/// Whether the status says that a notice was received.
pub fn is_received(status: u16) -> bool {
    matches!(status, 200 | 204)
}

impl Message {
    /// The body, with its resource sealed under a nonce of its own.
    fn body(&self, fault: Option<Fault>) -> Result<String, KeyError> {
        let mut resource = self.event.resource.clone();
        match fault {
            Some(Fault::WrongAmount) => falsify(&mut resource),
            Some(Fault::WrongAppId) => {
                set_either(&mut resource, ["appid", "sp_appid"], "wx0000000000000000");
            }
            Some(Fault::WrongSeller) => {
                set_either(&mut resource, ["mchid", "sub_mchid"], "1900000000");
            }
            Some(Fault::WrongOutTradeNo) => set(&mut resource, "out_trade_no", "WRONG000000000"),
            _ => {}
        }
        let nonce = token::<6>()?;
        let refused = KeyError::Library("seal a notice");
        let bytes = nonce
            .as_bytes()
            .try_into()
            .map_err(|_| KeyError::Library("make a nonce"))?;
        let sealed = seal(
            self.account.merchant.apiv3_key.expose_secret(),
            bytes,
            self.event.original_type,
            resource.to_string().as_bytes(),
        );
        let body = json!({
            "id": self.id,
            "create_time": self.create_time,
            "resource_type": "encrypt-resource",
            "event_type": self.event.event_type,
            "summary": self.event.summary,
            "resource": {
                "original_type": self.event.original_type,
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": sealed.map_err(|_| refused)?,
                "associated_data": self.event.original_type,
                "nonce": nonce,
            },
        });
        Ok(body.to_string())
    }
}

/// Sends one notice about the trade, with `overrides` in place of the resource's own values; a
/// name such as `amount.total` reaches inside.
///
/// # Errors
/// [`NoticeRefused`] when there is nothing to tell, or nobody to tell it to.
pub(crate) fn send_notice(
    sandbox: &Sandbox,
    trade: &Trade,
    kind: NoticeKind,
    overrides: BTreeMap<String, String>,
) -> Result<(), NoticeRefused> {
    let (url, mut event) = match kind {
        NoticeKind::Paid | NoticeKind::Signtest => {
            (trade.order.notify_url.clone(), Event::payment(trade)?)
        }
        NoticeKind::Refund => {
            let newest = newest_refund(sandbox, trade)?;
            (newest.notify_url.clone(), Event::refund(trade, &newest)?)
        }
        NoticeKind::Waiting | NoticeKind::Finished | NoticeKind::Closed => {
            let never = "WeChat Pay sends no such notice: it tells of payments and refunds only";
            return Err(NoticeRefused::Nothing(never));
        }
    };
    for (name, value) in overrides {
        set(&mut event.resource, &name, &value);
    }
    post(sandbox, trade, kind, url, event)
}

/// Tells the merchant that a refund ended, if the refund asked for it.
pub fn announce_refund(sandbox: &Sandbox, trade: &Trade, refund: &Refund) {
    let sent = Event::refund(trade, refund).and_then(|event| {
        post(
            sandbox,
            trade,
            NoticeKind::Refund,
            refund.notify_url.clone(),
            event,
        )
    });
    match sent {
        Ok(()) | Err(NoticeRefused::NoUrl) => {}
        Err(error) => {
            tracing::warn!(%error, out_refund_no = %refund.out_refund_no, "a notice was not sent");
        }
    }
}

fn post(
    sandbox: &Sandbox,
    trade: &Trade,
    kind: NoticeKind,
    url: Option<String>,
    event: Event,
) -> Result<(), NoticeRefused> {
    let url = url.ok_or(NoticeRefused::NoUrl)?;
    let key = trade.order.key.clone();
    let account = sandbox.accounts().wechat(&key.account);
    let account = account.ok_or_else(|| NoticeRefused::NoAccount(key.account.clone()))?;
    let id = token::<8>().map_err(|_| NoticeRefused::Nothing("no randomness for its id"))?;
    let create_time = moment(sandbox.clock().now());
    let id = format!("EV-{id}");
    notice::send(
        sandbox,
        Message {
            trade: key,
            account,
            unsaved: sandbox.wechat().clone(),
            kind,
            url,
            id,
            create_time,
            event,
        },
    );
    Ok(())
}

fn newest_refund(sandbox: &Sandbox, trade: &Trade) -> Result<Refund, NoticeRefused> {
    sandbox.with_world(|world, _| {
        let newest = world.ledger.refunds_of(&trade.order.key).last().cloned();
        newest.ok_or(NoticeRefused::Nothing("the trade has no refund to tell of"))
    })
}

/// Replaces the field that is there of two: the direct merchant's, or the service provider's.
fn set_either(resource: &mut Value, [direct, partner]: [&str; 2], value: &str) {
    let name = if resource.get(partner).is_some() {
        partner
    } else {
        direct
    };
    set(resource, name, value);
}

/// Replaces the value at `name` (dots reach inside); what was a number stays one if it can.
fn set(resource: &mut Value, name: &str, value: &str) {
    let pointer = format!("/{}", name.replace('.', "/"));
    let number = |value: &str| value.parse::<i64>().ok().map(Value::from);
    if let Some(place) = resource.pointer_mut(&pointer) {
        let kept = place.is_number().then(|| number(value)).flatten();
        *place = kept.unwrap_or_else(|| json!(value));
    } else if let Some(fields) = resource.as_object_mut() {
        fields.insert(name.to_owned(), json!(value));
    }
}
