//! Header fields with which proxies that end TLS tell the server behind them of a client's certificate. Whoever reaches
//! a proxy can write them, too, so that one which sets them has to drop those that come from outside.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::observe::CertificateDer;
use crate::pki::{PkiError, certificates_pem, rfc4514, subject_der};

/// All of them together stay far below the 8 KiB that many servers take for a head: who refuses them for their length would
/// have looked at none.
#[cfg(test)]
const LONGEST: usize = 6 << 10;

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
        ("SSL-Client-Verify", "SUCCESS".to_owned()),
        ("SSL-Client-Subject-DN", subject.clone()),
        ("SSL-Client-Cert", pem.clone()),
        // HAProxy's result of a verification: 0 is a good one.
        ("X-SSL", "1".to_owned()),
        ("X-SSL-Client-Verify-Result", "0".to_owned()),
        ("X-Forwarded-Client-Cert", format!("Cert=\"{pem}\";Subject=\"{subject}\"")),
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
    use time::OffsetDateTime;

    use super::*;
    use crate::pki::{Authorities, Names};

    #[test]
    fn they_are_no_longer_than_any_server_takes() {
        let names = Names {
            inbound_host: "api.example.test".to_owned(),
            other_host: None,
            issuer_host: "issuer.example.test".to_owned(),
            common_name: "customer".to_owned(),
        };
        let authorities = Authorities::new(OffsetDateTime::now_utc(), &names).unwrap();
        let fields = claims(authorities.client_leaf()).unwrap();
        let length: usize = fields.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        assert!(length < LONGEST, "{length}");
        assert!(fields.iter().all(|(_, value)| value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')));
    }

    #[test]
    fn a_line_of_text_is_encoded() {
        assert_eq!(percent("-----BEGIN A+/=\n"), "-----BEGIN%20A%2B%2F%3D%0A");
    }
}
