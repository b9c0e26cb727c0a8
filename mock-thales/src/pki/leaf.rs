//! An end-entity certificate before it is signed.

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
    SerialNumber,
};

use super::PkiError;
use super::dates::Validity;
use crate::observe::CertificateDer;
use crate::plan::KeyKind;

/// The organisation that every authority of a run, and every leaf that plays Thales, is named by.
pub(super) const ORGANISATION: &str = "TEST, NOT THALES";

/// What a leaf says of itself.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) subject: DistinguishedName,
    /// Empty: no subject alternative name at all.
    pub(super) alternatives: Vec<SanType>,
    pub(super) validity: Validity,
    pub(super) purpose: Purpose,
}

/// The one extended key usage of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    ServerAuth,
    ClientAuth,
}

impl Leaf {
    /// The certificate's content for a key of that kind, with a new serial number.
    pub(super) fn params(&self, kind: KeyKind) -> Result<CertificateParams, PkiError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = self.subject.clone();
        params.subject_alt_names = self.alternatives.clone();
        params.not_before = self.validity.from;
        params.not_after = self.validity.until;
        params.serial_number = Some(serial()?);
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages = vec![match self.purpose {
            Purpose::ServerAuth => ExtendedKeyUsagePurpose::ServerAuth,
            Purpose::ClientAuth => ExtendedKeyUsagePurpose::ClientAuth,
        }];
        params.key_usages = match (self.purpose, kind) {
            // Static RSA encrypts to the server's key (RFC 5246 section 7.4.2).
            (Purpose::ServerAuth, KeyKind::Rsa2048) => {
                vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment]
            }
            _ => vec![KeyUsagePurpose::DigitalSignature],
        };
        Ok(params)
    }

    /// Signed with its own key.
    pub(super) fn self_signed(&self, kind: KeyKind, key: &KeyPair) -> Result<CertificateDer, PkiError> {
        let made = self.params(kind)?.self_signed(key);
        made.map(|certificate| CertificateDer(certificate.der().to_vec()))
            .map_err(|error| PkiError::Issue { subject: common_name(&self.subject), error })
    }
}

/// A subject of this run: the organisation, the run's suffix, the CN. Two runs never share one, so that an authority
/// that an earlier run or the machine left in a store cannot stand in for ours.
pub(super) fn subject(organisation: &str, suffix: &str, common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, organisation);
    name.push(DnType::OrganizationalUnitName, suffix);
    name.push(DnType::CommonName, common_name);
    name
}

/// The CN for a message.
pub(super) fn common_name(name: &DistinguishedName) -> String {
    match name.get(&DnType::CommonName) {
        Some(rcgen::DnValue::Utf8String(text)) => text.clone(),
        _ => "no common name".to_owned(),
    }
}

/// Sixteen random bytes, positive and never short (RFC 5280 section 4.1.2.2).
pub(super) fn serial() -> Result<SerialNumber, PkiError> {
    let mut bytes = random::<16>()?;
    bytes[0] = bytes[0] & 0x3f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

/// Random bytes.
pub(super) fn random<const N: usize>() -> Result<[u8; N], PkiError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| PkiError::Random)?;
    Ok(bytes)
}
