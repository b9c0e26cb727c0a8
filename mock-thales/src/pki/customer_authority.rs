//! Thales' authority for customers, played: it certifies what a customer asks for by a request (PKCS#10), under the
//! subject that stands in the request, byte by byte.
//!
//! It is not the Client CA: whoever trusts that one admits Thales and no other customer. Which keys and names Thales
//! would certify is for others to judge. Its certificates live for five years, as Thales' do, and it longer than they.

use std::fmt;

use rcgen::{KeyPair, PublicKeyData as _, SigningKey as _};
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;

use super::authority::Authority;
use super::dates::Validity;
use super::der::{bits, element, sequence, tag, time};
use super::facts::{CertificateFacts, hex};
use super::leaf::{ORGANISATION, random, subject};
use super::name::parse;
use super::signature::{Signature, verify_signed};
use super::{PkiError, pem};
use crate::observe::CertificateDer;
use crate::plan::KeyKind;

/// Thales' authority for customers, with its key on P-256.
pub struct CustomerAuthority {
    key: KeyPair,
    certificate: CertificateDer,
    name: Vec<u8>,
    key_id: Vec<u8>,
    until: OffsetDateTime,
}

/// Life of a certificate that it signs: five years.
pub const CUSTOMER_DAYS: i64 = 1826;

/// Its own life.
const AUTHORITY_DAYS: i64 = 2 * CUSTOMER_DAYS;

impl CustomerAuthority {
    /// Makes one, with a key and a name of its own. Only tests and stand-ins are to trust it, as its name says.
    ///
    /// # Errors
    /// No key can be made, or the moment lies at the end of the calendar.
    pub fn new(now: OffsetDateTime) -> Result<Self, PkiError> {
        let suffix = hex(&random::<8>()?);
        let name = subject(ORGANISATION, &suffix, &format!("{ORGANISATION} CA for customers"));
        let from = moved(now, -1)?;
        let authority = Authority::root(name, Validity { from, until: moved(from, AUTHORITY_DAYS)? })?;
        Self::from_parts(&authority.key_pkcs8(), authority.certificate().clone())
    }

    /// From a key in PKCS#8 and its certificate.
    ///
    /// # Errors
    /// The key is not on P-256 or not the certificate's, or the certificate cannot be read.
    pub(super) fn from_parts(key_pkcs8: &[u8], certificate: CertificateDer) -> Result<Self, PkiError> {
        let key = super::key::load_pair(KeyKind::P256, key_pkcs8)?;
        let until = CertificateFacts::read(&certificate)?.not_after;
        let parsed = parse(&certificate)?;
        if parsed.public_key().raw != key.subject_public_key_info() {
            return Err(PkiError::Certificate { why: "its key is not the one that stands beside it".to_owned() });
        }
        let name = parsed.subject().as_raw().to_vec();
        let key_id = key_id(&parsed.public_key().subject_public_key.data);
        Ok(Self { key, name, key_id, until, certificate })
    }

    /// Its own certificate.
    pub fn certificate(&self) -> &CertificateDer {
        &self.certificate
    }

    /// Its own certificate in PEM.
    pub fn certificate_pem(&self) -> String {
        pem::certificates([&self.certificate])
    }

    /// Key and certificate in PEM.
    pub(super) fn key_and_certificate_pem(&self) -> String {
        pem::block("PRIVATE KEY", self.key.serialized_der()) + &self.certificate_pem()
    }

    /// Certifies the key of a request in DER for five years from `now`, under the request's subject as it stands. Of the
    /// extensions that it asks for none is taken: the certificate is for TLS clients.
    ///
    /// # Errors
    /// The request cannot be read, is not signed with its own key, or the authority ends before the certificate would.
    pub fn sign(&self, request: &[u8], now: OffsetDateTime) -> Result<CertificateDer, PkiError> {
        let unreadable = |why: String| PkiError::Request { why };
        let request = match X509CertificationRequest::from_der(request) {
            Ok(([], request)) => request,
            Ok(_) => return Err(unreadable("bytes follow it".to_owned())),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        let info = &request.certification_request_info;
        let (algorithm, signature) = (&request.signature_algorithm, &request.signature_value.data);
        // Proof of possession (RFC 2986 section 3). What cannot be verified here is not held against it.
        if verify_signed(info.raw, algorithm, signature, &info.subject_pki) == Signature::Wrong {
            return Err(unreadable("its signature is not by its own key".to_owned()));
        }
        let from = now.replace_nanosecond(0).unwrap_or(now);
        let validity = Validity { from, until: moved(from, CUSTOMER_DAYS)? };
        if validity.until > self.until {
            return Err(PkiError::Outlived { until: self.until.date().to_string() });
        }
        let key = &info.subject_pki;
        let extensions = extensions(&self.key_id, &key_id(&key.subject_public_key.data));
        self.certify(info.subject.as_raw(), key.raw, validity, &extensions)
    }

    /// RFC 5280 section 4.1.
    fn certify(
        &self,
        subject: &[u8],
        key: &[u8],
        validity: Validity,
        extensions: &[u8],
    ) -> Result<CertificateDer, PkiError> {
        let mut serial = random::<16>()?;
        // Positive and never short.
        serial[0] = serial[0] & 0x3f | 0x40;
        let algorithm = sequence(&[&element(tag::OBJECT_IDENTIFIER, ECDSA_WITH_SHA256)]);
        let to_be_signed = sequence(&[
            &element(tag::VERSION, &element(tag::INTEGER, &[2])),
            &element(tag::INTEGER, &serial),
            &algorithm,
            &self.name,
            &sequence(&[&time(validity.from), &time(validity.until)]),
            subject,
            key,
            &element(tag::EXTENSIONS, extensions),
        ]);
        let signature = self
            .key
            .sign(&to_be_signed)
            .map_err(|error| PkiError::Issue { subject: "a customer".to_owned(), error })?;
        Ok(CertificateDer(sequence(&[&to_be_signed, &algorithm, &bits(&signature)])))
    }
}

/// Without the key.
impl fmt::Debug for CustomerAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerAuthority").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// RFC 5758 section 3.2: 1.2.840.10045.4.3.2.
const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// RFC 5280 section 4.2.1: 2.5.29.n.
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
/// RFC 5280 section 4.2.1.12: 1.3.6.1.5.5.7.3.2.
const CLIENT_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

/// A TLS client's extensions: no authority, signs handshakes and nothing else.
fn extensions(authority_key_id: &[u8], subject_key_id: &[u8]) -> Vec<u8> {
    let no_authority = sequence(&[]);
    // Bit 0 of one byte, whose seven others are unused.
    let digital_signature = element(tag::BIT_STRING, &[7, 0x80]);
    let client_auth = sequence(&[&element(tag::OBJECT_IDENTIFIER, CLIENT_AUTH)]);
    sequence(&[
        &extension(AUTHORITY_KEY_ID, false, &sequence(&[&element(tag::KEY_IDENTIFIER, authority_key_id)])),
        &extension(SUBJECT_KEY_ID, false, &element(tag::OCTET_STRING, subject_key_id)),
        &extension(BASIC_CONSTRAINTS, true, &no_authority),
        &extension(KEY_USAGE, true, &digital_signature),
        &extension(EXTENDED_KEY_USAGE, false, &client_auth),
    ])
}

fn extension(id: &[u8], is_critical: bool, value: &[u8]) -> Vec<u8> {
    // DER leaves out a default.
    let critical = if is_critical { element(tag::BOOLEAN, &[0xff]) } else { Vec::new() };
    sequence(&[&element(tag::OBJECT_IDENTIFIER, id), &critical, &element(tag::OCTET_STRING, value)])
}

/// Any unique value will do (RFC 5280 section 4.2.1.2); the same one that the authority's own certificate carries.
fn key_id(public_key: &[u8]) -> Vec<u8> {
    Sha256::digest(public_key)[..20].to_vec()
}

fn moved(now: OffsetDateTime, days: i64) -> Result<OffsetDateTime, PkiError> {
    let second = now.replace_nanosecond(0).unwrap_or(now);
    second.checked_add(Duration::days(days)).ok_or_else(|| PkiError::Clock { now: now.to_string() })
}
