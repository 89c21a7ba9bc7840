//! Asynchronous notices and `return_url`: what they carry, signed by the V1 rule.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use url::form_urlencoded;

use super::amount::{fen, yuan};
use super::buyer::BUYER_LOGON_ID;
use super::params::Params;
use super::rules::NoticeCertSn;
use super::{PAGE_PAY, WAP_PAY, buyer, moment, seller, sign};
use crate::account::AlipayAccount;
use crate::faults::Fault;
use crate::key::KeyError;
use crate::ledger::{Order, Refund, Trade, TradeKey, TradeState, beijing};
use crate::notice::{self, Attempt, Letter, NoticeKind, NoticeRefused, Written};
use crate::server::Sandbox;
use crate::token::token;

/// Sends a notice of this kind to the order's `notify_url`. `overrides` take the place of the
/// channel's own parameters before signing; an empty value removes one.
pub(crate) fn send_notice(
    sandbox: &Sandbox,
    trade: &Trade,
    kind: NoticeKind,
    overrides: BTreeMap<String, String>,
) -> Result<(), NoticeRefused> {
    let url = trade.order.notify_url.clone().ok_or(NoticeRefused::NoUrl)?;
    let app_id = &trade.order.key.account;
    let account = sandbox
        .accounts()
        .alipay(app_id)
        .ok_or_else(|| NoticeRefused::NoAccount(app_id.clone()))?;
    let key = trade.order.key.clone();
    let (refund, sum, cert_sn, now) = sandbox.with_world(|world, now| {
        let newest = world.ledger.refunds_of(&key).last().cloned();
        let cert_sn = world.alipay.rules.notice_cert_sn;
        (newest, world.ledger.refunded(&key), cert_sn, now)
    });
    let mut params = describe(&account, trade, now);
    add_kind(
        &mut params,
        trade,
        kind,
        refund.map(|refund| (refund, sum)),
        now,
    )?;
    params.extend(overrides);
    params.retain(|_, value| !value.is_empty());
    notice::send(
        sandbox,
        Notice {
            account,
            key,
            kind,
            url,
            params,
            cert_sn,
        },
    );
    Ok(())
}

/// What every payment notice carries.
fn describe(account: &AlipayAccount, trade: &Trade, now: DateTime<Utc>) -> Params {
    let order = &trade.order;
    let amount = yuan(order.amount);
    let mut params = common(account, order);
    let own = [
        ("notify_type", "trade_status_sync".to_owned()),
        ("notify_id", notify_id(now)),
        ("trade_no", trade.trade_no.clone()),
        ("out_trade_no", order.key.out_trade_no.clone()),
        (
            "buyer_id",
            buyer::user_id(order).unwrap_or_default().to_owned(),
        ),
        (
            "buyer_open_id",
            buyer::open_id(order).unwrap_or_default().to_owned(),
        ),
        ("buyer_logon_id", BUYER_LOGON_ID.to_owned()),
        ("seller_id", seller::of(order, account).to_owned()),
        ("seller_email", "seller@sandbox.com".to_owned()),
        ("trade_status", trade.state_name().to_owned()),
        ("total_amount", amount),
        ("subject", order.subject.clone()),
        (
            "body",
            order.details.get("body").cloned().unwrap_or_default(),
        ),
        ("passback_params", order.attach.clone().unwrap_or_default()),
        ("gmt_create", moment::text(trade.created_at)),
    ];
    params.extend(own.map(|(name, value)| (name.to_owned(), value)));
    if let Some(paid_at) = trade.paid_at {
        let amount = yuan(order.amount);
        let funds = format!(r#"[{{"amount":"{amount}","fundChannel":"ALIPAYACCOUNT"}}]"#);
        let paid = [
            ("gmt_payment", moment::text(paid_at)),
            ("receipt_amount", amount.clone()),
            ("invoice_amount", amount.clone()),
            ("buyer_pay_amount", amount),
            ("point_amount", "0.00".to_owned()),
            ("fund_bill_list", funds),
        ];
        params.extend(paid.map(|(name, value)| (name.to_owned(), value)));
    }
    params
}

fn common(account: &AlipayAccount, order: &Order) -> Params {
    [
        ("app_id", account.app.app_id.clone()),
        (
            "auth_app_id",
            seller::auth_app_id(order, account).to_owned(),
        ),
        ("charset", "utf-8".to_owned()),
        ("version", "1.0".to_owned()),
        ("sign_type", "RSA2".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// What makes a notice one of its kind. A refund's looks like a payment's, with three more
/// parameters, and says `TRADE_SUCCESS` until everything was given back.
fn add_kind(
    params: &mut Params,
    trade: &Trade,
    kind: NoticeKind,
    refund: Option<(Refund, i64)>,
    now: DateTime<Utc>,
) -> Result<(), NoticeRefused> {
    let mut set = |name: &str, value: String| params.insert(name.to_owned(), value);
    match kind {
        NoticeKind::Paid | NoticeKind::Finished if trade.paid_at.is_none() => {
            let why = "the trade is not paid: pay it first, or send kind \"closed\" with overrides";
            return Err(NoticeRefused::Nothing(why));
        }
        NoticeKind::Waiting => {
            set("trade_status", "WAIT_BUYER_PAY".to_owned());
        }
        NoticeKind::Paid => {
            set("trade_status", "TRADE_SUCCESS".to_owned());
        }
        NoticeKind::Finished => {
            set("trade_status", "TRADE_FINISHED".to_owned());
        }
        NoticeKind::Closed => {
            set("trade_status", "TRADE_CLOSED".to_owned());
            set("gmt_close", moment::text(trade.closed_at.unwrap_or(now)));
            set("refund_fee", "0.00".to_owned());
        }
        NoticeKind::Refund => {
            let Some((refund, sum)) = refund else {
                return Err(NoticeRefused::Nothing("the trade has no refund"));
            };
            set("out_biz_no", out_biz_no(&refund));
            set("gmt_refund", moment::text_with_millis(refund.created_at));
            set("refund_fee", yuan(sum));
            if trade.state == TradeState::Closed {
                set("gmt_close", moment::text(trade.closed_at.unwrap_or(now)));
            }
        }
        NoticeKind::Signtest => {
            let why = "Alipay sends no SIGNTEST probes; use the fault bad_signature";
            return Err(NoticeRefused::Nothing(why));
        }
    }
    Ok(())
}

/// `out_request_no`; the trade's own number if the refund was made without one.
fn out_biz_no(refund: &Refund) -> String {
    if refund.out_refund_no == refund.trade.out_trade_no {
        refund.trade_no.clone()
    } else {
        refund.out_refund_no.clone()
    }
}

/// 34 digits that begin with the date; the same for all deliveries of one notice.
fn notify_id(now: DateTime<Utc>) -> String {
    let random = token();
    let number = u64::from_str_radix(random.get(..14).unwrap_or("0"), 16).unwrap_or_default();
    format!("{}00222{number:021}", beijing(now).format("%Y%m%d"))
}

/// Where the payer's browser goes after paying on a page, signed by the V1 rule. It carries no
/// trade status: it is for showing only.
pub(crate) fn return_url(sandbox: &Sandbox, trade: &Trade) -> Option<String> {
    let method = match trade.order.product.as_str() {
        product @ (PAGE_PAY | WAP_PAY) => format!("{product}.return"),
        _ => return None,
    };
    let target = trade.order.return_url.as_deref()?;
    let account = sandbox.accounts().alipay(&trade.order.key.account)?;
    let mut params = common(&account, &trade.order);
    let own = [
        ("method", method),
        ("out_trade_no", trade.order.key.out_trade_no.clone()),
        ("trade_no", trade.trade_no.clone()),
        ("total_amount", yuan(trade.order.amount)),
        ("seller_id", seller::of(&trade.order, &account).to_owned()),
        ("timestamp", moment::text(sandbox.clock().now())),
    ];
    params.extend(own.map(|(name, value)| (name.to_owned(), value)));
    match account
        .channel_key
        .sign(sign::v1_string(&params).as_bytes())
    {
        Ok(signature) => params.insert("sign".to_owned(), signature),
        Err(error) => {
            tracing::error!(%error, "return_url could not be signed");
            return None;
        }
    };
    let separator = if target.contains('?') { '&' } else { '?' };
    Some(format!("{target}{separator}{}", encode(&params)))
}

fn encode(params: &Params) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(params)
        .finish()
}

/// One notice on its way.
struct Notice {
    account: Arc<AlipayAccount>,
    key: TradeKey,
    kind: NoticeKind,
    url: String,
    params: Params,
    cert_sn: NoticeCertSn,
}

impl Letter for Notice {
    fn trade(&self) -> &TradeKey {
        &self.key
    }

    fn kind(&self) -> &str {
        self.kind.name()
    }

    fn url(&self) -> &str {
        &self.url
    }

    fn write(&self, attempt: Attempt) -> Result<Written, KeyError> {
        let mut params = self.params.clone();
        params.insert("notify_time".to_owned(), moment::text(attempt.now));
        spoil(&mut params, attempt.fault);
        let cert_sn = self
            .account
            .cert_sn()
            .map(|sn| ("alipay_cert_sn".to_owned(), sn.to_owned()));
        if self.cert_sn == NoticeCertSn::Signed {
            params.extend(cert_sn.clone());
        }
        let text = match attempt.fault {
            Some(Fault::V2Signed) => sign::v2_string(&params),
            Some(Fault::BadSignature) => format!("{} ", sign::v1_string(&params)),
            _ => sign::v1_string(&params),
        };
        let signature = self.account.channel_key.sign(text.as_bytes())?;
        params.insert("sign".to_owned(), signature);
        if self.cert_sn == NoticeCertSn::Unsigned {
            params.extend(cert_sn);
        }
        let content_type = "application/x-www-form-urlencoded; charset=UTF-8";
        Ok(Written {
            headers: vec![("content-type", content_type.to_owned())],
            body: encode(&params),
        })
    }

    /// Exactly the seven characters `success`.
    fn is_receipt(&self, status: u16, body: &[u8]) -> bool {
        status == 200 && body == b"success"
    }
}

/// A fault that changes what is told; the signature fits the lie.
fn spoil(params: &mut Params, fault: Option<Fault>) {
    let mut set = |name: &str, value: String| params.insert(name.to_owned(), value);
    match fault {
        Some(Fault::WrongAmount) => {
            let amount = params
                .get("total_amount")
                .and_then(|text| fen(text))
                .unwrap_or_default();
            params.insert("total_amount".to_owned(), yuan(amount.saturating_add(1)));
        }
        Some(Fault::WrongAppId) => {
            set("app_id", "2021999999999999".to_owned());
            set("auth_app_id", "2021999999999999".to_owned());
        }
        Some(Fault::WrongSeller) => {
            set("seller_id", "2088999999999999".to_owned());
        }
        Some(Fault::WrongOutTradeNo) => {
            let other = params
                .get("out_trade_no")
                .map(|number| format!("{number}X"));
            params.insert("out_trade_no".to_owned(), other.unwrap_or_default());
        }
        Some(Fault::SignTypeRemoved) => {
            params.remove("sign_type");
        }
        _ => {}
    }
}
