//! A notice that a channel has signed and that has not arrived: to be sent as it
//! is, or altered.

use reqwest::Method;
use serde_json::{Value, json};
use till_tests::{Answer, App, until};

/// A notice as it is on its way.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Pays a new order by that way while no notice leaves the channel and no query is
/// answered, so that Till knows nothing of the payment. Returns the order, the
/// `out_trade_no` and the notice that did not leave.
pub(super) async fn unheard(app: &App, way: &str) -> (Value, String, Letter) {
    let mut wish = json!({ "way": way });
    if way == "WX_JSAPI" {
        wish["openid"] = json!("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
    }
    let order = app.merchant.order(wish).await;
    for (method, fault) in [
        ("notice.*", "drop"),
        ("alipay.trade.query", "http_500"),
        ("wechat.query", "http_500"),
    ] {
        app.payer
            .break_it(json!({ "method": method, "fault": fault }))
            .await;
    }
    let number = app.payer.pay(&order["action"]).await;
    let letter = newest(app, &number, 0).await;
    (order, number, letter)
}

/// Has the channel write one more notice, with values replaced before it signs.
/// Only while no notice leaves the channel.
pub(super) async fn written(app: &App, number: &str, kind: &str, overrides: Value) -> Letter {
    let before = app.payer.notices(number).await.len();
    app.payer.notify(number, kind, overrides).await;
    newest(app, number, before).await
}

async fn newest(app: &App, number: &str, before: usize) -> Letter {
    let notice = until("the channel has written a notice", async || {
        let notices = app.payer.notices(number).await;
        let newest = notices.last().filter(|_| notices.len() > before).cloned();
        newest.ok_or(notices)
    })
    .await;
    Letter::of(&notice)
}

impl Letter {
    /// A delivery of the channel's log.
    pub(super) fn of(notice: &Value) -> Letter {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let headers = notice["headers"].as_array().unwrap().iter();
        let headers = headers
            .map(|pair| (text(&pair[0]), text(&pair[1])))
            .collect();
        Letter {
            headers,
            body: text(&notice["body"]).into_bytes(),
        }
    }

    /// Sends it to a channel account's address.
    pub(super) async fn send(&self, app: &App, account: &str) -> Answer {
        let mut request = app
            .merchant
            .stranger(Method::POST, &format!("/notify/{account}"));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        app.merchant.send(request.body(self.body.clone())).await
    }

    /// The body as text.
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// With another body.
    pub(super) fn with_body(&self, body: impl Into<Vec<u8>>) -> Letter {
        Letter {
            headers: self.headers.clone(),
            body: body.into(),
        }
    }

    /// With something in the body replaced, once.
    ///
    /// # Panics
    /// When that changes nothing.
    pub(super) fn replaced(&self, from: &str, to: &str) -> Letter {
        let text = self.text();
        assert!(text.contains(from), "{from:?} is not in {text}");
        self.with_body(text.replacen(from, to, 1))
    }

    /// With another byte in place of the one behind `mark`.
    pub(super) fn damaged_behind(&self, mark: &str) -> Letter {
        let at = self.text().find(mark).unwrap() + mark.len();
        let mut body = self.body.clone();
        body[at] = if body[at] == b'7' { b'8' } else { b'7' };
        self.with_body(body)
    }

    /// A header's value.
    pub(super) fn header(&self, name: &str) -> &str {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        &found.unwrap().1
    }

    /// With another value of a header.
    pub(super) fn with_header(&self, name: &str, value: &str) -> Letter {
        let mut letter = self.without_header(name);
        letter.headers.push((name.to_owned(), value.to_owned()));
        letter
    }

    /// Without a header.
    pub(super) fn without_header(&self, name: &str) -> Letter {
        let mut letter = self.clone();
        letter
            .headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        assert!(
            letter.headers.len() < self.headers.len(),
            "there is no header {name}"
        );
        letter
    }
}
