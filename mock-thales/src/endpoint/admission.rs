//! The endpoint's own client certificate verifier: it takes note of everything and refuses nothing, unless it is told
//! to refuse as Thales would.
//!
//! The stock verifier is unfit: it rejects self-signed certificates with CA:TRUE, which `openssl req -x509` writes by
//! default and which Thales endorses, and it names its anchors in the CertificateRequest.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer as RustlsCertificate, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme};

use crate::observe::CertificateDer;
use crate::pki::{CertificateFacts, PublicKey};

/// Refusal as Thales would do it.
#[derive(Debug, Clone)]
pub(super) struct Admission {
    /// Certificates that the portal holds, compared byte by byte.
    pub(super) endorsed: Vec<CertificateDer>,
    /// The portal has another common name than any of them.
    pub(super) other_common_name: bool,
}

impl Admission {
    fn admit(&self, leaf: &CertificateDer) -> Result<ClientCertVerified, Error> {
        if !self.endorsed.contains(leaf) {
            return Err(refuse("the certificate is not the endorsed one"));
        }
        if self.other_common_name {
            return Err(refuse("the common name is not the one given in the portal"));
        }
        Ok(ClientCertVerified::assertion())
    }
}

/// What the verifier saw of one connection.
#[derive(Debug, Default, Clone)]
pub(super) struct Shown {
    pub(super) chain: Vec<CertificateDer>,
    pub(super) proved: Option<bool>,
}

/// Takes note of what one caller shows.
#[derive(Debug)]
pub(super) struct Verifier {
    algorithms: WebPkiSupportedAlgorithms,
    hints: Arc<[DistinguishedName]>,
    admission: Option<Admission>,
    shown: Mutex<Shown>,
}

impl Verifier {
    pub(super) fn new(
        provider: &CryptoProvider,
        hints: Arc<[DistinguishedName]>,
        admission: Option<Admission>,
    ) -> Arc<Self> {
        let algorithms = provider.signature_verification_algorithms;
        Arc::new(Self { algorithms, hints, admission, shown: Mutex::default() })
    }

    /// What the caller has shown so far.
    pub(super) fn shown(&self) -> Shown {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A signature that does not fit is noted, and refused by none but an endpoint that insists.
    fn judge(&self, proved: Option<bool>) -> Result<HandshakeSignatureValid, Error> {
        self.note(|shown| shown.proved = proved);
        match (&self.admission, proved) {
            (Some(_), Some(false)) => Err(Error::InvalidCertificate(CertificateError::BadSignature)),
            _ => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn note(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut self.shown.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl ClientCertVerifier for Verifier {
    fn offer_client_auth(&self) -> bool {
        true
    }

    fn client_auth_mandatory(&self) -> bool {
        // Thales insists. Where the scenario is about something else, insisting would hide what the caller does next.
        self.admission.is_some()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &RustlsCertificate<'_>,
        intermediates: &[RustlsCertificate<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let chain: Vec<_> = std::iter::once(end_entity)
            .chain(intermediates)
            .map(|certificate| CertificateDer(certificate.as_ref().to_vec()))
            .collect();
        let admitted =
            self.admission.as_ref().map_or(Ok(ClientCertVerified::assertion()), |admission| admission.admit(&chain[0]));
        self.note(|shown| shown.chain = chain);
        admitted
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &RustlsCertificate<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = verify_tls12_signature(message, certificate, signature, &self.algorithms).is_ok();
        self.judge(proved(verified, certificate))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &RustlsCertificate<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = verify_tls13_signature(message, certificate, signature, &self.algorithms).is_ok();
        self.judge(proved(verified, certificate))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The smallest RSA key whose signatures can be verified here, in bits.
const SMALLEST_RSA: u32 = 2048;

/// `None` where a signature that does not verify tells nothing: it cannot be verified here with such a key.
fn proved(verified: bool, certificate: &RustlsCertificate<'_>) -> Option<bool> {
    let is_beyond = || {
        let facts = CertificateFacts::read(&CertificateDer(certificate.as_ref().to_vec()));
        match facts.map(|facts| facts.key) {
            Ok(PublicKey::Rsa { bits }) => bits < SMALLEST_RSA,
            Ok(PublicKey::Ec { curve }) => !["P-256", "P-384", "P-521"].contains(&curve.as_str()),
            Ok(PublicKey::Ed25519) => false,
            Ok(PublicKey::Other { .. }) | Err(_) => true,
        }
    };
    if verified || !is_beyond() { Some(verified) } else { None }
}

/// certificate_unknown (46): what a server says that knows the chain and does not want this certificate.
fn refuse(why: &'static str) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(std::io::Error::other(why)))))
}
