//! The table of mistakes that people make, each in real files: found by the doctor, and
//! where it shows without asking anybody, refused by an import in the same words.

use crate::clinic::{ALL, APIV2_KEY, APIV3_KEY, Clinic, SERIAL};
use crate::keys::{self, Pair, SHORT};

/// What shows a mistake.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// The files alone.
    ByReading,
    /// The channel.
    ByAsking,
}

use Shown::{ByAsking, ByReading};

/// One mistake: what it is, in which accounts, the place and its wrong content, and the
/// words that tell it.
struct Row {
    what: &'static str,
    accounts: &'static [&'static str],
    place: Place,
    wrong: String,
    shown: Shown,
    words: &'static str,
}

/// Where the mistake is made.
enum Place {
    /// The content of this file.
    File(&'static str),
    /// This text of the import file.
    Text(&'static str),
}

fn in_file(
    what: &'static str,
    accounts: &'static [&'static str],
    file: &'static str,
    wrong: &str,
    shown: Shown,
    words: &'static str,
) -> Row {
    Row {
        what,
        accounts,
        place: Place::File(file),
        wrong: wrong.to_owned(),
        shown,
        words,
    }
}

fn in_text(
    what: &'static str,
    accounts: &'static [&'static str],
    right: &'static str,
    wrong: &str,
    shown: Shown,
    words: &'static str,
) -> Row {
    Row {
        place: Place::Text(right),
        ..in_file(what, accounts, "", wrong, shown, words)
    }
}

const ALI: &[&str] = &["ali"];
const ALC: &[&str] = &["alc"];
const W3: &[&str] = &["w3"];
const WC: &[&str] = &["wc"];
const W2: &[&str] = &["w2"];
const BOTH: &[&str] = &["w3", "w2"];

/// Mistakes with the private key, which every account that signs with one can have.
#[rustfmt::skip]
fn private_key(own: &Pair, certificate: &str) -> Vec<Row> {
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIFHDBO\n-----END ENCRYPTED PRIVATE KEY-----\n";
    vec![
        in_file("a public key in its place", ALI, "own.key", &own.public, ByReading, "app_private_key: this is a public key or a certificate"),
        in_file("a public key in its place", W3, "own.key", &own.public, ByReading, "merchant_private_key (apiclient_key.pem): this is a public key or a certificate"),
        in_file("a certificate in its place", ALI, "own.key", certificate, ByReading, "app_private_key: this is a public key or a certificate"),
        in_file("a certificate in its place", W2, "apiclient_key.pem", certificate, ByReading, "merchant_private_key (apiclient_key.pem): this is a public key or a certificate"),
        in_file("1024 bits", ALI, "own.key", SHORT, ByReading, "app_private_key: the key has 1024 bits"),
        in_file("1024 bits", W3, "own.key", SHORT, ByReading, "merchant_private_key (apiclient_key.pem): the key has 1024 bits"),
        in_file("1024 bits", W2, "apiclient_key.pem", SHORT, ByReading, "merchant_private_key (apiclient_key.pem): the key has 1024 bits"),
        in_file("of another kind", ALI, "own.key", &keys::elliptic(), ByReading, "app_private_key: the key is not an RSA key"),
        in_file("behind a password", W3, "own.key", encrypted, ByReading, "merchant_private_key (apiclient_key.pem): the private key is encrypted"),
        in_file("an empty file", ALI, "own.key", "\n", ByReading, "app_private_key: the key is empty"),
        in_file("not a key at all", ALI, "own.key", "<html>", ByReading, "app_private_key: the key is not base64"),
        in_file("cut short", ALI, "own.key", &own.private[..400], ByReading, "app_private_key: the key is not an RSA key"),
    ]
}

#[rustfmt::skip]
fn alipay(clinic: &Clinic, stranger: &Pair, foreign: &sandbox::AlipayCertificates) -> Vec<Row> {
    let own = &clinic.own;
    let app_cert = clinic.read("app.crt");
    let other_app = clinic.certificates(3).app_cert_pem;
    vec![
        in_file("the app's own public key in place of Alipay's", ALI, "alipay.pem", &own.public, ByReading, "alipay_public_key is the application's own public key"),
        in_file("a private key in place of Alipay's", ALI, "alipay.pem", &own.private, ByReading, "alipay_public_key: this is a private key"),
        in_file("a certificate in place of Alipay's key", ALI, "alipay.pem", &app_cert, ByReading, "alipay_public_key: this is a certificate"),
        in_file("a public key of 1024 bits", ALI, "alipay.pem", SHORT_PUBLIC, ByReading, "alipay_public_key: the key has 1024 bits"),
        in_file("another application's private key", ALI, "own.key", &stranger.private, ByAsking, "ali: the channel refuses a signed question"),
        in_file("another application's Alipay key", ALI, "alipay.pem", &stranger.public, ByAsking, "ali: the answer to a signed question is not believed: "),
        in_text("no application of this number", ALI, "2021000000000001", "2021000000000009", ByAsking, "ali: the answer to a signed question is not believed: not signed: 40002 isv.invalid-app-id"),
        in_file("a certificate of another key", ALC, "own.key", &stranger.private, ByReading, "app_cert does not belong to app_private_key"),
        in_file("the app's own certificate in place of Alipay's", ALC, "alipay.crt", &app_cert, ByReading, "alipay_cert is the application's own certificate"),
        in_file("the root of somebody else", ALC, "root.crt", &foreign.alipay_root_cert_pem, ByReading, "alipay_cert does not come from root_cert"),
        in_file("a key in place of a certificate", ALC, "app.crt", &own.public, ByReading, "app_cert (appCertPublicKey_….crt): there is no certificate in it"),
        in_file("a certificate of this key for another application", ALC, "app.crt", &other_app, ByAsking, "alc: the channel refuses a signed question"),
    ]
}

#[rustfmt::skip]
fn wechat(clinic: &Clinic, stranger: &Pair) -> Vec<Row> {
    let own = &clinic.own;
    let other_serial = "7".repeat(40);
    vec![
        in_file("the merchant's own public key in place of WeChat's", W3, "wechat.pem", &own.public, ByReading, "is the merchant's own public key"),
        in_file("a private key in place of WeChat's", W3, "wechat.pem", &own.private, ByReading, "this is a private key"),
        in_file("a certificate under a public key's id", W3, "wechat.pem", &clinic.read("apiclient_cert.pem"), ByReading, "a PUB_KEY_ID_… goes with `BEGIN PUBLIC KEY`"),
        in_file("an APIv3 key that is too short", W3, "apiv3.key", &APIV3_KEY[1..], ByReading, "apiv3_key must be exactly 32 letters and digits, and is 31 bytes"),
        in_file("an APIv3 key that is too long", W3, "apiv3.key", &format!("{APIV3_KEY}0"), ByReading, "apiv3_key must be exactly 32 letters and digits, and is 33 bytes"),
        in_text("a serial number in small letters", W3, SERIAL, &SERIAL.to_lowercase(), ByReading, "serial_no must be 40 hexadecimal digits in capitals"),
        in_text("the serial number of another certificate", W3, SERIAL, &other_serial, ByAsking, "商户证书序列号有误"),
        in_file("certificate and key that do not belong together", WC, "certified.key", &stranger.private, ByReading, "merchant_certificate and merchant_private_key do not belong together"),
        in_file("a key in place of the certificate", WC, "certified.crt", &own.public, ByReading, "merchant_certificate (apiclient_cert.pem) cannot be read"),
        in_text("a serial number that is not the certificate's", WC, "serial_no = \"", &format!("serial_no = \"{other_serial}\" # \""), ByReading, "serial_no is another certificate's: that of merchant_certificate is "),
        in_file("another merchant's private key", W3, "own.key", &stranger.private, ByAsking, "HTTP 401 SIGN_ERROR 错误的签名"),
        in_file("another merchant's WeChat key", W3, "wechat.pem", &stranger.public, ByAsking, "w3: the answer to a signed question is not believed: "),
        in_file("certificate and key that do not belong together", W2, "apiclient_key.pem", &stranger.private, ByReading, "merchant_certificate and merchant_private_key do not belong together"),
        in_file("a key in place of the certificate", W2, "apiclient_cert.pem", &own.public, ByReading, "merchant_certificate (apiclient_cert.pem) cannot be read"),
        in_file("an APIv2 key that is too short", W2, "apiv2.key", &APIV2_KEY[1..], ByReading, "apiv2_key must be exactly 32 letters and digits, and is 31 bytes"),
        in_file("another merchant's APIv2 key", W2, "apiv2.key", &APIV2_KEY.replace('1', "2"), ByAsking, "return_code FAIL 签名错误"),
        in_file("an APIv2 key that is the APIv3 key", BOTH, "apiv2.key", APIV3_KEY, ByReading, "account \"w2\": apiv2_key is the APIv3 key of the same merchant number"),
    ]
}

const SHORT_PUBLIC: &str = include_str!("../../../channels/fixtures/alipay/short_public_key.pem");

/// The certificates of an application that lives elsewhere.
async fn foreign() -> sandbox::AlipayCertificates {
    let elsewhere = sandbox::start(sandbox::Settings::default()).await.unwrap();
    let app = sandbox::AlipayApp {
        app_id: "2021000000000002".to_owned(),
        seller_id: "2088000000000001".to_owned(),
        app_public_key_pem: keys::pair().public,
    };
    let known = elsewhere.sandbox();
    let certificates = known.register_alipay_with_certificates(app).unwrap();
    elsewhere.stop().await;
    certificates
}

fn assert_silent_about(secrets: &[&str], said: &str, what: &str) {
    for secret in secrets {
        assert!(!said.contains(secret), "a secret is told: {what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_is_found_and_an_import_refuses_it_in_the_same_words() {
    let mut clinic = Clinic::open().await;
    let stranger = keys::pair();
    let mut rows = private_key(&clinic.own, &clinic.read("app.crt"));
    rows.extend(alipay(&clinic, &stranger, &foreign().await));
    rows.extend(wechat(&clinic, &stranger));
    for row in rows {
        let what = format!("{} of {:?}", row.what, row.accounts);
        let right = clinic.accounts(row.accounts);
        match row.place {
            Place::File(file) => {
                clinic.write("accounts.toml", &right);
                clinic.write(file, &row.wrong);
            }
            Place::Text(text) => {
                assert!(right.contains(text), "{what}");
                clinic.write("accounts.toml", &right.replace(text, &row.wrong));
            }
        }
        let said = clinic.doctor(&[]).await;
        assert_eq!(said.code, 1, "{what}: {}", said.text);
        let line = said.text.lines().find(|line| line.contains(row.words));
        let line = line.unwrap_or_else(|| panic!("{what}: {}", said.text));
        if row.shown == ByReading {
            let import = ["account", "import", "accounts.toml"];
            let refused = clinic.till(&import, true).await;
            assert_eq!(refused.code, 1, "{what}: {}", refused.text);
            assert!(
                refused.text.lines().any(|other| other == line),
                "{what}: the doctor says\n{line}\nand the import\n{}",
                refused.text
            );
        }
        let keys = [&clinic.own.private[200..260], &stranger.private[200..260]];
        let secrets = [&keys[..], &[APIV3_KEY, APIV2_KEY]].concat();
        assert_silent_about(&secrets, &said.text, &what);
        clinic.be_right();
    }
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wrong_with_good_accounts_in_whatever_form_their_keys_are() {
    let clinic = Clinic::open().await;
    clinic.write("accounts.toml", &clinic.accounts(ALL));
    let own = &clinic.own;
    for private in [own.private.clone(), own.pkcs8_pem(), own.pkcs1_pem()] {
        clinic.write("own.key", &private);
        let said = clinic.doctor(&[]).await;
        let well = "ali: nothing wrong\nalc: nothing wrong\nw3: nothing wrong\nwc: nothing wrong\nw2: nothing wrong";
        assert_eq!((said.code, said.text.trim()), (0, well));
    }
    let import = ["account", "import", "accounts.toml"];
    let imported = clinic.till(&import, true).await;
    assert_eq!(imported.code, 0, "{}", imported.text);
    clinic.close().await;
}
