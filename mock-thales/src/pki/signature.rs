//! Who signed a certificate or a request: verification of its signature with a given key.
//!
//! The parser's own verification knows neither SHA-256 under RSA keys below 2048 bits nor P-521 nor a curve with
//! another curve's hash, and all of these are met in customers' certificates. So the choice of the algorithm stands
//! here, and the arithmetic is that of the TLS library's backend.

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::prelude::X509Certificate;
use x509_parser::signature_algorithm::SignatureAlgorithm;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use super::PkiError;
use super::facts::{PublicKey, SignatureHash};
use super::name::parse;
use crate::observe::CertificateDer;

/// Whether `authority` issued `certificate`: its subject is the issuer, and its key made the signature. `None` where the
/// names fit and the algorithm cannot be verified here.
///
/// # Errors
/// One of them cannot be read.
pub fn issued_by(certificate: &CertificateDer, authority: &CertificateDer) -> Result<Option<bool>, PkiError> {
    let (certificate, authority) = (parse(certificate)?, parse(authority)?);
    if certificate.issuer().as_raw() != authority.subject().as_raw() {
        return Ok(Some(false));
    }
    Ok(match verify(&certificate, authority.public_key()) {
        Signature::Right => Some(true),
        Signature::Wrong => Some(false),
        Signature::Unknown => None,
    })
}

/// What a verification found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signature {
    /// The key made it.
    Right,
    /// The key did not make it.
    Wrong,
    /// The algorithm cannot be verified here.
    Unknown,
}

/// Whether the key that `signer` describes signed `certificate`.
pub(super) fn verify(certificate: &X509Certificate<'_>, signer: &SubjectPublicKeyInfo<'_>) -> Signature {
    let signed = certificate.tbs_certificate.as_ref();
    // A signature is whole bytes.
    if certificate.signature_value.unused_bits != 0 || !names_one_algorithm(certificate.as_raw(), signed) {
        return Signature::Wrong;
    }
    verify_signed(signed, &certificate.signature_algorithm, &certificate.signature_value.data, signer)
}

/// Whether the algorithm beside the signature is that under it, byte by byte (RFC 5280 section 4.1.1.2): no signature
/// covers the one beside it, and OpenSSL refuses a certificate in which they differ.
fn names_one_algorithm(certificate: &[u8], signed: &[u8]) -> bool {
    let Some(start) = certificate.windows(signed.len()).position(|window| window == signed) else { return false };
    let beside = &certificate[start + signed.len()..];
    // An algorithm's identifier is shorter than 128 bytes.
    let Some(length @ 0..=0x7f) = beside.get(1).copied() else { return false };
    let Some(beside) = beside.get(..2 + usize::from(length)) else { return false };
    signed.windows(beside.len()).any(|window| window == beside)
}

/// Whether the key that `signer` describes made `signature`, by that algorithm, over `signed`.
pub(super) fn verify_signed(
    signed: &[u8],
    algorithm_identifier: &AlgorithmIdentifier<'_>,
    signature: &[u8],
    signer: &SubjectPublicKeyInfo<'_>,
) -> Signature {
    let hash = SignatureHash::of(algorithm_identifier);
    let scheme = algorithm_identifier.algorithm.to_id_string();
    if scheme == PSS && !is_usual_pss(algorithm_identifier, hash) {
        return Signature::Unknown;
    }
    let Some(algorithm) = algorithm(&scheme, hash, &PublicKey::of(signer)) else { return Signature::Unknown };
    let key = UnparsedPublicKey::new(algorithm, &signer.subject_public_key.data);
    match key.verify(signed, signature) {
        Ok(()) => Signature::Right,
        Err(_) => Signature::Wrong,
    }
}

/// Whether the salt is as long as the digest and the mask is of the same hash: TLS has no other PSS (RFC 8446 section
/// 4.2.3), and neither has the verification here. OpenSSL makes the salt as long as it can, unless it is told.
fn is_usual_pss(algorithm: &AlgorithmIdentifier<'_>, hash: SignatureHash) -> bool {
    let digest = match hash {
        SignatureHash::Sha256 => 32,
        SignatureHash::Sha384 => 48,
        SignatureHash::Sha512 => 64,
        _ => return false,
    };
    match SignatureAlgorithm::try_from(algorithm) {
        Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) => {
            let mask = parameters.mask_gen_algorithm();
            let is_same = mask.is_ok_and(|mask| mask.hash == *parameters.hash_algorithm_oid());
            parameters.salt_length() == digest && is_same
        }
        _ => false,
    }
}

fn algorithm(scheme: &str, hash: SignatureHash, key: &PublicKey) -> Option<&'static dyn VerificationAlgorithm> {
    use SignatureHash::{Sha1, Sha256, Sha384, Sha512};

    let pss = scheme == PSS;
    match key {
        PublicKey::Rsa { bits: 2048..=8192 } if pss => match hash {
            Sha256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
            Sha384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
            Sha512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
            _ => None,
        },
        PublicKey::Rsa { bits: 1024..=8192 } if scheme.starts_with(PKCS_1) && !pss => match hash {
            Sha1 => Some(&signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
            Sha256 => Some(&signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
            Sha512 => Some(&signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
            Sha384 if matches!(key, PublicKey::Rsa { bits: 2048.. }) => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
            _ => None,
        },
        PublicKey::Ec { curve } if scheme.starts_with(ECDSA) => match (curve.as_str(), hash) {
            ("P-256", Sha1) => Some(&signature::ECDSA_P256_SHA1_ASN1),
            ("P-256", Sha256) => Some(&signature::ECDSA_P256_SHA256_ASN1),
            ("P-256", Sha384) => Some(&signature::ECDSA_P256_SHA384_ASN1),
            ("P-256", Sha512) => Some(&signature::ECDSA_P256_SHA512_ASN1),
            ("P-384", Sha256) => Some(&signature::ECDSA_P384_SHA256_ASN1),
            ("P-384", Sha384) => Some(&signature::ECDSA_P384_SHA384_ASN1),
            ("P-384", Sha512) => Some(&signature::ECDSA_P384_SHA512_ASN1),
            ("P-521", Sha1) => Some(&signature::ECDSA_P521_SHA1_ASN1),
            ("P-521", Sha256) => Some(&signature::ECDSA_P521_SHA256_ASN1),
            ("P-521", Sha384) => Some(&signature::ECDSA_P521_SHA384_ASN1),
            ("P-521", Sha512) => Some(&signature::ECDSA_P521_SHA512_ASN1),
            ("secp256k1", Sha256) => Some(&signature::ECDSA_P256K1_SHA256_ASN1),
            _ => None,
        },
        PublicKey::Ed25519 if scheme == ED25519 => Some(&signature::ED25519),
        _ => None,
    }
}

/// RFC 8017 appendix A.2.
pub(super) const PKCS_1: &str = "1.2.840.113549.1.1.";
/// RSASSA-PSS (RFC 4055).
pub(super) const PSS: &str = "1.2.840.113549.1.1.10";
/// RFC 5758 section 3.2.
pub(super) const ECDSA: &str = "1.2.840.10045.4.";
/// RFC 8410.
pub(super) const ED25519: &str = "1.3.101.112";
