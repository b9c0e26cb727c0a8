//! Cipher suites of TLS 1.0 and 1.1 by their IANA numbers: which key exchange and which certificate each needs, and
//! whether a legacy handshake would find a common one.
//!
//! Only what bears on the question "would both sides agree" is here; strength is of no interest.

use crate::observe::ClientHello;
use crate::plan::{KeyExchange, KeyKind};

/// TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 section 3.3): a signal, no suite.
pub const RENEGOTIATION_SCSV: u16 = 0x00ff;
/// TLS_FALLBACK_SCSV (RFC 7507): a signal, no suite.
pub const FALLBACK_SCSV: u16 = 0x5600;

/// The RSA key of the certificate decrypts the premaster secret; nothing is signed in the handshake.
pub fn is_static_rsa(cipher: u16) -> bool {
    matches!(cipher, 0x0001..=0x000a | 0x002f | 0x0035 | 0x0041 | 0x0084 | 0x0096)
}

/// Ephemeral Diffie-Hellman over a finite field, signed with an RSA key.
pub fn is_dhe_rsa(cipher: u16) -> bool {
    matches!(cipher, 0x0014..=0x0016 | 0x0033 | 0x0039 | 0x0045 | 0x0088 | 0x009a)
}

/// Ephemeral Diffie-Hellman over an elliptic curve, signed with an RSA key.
pub fn is_ecdhe_rsa(cipher: u16) -> bool {
    matches!(cipher, 0xc010..=0xc014)
}

/// Ephemeral Diffie-Hellman over an elliptic curve, signed with an ECDSA key.
pub fn is_ecdhe_ecdsa(cipher: u16) -> bool {
    matches!(cipher, 0xc006..=0xc00a)
}

/// Whether a suite may be chosen in TLS 1.0 and 1.1: authenticated by a certificate, with a MAC of its own, and defined
/// before TLS 1.2.
pub fn is_legacy(cipher: u16) -> bool {
    let dss = matches!(cipher, 0x0011..=0x0013 | 0x0032 | 0x0038 | 0x0044 | 0x0087 | 0x0099);
    let fixed = matches!(cipher, 0xc001..=0xc005 | 0xc00b..=0xc00f);
    is_static_rsa(cipher) || is_dhe_rsa(cipher) || is_ecdhe_rsa(cipher) || is_ecdhe_ecdsa(cipher) || dss || fixed
}

/// Whether a suite may be chosen in TLS 1.2 (RFC 5246): every one but those of TLS 1.3 (RFC 8446 appendix B.4, RFC
/// 9150) and the signals.
pub fn is_tls12(cipher: u16) -> bool {
    !matches!(cipher, 0x0000 | RENEGOTIATION_SCSV | FALLBACK_SCSV | 0x1300..=0x13ff | 0xc0b4 | 0xc0b5)
}

/// The suites of TLS 1.0 and 1.1 that the legacy engine has with a certificate of RSA or ECDSA: AES only, since RC4,
/// 3DES, DES and the exotic ones are not built into it.
const ENGINE: [u16; 8] = [0x002f, 0x0035, 0x0033, 0x0039, 0xc013, 0xc014, 0xc009, 0xc00a];

/// Whether the legacy server, with that key exchange and certificate key, would find a common cipher with this client:
/// one suite of both lists, and for the elliptic curves a group (RFC 8422 section 5.1) and the curve of the
/// certificate. With a client that names no groups RFC 8422 leaves the server any, but the engine then takes no
/// elliptic curve.
pub fn common(hello: &ClientHello, exchange: KeyExchange, key: KeyKind) -> bool {
    hello.ciphers.iter().any(|&cipher| ENGINE.contains(&cipher) && agrees(hello, cipher, exchange, key))
}

fn agrees(hello: &ClientHello, cipher: u16, exchange: KeyExchange, key: KeyKind) -> bool {
    let rsa = key == KeyKind::Rsa2048;
    let any = exchange == KeyExchange::Any;
    if is_static_rsa(cipher) {
        rsa && exchange != KeyExchange::Ecdhe
    } else if is_dhe_rsa(cipher) {
        rsa && any
    } else if is_ecdhe_rsa(cipher) {
        rsa && exchange != KeyExchange::Rsa && has_group(hello, &ENGINE_GROUPS)
    } else if is_ecdhe_ecdsa(cipher) {
        let curve = match key {
            KeyKind::P256 => SECP256R1,
            KeyKind::P384 => SECP384R1,
            KeyKind::Rsa2048 => return false,
        };
        exchange != KeyExchange::Rsa && has_group(hello, &ENGINE_GROUPS) && has_group(hello, &[curve])
    } else {
        false
    }
}

const SECP256R1: u16 = 23;
const SECP384R1: u16 = 24;

/// secp256r1, secp384r1, secp521r1, x25519, x448: what the legacy engine does by itself.
const ENGINE_GROUPS: [u16; 5] = [SECP256R1, SECP384R1, 25, 29, 30];

fn has_group(hello: &ClientHello, wanted: &[u16]) -> bool {
    hello.groups.iter().any(|group| wanted.contains(group))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::TlsVersion;

    fn hello(ciphers: &[u16], groups: &[u16]) -> ClientHello {
        ClientHello {
            legacy_version: TlsVersion::V1_2,
            supported_versions: None,
            ciphers: ciphers.to_vec(),
            sni: None,
            alpn: Vec::new(),
            extensions: Vec::new(),
            groups: groups.to_vec(),
            signature_schemes: Vec::new(),
            resumes: false,
        }
    }

    #[test]
    fn every_suite_has_one_exchange() {
        for cipher in 0..=u16::MAX {
            let kinds = [is_static_rsa(cipher), is_dhe_rsa(cipher), is_ecdhe_rsa(cipher), is_ecdhe_ecdsa(cipher)];
            assert!(kinds.iter().filter(|is| **is).count() <= 1, "{cipher:#06x}");
            assert!(!is_legacy(cipher) || is_tls12(cipher), "{cipher:#06x}");
        }
        assert!(ENGINE.into_iter().all(is_legacy));
    }

    #[test]
    fn static_rsa_needs_an_rsa_key_and_ecdhe_a_group() {
        use KeyExchange::{Any, Ecdhe, Rsa};
        use KeyKind::{P256, P384, Rsa2048};
        let rsa = hello(&[0x1301, 0x002f], &[29]);
        assert!(common(&rsa, Rsa, Rsa2048) && common(&rsa, Any, Rsa2048));
        assert!(!common(&rsa, Ecdhe, Rsa2048) && !common(&rsa, Rsa, P256) && !common(&rsa, Any, P256));
        let ecdsa = hello(&[0xc009], &[23, 29]);
        assert!(common(&ecdsa, Ecdhe, P256) && common(&ecdsa, Any, P256));
        assert!(!common(&ecdsa, Ecdhe, P384), "the certificate's curve is not among the groups");
        assert!(!common(&ecdsa, Rsa, P256) && !common(&ecdsa, Ecdhe, Rsa2048));
        assert!(!common(&hello(&[0xc009], &[]), Ecdhe, P384), "the engine wants groups to be named");
        assert!(!common(&hello(&[0xc013], &[0x0100]), Ecdhe, Rsa2048), "a finite field is no curve");
        let dhe = hello(&[0x0033], &[]);
        assert!(common(&dhe, Any, Rsa2048) && !common(&dhe, Rsa, Rsa2048) && !common(&dhe, Ecdhe, Rsa2048));
        let modern = hello(&[0x1301, 0xc02f, 0x009c, RENEGOTIATION_SCSV], &[23]);
        assert!([Any, Rsa, Ecdhe].iter().all(|exchange| !common(&modern, *exchange, Rsa2048)));
        assert!(!common(&hello(&[0x000a, 0x0005], &[]), Any, Rsa2048), "3DES and RC4 are not in the engine");
    }
}
