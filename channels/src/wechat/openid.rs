//! How a payer inside WeChat becomes known to an account (网页授权, `snsapi_base`): the
//! browser goes to WeChat and comes back with a code, which is changed into an openid.
//! WeChat's answer to that is not signed; nothing but a payer's name hangs on it.

use super::account::Account;
use super::answer::{cause, read, unknown};
use super::wire::Granted;
use crate::http::{Http, Lost};
use crate::redact::words;
use async_trait::async_trait;
use cashier::channel::{CauseKind, Outcome, Payers, Refusal, RefusalKind};
use cashier::way::Way;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// Where the browser goes.
const AUTHORIZE: &str = "/connect/oauth2/authorize";

/// Where a code is changed into an openid.
const ACCESS_TOKEN: &str = "/sns/oauth2/access_token";

/// `errcode` for a code that is no code, was used, or is too old.
const SPENT: [i64; 4] = [40029, 40163, 41008, 42003];

/// `errcode` for "later": busy, and too often.
const BUSY: [i64; 3] = [-1, 45009, 45011];

/// `errcode` for an application or a secret that is not right.
const SETUP: [i64; 5] = [40001, 40013, 40125, 41002, 41004];

/// The payers of one application.
#[derive(Debug)]
pub(crate) struct Openids {
    http: Http,
    appid: String,
    secret: SecretString,
    authorize: Url,
    access_token: Url,
}

impl Openids {
    /// The payers of an APIv3 account; `None` where it has no secret to ask with.
    pub(super) fn of(account: &Account, http: &Http) -> Option<Openids> {
        let secret = account.app_secret.clone()?;
        let appid = account.names.wallet_appid(Way::WxJsapi);
        let (open, sns) = (&account.open_url, &account.sns_url);
        Some(Openids::new(http.clone(), appid, secret, [open, sns]))
    }

    /// The payers of `appid`. `hosts` are that of the page in the wallet and that where
    /// codes are changed.
    pub(crate) fn new(
        http: Http,
        appid: &str,
        secret: SecretString,
        [open, sns]: [&Url; 2],
    ) -> Openids {
        let (mut authorize, mut access_token) = (open.clone(), sns.clone());
        authorize.set_path(AUTHORIZE);
        access_token.set_path(ACCESS_TOKEN);
        Openids {
            http,
            appid: appid.to_owned(),
            secret,
            authorize,
            access_token,
        }
    }
}

#[async_trait]
impl Payers for Openids {
    fn asked_at(&self, back: &str, state: &str) -> String {
        let mut url = self.authorize.clone();
        // WeChat recognises the address by the order of its parameters, and wants the
        // fragment.
        url.query_pairs_mut()
            .append_pair("appid", &self.appid)
            .append_pair("redirect_uri", back)
            .append_pair("response_type", "code")
            .append_pair("scope", "snsapi_base")
            .append_pair("state", state);
        url.set_fragment(Some("wechat_redirect"));
        url.into()
    }

    fn code_field(&self) -> &'static str {
        "code"
    }

    async fn payer(&self, code: &str) -> Outcome<String> {
        let mut url = self.access_token.clone();
        url.query_pairs_mut()
            .append_pair("appid", &self.appid)
            .append_pair("secret", self.secret.expose_secret())
            .append_pair("code", code)
            .append_pair("grant_type", "authorization_code");
        let answer = match self.http.send(self.http.request(Method::GET, url)).await {
            Ok(answer) => answer,
            Err(Lost::NotSent(cause)) => return Outcome::NotSent(cause),
            Err(Lost::Unknown(cause)) => return Outcome::Unknown(cause),
        };
        if answer.status != 200 {
            return unknown(CauseKind::ChannelError, format!("HTTP {}", answer.status));
        }
        match read::<Granted>(&answer.body) {
            Ok(granted) => judge(granted),
            Err(cause) => Outcome::Unknown(cause),
        }
    }
}

fn judge(granted: Granted) -> Outcome<String> {
    match granted {
        Granted {
            openid: Some(openid),
            errcode: None | Some(0),
            ..
        } if !openid.is_empty() => Outcome::Done(openid),
        Granted {
            errcode: Some(code),
            errmsg,
            ..
        } if code != 0 => refused(code, &errmsg.unwrap_or_default()),
        _ => Outcome::Unknown(cause(CauseKind::Unreadable, "no openid and no errcode")),
    }
}

fn refused(code: i64, message: &str) -> Outcome<String> {
    let kind = match code {
        _ if SPENT.contains(&code) || SETUP.contains(&code) => RefusalKind::Final,
        _ if BUSY.contains(&code) => RefusalKind::Later,
        _ => {
            let detail = format!("errcode {code} {}", words(message));
            return unknown(CauseKind::ChannelError, detail);
        }
    };
    Outcome::Refused(Refusal {
        kind,
        code: code.to_string(),
        message: words(message),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::{Settings, fixture};
    use std::time::Duration;

    fn openids() -> Openids {
        let settings = Settings {
            app_secret: Some("s3cret".into()),
            ..fixture::settings()
        };
        let account = Account::new(settings).unwrap();
        Openids::of(&account, &Http::new(Duration::from_secs(1)).unwrap()).unwrap()
    }

    #[test]
    fn the_browser_goes_where_wechat_documents_it() {
        let asked = openids().asked_at("https://pay.example.com/back?a=1", "s1");
        let documented = "https://open.weixin.qq.com/connect/oauth2/authorize?\
            appid=wxd678efh567hg6787&redirect_uri=https%3A%2F%2Fpay.example.com%2Fback%3Fa%3D1\
            &response_type=code&scope=snsapi_base&state=s1#wechat_redirect";
        assert_eq!(asked, documented);
        assert!(!format!("{:?}", openids()).contains("s3cret"));
    }

    #[test]
    fn without_a_secret_nobody_is_asked() {
        let http = Http::new(Duration::from_secs(1)).unwrap();
        assert!(Openids::of(&fixture::account(), &http).is_none());
    }

    #[test]
    fn each_answer_is_a_name_or_says_why_there_is_none() {
        let judged = |text: &str| judge(serde_json::from_str(text).unwrap());
        let granted =
            r#"{"access_token":"t","expires_in":7200,"openid":"o1","scope":"snsapi_base"}"#;
        assert_eq!(judged(granted), Outcome::Done("o1".to_owned()));
        for (code, kind) in [
            (40029, Some(RefusalKind::Final)),
            (40163, Some(RefusalKind::Final)),
            (40125, Some(RefusalKind::Final)),
            (-1, Some(RefusalKind::Later)),
            (45011, Some(RefusalKind::Later)),
            (99999, None),
        ] {
            let outcome = judged(&format!(r#"{{"errcode":{code},"errmsg":"x, rid: 1"}}"#));
            let seen = match outcome {
                Outcome::Refused(refusal) => Some(refusal.kind),
                Outcome::Unknown(_) => None,
                other => panic!("{other:?}"),
            };
            assert_eq!(seen, kind, "{code}");
        }
        for text in [
            "{}",
            r#"{"openid":""}"#,
            r#"{"openid":"o1","errcode":40029}"#,
        ] {
            assert!(!matches!(judged(text), Outcome::Done(_)), "{text}");
        }
    }
}
