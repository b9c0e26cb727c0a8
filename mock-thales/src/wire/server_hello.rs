//! Makes a ServerHello by hand, for clients that do not offer the version in question, and reads real ones.
//!
//! A forced ServerHello stands alone: nothing follows it, and what the client does then (an alert, a close, or waiting
//! for more) is the observation. Real handshakes are the business of the engines.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use super::{Reader, ciphers};
use crate::observe::{ClientHello, TlsVersion};

/// The last eight bytes of ServerHello.random with which a server that could do better says so (RFC 8446 section
/// 4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sentinel {
    /// `DOWNGRD\x01`: a server of TLS 1.3 negotiates 1.2.
    ToTls12,
    /// `DOWNGRD\x00`: a server of TLS 1.2 or later negotiates 1.1 or older.
    ToTls11,
}

impl Sentinel {
    /// The bytes.
    pub fn bytes(self) -> [u8; 8] {
        match self {
            Self::ToTls12 => *b"DOWNGRD\x01",
            Self::ToTls11 => *b"DOWNGRD\x00",
        }
    }

    fn of(random: &[u8]) -> Option<Self> {
        [Self::ToTls12, Self::ToTls11].into_iter().find(|sentinel| random.ends_with(&sentinel.bytes()))
    }
}

/// A record with a ServerHello of that version (TLS 1.0 to 1.2) which answers this client with a suite from its own
/// list that exists in that version: static RSA first, then ECDHE, then any. `None` where the list holds none, or where
/// the version is another.
pub fn forced(hello: &ClientHello, version: TlsVersion, sentinel: Option<Sentinel>) -> Option<Vec<u8>> {
    let exists = match version {
        TlsVersion::V1_0 | TlsVersion::V1_1 => ciphers::is_legacy,
        TlsVersion::V1_2 => ciphers::is_tls12,
        _ => return None,
    };
    let of = |wanted: &dyn Fn(u16) -> bool| hello.ciphers.iter().copied().find(|cipher| wanted(*cipher));
    let cipher = of(&ciphers::is_static_rsa)
        .or_else(|| of(&|cipher| ciphers::is_ecdhe_rsa(cipher) || ciphers::is_ecdhe_ecdsa(cipher)))
        .or_else(|| of(&exists))?;
    Some(forced_with(cipher, hello, version, sentinel))
}

/// The same with a suite of the caller's choice. For a client whose list has none of that version: it can never finish
/// such a handshake, and still says by its answer whether it minds the version or the suite.
pub fn forced_with(cipher: u16, hello: &ClientHello, version: TlsVersion, sentinel: Option<Sentinel>) -> Vec<u8> {
    let mut body = Vec::with_capacity(64);
    body.extend_from_slice(&version.0.to_be_bytes());
    body.extend_from_slice(&random(sentinel));
    body.push(0); // session id
    body.extend_from_slice(&cipher.to_be_bytes());
    body.push(0); // no compression
    let renegotiation =
        hello.extensions.contains(&RENEGOTIATION_INFO) || hello.ciphers.contains(&ciphers::RENEGOTIATION_SCSV);
    if renegotiation {
        // A first handshake: renegotiated_connection is empty (RFC 5746 section 3.6).
        body.extend_from_slice(&[0, 5]);
        body.extend_from_slice(&RENEGOTIATION_INFO.to_be_bytes());
        body.extend_from_slice(&[0, 1, 0]);
    }
    let message = u16::try_from(body.len()).expect("a ServerHello of fixed parts has less than 64 bytes");
    let mut record = vec![HANDSHAKE];
    record.extend_from_slice(&version.0.to_be_bytes());
    record.extend_from_slice(&(message + 4).to_be_bytes());
    record.extend_from_slice(&[SERVER_HELLO, 0]);
    record.extend_from_slice(&message.to_be_bytes());
    record.extend_from_slice(&body);
    record
}

const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
const RENEGOTIATION_INFO: u16 = 0xff01;
const SUPPORTED_VERSIONS: u16 = 43;

/// Fresh for each ServerHello. It protects nothing here: the handshake cannot go on.
fn random(sentinel: Option<Sentinel>) -> [u8; 32] {
    loop {
        let mut random = [0; 32];
        for (index, word) in random.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            let mut hasher = RandomState::new().build_hasher();
            hasher.write_usize(index);
            *word = hasher.finish().to_be_bytes();
        }
        match sentinel {
            Some(sentinel) => random[24..].copy_from_slice(&sentinel.bytes()),
            None if Sentinel::of(&random).is_some() => continue,
            None => {}
        }
        return random;
    }
}

/// What a ServerHello says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerHello {
    /// The version chosen, by `supported_versions` where it is there.
    pub version: TlsVersion,
    /// The suite chosen.
    pub cipher: u16,
    /// A HelloRetryRequest (RFC 8446 section 4.1.4): the real one is still to come.
    pub retry: bool,
    /// Whether its session id is empty.
    pub no_session: bool,
    /// The sentinel in its random.
    pub sentinel: Option<Sentinel>,
}

impl ServerHello {
    /// Reads the body of the message, without its header.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let mut body = Reader::new(body);
        let mut version = TlsVersion(body.u16()?);
        let random = body.take(32)?;
        let no_session = body.vector8()?.is_empty();
        let cipher = body.u16()?;
        body.u8()?;
        let mut extensions = if body.is_empty() { body } else { body.vector16()? };
        while !extensions.is_empty() {
            let kind = extensions.u16()?;
            let mut content = extensions.vector16()?;
            if kind == SUPPORTED_VERSIONS {
                version = TlsVersion(content.u16()?);
            }
        }
        Some(Self { version, cipher, retry: random == RETRY_RANDOM, no_session, sentinel: Sentinel::of(random) })
    }
}

/// SHA-256 of "HelloRetryRequest" (RFC 8446 section 4.1.3).
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(ciphers: &[u16], extensions: &[u16]) -> ClientHello {
        ClientHello {
            legacy_version: TlsVersion::V1_2,
            supported_versions: Some(vec![TlsVersion::V1_3, TlsVersion::V1_2]),
            ciphers: ciphers.to_vec(),
            sni: None,
            alpn: Vec::new(),
            extensions: extensions.to_vec(),
            groups: Vec::new(),
            signature_schemes: Vec::new(),
            resumes: false,
        }
    }

    fn reread(record: &[u8]) -> ServerHello {
        assert_eq!(usize::from(u16::from_be_bytes([record[3], record[4]])), record.len() - 5);
        assert_eq!(usize::from(record[8]), record.len() - 9);
        ServerHello::read(&record[9..]).expect("well formed")
    }

    #[test]
    fn takes_static_rsa_first_and_only_what_exists_in_the_version() {
        let all = hello(&[0x1301, 0xc02f, 0xc013, 0x002f, ciphers::RENEGOTIATION_SCSV], &[]);
        for version in [TlsVersion::V1_0, TlsVersion::V1_1, TlsVersion::V1_2] {
            let record = forced(&all, version, None).expect("a common suite");
            assert_eq!(record[1..3], version.0.to_be_bytes());
            let seen = reread(&record);
            assert_eq!((seen.version, seen.cipher, seen.no_session), (version, 0x002f, true));
        }
        let aead = hello(&[0x1301, 0xc02f, ciphers::FALLBACK_SCSV], &[]);
        assert_eq!(forced(&aead, TlsVersion::V1_1, None), None);
        assert_eq!(reread(&forced(&aead, TlsVersion::V1_2, None).expect("GCM is of 1.2")).cipher, 0xc02f);
        assert_eq!(forced(&hello(&[0x1301, 0x00ff], &[]), TlsVersion::V1_2, None), None);
        assert_eq!(forced(&all, TlsVersion::V1_3, None), None);
    }

    #[test]
    fn the_sentinel_is_there_only_when_asked_for() {
        let client = hello(&[0x002f], &[]);
        for sentinel in [None, Some(Sentinel::ToTls11), Some(Sentinel::ToTls12)] {
            let record = forced(&client, TlsVersion::V1_1, sentinel).expect("a common suite");
            assert_eq!(reread(&record).sentinel, sentinel);
        }
        let one = forced(&client, TlsVersion::V1_1, None);
        assert_ne!(one, forced(&client, TlsVersion::V1_1, None), "each random is fresh");
    }

    #[test]
    fn renegotiation_info_answers_an_offer_alone() {
        let bare = forced(&hello(&[0x002f], &[]), TlsVersion::V1_1, None).expect("a common suite");
        let by_extension = forced(&hello(&[0x002f], &[0xff01, 23]), TlsVersion::V1_1, None).expect("a common suite");
        let by_signal = forced(&hello(&[0x002f, 0x00ff], &[]), TlsVersion::V1_1, None).expect("a common suite");
        assert_eq!(bare.len(), 5 + 4 + 38);
        let tail = [0, 5, 0xff, 1, 0, 1, 0];
        assert!(by_extension.ends_with(&tail) && by_signal.ends_with(&tail));
    }
}
