//! How a payer inside Alipay becomes known (OAuth, `auth_base`: nobody is asked
//! anything): the browser is sent to Alipay's page, comes back with a code, and the
//! code is exchanged for the payer's name (alipay.system.oauth.token).

use super::account::Account;
use super::client::{Client, Said};
use super::codes::Call;
use super::settings::PayerId;
use super::wire::Payer;
use cashier::channel::{Cause, CauseKind, Outcome};

/// The parameter that the code comes back in.
pub(super) const CODE_FIELD: &str = "auth_code";

pub(super) fn asked_at(account: &Account, back: &str, state: &str) -> String {
    let mut url = account.authorize.clone();
    url.query_pairs_mut().extend_pairs([
        ("app_id", account.app_id.as_str()),
        ("scope", "auth_base"),
        ("redirect_uri", back),
        ("state", state),
    ]);
    url.into()
}

/// Failures stand under `error_response`, and a success has no `code`.
pub(super) async fn payer(client: &Client, code: &str) -> Outcome<String> {
    let fields = [("grant_type", "authorization_code"), ("code", code)];
    match client.call::<Payer>(Call::Token, &fields, None).await {
        Ok(Said::Yes(payer)) => named(client.account().payer_id, payer),
        Ok(Said::No(no)) => no.into_outcome(),
        Err(lost) => lost.into(),
    }
}

fn named(payer_id: PayerId, payer: Payer) -> Outcome<String> {
    let (name, other, instead) = match payer_id {
        PayerId::UserId => (payer.user_id, payer.open_id, "open_id"),
        PayerId::OpenId => (payer.open_id, payer.user_id, "user_id"),
    };
    let given = |name: Option<String>| name.filter(|name| !name.is_empty());
    let detail = match (given(name), given(other)) {
        (Some(name), _) => return Outcome::Done(name),
        (None, Some(_)) => format!("Alipay names this payer by {instead}: set payer_id to that"),
        (None, None) => "the answer names no payer".to_owned(),
    };
    Outcome::Unknown(Cause {
        kind: CauseKind::Unreadable,
        detail,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn the_browser_is_sent_to_alipays_page_and_nobody_is_asked() {
        let url = asked_at(
            &fixture::account(),
            "https://till.example/checkout/t/back?way=ALI_JSAPI",
            "a+b/c=",
        );
        assert_eq!(
            url,
            "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm?app_id=2021000000000001\
             &scope=auth_base&redirect_uri=https%3A%2F%2Ftill.example%2Fcheckout%2Ft%2Fback%3Fway%3D\
             ALI_JSAPI&state=a%2Bb%2Fc%3D"
        );
    }

    #[test]
    fn a_payer_is_named_as_the_account_says() {
        let payer = |user: Option<&str>, open: Option<&str>| Payer {
            user_id: user.map(str::to_owned),
            open_id: open.map(str::to_owned),
        };
        let done = |name: &str| Outcome::Done(name.to_owned());
        let both = || payer(Some("2088000000000002"), Some("074a1C"));
        assert_eq!(named(PayerId::UserId, both()), done("2088000000000002"));
        assert_eq!(named(PayerId::OpenId, both()), done("074a1C"));
        for (payer_id, payer, hint) in [
            (PayerId::UserId, payer(None, Some("074a1C")), "open_id"),
            (
                PayerId::OpenId,
                payer(Some("2088000000000002"), None),
                "user_id",
            ),
            (PayerId::UserId, payer(None, Some("")), "no payer"),
        ] {
            let outcome = named(payer_id, payer);
            let Outcome::Unknown(cause) = outcome else {
                panic!("{outcome:?}")
            };
            assert!(cause.detail.contains(hint), "{}", cause.detail);
        }
    }
}
