//! What is wrong with one account hides nothing of the others.

use crate::clinic::Clinic;
use crate::keys::pair;

/// `ali` has a wrong key, `w2` a field that does not exist, and WeChat does not know the
/// key of `w3`; `alc` is well.
async fn mixed() -> Clinic {
    let clinic = Clinic::open().await;
    let stranger = pair();
    clinic.write("stranger.key", &stranger.private);
    clinic.write("alipay.pem", &clinic.own.public);
    let w3 = clinic.accounts(&["w3"]).replace("own.key", "stranger.key");
    let (_, w3) = w3.split_once("name = \"Tea\"\n").unwrap();
    let accounts = clinic.accounts(&["ali", "alc"]);
    let (_, w2) = w3.split_once("base_url").unwrap();
    let w2 = format!("[[merchants.accounts]]\nid = \"w2\"\nchannel = \"wechat\"\nbase_url{w2}");
    let app = "[[merchants.apps]]\nid = \"Tea\"\nname = \"Tea\"\naccounts = []\n";
    clinic.write(
        "accounts.toml",
        &format!("{accounts}{w3}{w2}colour = 1\n{app}"),
    );
    clinic
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_accounts_of_a_file_are_looked_at_whole() {
    let clinic = mixed().await;
    let said = clinic.doctor(&[]).await;
    assert_eq!(said.code, 1, "{}", said.text);
    for words in [
        "account \"ali\": alipay_public_key is the application's own public key",
        "alc: nothing wrong",
        "w3: the answer to a signed question is not believed: HTTP 401 SIGN_ERROR",
        "merchants.accounts: unknown field `colour`",
        "app \"Tea\": id: must be",
    ] {
        assert!(
            said.text.contains(words),
            "{words:?} is not in:\n{}",
            said.text
        );
    }
    assert!(!said.text.contains("ali: nothing"), "{}", said.text);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_one_account_hears_of_no_other() {
    let clinic = mixed().await;
    let well = clinic.doctor(&["--account", "alc"]).await;
    assert_eq!((well.code, well.text.trim()), (0, "alc: nothing wrong"));
    for (id, words) in [
        ("ali", "account \"ali\": alipay_public_key is"),
        ("w3", "w3: the answer to a signed question is not believed"),
        ("w2", "unknown field `colour`"),
    ] {
        let said = clinic.doctor(&["--account", id]).await;
        assert_eq!(said.code, 1, "{id}: {}", said.text);
        assert_eq!(said.text.lines().count(), 1, "{id}: {}", said.text);
        assert!(said.text.contains(words), "{id}: {}", said.text);
    }
    // What is wrong with the file may be why it is not there.
    let nobody = clinic.doctor(&["--account", "nobody"]).await;
    assert_eq!(nobody.code, 1, "{}", nobody.text);
    assert!(nobody.text.contains("app \"Tea\""), "{}", nobody.text);
    clinic.write("accounts.toml", &clinic.accounts(&["alc", "w3"]));
    let nobody = clinic.doctor(&["--account", "nobody"]).await;
    assert_eq!(nobody.code, 2, "{}", nobody.text);
    let words = "no channel account \"nobody\"; there are alc, w3";
    assert!(nobody.text.contains(words), "{}", nobody.text);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_there_is_not_something_wrong_but_nothing_to_look_at() {
    let clinic = Clinic::open().await;
    let said = clinic.doctor(&[]).await;
    assert_eq!(said.code, 2, "{}", said.text);
    assert!(
        said.text.contains("accounts.toml cannot be read"),
        "{}",
        said.text
    );
    clinic.close().await;
}
