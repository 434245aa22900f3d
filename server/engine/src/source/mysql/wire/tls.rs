//! TLS for a connection, with the meanings that [`TlsMode`] has everywhere: checked by the public authorities and
//! the named one, or merely encrypted.

use std::path::Path;
use std::sync::Arc;

use domain::sources::TlsMode;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::fault::Fault;
use crate::source::mysql::connect::Endpoint;
use crate::{Error, Kind};

/// The state of a TLS session with this server, before the first byte.
pub(super) fn session(endpoint: &Endpoint) -> Result<ClientConnection, Fault> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(refused)?;
    let config = if endpoint.tls == TlsMode::Encrypt {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
    } else {
        builder.with_root_certificates(roots(endpoint.ca.as_deref())?)
    }
    .with_no_client_auth();
    let name = ServerName::try_from(endpoint.host.as_str().to_owned()).map_err(refused)?;
    ClientConnection::new(Arc::new(config), name).map_err(refused)
}

/// As invalid data, which is what a failed handshake looks like too.
fn refused(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Fault {
    Fault::Io(std::io::Error::new(std::io::ErrorKind::InvalidData, error))
}

fn roots(own: Option<&Path>) -> Result<RootCertStore, Fault> {
    let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let Some(path) = own else {
        return Ok(store);
    };
    let unusable = |why: String| {
        let attempt = format!("read the CA file {}", path.display());
        Fault::Ours(Error::new(Kind::Input, attempt, why).hint("Name a PEM file with certificates."))
    };
    let bytes = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let mut certificates = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(error.to_string()))?;
    if certificates.is_empty() {
        certificates.push(CertificateDer::from(bytes));
    }
    for certificate in certificates {
        store.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    Ok(store)
}

/// Takes every certificate, but the session still has to be signed by its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
