//! The addresses of one order's page, as the browser sees them.

use super::remark::Remark;
use crate::shared::Settings;
use cashier::id::{CheckoutToken, FlowNo};
use url::Url;
use url::form_urlencoded::Serializer;

/// Where the pages begin: what stands before `/checkout` in the public address
/// (a reverse proxy may have put them below a folder), and that.
pub(super) fn root(settings: &Settings) -> String {
    let public = Url::parse(&settings.public_url);
    let folder = public
        .as_ref()
        .map_or("", |url| url.path().trim_end_matches('/'));
    format!("{folder}/checkout")
}

/// The addresses of one order's page.
pub(super) struct Links {
    base: String,
    payer: Option<(&'static str, String)>,
    /// The page itself.
    pub(super) page: String,
    /// Where a way is chosen.
    pub(super) pay: String,
    /// Where the payer says that they have paid.
    pub(super) check: String,
    /// The page with the ways to choose from.
    pub(super) choose: String,
    /// Where the page stands.
    pub(super) status: String,
    /// The same, pushed.
    pub(super) events: String,
}

impl Links {
    /// The addresses under `root`; what the payer is called stays with the page.
    pub(super) fn new(
        root: &str,
        token: &CheckoutToken,
        payer: Option<(&'static str, &str)>,
    ) -> Links {
        let base = format!("{root}/{token}");
        let mut links = Links {
            page: base.clone(),
            pay: format!("{base}/pay"),
            check: String::new(),
            choose: String::new(),
            status: format!("{base}/status"),
            events: format!("{base}/events"),
            payer: payer.map(|(name, payer)| (name, payer.to_owned())),
            base,
        };
        links.page = links.with("", None);
        links.check = links.with("/check", None);
        links.choose = links.with("", Some(("choose", "1")));
        links
    }

    /// The page, with a remark.
    pub(super) fn remarking(&self, remark: Option<Remark>) -> String {
        self.with("", remark.map(|remark| ("remark", remark.name())))
    }

    /// The way to the channel's page of that flow.
    pub(super) fn go(&self, flow: &FlowNo) -> String {
        format!("{}/go/{flow}", self.base)
    }

    fn with(&self, below: &str, more: Option<(&str, &str)>) -> String {
        let base = &self.base;
        let payer = self
            .payer
            .as_ref()
            .map(|(name, payer)| (*name, payer.as_str()));
        let mut query = Serializer::new(String::new());
        query.extend_pairs(payer.into_iter().chain(more));
        match query.finish().as_str() {
            "" => format!("{base}{below}"),
            query => format!("{base}{below}?{query}"),
        }
    }
}
