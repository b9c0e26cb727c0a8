//! Keys outside of stores: the digest of the public half, by which a key and a certificate are known to belong together.

use aws_lc_rs::digest;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};

use super::KeyEncoding;

/// SHA-256 of the SubjectPublicKeyInfo of a plain private key. `None` where the TLS library does not read it: a curve
/// other than P-256, P-384 and P-521, RSA below 2048 bits, or no key at all.
pub(super) fn public_sha256(encoding: KeyEncoding, der: &[u8]) -> Option<String> {
    let key = match encoding {
        KeyEncoding::Pkcs8 => PrivateKeyDer::from(PrivatePkcs8KeyDer::from(der)),
        KeyEncoding::Pkcs1 => PrivatePkcs1KeyDer::from(der).into(),
        KeyEncoding::Sec1 => PrivateSec1KeyDer::from(der).into(),
        KeyEncoding::OpenSsh | KeyEncoding::Other => return None,
    };
    let pair = any_supported_type(&key).ok()?;
    let public = pair.public_key()?;
    Some(sha256(public.as_ref()))
}

/// SHA-256 in lower-case hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    digest::digest(&digest::SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
