//! What a certificate signing request (PKCS#10, RFC 2986) says, read from its DER for whoever judges it.

use std::net::IpAddr;

use sha2::{Digest as _, Sha256};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer as _;

use super::PkiError;
use super::facts::{ExtendedKeyUsage, PublicKey, SignatureHash, common_names, hex, hosts};
use super::name;
use super::signature::{Signature, verify_signed};

/// What a certificate signing request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestFacts {
    /// RFC 4514.
    pub subject: String,
    /// The subject's attributes in the order of the DN: short name (`CN`) or dotted number, and text.
    pub subject_parts: Vec<(String, String)>,
    /// The subject's common names in the order of the DN, as UTF-8; the raw value where it is no string.
    pub common_names: Vec<Vec<u8>>,
    /// The key to be certified.
    pub key: PublicKey,
    /// Hash under the request's signature.
    pub signature_hash: SignatureHash,
    /// Whether the signature is by the key to be certified. `None` where its algorithm cannot be verified here.
    pub self_signed: Option<bool>,
    /// Host names of the requested subject alternative name, as written.
    pub dns_names: Vec<String>,
    /// Addresses of the requested subject alternative name.
    pub ip_addresses: Vec<IpAddr>,
    /// The requested extended key usage; `None` where none is requested.
    pub extended_key_usage: Option<ExtendedKeyUsage>,
    /// SHA-256 of the DER in lower-case hexadecimal.
    pub sha256: String,
    /// SHA-256 of the SubjectPublicKeyInfo in lower-case hexadecimal.
    pub public_key_sha256: String,
}

impl RequestFacts {
    /// Reads one request and nothing after it; a requested extension that stands twice or cannot be read makes it
    /// unreadable.
    pub fn read(der: &[u8]) -> Result<Self, PkiError> {
        let unreadable = |why: &str| PkiError::Request { why: why.to_owned() };
        let request = match X509CertificationRequest::from_der(der) {
            Ok(([], request)) => request,
            Ok(_) => return Err(unreadable("bytes follow it")),
            Err(error) => return Err(PkiError::Request { why: error.to_string() }),
        };
        let info = &request.certification_request_info;
        let (mut alternatives, mut extended) = (None, None);
        for extension in info.iter_attributes().flat_map(|attribute| match attribute.parsed_attribute() {
            ParsedCriAttribute::ExtensionRequest(requested) => requested.extensions.as_slice(),
            _ => &[],
        }) {
            let again = match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(names) => alternatives.replace(names).is_some(),
                ParsedExtension::ExtendedKeyUsage(usage) => extended.replace(usage).is_some(),
                ParsedExtension::ParseError { .. } => return Err(unreadable("a requested extension is malformed")),
                _ => false,
            };
            if again {
                return Err(unreadable("an extension is requested twice"));
            }
        }
        let names = alternatives.iter().flat_map(|extension| &extension.general_names);
        let (dns_names, ip_addresses) =
            hosts(names).ok_or_else(|| unreadable("a subject alternative name is malformed"))?;
        let (algorithm, signature) = (&request.signature_algorithm, &request.signature_value.data);
        Ok(Self {
            subject: name::text(&info.subject),
            subject_parts: name::parts(&info.subject),
            common_names: common_names(&info.subject),
            key: PublicKey::of(&info.subject_pki),
            signature_hash: SignatureHash::of(algorithm),
            self_signed: match verify_signed(info.raw, algorithm, signature, &info.subject_pki) {
                Signature::Right => Some(true),
                Signature::Wrong => Some(false),
                Signature::Unknown => None,
            },
            dns_names,
            ip_addresses,
            extended_key_usage: extended.map(ExtendedKeyUsage::of),
            sha256: hex(&Sha256::digest(der)),
            public_key_sha256: hex(&Sha256::digest(info.subject_pki.raw)),
        })
    }
}
