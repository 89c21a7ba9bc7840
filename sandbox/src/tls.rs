//! The https port: the same server behind TLS, where a client may show its certificate.
//!
//! A connection is decrypted here and goes on to the plain port over the loopback. What
//! certificate it showed is remembered under the address from which it reaches the plain port,
//! which nobody else can have while it is open. Any certificate is taken here whose key the client
//! proves to hold; whether it is the merchant's is for the called path to say.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{
    CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
};

use crate::authority::Identity;
use crate::key::KeyError;
use crate::server::Sandbox;

/// How long nothing is taken after the system refused a connection.
const PAUSE: Duration = Duration::from_millis(50);

/// What a connection through the https port showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// No certificate.
    Nothing,
    /// This one, DER.
    Certificate(Vec<u8>),
}

/// The connections that are open through the https port.
#[derive(Debug, Default)]
pub struct Visitors {
    open: Mutex<HashMap<SocketAddr, Shown>>,
}

impl Visitors {
    /// What the connection from this address showed; `None` when it did not come by https.
    pub fn shown(&self, peer: SocketAddr) -> Option<Shown> {
        self.lock().get(&peer).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, Shown>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the acceptor of the https port.
///
/// # Errors
/// [`KeyError::Library`].
pub fn acceptor(identity: &Identity) -> Result<TlsAcceptor, KeyError> {
    let refused = KeyError::Library("open an https port");
    let certificate = CertificateDer::from_pem_slice(identity.certificate_pem.as_bytes());
    let key = identity.private_key_pem.as_deref().unwrap_or_default();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes());
    let (Ok(certificate), Ok(key)) = (certificate, key) else {
        return Err(refused);
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = AnyHolder {
        provider: provider.clone(),
    };
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_client_cert_verifier(Arc::new(verifier))
                .with_single_cert(vec![certificate], key)
        });
    config
        .map(|config| TlsAcceptor::from(Arc::new(config)))
        .map_err(|_| refused)
}

/// Takes connections for as long as the sandbox runs.
pub async fn serve(
    sandbox: Sandbox,
    listener: TcpListener,
    acceptor: TlsAcceptor,
    plain: SocketAddr,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let visit = visit(sandbox.clone(), stream, acceptor.clone(), plain);
                sandbox.spawn(visit);
            }
            Err(error) => {
                tracing::warn!(%error, "an https connection was not taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn visit(sandbox: Sandbox, stream: TcpStream, acceptor: TlsAcceptor, plain: SocketAddr) {
    let passed = async {
        let mut outside = acceptor.accept(stream).await?;
        let (_, session) = outside.get_ref();
        let shown = match session.peer_certificates().and_then(<[_]>::first) {
            Some(certificate) => Shown::Certificate(certificate.to_vec()),
            None => Shown::Nothing,
        };
        let mut inside = TcpStream::connect(reachable(plain)).await?;
        let _visit = Visit::begin(&sandbox, inside.local_addr()?, shown);
        copy_bidirectional(&mut outside, &mut inside).await
    };
    if let Err(error) = passed.await {
        tracing::debug!(%error, "an https connection ended");
    }
}

/// One open connection; its end takes it off the list.
struct Visit<'a> {
    sandbox: &'a Sandbox,
    from: SocketAddr,
}

impl<'a> Visit<'a> {
    fn begin(sandbox: &'a Sandbox, from: SocketAddr, shown: Shown) -> Self {
        sandbox.visitors().lock().insert(from, shown);
        Self { sandbox, from }
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.sandbox.visitors().lock().remove(&self.from);
    }
}

/// The loopback address of a server that listens on all addresses.
fn reachable(plain: SocketAddr) -> SocketAddr {
    let ip = match plain.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, plain.port())
}

/// Takes any certificate whose key the client holds, or none.
#[derive(Debug)]
struct AnyHolder {
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for AnyHolder {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
