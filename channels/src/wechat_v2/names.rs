//! The names under which an account sells: its own, or those of the merchant below it
//! (服务商, a service provider). They go into every request and have to come back in every
//! answer and notice.
//!
//! Only an order for `WX_LITE` names the mini program, under which its payer is known.
//! What is asked about it later is asked under the usual application, since a question
//! knows no way: WeChat finds an order by the merchant and its number, whichever of the
//! merchant's applications asks. So an answer may name either.

use super::account::Account;
use super::wire::Fields;
use crate::redact::words;
use cashier::way::Way;

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

impl Account {
    /// The application in whose name the payer's wallet is called.
    pub(super) fn wallet_appid(&self, way: Way) -> &str {
        match (way, &self.lite_appid) {
            (Way::WxLite, Some(lite)) => lite,
            _ => self.sub_appid().unwrap_or(&self.appid),
        }
    }

    /// The merchant who collects, and whom the app SDK wants as `partnerid`: below a
    /// service provider the sub-merchant. The provider's own number there is refused in
    /// the payer's wallet as a wrong signature, merchants report.
    pub(super) fn collector(&self) -> &str {
        let sub = self.sub_merchant.as_ref();
        sub.map_or(&self.mch_id, |sub| &sub.mch_id)
    }

    /// Adds the names to a message that does not have them yet.
    pub(super) fn name(&self, fields: &mut Fields) {
        let sub = self.sub_merchant.as_ref();
        let names = [
            ("appid", Some(self.appid.as_str())),
            ("mch_id", Some(self.mch_id.as_str())),
            ("sub_mch_id", sub.map(|sub| sub.mch_id.as_str())),
            ("sub_appid", self.sub_appid()),
        ];
        for (name, value) in names {
            if fields.text(name).is_none() {
                fields.set_if(name, value);
            }
        }
    }

    /// The application that an order for this way names otherwise than every other
    /// message: its field and its id.
    pub(super) fn ordered_under(&self, way: Way) -> Option<(&'static str, &str)> {
        let lite = self.lite_appid.as_deref();
        let lite = lite.filter(|_| way == Way::WxLite)?;
        match self.sub_appid() {
            Some(_) => Some(("sub_appid", lite)),
            None => Some(("appid", lite)),
        }
    }

    /// Whether the merchants and the applications that are named are ours.
    ///
    /// # Errors
    /// [`Foreign`]
    pub(super) fn same_names(&self, said: &Fields) -> Result<(), Foreign> {
        same("mch_id", said, &[&self.mch_id])?;
        if let Some(sub) = &self.sub_merchant {
            same("sub_mch_id", said, &[&sub.mch_id])?;
        }
        let lite = self.lite_appid.as_deref();
        let Some(sub_appid) = self.sub_appid() else {
            let ours: Vec<&str> = [self.appid.as_str()].into_iter().chain(lite).collect();
            return same("appid", said, &ours);
        };
        same("appid", said, &[&self.appid])?;
        match said.text("sub_appid") {
            Some(_) => same("sub_appid", said, &[sub_appid, lite.unwrap_or(sub_appid)]),
            None => Ok(()),
        }
    }

    fn sub_appid(&self) -> Option<&str> {
        let sub = self.sub_merchant.as_ref();
        sub.and_then(|sub| sub.appid.as_deref())
    }
}

fn same(field: &'static str, said: &Fields, ours: &[&str]) -> Result<(), Foreign> {
    let theirs = said.text(field).unwrap_or_default();
    if ours.contains(&theirs) {
        return Ok(());
    }
    Err(Foreign {
        field,
        theirs: words(theirs),
        ours: ours.join(" or "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat_v2::account::SubMerchant;
    use crate::wechat_v2::fixture;

    const SUB: &str = "1900000109";

    fn account(lite: Option<&str>, sub: Option<Option<&str>>) -> Account {
        let mut settings = fixture::settings();
        settings.lite_appid = lite.map(str::to_owned);
        settings.sub_merchant = sub.map(|appid| SubMerchant {
            mch_id: SUB.to_owned(),
            appid: appid.map(str::to_owned),
        });
        Account::new(settings).unwrap()
    }

    fn said(pairs: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in pairs {
            fields.set(name, *value);
        }
        fields
    }

    #[test]
    fn a_mini_program_is_paid_under_its_own_name_and_nothing_else_is() {
        let own = account(Some("wxlite"), None);
        assert_eq!(own.wallet_appid(Way::WxLite), "wxlite");
        assert_eq!(own.ordered_under(Way::WxLite), Some(("appid", "wxlite")));
        assert_eq!(own.wallet_appid(Way::WxJsapi), own.appid);
        assert_eq!(own.ordered_under(Way::WxJsapi), None);
        let provider = account(Some("wxlite"), Some(None));
        let lite = provider.ordered_under(Way::WxLite);
        assert_eq!(lite, Some(("appid", "wxlite")));
        let below = account(Some("wxlite"), Some(Some("wxsub")));
        let lite = below.ordered_under(Way::WxLite);
        assert_eq!(lite, Some(("sub_appid", "wxlite")));
        assert_eq!(below.wallet_appid(Way::WxJsapi), "wxsub");
        let without = account(None, Some(Some("wxsub")));
        assert_eq!(without.wallet_appid(Way::WxLite), "wxsub");
        assert_eq!(without.ordered_under(Way::WxLite), None);
    }

    #[test]
    fn what_an_order_names_itself_is_left_as_it_is() {
        let below = account(Some("wxlite"), Some(Some("wxsub")));
        let mut fields = said(&[("sub_appid", "wxlite")]);
        below.name(&mut fields);
        let names = [
            ("appid", below.appid.as_str()),
            ("mch_id", below.mch_id.as_str()),
            ("sub_appid", "wxlite"),
            ("sub_mch_id", SUB),
        ];
        assert_eq!(fields, said(&names));
    }

    #[test]
    fn an_answer_for_somebody_else_is_told_by_every_name() {
        let own = account(Some("wxlite"), None);
        let (appid, mch_id) = (own.appid.as_str(), own.mch_id.as_str());
        for (changed, value, differs) in [
            ("appid", appid, None),
            ("appid", "wxlite", None),
            ("appid", "wx2", Some("appid")),
            ("appid", "", Some("appid")),
            ("mch_id", "1900009192", Some("mch_id")),
        ] {
            let mut answer = said(&[("appid", appid), ("mch_id", mch_id)]);
            answer.set(changed, value);
            let checked = own.same_names(&answer);
            assert_eq!(checked.err().map(|foreign| foreign.field), differs);
        }
        let below = account(Some("wxlite"), Some(Some("wxsub")));
        for (changed, value, differs) in [
            ("sub_appid", "wxsub", None),
            ("sub_appid", "wxlite", None),
            ("sub_appid", "", None),
            ("sub_appid", "wx2", Some("sub_appid")),
            ("appid", "wxlite", Some("appid")),
            ("sub_mch_id", "1900000110", Some("sub_mch_id")),
            ("sub_mch_id", "", Some("sub_mch_id")),
        ] {
            let mut answer = said(&[("appid", appid), ("mch_id", mch_id)]);
            answer.set("sub_mch_id", SUB);
            answer.set(changed, value);
            let checked = below.same_names(&answer);
            assert_eq!(checked.err().map(|foreign| foreign.field), differs);
        }
    }
}
