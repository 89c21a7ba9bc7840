//! `till account import`: what comes into the database, what does not, and what is
//! said about mistakes.
#![cfg(test)]

mod folder;

use cashier::channel::Receipt;
use cashier::id::{AccountId, AppId};
use cashier::shell::Channels;
use cashier::way::{ChannelKind, Way};
use folder::{API_KEY, Folder, WEBHOOK_SECRET};
use gateway::accounts::{ImportFault, LoadFault, SealFault};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

fn alipay() -> AccountId {
    AccountId::new("tea_alipay")
}

fn wechat() -> AccountId {
    AccountId::new("tea_wechat")
}

fn app() -> AppId {
    AppId::new("tea_app")
}

#[tokio::test]
async fn an_import_makes_merchants_apps_and_accounts_ready_to_be_used() {
    let folder = Folder::new().await;
    let imported = folder.import(&folder.sound()).await.unwrap();
    assert_eq!(
        (imported.merchants, imported.apps, imported.accounts),
        (1, 1, 2)
    );
    let registry = folder.registry(1).await.unwrap();
    let ready = registry.app(&app()).unwrap();
    assert_eq!(ready.name, "Tea House");
    assert_eq!(ready.policy.flow_life.as_millis(), 10 * 60_000);
    assert_eq!(
        ready.webhook_url.as_deref(),
        Some("https://tea.example.com/hook")
    );
    assert_eq!(ready.webhook_secrets[0].expose_secret(), WEBHOOK_SECRET);
    assert_eq!(
        registry.ways(&app()),
        [Way::AliPc, Way::AliQr, Way::WxNative]
    );
    assert_eq!(registry.account_for(&app(), Way::WxNative), Some(wechat()));
    assert_eq!(registry.account_for(&app(), Way::WxJsapi), None);
    assert_eq!(
        registry.channel(&alipay()).unwrap().kind(),
        ChannelKind::Alipay
    );
    assert_eq!(
        registry.notify_url(&alipay()),
        "https://pay.example.com/notify/tea_alipay"
    );
    assert!(registry.app(&AppId::new("other")).is_none());
}

#[tokio::test]
async fn operators_come_with_the_file_and_get_the_key_that_it_names() {
    let folder = Folder::new().await;
    let operator = |key: &str| format!("[[operators]]\nname = \"li_lei\"\nkey = \"{key}\"\n");
    let keys = ["a", "b"].map(|letter| format!("till_ops_{}", letter.repeat(48)));
    for key in &keys {
        let file = format!("{}\n{}", folder.sound(), operator(key));
        let imported = folder.import(&file).await.unwrap();
        assert_eq!(imported.operators, 1);
        assert_eq!(folder.import(&file).await.unwrap().changed, 0);
        let hash = hex::encode(Sha256::digest(key));
        let found = folder.directory.find_operator(&hash).await.unwrap();
        assert_eq!(found.unwrap().name, "li_lei");
    }
    assert_eq!(folder.directory.operators().await.unwrap().len(), 1);
    // Who is not in the file stays.
    folder.import(&folder.sound()).await.unwrap();
    assert_eq!(folder.directory.operators().await.unwrap().len(), 1);
    let wrong = operator("till_test_0123456789abcdef0123456789abcdef");
    let twice = operator(&keys[0]).repeat(2);
    for broken in [wrong, twice, "[[operators]]\nname = \"x\"\n".to_owned()] {
        let file = format!("{}\n{broken}", folder.sound());
        let fault = folder.import(&file).await.unwrap_err();
        assert!(matches!(fault, ImportFault::Mistakes(_)), "{fault}");
    }
}

#[tokio::test]
async fn the_same_file_again_changes_nothing() {
    let folder = Folder::new().await;
    assert_eq!(folder.import(&folder.sound()).await.unwrap().changed, 3);
    let before = (
        folder.directory.apps().await,
        folder.directory.accounts().await,
    );
    assert_eq!(folder.import(&folder.sound()).await.unwrap().changed, 0);
    assert_eq!(
        (
            folder.directory.apps().await,
            folder.directory.accounts().await
        ),
        before
    );
}

#[tokio::test]
async fn a_running_registry_takes_a_new_import_over_and_keeps_what_did_not_change() {
    let folder = Folder::new().await;
    folder.import(&folder.sound()).await.unwrap();
    let registry = folder.registry(1).await.unwrap();
    let kept = registry.channel(&alipay()).unwrap();
    assert!(!registry.reload().await.unwrap());
    let changed = folder
        .sound()
        .replace("WX_NATIVE", "WX_JSAPI")
        .replace("Tea House", "Tea & Co");
    folder.import(&changed).await.unwrap();
    assert!(registry.reload().await.unwrap());
    assert_eq!(registry.app(&app()).unwrap().name, "Tea & Co");
    assert_eq!(registry.account_for(&app(), Way::WxJsapi), Some(wechat()));
    assert!(std::sync::Arc::ptr_eq(
        &kept,
        &registry.channel(&alipay()).unwrap()
    ));
}

#[tokio::test]
async fn an_account_that_is_switched_off_takes_no_new_payments_but_still_answers() {
    let folder = Folder::new().await;
    let off = folder.sound().replace(
        "channel = \"alipay\"",
        "channel = \"alipay\"\nenabled = false",
    );
    folder.import(&off).await.unwrap();
    let registry = folder.registry(1).await.unwrap();
    assert_eq!(registry.ways(&app()), [Way::WxNative]);
    assert!(registry.channel(&alipay()).is_some());
}

#[tokio::test]
async fn no_secret_is_in_the_database_in_the_clear() {
    let folder = Folder::new().await;
    folder.import(&folder.sound()).await.unwrap();
    folder.checkpoint().await;
    let database = folder.database_bytes();
    let holds = |text: &str| {
        database
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    let hash = hex::encode(Sha256::digest(API_KEY.as_bytes()));
    assert!(
        holds("Tea House") && holds(&hash),
        "the database is not what was looked at"
    );
    for secret in folder.secrets() {
        assert!(!holds(&secret), "{}…", &secret[..6]);
    }
}

#[tokio::test]
async fn an_api_key_is_found_by_its_hash_and_a_removed_one_no_more() {
    let folder = Folder::new().await;
    folder.import(&folder.sound()).await.unwrap();
    let hash = hex::encode(Sha256::digest(API_KEY.as_bytes()));
    let owner = folder.directory.find_api_key(&hash).await.unwrap().unwrap();
    assert_eq!(owner.app, app());
    let other = folder.sound().replace(API_KEY, &API_KEY.replace('0', "9"));
    folder.import(&other).await.unwrap();
    assert_eq!(folder.directory.find_api_key(&hash).await.unwrap(), None);
}

#[tokio::test]
async fn another_master_key_is_told_as_such() {
    let folder = Folder::new().await;
    folder.import(&folder.sound()).await.unwrap();
    let fault = folder.registry(2).await.err().unwrap();
    assert!(
        matches!(
            fault,
            LoadFault::Sealed {
                fault: SealFault::Key,
                ..
            }
        ),
        "{fault}"
    );
    assert!(fault.to_string().contains("master key"), "{fault}");
}

#[tokio::test]
async fn every_mistake_is_reported_at_once_with_its_line_and_nothing_is_written() {
    let folder = Folder::new().await;
    let toml = r#"[[merchants]]
id = "Tea House"
name = ""

[[merchants.accounts]]
id = "tea_alipay"
channel = "alipay"
ways = ["WX_NATIVE"]
app_id = "x"
seller_id = "2088000000000001"
app_private_key_file = "alipay_private.pem"
alipay_public_key_file = "missing.pem"

[[merchants.accounts]]
id = "tea_wechat"
channel = "wechat"
ways = ["WX_NATIVE"]
protocol = "v1"

[[merchants.accounts]]
id = "tea_card"
channel = "visa"

[[merchants.apps]]
id = "tea_app"
name = "Tea"
accounts = ["nobody"]
policy = { switch = "overlap", flow_minutes = 999 }
api_keys = [{ key = "secret" }, { }]
webhook = { url = "http://tea.example.com", secrets = ["whsec_short"] }

[[merchants.apps]]
id = "tea_app"
name = "Tea again"
accounts = []
colour = "green"
"#;
    let fault = folder.import(toml).await.unwrap_err();
    let ImportFault::Mistakes(mistakes) = fault else {
        panic!("{fault}")
    };
    let told = mistakes.to_string();
    let expected = [
        "line 1, merchant \"Tea House\": id:",
        "line 1, merchant \"Tea House\": name:",
        "line 5, account \"tea_alipay\": alipay_public_key_file:",
        "line 14: merchants.accounts: protocol must be \"v3\" or \"v2\"",
        "line 20: merchants.accounts: channel must be",
        "line 24, app \"tea_app\": accounts: this merchant has no usable account \"nobody\"",
        "line 24, app \"tea_app\": policy.flow_minutes:",
        "line 24, app \"tea_app\": api_keys: a key is till_test_",
        "line 24, app \"tea_app\": api_keys: give each entry a key or a key_file",
        "line 24, app \"tea_app\": webhook.url:",
        "line 24, app \"tea_app\": webhook.secrets:",
        "merchants.apps: unknown field `colour`",
    ];
    for words in expected {
        assert!(told.contains(words), "{words:?} is not in:\n{told}");
    }
    assert!(folder.directory.apps().await.unwrap().is_empty());
    assert!(folder.directory.accounts().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_wrong_key_is_found_before_the_first_payer_finds_it() {
    let folder = Folder::new().await;
    let cases = [
        // The application's own public key in the place of Alipay's.
        (
            ("alipay_public.pem", "alipay_own_public.pem"),
            "own public key",
        ),
        // A public key where a private one belongs.
        (
            ("alipay_private.pem", "alipay_public.pem"),
            "app_private_key",
        ),
        (("\"AB", "\"ab"), "serial_no"),
        (("wechat_apiv3.key", "api.key"), "apiv3_key"),
        (("WX_NATIVE", "ALI_QR"), "is not a way of wechat"),
    ];
    for ((right, wrong), words) in cases {
        let fault = folder
            .import(&folder.sound().replace(right, wrong))
            .await
            .unwrap_err();
        assert!(fault.to_string().contains(words), "{words}: {fault}");
        for secret in folder.secrets() {
            assert!(!fault.to_string().contains(&secret), "{fault}");
        }
    }
}

#[tokio::test]
async fn an_account_that_names_apiv2_speaks_it() {
    let folder = Folder::new().await;
    let sound = folder.with_apiv2();
    folder.import(&sound).await.unwrap();
    let registry = folder.registry(1).await.unwrap();
    let channel = registry.channel(&wechat()).unwrap();
    assert_eq!(channel.kind(), ChannelKind::Wechat);
    let answer = channel.notice_reply(Receipt::Committed);
    assert!(answer.body.starts_with("<xml>"), "{}", answer.body);
    assert_eq!(registry.account_for(&app(), Way::WxNative), Some(wechat()));
    let lite = sound.replace(
        "protocol = \"v2\"\n",
        "protocol = \"v2\"\nlite_appid = \"wxlite\"\n",
    );
    assert_ne!(lite, sound);
    folder.import(&lite).await.unwrap();
    let wrong = folder.import(&lite.replace("wxlite", "wx-lite")).await;
    assert!(
        wrong
            .unwrap_err()
            .to_string()
            .contains("lite_appid must be")
    );
    for ((right, wrong), words) in [
        (("wechat_apiv2.key", "api.key"), "apiv2_key"),
        (("wechat_v2_cert.pem", "api.key"), "merchant_certificate"),
        (
            ("wechat_v2_key.pem", "wechat_private.pem"),
            "do not belong together",
        ),
        (("HMAC-SHA256", "SHA1"), "unknown variant"),
        (("sub_mchid = ", "# "), "sub_appid goes with sub_mchid"),
        (("apiv2_key_file", "apiv3_key_file"), "unknown field"),
    ] {
        let fault = folder
            .import(&sound.replace(right, wrong))
            .await
            .unwrap_err();
        assert!(fault.to_string().contains(words), "{words}: {fault}");
    }
}

#[tokio::test]
async fn what_an_apiv3_account_may_have_besides_is_taken_or_told_what_is_wrong() {
    let folder = Folder::new().await;
    let more = "protocol = \"v3\"\ncodepay = true\nlite_appid = \"wxlite\"\n\
        app_secret_file = \"api.key\"\nplatform_certificates = true\n\
        sub_mchid = \"1900000109\"\nsub_appid = \"wxsub\"\n";
    let whole = folder.sound().replace("protocol = \"v3\"\n", more);
    let whole = whole.replace(
        "[\"WX_NATIVE\"]",
        "[\"WX_NATIVE\", \"WX_BAR\", \"WX_LITE\"]",
    );
    folder.import(&whole).await.unwrap();
    let registry = folder.registry(1).await.unwrap();
    let channel = registry.channel(&wechat()).unwrap();
    let payers = channel.payers().unwrap();
    let asked = payers.asked_at("https://pay.example.com/back", "s1");
    assert!(asked.starts_with("https://open.weixin.qq.com/connect/oauth2/authorize?appid=wxsub&"));
    assert!(channel.bills().is_some());
    for ((right, wrong), words) in [
        (
            ("codepay = true\n", ""),
            "WX_BAR under APIv3 needs `codepay",
        ),
        (
            ("sub_mchid", "# sub_mchid"),
            "sub_appid: goes with sub_mchid",
        ),
        (("\"wxlite\"", "\"wx-lite\""), "lite_appid must be"),
        (("\"1900000109\"", "\"19\""), "sub_mchid must be"),
        (
            ("\"api.key\"\nplatform", "\"no.key\"\nplatform"),
            "app_secret_file",
        ),
        (
            (
                "platform_certificates = true",
                "answers_signed_by = \"certificate\"",
            ),
            "answers_signed_by is certificate, and there is none",
        ),
        (
            (
                "platform_certificates = true",
                "answers_signed_by = \"both\"",
            ),
            "unknown variant",
        ),
    ] {
        let fault = folder.import(&whole.replace(right, wrong)).await;
        let fault = fault.unwrap_err();
        assert!(fault.to_string().contains(words), "{words}: {fault}");
    }
}

#[tokio::test]
async fn an_account_that_names_no_protocol_speaks_apiv3() {
    let folder = Folder::new().await;
    let silent = folder.sound().replace("protocol = \"v3\"\n", "");
    folder.import(&silent).await.unwrap();
    let registry = folder.registry(1).await.unwrap();
    let answer = registry
        .channel(&wechat())
        .unwrap()
        .notice_reply(Receipt::Committed);
    assert!(answer.body.starts_with('{'), "{}", answer.body);
}

#[tokio::test]
async fn a_broken_file_says_where_it_is_broken() {
    let folder = Folder::new().await;
    let fault = folder
        .import("[[merchants]]\nid = \"a\"\nname = \n[x\n")
        .await
        .unwrap_err();
    let told = fault.to_string();
    assert!(told.contains("line 3") && told.contains("line 4"), "{told}");
    let empty = folder.import("").await.unwrap_err().to_string();
    assert!(empty.contains("[[merchants]]"), "{empty}");
}

/// The sound file with its Alipay account in certificate mode.
fn certified(folder: &Folder) -> String {
    let by_key = "app_private_key_file = \"alipay_private.pem\"\n\
                  alipay_public_key_file = \"alipay_public.pem\"";
    let by_certificates = "app_private_key_file = \"certified_private.pem\"\n\
                           app_cert_file = \"app.pem\"\n\
                           alipay_cert_file = \"alipay.pem\"\n\
                           root_cert_file = \"root.pem\"";
    let sound = folder.sound();
    assert!(sound.contains(by_key));
    sound.replace(by_key, by_certificates)
}

#[tokio::test]
async fn an_alipay_account_may_be_in_certificate_mode_and_a_service_providers() {
    let folder = Folder::new().await;
    folder.certify();
    let by_certificates = certified(&folder);
    folder.import(&by_certificates).await.unwrap();
    let provider = by_certificates.replace(
        "root_cert_file = \"root.pem\"",
        "root_cert_file = \"root.pem\"\n\
         app_auth_token_file = \"app_auth_token\"\n\
         payer_id = \"open_id\"\n\
         op_app_id = \"2021000000000009\"\n\
         product_codes = { bar = \"OFFLINE_PAYMENT\" }",
    );
    assert_eq!(folder.import(&provider).await.unwrap().changed, 1);
    assert_eq!(folder.import(&provider).await.unwrap().changed, 0);
    let registry = folder.registry(1).await.unwrap();
    let channel = registry.channel(&alipay()).unwrap();
    assert!(channel.payers().is_some() && channel.bills().is_some());
    let sealed = folder.directory.accounts().await.unwrap();
    assert!(
        sealed
            .iter()
            .all(|account| !account.sealed.contains("CANARY"))
    );
}

#[tokio::test]
async fn a_wrong_set_of_alipays_files_is_told_apart() {
    let folder = Folder::new().await;
    folder.certify();
    let by_certificates = certified(&folder);
    let root = "root_cert_file = \"root.pem\"";
    let public = "alipay_public_key_file = \"alipay_public.pem\"";
    let with = |line: &str| format!("{root}\n{line}");
    for (right, wrong, words) in [
        (root, with(public), "never in both"),
        (root, String::new(), "needs all three"),
        (
            root,
            "root_cert_file = \"nowhere.pem\"".to_owned(),
            "root_cert_file: ",
        ),
        (
            root,
            with("app_auth_token_file = \"nowhere\""),
            "app_auth_token_file: ",
        ),
        (root, with("payer_id = \"name\""), "unknown variant `name`"),
        (
            root,
            with("product_codes = { face = \"X\" }"),
            "unknown field `face`",
        ),
        (root, with("root_cert = \"x\""), "unknown field `root_cert`"),
        (root, with("op_app_id = \"mini\""), "op_app_id"),
        (
            "\"app.pem\"",
            "\"stranger.pem\"".to_owned(),
            "app_cert does not belong",
        ),
        (
            "\"alipay.pem\"",
            "\"app.pem\"".to_owned(),
            "the application's own certificate",
        ),
        (
            "\"root.pem\"",
            "\"forged.pem\"".to_owned(),
            "does not come from root_cert",
        ),
        (
            "\"root.pem\"",
            "\"api.key\"".to_owned(),
            "there is no certificate in it",
        ),
    ] {
        let fault = folder.import(&by_certificates.replace(right, &wrong)).await;
        let told = fault.unwrap_err().to_string();
        assert!(told.contains(words), "{words:?} is not in: {told}");
        assert!(!told.contains("CANARY"), "{told}");
    }
    let neither = folder.sound().replace(public, "");
    let told = folder.import(&neither).await.unwrap_err().to_string();
    assert!(told.contains("name it (key mode)"), "{told}");
}
