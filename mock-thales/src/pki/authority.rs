//! A certificate authority of a run: a root, an intermediate, or one that looks like another.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PublicKeyData as _,
};
use sha2::{Digest as _, Sha256};

use super::dates::Validity;
use super::leaf::{Leaf, common_name, serial};
use super::{PkiError, subject_der};
use crate::observe::CertificateDer;
use crate::plan::KeyKind;

/// An authority with its key, always ECDSA on P-256 with SHA-256.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    name: DistinguishedName,
    key_id: Vec<u8>,
    certificate: CertificateDer,
}

impl Authority {
    /// A root, signed with its own key.
    pub(super) fn root(name: DistinguishedName, validity: Validity) -> Result<Self, PkiError> {
        Self::make(name, None, validity, None, BasicConstraints::Unconstrained)
    }

    /// An intermediate under `parent` that issues leaves only.
    pub(super) fn under(parent: &Self, name: DistinguishedName, validity: Validity) -> Result<Self, PkiError> {
        Self::make(name, None, validity, Some(parent), BasicConstraints::Constrained(0))
    }

    /// An intermediate under `parent` that issues one more intermediate.
    pub(super) fn above(parent: &Self, name: DistinguishedName, validity: Validity) -> Result<Self, PkiError> {
        Self::make(name, None, validity, Some(parent), BasicConstraints::Constrained(1))
    }

    /// An authority with the subject and the key identifier of another, and a key of its own: whoever compares names or
    /// identifiers takes it for the other one, whoever verifies signatures does not. Its serial number differs, since
    /// some stacks refuse two certificates with the same issuer and number before they look at any signature.
    pub(super) fn alike(other: &Self, validity: Validity, parent: Option<&Self>) -> Result<Self, PkiError> {
        let constraints = match parent {
            Some(_) => BasicConstraints::Constrained(0),
            None => BasicConstraints::Unconstrained,
        };
        Self::make(other.name.clone(), Some(other.key_id.clone()), validity, parent, constraints)
    }

    /// One that was made before, from its key in PKCS#8 and its certificate.
    pub(super) fn kept(
        name: DistinguishedName,
        key_pkcs8: &[u8],
        certificate: CertificateDer,
        is_root: bool,
    ) -> Result<Self, PkiError> {
        let key = super::key::load_pair(KeyKind::P256, key_pkcs8)?;
        let parsed = super::name::parse(&certificate)?;
        if parsed.public_key().raw != key.subject_public_key_info() {
            return Err(PkiError::Certificate { why: "its key is not the one that stands beside it".to_owned() });
        }
        let key_id = Sha256::digest(key.public_key_raw())[..20].to_vec();
        let constraints = if is_root { BasicConstraints::Unconstrained } else { BasicConstraints::Constrained(0) };
        let params = params(&name, &key_id, constraints);
        Ok(Self { issuer: Issuer::new(params, key), name, key_id, certificate })
    }

    /// The authority's own certificate.
    pub(super) fn certificate(&self) -> &CertificateDer {
        &self.certificate
    }

    /// The authority's key as PKCS#8 in DER.
    pub(super) fn key_pkcs8(&self) -> Vec<u8> {
        self.issuer.key().serialize_der()
    }

    /// The authority's subject in DER.
    pub(super) fn subject_der(&self) -> Result<Vec<u8>, PkiError> {
        subject_der(&self.certificate)
    }

    /// Issues a leaf for that key.
    pub(super) fn issue(&self, leaf: &Leaf, kind: KeyKind, key: &KeyPair) -> Result<CertificateDer, PkiError> {
        let made = leaf.params(kind)?.signed_by(key, &self.issuer);
        made.map(|certificate| CertificateDer(certificate.der().to_vec()))
            .map_err(|error| PkiError::Issue { subject: common_name(&leaf.subject), error })
    }

    fn make(
        name: DistinguishedName,
        key_id: Option<Vec<u8>>,
        validity: Validity,
        parent: Option<&Self>,
        constraints: BasicConstraints,
    ) -> Result<Self, PkiError> {
        let key = KeyPair::generate().map_err(|error| PkiError::Key { kind: KeyKind::P256, error })?;
        // Any unique value will do (RFC 5280 section 4.2.1.2); twenty bytes are what most authorities write.
        let key_id = key_id.unwrap_or_else(|| Sha256::digest(key.public_key_raw())[..20].to_vec());
        let mut params = params(&name, &key_id, constraints);
        params.not_before = validity.from;
        params.not_after = validity.until;
        params.serial_number = Some(serial()?);
        let made = match parent {
            Some(parent) => params.signed_by(&key, &parent.issuer),
            None => params.self_signed(&key),
        };
        let certificate = match made {
            Ok(certificate) => CertificateDer(certificate.der().to_vec()),
            Err(error) => return Err(PkiError::Issue { subject: common_name(&name), error }),
        };
        Ok(Self { issuer: Issuer::new(params, key), name, key_id, certificate })
    }
}

/// What an authority says of itself, but for its dates and its number.
fn params(name: &DistinguishedName, key_id: &[u8], constraints: BasicConstraints) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name.clone();
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.key_identifier_method = KeyIdMethod::PreSpecified(key_id.to_vec());
    params.use_authority_key_identifier_extension = true;
    params.is_ca = IsCa::Ca(constraints);
    params
}
