//! A browser without a screen: it sends what a browser of its kind sends, follows
//! no redirect by itself, and looks at the page's hooks.

use reqwest::Method;
use reqwest::header::{ACCEPT_LANGUAGE, USER_AGENT};
use serde_json::Value;
use std::collections::HashMap;
use till_tests::{Answer, App};

pub(crate) const DESKTOP: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36";
pub(crate) const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
pub(crate) const IN_WECHAT: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.60(0x18003c2d) NetType/WIFI Language/zh_CN";
pub(crate) const IN_ALIPAY: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 AliApp(AP/10.7.20.6000) AlipayClient/10.7.20.6000 Language/zh-Hans";

/// A tab with one order's page.
pub(crate) struct Tab<'a> {
    app: &'a App,
    agent: &'static str,
    /// The page's path.
    pub(crate) page: String,
}

impl<'a> Tab<'a> {
    /// A tab of a browser of that kind, on the page of that order.
    pub(crate) fn open(app: &'a App, agent: &'static str, order: &Value) -> Tab<'a> {
        let url = order["checkout_url"].as_str().unwrap();
        let page = url.strip_prefix(&app.gateway.url()).unwrap().to_owned();
        Tab { app, agent, page }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, below: &str, fields: &[(&str, &str)]) -> Answer {
        let fields: HashMap<_, _> = fields.iter().copied().collect();
        let path = format!("{}{below}", self.page);
        self.send(self.request(Method::POST, &path).form(&fields))
            .await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.app.merchant.stranger(method, path);
        request
            .header(USER_AGENT, self.agent)
            .header(ACCEPT_LANGUAGE, "zh-CN,zh;q=0.9")
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.app.merchant.send(request).await
    }

    /// The page as it is now.
    pub(crate) async fn look(&self) -> String {
        let answer = self.get(&self.page).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.text
    }

    /// Chooses a way; the address that the form's answer leads to.
    pub(crate) async fn choose(&self, way: &str) -> String {
        location(&self.post("/pay", &[("way", way)]).await)
    }

    /// Follows the hop to the wallet's page.
    pub(crate) async fn leave(&self, way: &str) -> String {
        let hop = self.choose(way).await;
        assert!(hop.starts_with(&format!("{}/go/", self.page)), "{hop}");
        let answer = self.get(&hop).await;
        assert_eq!(answer.status, 302, "{}", answer.text);
        answer.header("location").to_owned()
    }
}

/// Where a form's answer leads to.
pub(crate) fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.header("location").to_owned()
}

/// The value of an attribute, wherever it stands first.
pub(crate) fn attribute(html: &str, name: &str) -> String {
    let start = format!(" {name}=\"");
    let (_, rest) = html
        .split_once(&start)
        .unwrap_or_else(|| panic!("no {name} in {html}"));
    let value = rest.split_once('"').unwrap().0;
    value.replace("&#34;", "\"").replace("&#38;", "&")
}

/// The state that a page shows.
pub(crate) fn state(html: &str) -> String {
    attribute(html, "data-state")
}

/// The ways that a page offers, in their order.
pub(crate) fn offered(html: &str) -> Vec<&str> {
    html.split("data-way=\"")
        .skip(1)
        .map(|rest| rest.split_once('"').unwrap().0)
        .collect()
}
