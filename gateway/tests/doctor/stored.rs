//! The accounts of the database: rows that cannot be read, and keys that stand there
//! already.

use crate::clinic::{ALL, APIV2_KEY, APIV3_KEY, Clinic, MASTER_KEY, Said};
use gateway::accounts::{Credentials, Owner, Seal};
use gateway::config::MasterKey;
use gateway::entropy::SystemEntropy;
use sea_orm::ConnectionTrait as _;
use secrecy::SecretString;
use std::sync::Arc;

const IMPORT: &[&str] = &["account", "import", "accounts.toml"];
const SAME_KEY: &str = "account \"w2\": apiv2_key is the APIv3 key of the same merchant number";

async fn imported(ids: &[&str]) -> Clinic {
    let clinic = Clinic::open().await;
    clinic.write("accounts.toml", &clinic.accounts(ids));
    let said = clinic.till(IMPORT, true).await;
    assert_eq!(said.code, 0, "{}", said.text);
    clinic
}

async fn change(clinic: &Clinic, column: &str, text: &str, id: &str) {
    let database = clinic.connect().await;
    let update = format!("UPDATE channel_accounts SET {column} = '{text}' WHERE id = '{id}'");
    let done = database.connection().execute_unprepared(&update).await;
    assert_eq!(done.unwrap().rows_affected(), 1);
}

/// The account of the database with other credentials, sealed as an import does.
async fn reseal(clinic: &Clinic, id: &str, right: &str, wrong: &str) {
    let seal = Seal::new(
        &MasterKey::new(MASTER_KEY),
        Arc::new(SystemEntropy::default()),
    );
    let seal = seal.unwrap();
    let directory = entities::Directory::new(clinic.connect().await);
    let accounts = directory.accounts().await.unwrap();
    let row = accounts.iter().find(|row| row.id.as_str() == id).unwrap();
    let credentials = Credentials::open(&seal, &row.id, &row.sealed).unwrap();
    let json = credentials.to_json().unwrap().replace(right, wrong);
    Credentials::from_json(&SecretString::from(json.as_str())).unwrap();
    let sealed = seal.close(&Owner::Account(id), &json).unwrap();
    change(clinic, "sealed", &sealed, id).await;
}

fn assert_says(said: &Said, code: i32, words: &[&str]) {
    assert_eq!(said.code, code, "{}", said.text);
    for words in words {
        assert!(
            said.text.contains(words),
            "{words:?} is not in:\n{}",
            said.text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_is_its_accounts_and_the_others_are_looked_at() {
    let clinic = imported(ALL).await;
    let said = clinic.till(&["doctor"], true).await;
    let well = "alc: nothing wrong\nali: nothing wrong\nw2: nothing wrong\nw3: nothing wrong\nwc: nothing wrong";
    assert_eq!((said.code, said.text.trim()), (0, well));
    change(&clinic, "sealed", "till1:AAAA", "w3").await;
    change(&clinic, "ways", "[\"GOLD\"]", "ali").await;
    let words = [
        "alc: nothing wrong",
        "ali: ",
        "w2: nothing wrong",
        "w3: its sealed credentials: it is not a sealed text of this version of Till",
    ];
    let said = clinic.till(&["doctor"], true).await;
    assert_says(&said, 1, &words);
    assert!(!said.text.contains("ali: nothing wrong"), "{}", said.text);
    let one = clinic.till(&["doctor", "--account", "alc"], true).await;
    assert_eq!((one.code, one.text.trim()), (0, "alc: nothing wrong"));
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_text_that_does_not_open_says_that_the_master_key_may_be_another() {
    let clinic = imported(&["alc", "w3"]).await;
    let directory = entities::Directory::new(clinic.connect().await);
    let accounts = directory.accounts().await.unwrap();
    let other = accounts
        .iter()
        .find(|row| row.id.as_str() == "alc")
        .unwrap();
    change(&clinic, "sealed", &other.sealed, "w3").await;
    let said = clinic.till(&["doctor"], true).await;
    let words = "w3: its sealed credentials: it does not open: the master key is another";
    assert_says(&said, 1, &["alc: nothing wrong", words]);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apiv2_key_that_the_database_has_as_apiv3_key_is_found_and_refused() {
    let clinic = imported(&["w3"]).await;
    clinic.write("accounts.toml", &clinic.accounts(&["w2"]));
    clinic.write("apiv2.key", APIV3_KEY);
    let file = ["doctor", "--file", "accounts.toml"];
    assert_says(&clinic.till(&file, true).await, 1, &[SAME_KEY]);
    assert_says(&clinic.till(IMPORT, true).await, 1, &[SAME_KEY]);
    // Without the master key nobody can know.
    let blind = clinic.till(&file, false).await;
    assert!(!blind.text.contains(SAME_KEY), "{}", blind.text);
    // It is no mistake where the account of APIv3 is the one that is replaced.
    let replaced = clinic.accounts(&["w2"]).replace("\"w2\"", "\"w3\"");
    clinic.write("accounts.toml", &replaced);
    assert_says(&clinic.till(IMPORT, true).await, 0, &["imported"]);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apiv3_key_that_the_database_has_as_apiv2_key_is_found_and_refused() {
    let clinic = imported(&["w2"]).await;
    clinic.write("accounts.toml", &clinic.accounts(&["w3"]));
    clinic.write("apiv3.key", APIV2_KEY);
    let words = "account \"w3\": apiv3_key is the APIv2 key of the same merchant number \
                 (account \"w2\" of the database)";
    let file = ["doctor", "--file", "accounts.toml"];
    assert_says(&clinic.till(&file, true).await, 1, &[words]);
    assert_says(&clinic.till(IMPORT, true).await, 1, &[words]);
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_of_the_database_with_one_key_are_found() {
    let clinic = imported(&["w3", "w2"]).await;
    reseal(&clinic, "w2", APIV2_KEY, APIV3_KEY).await;
    let words = "w2: apiv2_key is the APIv3 key of the same merchant number";
    let said = clinic.till(&["doctor"], true).await;
    assert_says(&said, 1, &[words, "w3: nothing wrong"]);
    for secret in [APIV2_KEY, APIV3_KEY] {
        assert!(!said.text.contains(secret));
    }
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_looked_at_without_a_database_and_says_what_was_not_compared() {
    let clinic = Clinic::open().await;
    clinic.write("accounts.toml", &clinic.accounts(&["w2"]));
    let said = clinic
        .till(&["doctor", "--file", "accounts.toml"], true)
        .await;
    let words = "the keys are not compared with those of the database: ";
    assert_says(&said, 0, &["w2: nothing wrong", words]);
    assert_says(
        &clinic.till(&["doctor"], false).await,
        2,
        &["there is no master key"],
    );
    clinic.close().await;
}
