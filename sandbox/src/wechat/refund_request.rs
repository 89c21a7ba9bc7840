//! Reads and checks the body of `POST /v3/refund/domestic/refunds`.

use serde_json::Value;

use super::fields::Fields;
use super::notify_url::notify_url;
use super::problem::Problem;

/// A refund as the merchant asked for it, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct RefundRequest {
    /// In service-provider mode: whose order it is.
    pub sub_mchid: Option<String>,
    /// WeChat Pay's number of the order; decides when both are given.
    pub transaction_id: Option<String>,
    /// The merchant's number of the order.
    pub out_trade_no: Option<String>,
    /// The merchant's number of the refund, the key under which it is repeated.
    pub out_refund_no: String,
    /// Why, as the payer reads it.
    pub reason: Option<String>,
    /// Where the notice goes; without it none is sent.
    pub notify_url: Option<String>,
    /// `AVAILABLE` or `UNSETTLED`.
    pub funds_account: Option<String>,
    /// Fen to give back.
    pub refund: i64,
    /// Fen of the whole order.
    pub total: i64,
    /// The whole body: a refund repeated under its number must equal it.
    pub content: Value,
}

impl RefundRequest {
    /// Reads the body of the call.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR` that names the field.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        let mut fields = Fields::parse(body)?;
        let content = fields.content();
        let sub_mchid = fields.text("sub_mchid", 32)?;
        let transaction_id = fields.text("transaction_id", 32)?;
        let out_trade_no = fields.text("out_trade_no", 32)?;
        if transaction_id.is_none() && out_trade_no.is_none() {
            return Err(fields.refuse("out_trade_no", "transaction_id和out_trade_no二选一"));
        }
        let out_refund_no = out_refund_no(&mut fields)?;
        let reason = fields.text("reason", 80)?;
        let notify_url = notify_url(&mut fields, 256)?;
        let funds_account = fields.choice("funds_account", &["AVAILABLE", "UNSETTLED"])?;
        let (refund, total) = amount(&mut fields)?;
        goods_detail(&mut fields)?;
        fields.finish()?;
        Ok(Self {
            sub_mchid,
            transaction_id,
            out_trade_no,
            out_refund_no,
            reason,
            notify_url,
            funds_account,
            refund,
            total,
            content,
        })
    }
}

fn out_refund_no(fields: &mut Fields) -> Result<String, Problem> {
    let number = fields.required_text("out_refund_no", 64)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*@".contains(&byte);
    if number.bytes().all(allowed) {
        return Ok(number);
    }
    Err(fields.refuse("out_refund_no", "只能是数字、大小写字母_-|*@"))
}

/// Answers (refund, total) in fen.
fn amount(fields: &mut Fields) -> Result<(i64, i64), Problem> {
    let mut amount = fields.required_object("amount")?;
    let refund = amount.required_integer("refund", 1)?;
    let total = amount.required_integer("total", 1)?;
    if amount.choice("currency", &["CNY"])?.is_none() {
        return Err(amount.absent("currency"));
    }
    let mut sum = Some(0_i64);
    let from = amount.objects("from")?;
    let split = !from.is_empty();
    for mut part in from {
        if part
            .choice("account", &["AVAILABLE", "UNAVAILABLE"])?
            .is_none()
        {
            return Err(part.absent("account"));
        }
        let fen = part.required_integer("amount", 1)?;
        sum = sum.and_then(|sum| sum.checked_add(fen));
        part.finish()?;
    }
    if split && sum != Some(refund) {
        return Err(amount.refuse("from", "各出资账户金额之和应等于退款金额"));
    }
    amount.finish()?;
    Ok((refund, total))
}

fn goods_detail(fields: &mut Fields) -> Result<(), Problem> {
    for mut goods in fields.objects("goods_detail")? {
        goods.required_text("merchant_goods_id", 32)?;
        goods.text("wechatpay_goods_id", 32)?;
        goods.text("goods_name", 256)?;
        goods.required_integer("unit_price", 0)?;
        goods.required_integer("refund_amount", 0)?;
        goods.required_integer("refund_quantity", 1)?;
        goods.finish()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good() -> Value {
        json!({
            "out_trade_no": "1217752501201407033233368018", "out_refund_no": "R_1-|*@",
            "reason": "商品已售完", "notify_url": "https://pay.example.com/wx/v3/refund-notify",
            "amount": { "refund": 3, "total": 10, "currency": "CNY" },
        })
    }

    fn refused(body: &Value, pointer: &str) {
        let problem = RefundRequest::parse(body.to_string().as_bytes()).unwrap_err();
        assert_eq!((problem.status(), problem.code()), (400, "PARAM_ERROR"));
        assert_eq!(problem.body()["detail"]["field"], pointer, "{problem:?}");
    }

    #[test]
    fn a_full_refund_request_is_read() {
        let mut body = good();
        body["amount"]["from"] = json!([
            { "account": "AVAILABLE", "amount": 1 }, { "account": "UNAVAILABLE", "amount": 2 },
        ]);
        let read = RefundRequest::parse(body.to_string().as_bytes()).unwrap();
        assert_eq!((read.refund, read.total), (3, 10));
        assert_eq!(read.out_refund_no, "R_1-|*@");
        assert_eq!(read.transaction_id, None);
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        for name in ["out_trade_no", "out_refund_no", "amount"] {
            let mut body = good();
            body.as_object_mut().unwrap().remove(name);
            refused(&body, &format!("/{name}"));
        }
        for name in ["refund", "total", "currency"] {
            let mut body = good();
            body["amount"].as_object_mut().unwrap().remove(name);
            refused(&body, &format!("/amount/{name}"));
        }
        let mut body = good();
        body["refund_desc"] = json!("v2's name");
        refused(&body, "/refund_desc");
    }

    #[test]
    fn values_outside_the_documented_bounds_are_refused() {
        for (name, value) in [
            ("out_refund_no", json!("a".repeat(65))),
            ("out_refund_no", json!("a b")),
            ("reason", json!("长".repeat(81))),
            ("notify_url", json!("http://pay.example.com/notify")),
            ("funds_account", json!("REFUND_SOURCE_UNSETTLED_FUNDS")),
        ] {
            let mut body = good();
            body[name] = value;
            refused(&body, &format!("/{name}"));
        }
        let mut body = good();
        body["amount"]["from"] = json!([{ "account": "AVAILABLE", "amount": 1 }]);
        refused(&body, "/amount/from");
        body = good();
        body["amount"]["refund"] = json!(0);
        refused(&body, "/amount/refund");
    }
}
