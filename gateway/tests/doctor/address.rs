//! The address of the notices: its text, its name, and what is there.

use crate::clinic::Clinic;
use cashier::id::AccountId;
use gateway::doctor::{Finding, is_outside, public_address, reach};
use tokio::net::TcpListener;

#[test]
fn a_public_address_must_be_https_and_seen_from_outside() {
    assert!(public_address("https://pay.example.com", true).is_ok());
    for (address, expected) in [
        ("", "is missing"),
        ("pay.example.com", "is not an address"),
        ("https://", "is not an address"),
        ("http://pay.example.com", "is not https"),
        ("https://10.0.0.7", "only this machine or network"),
        ("https://[::1]:8443", "only this machine or network"),
        ("https://localhost", "only this machine or network"),
    ] {
        let found = public_address(address, true).unwrap_err();
        assert!(found.stops && found.text.contains(expected), "{found}");
    }
}

#[test]
fn a_sandbox_on_this_machine_may_be_given_any_address_of_this_machine() {
    for address in ["http://127.0.0.1:8080", "http://localhost:8080"] {
        assert!(public_address(address, false).is_ok(), "{address}");
    }
    assert!(public_address("", false).is_err());
}

#[tokio::test]
async fn a_channel_at_a_private_address_is_a_sandbox() {
    assert!(!is_outside("http://127.0.0.1:8090").await);
    assert!(!is_outside("https://10.1.2.3").await);
    assert!(is_outside("https://8.8.8.8").await);
    assert!(is_outside("https://nowhere.invalid").await);
}

async fn tried(address: &str) -> Option<Finding> {
    let url = public_address(address, false).unwrap();
    reach(&url, &AccountId::new("w3"), false).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_at_the_address_is_tried_as_a_channel_would() {
    let clinic = Clinic::open().await;
    assert_eq!(tried(&clinic.public_url).await, None);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("https://{}", listener.local_addr().unwrap());
    drop(listener);
    let secure = clinic.channels.https_url().unwrap();
    let plain = clinic.channels.url().replace("http:", "https:");
    for (address, stops, expected) in [
        ("https://nowhere.invalid", true, "the name does not resolve"),
        (
            nobody.as_str(),
            false,
            "nobody answers there within 5 seconds",
        ),
        (
            secure.as_str(),
            true,
            "TLS fails (invalid peer certificate: ",
        ),
        (plain.as_str(), true, "TLS fails ("),
        (
            &clinic.channels.url(),
            false,
            "/notify/w3 answers 404, as Till does not",
        ),
    ] {
        let found = tried(address).await.unwrap();
        assert_eq!(found.stops, stops, "{found}");
        assert!(found.text.contains(expected), "{found}");
    }
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tells_of_the_address_before_the_accounts() {
    let mut clinic = Clinic::open().await;
    clinic.write("accounts.toml", &clinic.accounts(&["w3"]));
    clinic.public_url = clinic.channels.url();
    let said = clinic.doctor(&[]).await;
    let (address, account) = said.text.trim().split_once('\n').unwrap();
    assert!(
        address.starts_with("warning: http://127.0.0.1:"),
        "{address}"
    );
    assert_eq!((said.code, account), (0, "w3: nothing wrong"));
    clinic.public_url = clinic.channels.https_url().unwrap();
    let said = clinic.doctor(&[]).await;
    assert_eq!(said.code, 1, "{}", said.text);
    assert!(
        said.text.starts_with("http.public_url https://"),
        "{}",
        said.text
    );
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_on_the_internet_needs_an_address_that_the_internet_reaches() {
    let mut clinic = Clinic::open().await;
    let accounts = clinic.accounts(&["w3"]);
    let outside = accounts.replace(&clinic.channels.url(), "https://nowhere.invalid");
    clinic.write("accounts.toml", &outside);
    for (address, code, expected) in [
        ("", 1, "http.public_url is missing"),
        (
            "https://localhost",
            1,
            "only this machine or network reaches",
        ),
        (
            "https://pay.nowhere.invalid",
            1,
            "the name does not resolve",
        ),
        // What the configuration refuses, no command begins with.
        ("http://pay.example.com", 2, "Use https"),
    ] {
        clinic.public_url = address.to_owned();
        let said = clinic.doctor(&[]).await;
        assert_eq!(said.code, code, "{}", said.text);
        assert!(said.text.contains(expected), "{}", said.text);
        let unreachable = said.text.contains("w3: the channel cannot be reached: ");
        assert_eq!(unreachable, code == 1, "{}", said.text);
    }
    clinic.close().await;
}
