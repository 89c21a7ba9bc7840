//! `[[merchants.accounts]]` with `channel = "alipay"`: one of the two modes, perhaps as
//! a service provider, with the files that belong to it.

use super::check::Checking;
use crate::accounts::{
    AlipayCertificates, AlipayCredentials, AlipayPayerId, AlipayProductCodes, Credentials,
};
use cashier::way::Way;
use secrecy::SecretString;
use serde::Deserialize;
use std::path::PathBuf;

/// Its shape.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlipayTable {
    pub(super) id: String,
    pub(super) ways: Vec<Way>,
    app_id: String,
    seller_id: String,
    app_private_key_file: PathBuf,
    /// Key mode.
    alipay_public_key_file: Option<PathBuf>,
    /// Certificate mode: all three.
    app_cert_file: Option<PathBuf>,
    alipay_cert_file: Option<PathBuf>,
    root_cert_file: Option<PathBuf>,
    /// A service provider's authorisation.
    app_auth_token_file: Option<PathBuf>,
    #[serde(default)]
    payer_id: AlipayPayerId,
    op_app_id: Option<String>,
    #[serde(default)]
    product_codes: Box<AlipayProductCodes>,
    base_url: Option<String>,
    #[serde(default = "super::file::yes")]
    pub(super) enabled: bool,
}

/// What Alipay's signatures are known by.
type Known = (Option<String>, Option<AlipayCertificates>);

impl Checking<'_> {
    pub(super) fn alipay(&mut self, place: &str, table: AlipayTable) -> Option<Credentials> {
        let private = self.file(place, "app_private_key_file", &table.app_private_key_file);
        let known = self.known_by(place, &table);
        let token = match &table.app_auth_token_file {
            None => Some(None),
            Some(path) => self
                .file(place, "app_auth_token_file", path)
                .map(|token| Some(SecretString::from(token.trim()))),
        };
        let (private, (alipay_public_key, certificates), token) = (private?, known?, token?);
        Some(Credentials::Alipay(AlipayCredentials {
            app_id: table.app_id,
            seller_id: table.seller_id,
            app_private_key: SecretString::from(private.as_str()),
            alipay_public_key,
            certificates,
            app_auth_token: token,
            payer_id: table.payer_id,
            op_app_id: table.op_app_id,
            product_codes: table.product_codes,
            base_url: table
                .base_url
                .unwrap_or_else(|| Credentials::ALIPAY_URL.to_owned()),
        }))
    }

    fn known_by(&mut self, place: &str, table: &AlipayTable) -> Option<Known> {
        let certificates = [
            &table.app_cert_file,
            &table.alipay_cert_file,
            &table.root_cert_file,
        ];
        match (&table.alipay_public_key_file, certificates) {
            (Some(key), [None, None, None]) => {
                let key = self.file(place, "alipay_public_key_file", key)?;
                Some((Some(key.to_string()), None))
            }
            (None, [Some(app), Some(alipay), Some(root)]) => {
                let app_cert = self.file(place, "app_cert_file", app);
                let alipay_cert = self.file(place, "alipay_cert_file", alipay);
                let root_cert = self.file(place, "root_cert_file", root);
                let certificates = AlipayCertificates {
                    app_cert: app_cert?.to_string(),
                    alipay_cert: alipay_cert?.to_string(),
                    root_cert: root_cert?.to_string(),
                };
                Some((None, Some(certificates)))
            }
            (Some(_), _) => {
                let problem = "alipay_public_key_file: an application is in key mode or in \
                               certificate mode, never in both; with app_cert_file, \
                               alipay_cert_file and root_cert_file take it out";
                self.mistakes.add(place, problem);
                None
            }
            (None, [None, None, None]) => {
                let problem = "alipay_public_key_file: name it (key mode), or app_cert_file, \
                               alipay_cert_file and root_cert_file (certificate mode)";
                self.mistakes.add(place, problem);
                None
            }
            (None, _) => {
                let problem = "app_cert_file, alipay_cert_file, root_cert_file: certificate mode \
                               needs all three";
                self.mistakes.add(place, problem);
                None
            }
        }
    }
}
