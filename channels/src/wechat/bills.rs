//! The bill of a day (申请交易账单): `GET /v3/bill/tradebill` says where it is and what its
//! hash is, and the file itself comes unsigned.

use super::answer::{cause, read, unknown};
use super::bill::{self, Owner};
use super::client::Client;
use super::codes::{Call, Meaning};
use super::wire::BillPlace;
use crate::http::Lost;
use cashier::channel::{Bill, Cause, CauseKind, Outcome};
use cashier::time::Day;
use url::Url;

/// The only hash that is documented.
const SHA1: &str = "SHA1";

/// Downloads a day's bill and checks it whole.
pub(super) async fn bill(client: &Client, day: Day) -> Outcome<Option<Bill>> {
    let (names, date) = (&client.account().names, day.to_string());
    let mut query = vec![
        ("bill_date", date.as_str()),
        ("bill_type", "ALL"),
        ("tar_type", "GZIP"),
    ];
    query.extend(names.sub_mchid().map(|mchid| ("sub_mchid", mchid)));
    match client.get(Call::Bill, &["bill", "tradebill"], &query).await {
        Ok(body) => match place(client, &body) {
            Ok((url, hash)) => fetch(client, url, hash).await,
            Err(cause) => Outcome::Unknown(cause),
        },
        Err(failure) => failure.outcome(|meaning| match meaning {
            Meaning::Absent => Some(None),
            _ => None,
        }),
    }
}

/// Where the file is, and the hash of its text. The request for it is signed, so it
/// goes to nobody but the account's own host.
fn place(client: &Client, body: &[u8]) -> Result<(Url, String), Cause> {
    let place: BillPlace = read(body)?;
    if !place.hash_type.eq_ignore_ascii_case(SHA1) {
        return Err(cause(
            CauseKind::Unreadable,
            "the bill's hash_type is not SHA1",
        ));
    }
    let url = Url::parse(&place.download_url)
        .map_err(|_| cause(CauseKind::Unreadable, "download_url is no address"))?;
    if url.origin() != client.account().base_url.origin() {
        let detail = "download_url is at another host than base_url";
        return Err(cause(CauseKind::Mismatch, detail));
    }
    Ok((url, place.hash_value))
}

async fn fetch(client: &Client, url: Url, hash: String) -> Outcome<Option<Bill>> {
    let file = match client.download_file(url).await {
        Ok(file) => file,
        // Asked for again whole: nothing was changed by it.
        Err(Lost::NotSent(cause) | Lost::Unknown(cause)) => return Outcome::Unknown(cause),
    };
    let names = &client.account().names;
    let owner = Owner {
        merchant: names.mchid.clone(),
        sub_merchant: names.sub_mchid().map(str::to_owned),
    };
    let opened = tokio::task::spawn_blocking(move || bill::open(&file, &owner, Some(&hash))).await;
    match opened {
        Ok(Ok(bill)) => Outcome::Done(Some(bill)),
        Ok(Err(fault)) => unknown(CauseKind::Unreadable, fault.to_string()),
        Err(_) => unknown(CauseKind::Unreadable, "reading the bill was broken off"),
    }
}
