//! Text encoding of keys and certificates (RFC 7468), strict form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::observe::CertificateDer;

/// One block; lines of 64 characters, with a final newline.
pub(super) fn block(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = tail;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// Certificates, one block each.
pub(super) fn certificates<'a>(certificates: impl IntoIterator<Item = &'a CertificateDer>) -> String {
    certificates.into_iter().map(|certificate| block("CERTIFICATE", &certificate.0)).collect()
}
