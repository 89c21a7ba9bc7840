//! A channel whose `Date` is another than this machine's.

use crate::clinic::{Clinic, Said};
use cashier::time::{Clock as _, Timestamp};
use chrono::DateTime;
use gateway::clock::SystemClock;
use gateway::doctor::drift;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

const DATE: &[u8] = b"\r\ndate: ";

/// Stands before the channels and writes this date, of 29 characters, over theirs.
async fn with_date(channels: SocketAddr, date: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pass_on(client, channels, date.clone()));
        }
    });
    address
}

async fn pass_on(client: TcpStream, channels: SocketAddr, date: String) {
    let (mut asks, mut hears) = client.into_split();
    let (mut says, mut takes) = TcpStream::connect(channels).await.unwrap().into_split();
    let asking = tokio::spawn(async move { copy(&mut asks, &mut takes).await });
    let mut answer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = says.read(&mut answer).await {
        let answer = &mut answer[..length];
        let head = answer.to_ascii_lowercase();
        if let Some(at) = head.windows(DATE.len()).position(|part| part == DATE) {
            let at = at + DATE.len();
            answer[at..at + date.len()].copy_from_slice(date.as_bytes());
        }
        if hears.write_all(answer).await.is_err() {
            break;
        }
    }
    asking.abort();
}

async fn doctor_with_date(date: String) -> Said {
    let clinic = Clinic::open().await;
    let channels = clinic.channels.url();
    let address = channels.strip_prefix("http://").unwrap().parse().unwrap();
    let before = with_date(address, date).await;
    let accounts = clinic.accounts(&["w3"]);
    let accounts = accounts.replace(&channels, &format!("http://{before}"));
    clinic.write("accounts.toml", &accounts);
    let said = clinic.doctor(&[]).await;
    clinic.close().await;
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_years_off_the_channels_is_wrong() {
    let said = doctor_with_date("Wed, 25 Nov 2015 08:00:00 GMT".to_owned()).await;
    assert_eq!(said.code, 1, "{}", said.text);
    let found = said.text.trim();
    assert!(found.starts_with("w3: this machine's clock is "), "{found}");
    assert!(
        found.contains(" seconds ahead of the channel's: let NTP"),
        "{found}"
    );
    assert_eq!(found.lines().count(), 1, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_two_minutes_off_the_channels_is_warned_of() {
    let ahead = SystemClock.now().millis() / 1000 + 120;
    let date = DateTime::from_timestamp(ahead, 0).unwrap();
    let said = doctor_with_date(date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()).await;
    assert_eq!(said.code, 0, "{}", said.text);
    let found = said.text.trim();
    assert!(
        found.starts_with("w3: warning: this machine's clock is 1"),
        "{found}"
    );
    assert!(found.contains(" seconds behind the channel's"), "{found}");
}

#[test]
fn a_clock_that_is_off_is_warned_of_after_a_minute_and_wrong_after_five() {
    let date = "Wed, 25 Nov 2026 08:00:00 GMT";
    let at = |seconds: i64| Timestamp::from_millis((1_795_593_600 + seconds) * 1000);
    assert_eq!(drift(at(60), date), None);
    assert_eq!(drift(at(600), "yesterday"), None);
    assert!(drift(at(-61), date).is_some_and(|found| !found.stops));
    assert!(drift(at(300), date).is_some_and(|found| !found.stops));
    let found = drift(at(301), date).unwrap();
    assert!(found.stops && found.text.contains("301 seconds ahead of"));
}
