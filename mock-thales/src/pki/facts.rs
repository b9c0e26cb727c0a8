//! What a certificate says, read from its DER for whoever judges it. Nothing here calls a certificate good or bad.

use std::net::IpAddr;

use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::X509Certificate;
use x509_parser::signature_algorithm::SignatureAlgorithm;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo, X509Name};

use super::PkiError;
use super::name::{self, parse};
use super::signature::{ECDSA, PKCS_1, PSS, Signature, verify};
use crate::observe::CertificateDer;

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// RFC 4514.
    pub subject: String,
    /// The subject's attributes in the order of the DN: short name (`CN`) or dotted number, and text.
    pub subject_parts: Vec<(String, String)>,
    /// RFC 4514.
    pub issuer: String,
    /// The subject's common names in the order of the DN, as UTF-8; the raw value where it is no string.
    pub common_names: Vec<Vec<u8>>,
    /// Host names of the subject alternative name, as written.
    pub dns_names: Vec<String>,
    /// Addresses of the subject alternative name.
    pub ip_addresses: Vec<IpAddr>,
    /// First second.
    pub not_before: OffsetDateTime,
    /// Last second.
    pub not_after: OffsetDateTime,
    /// The subject's key.
    pub key: PublicKey,
    /// Hash under the issuer's signature.
    pub signature_hash: SignatureHash,
    /// Whether subject and issuer are one and the signature is by the certificate's own key. `None` where they are one,
    /// but the algorithm of the signature cannot be verified here.
    pub self_signed: Option<bool>,
    /// The cA flag of basicConstraints; `None` without the extension.
    pub is_ca: Option<bool>,
    /// `None` without the extension: usable for everything (RFC 5280 section 4.2.1.12).
    pub extended_key_usage: Option<ExtendedKeyUsage>,
    /// `None` without the extension.
    pub key_usage: Option<KeyUsage>,
    /// The subject's key identifier in lower-case hexadecimal.
    pub subject_key_id: Option<String>,
    /// The issuer's key identifier in lower-case hexadecimal.
    pub authority_key_id: Option<String>,
    /// Serial number in lower-case hexadecimal, as encoded.
    pub serial: String,
    /// SHA-256 of the DER in lower-case hexadecimal.
    pub sha256: String,
    /// SHA-256 of the SubjectPublicKeyInfo in lower-case hexadecimal.
    pub public_key_sha256: String,
}

/// The key of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// On an elliptic curve.
    Ec {
        /// `P-256`, `P-384`, `P-521` or `secp256k1`; otherwise the OID, or "unnamed" for explicit parameters.
        curve: String,
    },
    /// RSA.
    Rsa {
        /// Bits of the modulus.
        bits: u32,
    },
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// Any other.
    Other {
        /// Its algorithm.
        oid: String,
    },
}

/// The hash under a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureHash {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// Any other, or one that the algorithm does not name (Ed25519).
    Other,
}

/// Extended key usages that matter to TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtendedKeyUsage {
    /// clientAuth.
    pub client_auth: bool,
    /// serverAuth.
    pub server_auth: bool,
    /// anyExtendedKeyUsage.
    pub any: bool,
    /// Further ones.
    pub others: bool,
}

/// Key usages that matter to TLS (RFC 5280 section 4.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage {
    /// digitalSignature.
    pub digital_signature: bool,
    /// keyEncipherment.
    pub key_encipherment: bool,
    /// keyAgreement.
    pub key_agreement: bool,
    /// keyCertSign.
    pub key_cert_sign: bool,
    /// cRLSign.
    pub crl_sign: bool,
}

impl CertificateFacts {
    /// Reads a certificate; an extension that stands twice or cannot be read makes it unreadable.
    pub fn read(certificate: &CertificateDer) -> Result<Self, PkiError> {
        let parsed = parse(certificate)?;
        let unreadable = |error: x509_parser::error::X509Error| PkiError::Certificate { why: error.to_string() };
        let alternatives = parsed.subject_alternative_name().map_err(unreadable)?;
        let names = alternatives.iter().flat_map(|extension| &extension.value.general_names);
        let (dns_names, ip_addresses) = hosts(names)
            .ok_or_else(|| PkiError::Certificate { why: "a subject alternative name is malformed".to_owned() })?;
        let constraints = parsed.basic_constraints().map_err(unreadable)?;
        let extended = parsed.extended_key_usage().map_err(unreadable)?;
        let usage = parsed.key_usage().map_err(unreadable)?;
        let key_ids = key_ids(&parsed);
        Ok(Self {
            subject: name::text(parsed.subject()),
            subject_parts: name::parts(parsed.subject()),
            issuer: name::text(parsed.issuer()),
            common_names: common_names(parsed.subject()),
            dns_names,
            ip_addresses,
            not_before: parsed.validity().not_before.to_datetime(),
            not_after: parsed.validity().not_after.to_datetime(),
            key: PublicKey::of(parsed.public_key()),
            signature_hash: SignatureHash::of(&parsed.signature_algorithm),
            self_signed: self_signed(&parsed),
            is_ca: constraints.map(|extension| extension.value.ca),
            extended_key_usage: extended.map(|extension| ExtendedKeyUsage::of(extension.value)),
            key_usage: usage.map(|extension| KeyUsage {
                digital_signature: extension.value.digital_signature(),
                key_encipherment: extension.value.key_encipherment(),
                key_agreement: extension.value.key_agreement(),
                key_cert_sign: extension.value.key_cert_sign(),
                crl_sign: extension.value.crl_sign(),
            }),
            subject_key_id: key_ids.0,
            authority_key_id: key_ids.1,
            serial: hex(parsed.raw_serial()),
            sha256: hex(&Sha256::digest(&certificate.0)),
            public_key_sha256: hex(&Sha256::digest(parsed.public_key().raw)),
        })
    }
}

impl PublicKey {
    pub(super) fn of(key: &SubjectPublicKeyInfo<'_>) -> Self {
        let oid = key.algorithm.algorithm.to_id_string();
        match oid.as_str() {
            "1.2.840.10045.2.1" => {
                let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
                Self::Ec { curve: curve.map_or_else(|| "unnamed".to_owned(), |oid| curve_name(oid.to_id_string())) }
            }
            "1.2.840.113549.1.1.1" => match key.parsed() {
                Ok(x509_parser::public_key::PublicKey::RSA(rsa)) => Self::Rsa { bits: bits(rsa.modulus) },
                _ => Self::Other { oid },
            },
            "1.3.101.112" => Self::Ed25519,
            _ => Self::Other { oid },
        }
    }
}

impl SignatureHash {
    pub(super) fn of(algorithm: &AlgorithmIdentifier<'_>) -> Self {
        let oid = algorithm.algorithm.to_id_string();
        if oid == PSS {
            return match SignatureAlgorithm::try_from(algorithm) {
                Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) => {
                    match parameters.hash_algorithm_oid().to_id_string().as_str() {
                        "1.3.14.3.2.26" => Self::Sha1,
                        "2.16.840.1.101.3.4.2.1" => Self::Sha256,
                        "2.16.840.1.101.3.4.2.2" => Self::Sha384,
                        "2.16.840.1.101.3.4.2.3" => Self::Sha512,
                        _ => Self::Other,
                    }
                }
                _ => Self::Other,
            };
        }
        if let Some(last) = oid.strip_prefix(PKCS_1) {
            return match last {
                "4" => Self::Md5,
                "5" => Self::Sha1,
                "11" => Self::Sha256,
                "12" => Self::Sha384,
                "13" => Self::Sha512,
                _ => Self::Other,
            };
        }
        match oid.strip_prefix(ECDSA) {
            Some("1") => Self::Sha1,
            Some("3.2") => Self::Sha256,
            Some("3.3") => Self::Sha384,
            Some("3.4") => Self::Sha512,
            _ => Self::Other,
        }
    }
}

impl ExtendedKeyUsage {
    pub(super) fn of(usage: &x509_parser::extensions::ExtendedKeyUsage<'_>) -> Self {
        Self {
            client_auth: usage.client_auth,
            server_auth: usage.server_auth,
            any: usage.any,
            others: usage.code_signing
                || usage.email_protection
                || usage.time_stamping
                || usage.ocsp_signing
                || !usage.other.is_empty(),
        }
    }

    /// Whether a TLS client may use the certificate.
    pub fn allows_client(self) -> bool {
        self.client_auth || self.any
    }

    /// Whether a TLS server may use the certificate.
    pub fn allows_server(self) -> bool {
        self.server_auth || self.any
    }
}

fn self_signed(certificate: &X509Certificate<'_>) -> Option<bool> {
    if certificate.subject().as_raw() != certificate.issuer().as_raw() {
        return Some(false);
    }
    match verify(certificate, certificate.public_key()) {
        Signature::Right => Some(true),
        Signature::Wrong => Some(false),
        Signature::Unknown => None,
    }
}

/// Identifiers of the subject's and of the issuer's key. What cannot be read counts as absent: nothing hangs on them.
fn key_ids(certificate: &X509Certificate<'_>) -> (Option<String>, Option<String>) {
    let (mut subject, mut authority) = (None, None);
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => subject = Some(hex(id.0)),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                authority = id.key_identifier.as_ref().map(|id| hex(id.0));
            }
            _ => {}
        }
    }
    (subject, authority)
}

/// Host names and addresses among general names; `None` where one is malformed.
pub(super) fn hosts<'a>(names: impl IntoIterator<Item = &'a GeneralName<'a>>) -> Option<(Vec<String>, Vec<IpAddr>)> {
    let (mut dns_names, mut ip_addresses) = (Vec::new(), Vec::new());
    for name in names {
        match name {
            GeneralName::DNSName(host) => dns_names.push((*host).to_owned()),
            GeneralName::IPAddress(octets) => ip_addresses.extend(address(octets)),
            GeneralName::Invalid(..) => return None,
            _ => {}
        }
    }
    Some((dns_names, ip_addresses))
}

/// Common names in the order of the DN.
pub(super) fn common_names(name: &X509Name<'_>) -> Vec<Vec<u8>> {
    name.iter_common_name()
        .map(|attribute| {
            let value = attribute.attr_value();
            name::string(value).map_or_else(|| value.data.to_vec(), String::into_bytes)
        })
        .collect()
}

fn curve_name(oid: String) -> String {
    match oid.as_str() {
        "1.2.840.10045.3.1.7" => "P-256".to_owned(),
        "1.3.132.0.34" => "P-384".to_owned(),
        "1.3.132.0.35" => "P-521".to_owned(),
        "1.3.132.0.10" => "secp256k1".to_owned(),
        _ => oid,
    }
}

/// Bits of an unsigned big-endian number.
fn bits(number: &[u8]) -> u32 {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    match number[zeros..].first() {
        Some(first) => u32::try_from((number.len() - zeros) * 8).unwrap_or(u32::MAX) - first.leading_zeros(),
        None => 0,
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
