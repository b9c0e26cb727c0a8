//! Header fields with which proxies that end TLS tell the server behind them of a client's certificate. Whoever reaches
//! a proxy can write them, too, so that one which sets them has to drop those that come from outside.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::observe::CertificateDer;
use crate::pki::{PkiError, certificates_pem, rfc4514, subject_der};

/// What proxies say of a certificate that they were shown and have verified: nginx, Apache httpd and HAProxy by their
/// manuals' examples, Envoy, the load balancers of AWS and Azure, and RFC 9440.
///
/// # Errors
/// The certificate's subject cannot be read.
pub fn claims(leaf: &CertificateDer) -> Result<Vec<(String, String)>, PkiError> {
    let subject = rfc4514(&subject_der(leaf)?)?;
    let pem = percent(&certificates_pem(std::slice::from_ref(leaf)));
    let base64 = STANDARD.encode(&leaf.0);
    let fields = [
        ("X-SSL-Client-Verify", "SUCCESS".to_owned()),
        ("X-SSL-Client-S-DN", subject.clone()),
        ("X-SSL-Client-DN", subject.clone()),
        ("X-SSL-Client-Cert", pem.clone()),
        ("X-Client-Verify", "SUCCESS".to_owned()),
        ("X-Client-Cert", pem.clone()),
        ("SSL-Client-Verify", "SUCCESS".to_owned()),
        ("SSL-Client-Subject-DN", subject.clone()),
        ("SSL-Client-Cert", pem.clone()),
        // HAProxy's result of a verification: 0 is a good one.
        ("X-SSL", "1".to_owned()),
        ("X-SSL-Client-Verify-Result", "0".to_owned()),
        ("X-Forwarded-Client-Cert", format!("Cert=\"{pem}\";Subject=\"{subject}\"")),
        ("X-Amzn-Mtls-Clientcert", pem.clone()),
        ("X-Amzn-Mtls-Clientcert-Leaf", pem.clone()),
        ("X-ARR-ClientCert", base64.clone()),
        ("Client-Cert", format!(":{base64}:")),
    ];
    Ok(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Percent-encoded as RFC 3986 section 2.1 has it.
fn percent(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_text_is_encoded() {
        assert_eq!(percent("-----BEGIN A+/=\n"), "-----BEGIN%20A%2B%2F%3D%0A");
    }
}
