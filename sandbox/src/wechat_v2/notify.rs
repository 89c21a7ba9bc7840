//! Notices of v2: of a payment, signed; of a refund's end, its content encrypted and nothing
//! signed. The merchant's receipt is an XML that says `SUCCESS`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::call::{falsify, spoiled};
use super::merchant::Account;
use super::refund_view::told;
use super::req_info::seal;
use super::sign::SignType;
use super::trade_view::paid;
use super::xml::{self, Fields};
use super::{PROTOCOL, made};
use crate::faults::Fault;
use crate::key::KeyError;
use crate::ledger::{Order, Refund, RefundState, Trade, TradeKey};
use crate::notice::{self, Attempt, Letter, NoticeKind, NoticeRefused, Written};
use crate::server::Sandbox;
use crate::token::token;

/// The fields that say who is told, which no notice hides.
const NAMES: [&str; 4] = ["appid", "mch_id", "sub_mch_id", "sub_appid"];

/// One notice on its way.
struct Message {
    trade: TradeKey,
    account: Arc<Account>,
    kind: NoticeKind,
    url: String,
    content: Content,
}

/// What a notice tells.
enum Content {
    /// A payment: fields to be signed as the order was.
    Payment(Fields, SignType),
    /// A refund: fields to be encrypted.
    Refund(Fields),
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
        let fields = match &self.content {
            Content::Payment(fields, sign_type) => self.signed(fields, *sign_type, attempt.fault),
            Content::Refund(fields) => self.sealed(fields, attempt.fault)?,
        };
        Ok(Written {
            headers: vec![("Content-Type", "text/xml; charset=utf-8".to_owned())],
            body: xml::write(&fields),
        })
    }

    /// HTTP 200 and exactly `SUCCESS`.
    fn is_receipt(&self, status: u16, body: &[u8]) -> bool {
        let answer = xml::read("xml", body).unwrap_or_default();
        let code = answer.get("return_code").map(String::as_str);
        status == 200 && code == Some("SUCCESS")
    }
}

impl Message {
    fn signed(&self, fields: &Fields, sign_type: SignType, fault: Option<Fault>) -> Fields {
        let mut fields = fields.clone();
        fields.insert("nonce_str".to_owned(), token());
        lie(&mut fields, fault);
        fields.retain(|_, value| !value.is_empty());
        let sign = sign_type.sign(&fields, self.account.key());
        let sign = match fault {
            Some(Fault::BadSignature) => spoiled(&sign),
            _ => sign,
        };
        fields.insert("sign".to_owned(), sign);
        fields
    }

    /// There is no signature to be wrong: a notice from somebody else is one under another key.
    fn sealed(&self, fields: &Fields, fault: Option<Fault>) -> Result<Fields, KeyError> {
        let mut hidden = fields.clone();
        lie(&mut hidden, fault);
        let mut outside = Fields::new();
        for name in NAMES {
            let named = hidden.remove(name);
            outside.extend(named.map(|value| (name.to_owned(), value)));
        }
        let key = match fault {
            Some(Fault::BadSignature) => spoiled(self.account.key()),
            _ => self.account.key().to_owned(),
        };
        let req_info = seal(&xml::write_root(&hidden), &key)?;
        outside.extend(own([
            ("return_code", "SUCCESS".to_owned()),
            ("nonce_str", token()),
            ("req_info", req_info),
        ]));
        Ok(outside)
    }
}

/// Who is told, under the names of the order.
fn names(account: &Account, order: &Order) -> Fields {
    let detail = |name: &str| order.details.get(name).cloned();
    let appid = detail("appid").unwrap_or_else(|| account.merchant.appid.clone());
    let told_as = [
        ("appid", Some(appid)),
        ("mch_id", Some(account.merchant.mch_id.clone())),
        ("sub_mch_id", detail("sub_mchid")),
        ("sub_appid", detail("sub_appid")),
    ];
    told_as
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// A fault that changes what is told; the signature fits the lie.
fn lie(fields: &mut Fields, fault: Option<Fault>) {
    let mut set = |name: &str, value: &str| fields.insert(name.to_owned(), value.to_owned());
    match fault {
        Some(Fault::WrongAmount) => falsify(fields),
        Some(Fault::WrongAppId) => {
            set("appid", "wx0000000000000000");
        }
        Some(Fault::WrongSeller) => {
            set("mch_id", "1900000000");
        }
        Some(Fault::WrongOutTradeNo) => {
            set("out_trade_no", "WRONG000000000");
        }
        _ => {}
    }
}

/// Whether a notice of this kind about the trade is v2's: of the version in which the payment was
/// ordered, or the refund.
pub(crate) fn tells(sandbox: &Sandbox, trade: &Trade, kind: NoticeKind) -> bool {
    match kind {
        NoticeKind::Refund => newest_refund(sandbox, trade).is_some_and(|refund| asked(&refund)),
        _ => made(&trade.order),
    }
}

/// Whether the refund was asked for through v2.
pub(crate) fn asked(refund: &Refund) -> bool {
    refund.details.get("protocol").map(String::as_str) == Some(PROTOCOL)
}

/// Sends one notice about the trade, with `overrides` in place of the channel's own values; an
/// empty one removes a field. Of a refund they reach what is encrypted.
///
/// # Errors
/// [`NoticeRefused`] when there is nothing to tell, or nobody to tell it to.
pub(crate) fn send_notice(
    sandbox: &Sandbox,
    trade: &Trade,
    kind: NoticeKind,
    overrides: BTreeMap<String, String>,
) -> Result<(), NoticeRefused> {
    match kind {
        NoticeKind::Paid => send_payment(sandbox, trade, overrides),
        NoticeKind::Refund => {
            let nothing = NoticeRefused::Nothing("the trade has no refund to tell of");
            let refund = newest_refund(sandbox, trade).ok_or(nothing)?;
            send_refund(sandbox, trade, &refund, overrides)
        }
        NoticeKind::Waiting | NoticeKind::Finished | NoticeKind::Closed | NoticeKind::Signtest => {
            let never = "WeChat Pay v2 sends no such notice: it tells of payments and refunds only";
            Err(NoticeRefused::Nothing(never))
        }
    }
}

/// Tells the merchant that a refund ended, if there is somewhere to tell it.
pub(crate) fn announce_refund(sandbox: &Sandbox, trade: &Trade, refund: &Refund) {
    match send_refund(sandbox, trade, refund, BTreeMap::new()) {
        Ok(()) | Err(NoticeRefused::NoUrl) => {}
        Err(error) => {
            tracing::warn!(%error, out_refund_no = %refund.out_refund_no, "a notice was not sent");
        }
    }
}

fn send_payment(
    sandbox: &Sandbox,
    trade: &Trade,
    overrides: BTreeMap<String, String>,
) -> Result<(), NoticeRefused> {
    let unpaid = "the trade was not paid: WeChat Pay tells nobody about unpaid trades";
    let paid_at = trade.paid_at.ok_or(NoticeRefused::Nothing(unpaid))?;
    let url = trade.order.notify_url.clone().ok_or(NoticeRefused::NoUrl)?;
    let account = account_of(sandbox, &trade.order)?;
    let mut fields = paid(trade, paid_at);
    // A notice does not say in which currency the cash was.
    fields.remove("cash_fee_type");
    fields.extend(names(&account, &trade.order));
    fields.extend(own([
        ("return_code", "SUCCESS".to_owned()),
        ("result_code", "SUCCESS".to_owned()),
    ]));
    fields.extend(overrides);
    let sign_type = trade.order.details.get("sign_type").map(String::as_str);
    let sign_type = SignType::named(sign_type).unwrap_or(SignType::Md5);
    let message = Message {
        trade: trade.order.key.clone(),
        account,
        kind: NoticeKind::Paid,
        url,
        content: Content::Payment(fields, sign_type),
    };
    notice::send(sandbox, message);
    Ok(())
}

fn send_refund(
    sandbox: &Sandbox,
    trade: &Trade,
    refund: &Refund,
    overrides: BTreeMap<String, String>,
) -> Result<(), NoticeRefused> {
    if refund.state == RefundState::Processing {
        let early = "the refund is PROCESSING: WeChat Pay tells of its end only";
        return Err(NoticeRefused::Nothing(early));
    }
    let url = refund.notify_url.clone().ok_or(NoticeRefused::NoUrl)?;
    let account = account_of(sandbox, &trade.order)?;
    let mut fields = told(trade, refund);
    fields.extend(names(&account, &trade.order));
    fields.extend(overrides);
    let message = Message {
        trade: trade.order.key.clone(),
        account,
        kind: NoticeKind::Refund,
        url,
        content: Content::Refund(fields),
    };
    notice::send(sandbox, message);
    Ok(())
}

fn account_of(sandbox: &Sandbox, order: &Order) -> Result<Arc<Account>, NoticeRefused> {
    let mch_id = &order.key.account;
    let found = sandbox.accounts().wechat_v2().find(mch_id);
    found.ok_or_else(|| NoticeRefused::NoAccount(mch_id.clone()))
}

fn newest_refund(sandbox: &Sandbox, trade: &Trade) -> Option<Refund> {
    sandbox.read_world(|world| world.ledger.refunds_of(&trade.order.key).last().cloned())
}

fn own<const N: usize>(fields: [(&str, String); N]) -> Fields {
    fields.map(|(name, value)| (name.to_owned(), value)).into()
}
