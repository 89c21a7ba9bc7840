//! The client certificate, at a server that closes the door on whoever shows none.

use super::*;
use serde_json::Value;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

fn text<'a>(keys: &'a Value, pointer: &str) -> &'a str {
    keys.pointer(pointer).unwrap().as_str().unwrap()
}

fn certificate(keys: &Value, pointer: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(text(keys, pointer).as_bytes()).unwrap()
}

/// Takes only clients whose certificate is of the vectors' authority.
fn acceptor(keys: &Value) -> TlsAcceptor {
    let mut authorities = RootCertStore::empty();
    authorities.add(certificate(keys, "/ca/cert_pem")).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(authorities));
    let chain = vec![certificate(keys, "/tls_server_localhost/cert_pem")];
    let key = text(keys, "/tls_server_localhost/private_key_pkcs8_pem");
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let config = ServerConfig::builder()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(chain, key);
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

/// What the server saw of its only client: the certificate that it showed.
async fn meet(
    keys: &Value,
    answer: String,
) -> (String, JoinHandle<Option<CertificateDer<'static>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = acceptor(keys);
    let seen = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.ok()?;
        let mut asked = Vec::new();
        while !asked.ends_with(b"</xml>") {
            stream.read_buf(&mut asked).await.ok().filter(|n| *n > 0)?;
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all((head + &answer).as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
        let (_, session) = stream.get_ref();
        let shown = session.peer_certificates()?.first()?;
        Some(shown.clone().into_owned())
    });
    (format!("https://localhost:{port}"), seen)
}

#[tokio::test]
async fn a_refund_shows_the_merchants_certificate() {
    let keys = fixture::read("00_keys.json");
    let answer = fixture::body("resp_refund_accepted", "xml_cdata");
    let (url, seen) = meet(&keys, answer).await;
    let mut settings = fixture::settings();
    settings.base_url = url;
    settings.authority = Some(text(&keys, "/ca/cert_pem").to_owned());
    let outcome = adapter(settings).refund(&refund()).await;
    assert_eq!(outcome, Outcome::Done(Refunded::Processing));
    let shown = seen.await.unwrap();
    assert_eq!(shown, Some(certificate(&keys, "/merchant/cert_pem")));
}

/// Shows F61.
#[tokio::test]
async fn a_channel_that_the_public_authorities_do_not_know_gets_nothing() {
    let keys = fixture::read("00_keys.json");
    let answer = fixture::body("resp_refund_accepted", "xml_cdata");
    let (url, seen) = meet(&keys, answer).await;
    let mut settings = fixture::settings();
    settings.base_url = url;
    let outcome = adapter(settings).refund(&refund()).await;
    assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
    assert_eq!(seen.await.unwrap(), None);
}
