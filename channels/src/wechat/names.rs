//! The names under which an account sells: its own, or those of the merchant below it
//! (服务商, a service provider). They go into every request, choose its path, and have to
//! come back in every answer and notice.

use super::account::SubMerchant;
use super::wire::{Merchant, Named, OrderPayer, Seller};
use cashier::way::Way;

/// Who sells, under which names.
#[derive(Debug)]
pub(super) struct Names {
    /// The merchant number that signs.
    pub(super) mchid: String,
    /// The application that is bound to it.
    pub(super) appid: String,
    /// The mini program under which `WX_LITE` is paid.
    pub(super) lite_appid: Option<String>,
    /// The merchant below, of a service provider.
    pub(super) sub: Option<SubMerchant>,
}

/// A name in an answer or notice that is not the account's.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// What the name is called.
    pub(super) field: &'static str,
    /// What was said.
    pub(super) theirs: String,
    /// What should have been said.
    pub(super) ours: String,
}

impl Names {
    /// Where the calls about payments are.
    pub(super) fn payments<'a>(&self, rest: &[&'a str]) -> Vec<&'a str> {
        let mut path = vec!["pay"];
        if self.sub.is_some() {
            path.push("partner");
        }
        path.push("transactions");
        path.extend(rest);
        path
    }

    /// The names in an order for this way.
    pub(super) fn seller(&self, way: Way) -> Seller<'_> {
        match &self.sub {
            None => Seller::Own {
                appid: self.wallet_appid(way),
                mchid: &self.mchid,
            },
            Some(sub) => Seller::Sub {
                sp_appid: self.sp_appid(way),
                sp_mchid: &self.mchid,
                sub_appid: sub.appid.as_ref().map(|_| self.wallet_appid(way)),
                sub_mchid: &sub.mchid,
            },
        }
    }

    /// The merchants, where no application is named.
    pub(super) fn merchant(&self) -> Merchant<'_> {
        match &self.sub {
            None => Merchant::Own { mchid: &self.mchid },
            Some(sub) => Merchant::Sub {
                sp_mchid: &self.mchid,
                sub_mchid: &sub.mchid,
            },
        }
    }

    /// The same in the query of an address.
    pub(super) fn merchant_query(&self) -> Vec<(&str, &str)> {
        match &self.sub {
            None => vec![("mchid", &self.mchid)],
            Some(sub) => vec![("sp_mchid", &self.mchid), ("sub_mchid", &sub.mchid)],
        }
    }

    /// The merchant below, where only that one is named.
    pub(super) fn sub_mchid(&self) -> Option<&str> {
        self.sub.as_ref().map(|sub| sub.mchid.as_str())
    }

    /// The merchant who collects, and whom the app SDK wants as `partnerid`: below a
    /// service provider the merchant there. The provider's own number is refused in the
    /// payer's wallet as a wrong signature, merchants report.
    pub(super) fn collector(&self) -> &str {
        self.sub_mchid().unwrap_or(&self.mchid)
    }

    /// The application in whose name the payer's wallet is called.
    pub(super) fn wallet_appid(&self, way: Way) -> &str {
        let usual = self.sub.as_ref().and_then(|sub| sub.appid.as_deref());
        match (way, &self.lite_appid) {
            (Way::WxLite, Some(lite)) => lite,
            _ => usual.unwrap_or(&self.appid),
        }
    }

    /// The payer, who is known to the application of [`Names::wallet_appid`].
    pub(super) fn payer<'a>(&self, openid: &'a str) -> OrderPayer<'a> {
        match &self.sub {
            None => OrderPayer::Own { openid },
            Some(sub) if sub.appid.is_some() => OrderPayer::Sub { sub_openid: openid },
            Some(_) => OrderPayer::Provider { sp_openid: openid },
        }
    }

    /// A provider whose merchants have no application of their own may have a mini
    /// program.
    fn sp_appid(&self, way: Way) -> &str {
        match &self.sub {
            Some(sub) if sub.appid.is_some() => &self.appid,
            _ => self.wallet_appid(way),
        }
    }

    /// Whether the merchants that are named are ours.
    ///
    /// # Errors
    /// [`Foreign`]
    pub(super) fn same_merchants(&self, said: &Named) -> Result<(), Foreign> {
        match &self.sub {
            None => same("mchid", said.mchid.as_deref(), &[&self.mchid]),
            Some(sub) => {
                same("sp_mchid", said.sp_mchid.as_deref(), &[&self.mchid])?;
                same("sub_mchid", said.sub_mchid.as_deref(), &[&sub.mchid])
            }
        }
    }

    /// Whether the merchants and the applications that are named are ours.
    ///
    /// # Errors
    /// [`Foreign`]
    pub(super) fn same_all(&self, said: &Named) -> Result<(), Foreign> {
        self.same_merchants(said)?;
        let mut ours = vec![self.appid.as_str()];
        let Some(sub) = &self.sub else {
            ours.extend(self.lite_appid.as_deref());
            return same("appid", said.appid.as_deref(), &ours);
        };
        if sub.appid.is_none() {
            ours.extend(self.lite_appid.as_deref());
        }
        same("sp_appid", said.sp_appid.as_deref(), &ours)?;
        match (&sub.appid, &said.sub_appid) {
            (Some(known), Some(_)) => {
                let lite = self.lite_appid.as_deref().unwrap_or(known);
                same("sub_appid", said.sub_appid.as_deref(), &[known, lite])
            }
            _ => Ok(()),
        }
    }
}

fn same(field: &'static str, theirs: Option<&str>, ours: &[&str]) -> Result<(), Foreign> {
    let theirs = theirs.unwrap_or_default();
    if ours.contains(&theirs) {
        return Ok(());
    }
    Err(Foreign {
        field,
        theirs: crate::redact::words(theirs),
        ours: ours.join(" or "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn names(lite: Option<&str>, sub: Option<Option<&str>>) -> Names {
        Names {
            mchid: "1900009191".to_owned(),
            appid: "wx1".to_owned(),
            lite_appid: lite.map(str::to_owned),
            sub: sub.map(|appid| SubMerchant {
                mchid: "1900000109".to_owned(),
                appid: appid.map(str::to_owned),
            }),
        }
    }

    fn written(value: impl serde::Serialize) -> Value {
        serde_json::to_value(value).unwrap()
    }

    #[test]
    fn a_provider_names_itself_and_the_merchant_below() {
        let names = names(None, Some(Some("wxsub")));
        let seller = json!({ "sp_appid": "wx1", "sp_mchid": "1900009191",
            "sub_appid": "wxsub", "sub_mchid": "1900000109" });
        assert_eq!(written(names.seller(Way::WxJsapi)), seller);
        let merchant = json!({ "sp_mchid": "1900009191", "sub_mchid": "1900000109" });
        assert_eq!(written(names.merchant()), merchant);
        assert_eq!(written(names.payer("o1")), json!({ "sub_openid": "o1" }));
        assert_eq!(names.wallet_appid(Way::WxJsapi), "wxsub");
        assert_eq!(
            names.payments(&["jsapi"]),
            ["pay", "partner", "transactions", "jsapi"]
        );
    }

    #[test]
    fn a_mini_program_is_paid_under_its_own_name_and_nothing_else_is() {
        let own = names(Some("wxlite"), None);
        assert_eq!(own.wallet_appid(Way::WxLite), "wxlite");
        assert_eq!(own.wallet_appid(Way::WxJsapi), "wx1");
        let provider = names(Some("wxlite"), Some(None));
        assert_eq!(
            written(provider.seller(Way::WxLite))["sp_appid"],
            json!("wxlite")
        );
        assert_eq!(written(provider.payer("o1")), json!({ "sp_openid": "o1" }));
        let below = names(Some("wxlite"), Some(Some("wxsub")));
        let seller = written(below.seller(Way::WxLite));
        assert_eq!(
            (&seller["sp_appid"], &seller["sub_appid"]),
            (&json!("wx1"), &json!("wxlite"))
        );
    }

    #[test]
    fn an_answer_for_somebody_else_is_told_by_every_name() {
        let said = |value: Value| -> Named { serde_json::from_value(value).unwrap() };
        let own = names(Some("wxlite"), None);
        for (mchid, appid, differs) in [
            ("1900009191", "wx1", None),
            ("1900009191", "wxlite", None),
            ("1900009192", "wx1", Some("mchid")),
            ("1900009191", "wx2", Some("appid")),
        ] {
            let checked = own.same_all(&said(json!({ "mchid": mchid, "appid": appid })));
            assert_eq!(checked.err().map(|foreign| foreign.field), differs);
        }
        assert!(own.same_all(&said(json!({}))).is_err());
        let sub = names(None, Some(Some("wxsub")));
        for (changed, value, differs) in [
            ("sub_appid", json!("wxsub"), None),
            ("sub_appid", json!(null), None),
            ("sp_mchid", json!("1900009192"), Some("sp_mchid")),
            ("sub_mchid", json!("1900000110"), Some("sub_mchid")),
            ("sub_mchid", json!(null), Some("sub_mchid")),
            ("sp_appid", json!("wx2"), Some("sp_appid")),
            ("sub_appid", json!("wx2"), Some("sub_appid")),
        ] {
            let mut answer = json!({ "sp_mchid": "1900009191", "sp_appid": "wx1",
                "sub_mchid": "1900000109", "sub_appid": "wxsub" });
            answer[changed] = value;
            let checked = sub.same_all(&said(answer));
            assert_eq!(checked.err().map(|foreign| foreign.field), differs);
        }
    }
}
