//! The client's rustls callbacks: they take any server certificate and note what the server asks for.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

/// Accepts every chain; notes whether the server proved its key.
#[derive(Debug)]
pub(super) struct AnyServer {
    algorithms: WebPkiSupportedAlgorithms,
    proved: Mutex<Option<bool>>,
}

impl AnyServer {
    pub(super) fn new(provider: &CryptoProvider) -> Arc<Self> {
        Arc::new(Self { algorithms: provider.signature_verification_algorithms, proved: Mutex::default() })
    }

    pub(super) fn proved(&self) -> Option<bool> {
        *self.proved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, proved: bool) -> HandshakeSignatureValid {
        *self.proved.lock().unwrap_or_else(PoisonError::into_inner) = Some(proved);
        HandshakeSignatureValid::assertion()
    }
}

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(self.note(verify_tls12_signature(message, certificate, signature, &self.algorithms).is_ok()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(self.note(verify_tls13_signature(message, certificate, signature, &self.algorithms).is_ok()))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Gives the planned certificate to every server that asks, whatever authorities it names, and notes those names.
#[derive(Debug)]
pub(super) struct Shower {
    certified: Option<Arc<CertifiedKey>>,
    requested: Mutex<Option<Vec<Vec<u8>>>>,
}

impl Shower {
    pub(super) fn new(certified: Option<CertifiedKey>) -> Arc<Self> {
        Arc::new(Self { certified: certified.map(Arc::new), requested: Mutex::default() })
    }

    /// The names of the server's CertificateRequest in DER; `None` if it sent none.
    pub(super) fn requested(&self) -> Option<Vec<Vec<u8>>> {
        self.requested.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesClientCert for Shower {
    fn resolve(&self, root_hint_subjects: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let names = root_hint_subjects.iter().map(|name| name.to_vec()).collect();
        *self.requested.lock().unwrap_or_else(PoisonError::into_inner) = Some(names);
        self.certified.clone()
    }

    /// Always true: rustls drops the transcript that TLS 1.2 client authentication needs where it says no.
    fn has_certs(&self) -> bool {
        true
    }
}
