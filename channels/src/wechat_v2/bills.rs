//! Daily bills (下载交易账单): `/pay/downloadbill`. A bill is text that nobody signs; a
//! body that begins with `<` is a no, which nobody signs either. Whether the text is
//! whole and this merchant's is found out by the reader that both versions share.

use super::account::Account;
use super::answer::cause;
use super::client::Client;
use super::wire::Fields;
use super::xml;
use crate::http::Lost;
use crate::redact::words;
use crate::wechat::bill::{self, Owner};
use cashier::channel::{Bill, Cause, CauseKind, Outcome};
use cashier::time::Day;
use std::fs::File;
use std::io::{self, Read, Seek};

/// What is said of a day without trades.
const NO_BILL: &str = "no bill exist";

/// What is said until the bill is made, in the morning after.
const CREATING: &str = "bill creating";

/// Downloads a day's bill and checks it whole.
pub(super) async fn bill(client: &Client, day: Day) -> Outcome<Option<Bill>> {
    match download(client, day).await {
        Ok(found) => Outcome::Done(found),
        Err(lost) => lost.into(),
    }
}

async fn download(client: &Client, day: Day) -> Result<Option<Bill>, Lost> {
    let mut asked = Fields::default();
    asked.set("bill_date", day.to_string().replace('-', ""));
    asked.set("bill_type", "ALL");
    asked.set("tar_type", "GZIP");
    let file = client.download(asked).await?;
    let owner = owner(client.account());
    // Reading a long file would keep everybody else waiting.
    let read = tokio::task::spawn_blocking(move || opened(file, &owner));
    match read.await {
        Ok(found) => found.map_err(Lost::Unknown),
        Err(_) => Err(Lost::Unknown(cause(
            CauseKind::Unreadable,
            "reading the bill was broken off",
        ))),
    }
}

/// Whose bill it has to be.
fn owner(account: &Account) -> Owner {
    let sub = account.sub_merchant.as_ref();
    Owner {
        merchant: account.mch_id.clone(),
        sub_merchant: sub.map(|sub| sub.mch_id.clone()),
    }
}

/// What was downloaded: a bill, or why there is none.
fn opened(mut file: File, owner: &Owner) -> Result<Option<Bill>, Cause> {
    let mut head = Vec::new();
    let most = u64::try_from(xml::LONGEST).unwrap_or(u64::MAX);
    file.rewind()
        .and_then(|()| (&file).take(most).read_to_end(&mut head))
        .and_then(|_| file.rewind())
        .map_err(|error| unreadable(&error))?;
    if head.trim_ascii_start().starts_with(b"<") {
        return refused(&head);
    }
    bill::open(&file, owner, None)
        .map(Some)
        .map_err(|fault| cause(CauseKind::Unreadable, fault.to_string()))
}

/// There is no bill, or the channel's word why it gives none.
fn refused(body: &[u8]) -> Result<Option<Bill>, Cause> {
    let fields =
        xml::read(body, "xml").map_err(|fault| cause(CauseKind::Unreadable, fault.to_string()))?;
    let message = fields.text("return_msg").unwrap_or_default();
    match message.to_ascii_lowercase().as_str() {
        NO_BILL | CREATING => Ok(None),
        _ => Err(cause(
            CauseKind::ChannelError,
            format!("there is no bill: {}", words(message)),
        )),
    }
}

fn unreadable(error: &io::Error) -> Cause {
    cause(
        CauseKind::Unreadable,
        format!("the bill cannot be read from its file: {error}"),
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::wechat_v2::fixture;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use cashier::channel::BillRow;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn found(bytes: &[u8]) -> Result<Option<Vec<BillRow>>, CauseKind> {
        let owner = owner(&fixture::account());
        match opened(file(bytes), &owner) {
            Ok(bill) => Ok(bill.map(|rows| rows.map(Result::unwrap).collect())),
            Err(cause) => Err(cause.kind),
        }
    }

    pub(in crate::wechat_v2) fn vectors() {
        the_vectors_bill_is_read_plain_and_packed();
        a_day_without_a_bill_has_none_and_a_mistake_of_ours_is_no_such_day();
    }

    #[test]
    fn the_vectors_bill_is_read_plain_and_packed() {
        let vectors = fixture::read("30_bill.json");
        for name in ["csv_base64", "gzip_base64"] {
            let bytes = STANDARD.decode(vectors[name].as_str().unwrap()).unwrap();
            let rows = found(&bytes).unwrap().unwrap();
            assert!(matches!(
                rows[..],
                [BillRow::Paid { .. }, BillRow::Refunded { .. }]
            ));
        }
    }

    #[test]
    fn a_bill_that_is_not_whole_or_not_ours_is_refused_whole() {
        let vectors = fixture::read("30_bill.json");
        let text = vectors["csv_utf8"].as_str().unwrap();
        let packed = STANDARD.decode(vectors["gzip_base64"].as_str().unwrap());
        let packed = packed.unwrap();
        let bomb = || {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&vec![b'0'; 8 * 1024 * 1024]).unwrap();
            encoder.finish().unwrap()
        };
        for (what, bytes) in [
            ("cut", text.as_bytes()[..text.len() / 2].to_vec()),
            ("cut and packed", packed[..packed.len() / 2].to_vec()),
            (
                "a changed amount",
                text.replacen("`0.88,`0.00,`\r\n", "`8.88,`0.00,`\r\n", 1)
                    .into_bytes(),
            ),
            ("a bomb", bomb()),
            (
                "another account's",
                text.replacen("`1900009191,", "`1900009192,", 1)
                    .into_bytes(),
            ),
        ] {
            assert_ne!(bytes, text.as_bytes(), "{what}");
            assert_eq!(found(&bytes), Err(CauseKind::Unreadable), "{what}");
        }
    }

    #[test]
    fn a_day_without_a_bill_has_none_and_a_mistake_of_ours_is_no_such_day() {
        let bodies = &fixture::read("30_bill.json")["v2_fail_bodies"];
        let body = |name: &str| bodies[name].as_str().unwrap().as_bytes();
        assert_eq!(found(body("no_bill")), Ok(None));
        assert_eq!(found(body("not_ready")), Ok(None));
        assert_eq!(found(body("sign_error")), Err(CauseKind::ChannelError));
        assert_eq!(found(b"\n <html>502</html>"), Err(CauseKind::Unreadable));
        assert_eq!(found(b""), Err(CauseKind::Unreadable));
    }
}
