//! The customer's own certificates, read from what it hands over: as declared, and as they are to be shown.

use std::fmt;
use std::sync::Arc;

use mock_thales::endpoint::AssertionKeyError;
use mock_thales::observe::CertificateDer;
use mock_thales::pki::{CertificateFacts, CustomerAuthority, Identity, PkiError, certificates_der, request_der};
use rustls_pki_types::pem::PemObject;
use time::OffsetDateTime;

use super::identity::{OwnIdentity, Renewal};
use crate::model::Issuance;

/// The customer's certificates of one role.
pub(super) struct Shown {
    /// As handed over.
    pub(super) declared: Vec<CertificateDer>,
    /// As it is to be shown: without a root. `None` where the integration holds the key itself.
    pub(super) identity: Option<Arc<Identity>>,
}

impl Shown {
    pub(super) fn issued(identity: &Arc<Identity>) -> Self {
        Self { declared: identity.chain.clone(), identity: Some(Arc::clone(identity)) }
    }

    pub(super) fn new(
        chain: Option<&[u8]>,
        key: Option<&[u8]>,
        (certificate_name, key_name): (&'static str, &'static str),
    ) -> Result<Option<Self>, MaterialsError> {
        let Some(chain) = chain else { return Ok(None) };
        let declared: Vec<_> = rustls_pki_types::CertificateDer::pem_slice_iter(chain)
            .map(|block| block.map(|der| CertificateDer(der.to_vec())))
            .collect::<Result<_, _>>()
            .map_err(|error| PkiError::Pem { what: "certificate", why: error.to_string() })?;
        if declared.is_empty() {
            return Err(MaterialsError::NoCertificate { file: certificate_name });
        }
        let identity = match key {
            None => None,
            Some(key) => Some(with_key(without_root(&declared), key, (certificate_name, key_name))?),
        };
        Ok(Some(Self { declared, identity }))
    }

    /// The client certificate: the customer's own, or what the run's authority makes of the customer's request. `None`
    /// where it handed over neither.
    pub(super) fn client(
        own: &ClientFiles<'_>,
        issuance: Issuance,
        authority: &CustomerAuthority,
        now: OffsetDateTime,
    ) -> Result<Option<Self>, MaterialsError> {
        let [csr_name, certificate_name, key_name] = own.names;
        let Some(file) = own.csr else {
            return Self::new(own.certificate, own.key, (certificate_name, key_name));
        };
        if own.certificate.is_some() {
            return Err(MaterialsError::RequestAndCertificate { csr: csr_name, certificate: certificate_name });
        }
        if issuance == Issuance::SelfSigned {
            return Err(MaterialsError::NobodySigns { csr: csr_name });
        }
        let unfit = |error| MaterialsError::File { file: csr_name, error };
        let certificate = authority.sign(&request_der(file).map_err(unfit)?, now).map_err(unfit)?;
        let declared = vec![certificate];
        let identity = match own.key {
            None => None,
            Some(key) => Some(with_key(declared.clone(), key, (csr_name, key_name))?),
        };
        Ok(Some(Self { declared, identity }))
    }
}

/// What a customer handed over for its client certificate, or for the renewed one.
pub(super) struct ClientFiles<'a> {
    pub(super) csr: Option<&'a [u8]>,
    pub(super) certificate: Option<&'a [u8]>,
    pub(super) key: Option<&'a [u8]>,
    /// Table and key of each in the integration file.
    pub(super) names: [&'static str; 3],
}

impl<'a> ClientFiles<'a> {
    pub(super) fn of_identity(own: &'a OwnIdentity) -> Self {
        Self {
            csr: own.client_csr.as_deref(),
            certificate: own.client_certificate.as_deref(),
            key: own.client_key.as_deref(),
            names: ["[identity] client-csr", "[identity] client-certificate", "[identity] client-key"],
        }
    }

    pub(super) fn of_renewal(renewal: &'a Renewal) -> Self {
        Self {
            csr: renewal.client_csr.as_deref(),
            certificate: renewal.client_certificate.as_deref(),
            key: renewal.client_key.as_deref(),
            names: ["[renewal] client-csr", "[renewal] client-certificate", "[renewal] client-key"],
        }
    }
}

/// Thales' authority for customers, as it was handed over; none where it was not.
pub(super) fn customer_authority(own: &OwnIdentity) -> Result<Vec<CertificateDer>, MaterialsError> {
    let unfit = |error| MaterialsError::File { file: "[portal] customer-authority", error };
    let Some(file) = &own.customer_authority else { return Ok(Vec::new()) };
    let found = certificates_der(file).map_err(unfit)?;
    for certificate in &found {
        CertificateFacts::read(certificate).map_err(unfit)?;
    }
    Ok(found)
}

/// A chain with its key, which has to be the leaf's.
fn with_key(
    served: Vec<CertificateDer>,
    key: &[u8],
    (certificate_name, key_name): (&'static str, &'static str),
) -> Result<Arc<Identity>, MaterialsError> {
    let identity = Identity::with_key_pem(served, key)?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let fits = rustls::sign::CertifiedKey::from_der(identity.rustls_chain(), identity.rustls_key(), &provider);
    if matches!(fits, Err(rustls::Error::InconsistentKeys(_))) {
        return Err(MaterialsError::KeyMismatch { key: key_name, certificate: certificate_name });
    }
    Ok(Arc::new(identity))
}

/// The chain as it is to be served: a root at its end is for the handover only.
pub(super) fn without_root(chain: &[CertificateDer]) -> Vec<CertificateDer> {
    let mut served = chain.to_vec();
    if served.len() > 1
        && let Some(last) = served.last()
        && CertificateFacts::read(last).is_ok_and(|facts| facts.self_signed == Some(true))
    {
        served.pop();
    }
    served
}

/// Why the assets cannot be made.
#[derive(Debug)]
pub enum MaterialsError {
    /// A certificate cannot be made or read.
    Pki(PkiError),
    /// The public key of `[portal]`.
    JwtKey(AssertionKeyError),
    /// A file of `[identity]` holds no certificate.
    NoCertificate {
        /// The table and key that names it.
        file: &'static str,
    },
    /// A file of another environment holds no certificate.
    NoCertificateThere {
        /// The environment.
        environment: String,
        /// The key of its `identity`.
        file: &'static str,
    },
    /// A file holds no request or certificate that can be used.
    File {
        /// The table and key that names it.
        file: &'static str,
        /// The cause.
        error: PkiError,
    },
    /// A request stands beside a certificate.
    RequestAndCertificate {
        /// The table and key that names the request.
        csr: &'static str,
        /// The certificate's.
        certificate: &'static str,
    },
    /// A request where the customer signs its certificate itself.
    NobodySigns {
        /// The table and key that names the request.
        csr: &'static str,
    },
    /// The certificate of `[renewal]` is that of `[identity]`.
    NotRenewed,
    /// A key does not belong to its certificate.
    KeyMismatch {
        /// The table and key that names it.
        key: &'static str,
        /// The certificate's.
        certificate: &'static str,
    },
}

impl From<AssertionKeyError> for MaterialsError {
    fn from(error: AssertionKeyError) -> Self {
        Self::JwtKey(error)
    }
}

impl From<PkiError> for MaterialsError {
    fn from(error: PkiError) -> Self {
        Self::Pki(error)
    }
}

impl fmt::Display for MaterialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pki(error) => write!(f, "{error}"),
            Self::JwtKey(error) => write!(f, "[portal] jwt-key {error}"),
            Self::NoCertificate { file } => write!(f, "{file}: no certificate in PEM found"),
            Self::NoCertificateThere { environment, file } => {
                write!(f, "[environments.{environment}.identity] {file}: no certificate in PEM found")
            }
            Self::File { file, error } => write!(f, "{file}: failed to {error}"),
            Self::RequestAndCertificate { csr, certificate } => {
                write!(f, "{csr} stands beside {certificate}: expected one of them")
            }
            Self::NobodySigns { csr } => write!(
                f,
                "{csr}: in this profile the customer signs its client certificate itself, expected client-certificate"
            ),
            Self::NotRenewed => {
                f.write_str("[renewal] client-certificate is the same certificate as that of [identity]")
            }
            Self::KeyMismatch { key, certificate } => {
                write!(f, "{key} is not the key of {certificate}")
            }
        }
    }
}

impl std::error::Error for MaterialsError {}
