//! The JSON that goes over the wire, by the pages of each call under "JSON API" of
//! pay.weixin.qq.com. These types never leave the folder. Requests hold no `null`
//! and nothing undocumented; answers are read by the fields that are needed, and a
//! field that comes twice or has another type is an error. Amounts are fen, times
//! RFC 3339.

use serde::{Deserialize, Serialize};

/// `currency`, always.
pub(super) const CNY: &str = "CNY";

/// Who sells, in an order: a merchant, or a service provider for the merchant below.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Seller<'a> {
    Own {
        appid: &'a str,
        mchid: &'a str,
    },
    Sub {
        sp_appid: &'a str,
        sp_mchid: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        sub_appid: Option<&'a str>,
        sub_mchid: &'a str,
    },
}

/// Who sells, where no application is named; the body of a close.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Merchant<'a> {
    Own {
        mchid: &'a str,
    },
    Sub {
        sp_mchid: &'a str,
        sub_mchid: &'a str,
    },
}

/// Who sells, in an answer or a notice.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Named {
    pub(super) appid: Option<String>,
    pub(super) mchid: Option<String>,
    pub(super) sp_appid: Option<String>,
    pub(super) sp_mchid: Option<String>,
    pub(super) sub_appid: Option<String>,
    pub(super) sub_mchid: Option<String>,
}

/// `POST /v3/pay/transactions/{native,h5,jsapi,app}`
#[derive(Debug, Serialize)]
pub(super) struct Order<'a> {
    #[serde(flatten)]
    pub(super) seller: Seller<'a>,
    pub(super) description: String,
    pub(super) out_trade_no: &'a str,
    pub(super) time_expire: String,
    pub(super) notify_url: &'a str,
    pub(super) amount: OrderAmount,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) payer: Option<OrderPayer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scene_info: Option<Scene<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct OrderAmount {
    pub(super) total: i64,
    pub(super) currency: &'static str,
}

/// Under the application in whose name the wallet is called.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum OrderPayer<'a> {
    Own { openid: &'a str },
    Provider { sp_openid: &'a str },
    Sub { sub_openid: &'a str },
}

/// `POST /v3/pay/transactions/codepay`
#[derive(Debug, Serialize)]
pub(super) struct BarcodeOrder<'a> {
    #[serde(flatten)]
    pub(super) seller: Seller<'a>,
    pub(super) description: String,
    pub(super) out_trade_no: &'a str,
    pub(super) amount: OrderAmount,
    pub(super) payer: BarcodePayer<'a>,
    pub(super) scene_info: BarcodeScene<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct BarcodePayer<'a> {
    pub(super) auth_code: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct BarcodeScene<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) device_ip: Option<&'a str>,
    pub(super) store_info: Store<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Store<'a> {
    pub(super) out_id: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Scene<'a> {
    pub(super) payer_client_ip: &'a str,
    pub(super) h5_info: H5Info,
}

#[derive(Debug, Serialize)]
pub(super) struct H5Info {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

/// The answer to a JSAPI or APP order.
#[derive(Debug, Deserialize)]
pub(super) struct Prepaid {
    pub(super) prepay_id: String,
}

/// The answer to a NATIVE order.
#[derive(Debug, Deserialize)]
pub(super) struct Native {
    pub(super) code_url: String,
}

/// The answer to an H5 order.
#[derive(Debug, Deserialize)]
pub(super) struct H5 {
    pub(super) h5_url: String,
}

/// The answer to `POST …/out-trade-no/{out_trade_no}/reverse`
#[derive(Debug, Deserialize)]
pub(super) struct Taken {
    #[serde(flatten)]
    pub(super) named: Named,
    pub(super) out_trade_no: String,
}

/// A trade, in the answer to a query and inside a notice.
#[derive(Debug, Deserialize)]
pub(super) struct Transaction {
    #[serde(flatten)]
    pub(super) named: Named,
    pub(super) out_trade_no: String,
    pub(super) trade_state: String,
    pub(super) transaction_id: Option<String>,
    pub(super) success_time: Option<String>,
    pub(super) payer: Option<Payer>,
    pub(super) amount: Option<TradeAmount>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Payer {
    pub(super) openid: Option<String>,
    pub(super) sp_openid: Option<String>,
    pub(super) sub_openid: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TradeAmount {
    pub(super) total: Option<i64>,
    pub(super) currency: Option<String>,
}

/// `POST /v3/refund/domestic/refunds`
#[derive(Debug, Serialize)]
pub(super) struct RefundOrder<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sub_mchid: Option<&'a str>,
    pub(super) transaction_id: &'a str,
    pub(super) out_refund_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    pub(super) notify_url: &'a str,
    pub(super) amount: RefundOrderAmount,
}

#[derive(Debug, Serialize)]
pub(super) struct RefundOrderAmount {
    pub(super) refund: i64,
    pub(super) total: i64,
    pub(super) currency: &'static str,
}

/// A refund, in the answers to a refund and to its query.
#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    pub(super) out_refund_no: String,
    pub(super) out_trade_no: String,
    pub(super) transaction_id: String,
    pub(super) status: String,
    pub(super) amount: RefundAmount,
}

#[derive(Debug, Deserialize)]
pub(super) struct RefundAmount {
    pub(super) total: i64,
    pub(super) refund: i64,
    pub(super) currency: Option<String>,
}

/// A notice, still sealed.
#[derive(Debug, Deserialize)]
pub(super) struct Notification {
    /// The same for every repetition of the notice.
    pub(super) id: Option<String>,
    pub(super) event_type: String,
    pub(super) resource: Resource,
}

#[derive(Debug, Deserialize)]
pub(super) struct Resource {
    pub(super) algorithm: String,
    pub(super) ciphertext: String,
    pub(super) associated_data: Option<String>,
    pub(super) nonce: String,
}

/// What a notice of a refund holds. The state is called otherwise than in [`Refund`].
#[derive(Debug, Deserialize)]
pub(super) struct RefundNotice {
    #[serde(flatten)]
    pub(super) named: Named,
    pub(super) transaction_id: String,
    pub(super) out_trade_no: String,
    pub(super) refund_id: String,
    pub(super) out_refund_no: String,
    pub(super) refund_status: String,
    pub(super) amount: RefundAmount,
}

/// The body of an answer that is a no.
#[derive(Debug, Deserialize)]
pub(super) struct Problem {
    pub(super) code: String,
    pub(super) message: Option<String>,
}

/// `GET /v3/certificates`
#[derive(Debug, Deserialize)]
pub(super) struct Certificates {
    pub(super) data: Vec<SealedCertificate>,
}

/// A platform certificate, still sealed.
#[derive(Debug, Deserialize)]
pub(super) struct SealedCertificate {
    pub(super) serial_no: String,
    pub(super) expire_time: String,
    pub(super) encrypt_certificate: Resource,
}

/// `GET /v3/bill/tradebill`
#[derive(Debug, Deserialize)]
pub(super) struct BillPlace {
    pub(super) hash_type: String,
    pub(super) hash_value: String,
    pub(super) download_url: String,
}

/// `GET /sns/oauth2/access_token`: either a name or an error, both with HTTP 200.
#[derive(Deserialize)]
pub(super) struct Granted {
    pub(super) openid: Option<String>,
    pub(super) errcode: Option<i64>,
    pub(super) errmsg: Option<String>,
}
