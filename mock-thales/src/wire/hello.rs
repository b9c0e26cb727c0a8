//! Reads a ClientHello from the first bytes of a connection, over any number of records and TCP segments.
//!
//! The framing is read strictly, so that nothing is called a ClientHello which no server would take for one. What it
//! means that a version, a name or a cipher is absent is for others to say.

use super::Reader;
use crate::observe::{ClientHello, TlsVersion};

/// What the first bytes of a connection are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// The beginning of a ClientHello, so far as can be told.
    Incomplete,
    /// A complete ClientHello; further bytes may follow it.
    Hello(Box<ClientHello>),
    /// Something else, and more bytes will not make it a ClientHello.
    Other {
        /// In a few words.
        why: String,
    },
}

/// Length of the longest ClientHello that is read, in bytes without its header; real ones stay below 3 KiB.
pub const LONGEST: usize = 64 * 1024;

/// Reads all bytes that a connection has brought so far. None at all are `Other`: ask when something came, or when the
/// connection has ended.
pub fn read(bytes: &[u8]) -> Reading {
    match attempt(bytes) {
        Ok(Some(hello)) => Reading::Hello(Box::new(hello)),
        Ok(None) => Reading::Incomplete,
        Err(why) => Reading::Other { why },
    }
}

/// Content type of a record (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;
/// Type of a handshake message (RFC 8446 section 4).
const CLIENT_HELLO: u8 = 1;
/// The longest plaintext of a record (RFC 8446 section 5.1).
const LONGEST_RECORD: usize = 1 << 14;

fn attempt(bytes: &[u8]) -> Result<Option<ClientHello>, String> {
    let first = *bytes.first().ok_or("nothing was sent")?;
    if first != HANDSHAKE {
        return foreign(bytes, first).map(|()| None);
    }
    match message(bytes)? {
        Some(body) => parse(&body).map(Some).map_err(|part| format!("malformed ClientHello: {part}")),
        None => Ok(None),
    }
}

const METHODS: [&[u8]; 11] = [
    b"GET ",
    b"POST ",
    b"PUT ",
    b"HEAD ",
    b"DELETE ",
    b"OPTIONS ",
    b"PATCH ",
    b"CONNECT ",
    b"TRACE ",
    b"PRI ",
    b"PROXY ",
];

/// Names what is no TLS handshake record; `Ok` while too little came to tell.
fn foreign(bytes: &[u8], first: u8) -> Result<(), String> {
    for method in METHODS {
        let known = bytes.len().min(method.len());
        if bytes[..known] == method[..known] {
            return match (known == method.len(), method) {
                (false, _) => Ok(()),
                (true, b"PROXY ") => Err("a PROXY protocol header".to_owned()),
                (true, _) => Err("plain HTTP".to_owned()),
            };
        }
    }
    let sslv2 = first & 0x80 != 0 && bytes.get(2).is_none_or(|kind| *kind == CLIENT_HELLO);
    let sslv2 = sslv2 && bytes.get(3).is_none_or(|major| matches!(major, 0 | 3));
    match (sslv2, bytes.get(3..5)) {
        (true, None) => Ok(()),
        (true, Some(version)) => {
            Err(format!("an SSLv2-compatible ClientHello, version {:#04x}{:02x}", version[0], version[1]))
        }
        (false, _) if matches!(first, 20 | 21 | 23 | 24) && bytes.get(1).is_none_or(|major| *major == 3) => {
            Err(format!("a TLS record of type {first} before any handshake"))
        }
        (false, _) => Err(format!("garbage, beginning with {}", hex(&bytes[..bytes.len().min(8)]))),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Joins the first handshake message from its records: its body without the header, `None` while it is incomplete.
fn message(bytes: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let mut joined = Vec::new();
    let mut rest = bytes;
    loop {
        if let Some(length) = announced(&joined)?
            && joined.len() >= 4 + length
        {
            joined.truncate(4 + length);
            joined.drain(..4);
            return Ok(Some(joined));
        }
        let Some(header) = header(rest)? else { return Ok(None) };
        let length = usize::from(header);
        let available = (rest.len() - 5).min(length);
        joined.extend_from_slice(&rest[5..5 + available]);
        if available < length {
            // The type and the length of the message may be wrong already.
            return announced(&joined).map(|_| None);
        }
        rest = &rest[5 + length..];
    }
}

/// Length of the message that these bytes begin.
fn announced(joined: &[u8]) -> Result<Option<usize>, String> {
    match joined {
        [kind, ..] if *kind != CLIENT_HELLO => {
            Err(format!("a handshake message of type {kind} in place of a ClientHello"))
        }
        [_, length @ ..] if length.len() >= 3 => {
            let length = usize::from(length[0]) << 16 | usize::from(length[1]) << 8 | usize::from(length[2]);
            if length > LONGEST {
                return Err(format!("a ClientHello of {length} bytes"));
            }
            Ok(Some(length))
        }
        _ => Ok(None),
    }
}

/// Length of the next record's content; `None` while its header is incomplete.
fn header(rest: &[u8]) -> Result<Option<u16>, String> {
    if let Some(kind) = rest.first()
        && *kind != HANDSHAKE
    {
        return Err(format!("a TLS record of type {kind} within the ClientHello"));
    }
    if let Some(major) = rest.get(1)
        && *major != 3
    {
        return Err(format!("garbage, beginning with {}", hex(&rest[..rest.len().min(8)])));
    }
    let Some(length) = rest.get(3..5) else { return Ok(None) };
    match u16::from_be_bytes([length[0], length[1]]) {
        0 => Err("an empty record within the ClientHello".to_owned()),
        length if usize::from(length) > LONGEST_RECORD => Err(format!("a TLS record of {length} bytes")),
        length => Ok(Some(length)),
    }
}

mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const SUPPORTED_GROUPS: u16 = 10;
    pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
    pub(super) const ALPN: u16 = 16;
    pub(super) const SESSION_TICKET: u16 = 35;
    pub(super) const PRE_SHARED_KEY: u16 = 41;
    pub(super) const SUPPORTED_VERSIONS: u16 = 43;
}

/// Reads the body (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2). The error names the part that is wrong.
fn parse(body: &[u8]) -> Result<ClientHello, &'static str> {
    let mut body = Reader::new(body);
    let legacy_version = TlsVersion(body.u16().ok_or("version")?);
    body.take(32).ok_or("random")?;
    let session_id = body.vector8().ok_or("session id")?;
    let ciphers = body.vector16().and_then(Reader::numbers).filter(|list| !list.is_empty()).ok_or("cipher suites")?;
    body.vector8().filter(|list| !list.is_empty()).ok_or("compression methods")?;
    let mut hello = ClientHello {
        legacy_version,
        supported_versions: None,
        ciphers: without_grease(ciphers),
        sni: None,
        alpn: Vec::new(),
        extensions: Vec::new(),
        groups: Vec::new(),
        signature_schemes: Vec::new(),
        resumes: false,
    };
    if !body.is_empty() {
        let extensions = body.vector16().filter(|_| body.is_empty()).ok_or("extensions")?;
        parse_extensions(extensions, &mut hello)?;
    }
    // With TLS 1.3 on offer the session id may be a decoy for middleboxes (RFC 8446 appendix D.4).
    hello.resumes |= !session_id.is_empty() && !hello.offers(TlsVersion::V1_3);
    Ok(hello)
}

fn parse_extensions(mut extensions: Reader<'_>, hello: &mut ClientHello) -> Result<(), &'static str> {
    while !extensions.is_empty() {
        let kind = extensions.u16().ok_or("extension type")?;
        let content = extensions.vector16().ok_or("extension length")?;
        if is_grease(kind) {
            continue;
        }
        if hello.extensions.contains(&kind) {
            return Err("an extension sent twice");
        }
        hello.extensions.push(kind);
        match kind {
            extension::SERVER_NAME => hello.sni = server_name(content).ok_or("server_name")?,
            extension::SUPPORTED_GROUPS => hello.groups = numbers16(content).ok_or("supported_groups")?,
            extension::SIGNATURE_ALGORITHMS => {
                hello.signature_schemes = numbers16(content).ok_or("signature_algorithms")?;
            }
            extension::ALPN => hello.alpn = protocols(content).ok_or("application_layer_protocol_negotiation")?,
            extension::SESSION_TICKET => hello.resumes |= !content.is_empty(),
            extension::PRE_SHARED_KEY => hello.resumes = true,
            extension::SUPPORTED_VERSIONS => {
                let mut content = content;
                let list = content.vector8().filter(|_| content.is_empty()).and_then(Reader::numbers);
                let list = without_grease(list.filter(|list| !list.is_empty()).ok_or("supported_versions")?);
                hello.supported_versions = Some(list.into_iter().map(TlsVersion).collect());
            }
            _ => {}
        }
    }
    Ok(())
}

/// RFC 6066 section 3; `Some(None)` for a list without a host name.
fn server_name(mut content: Reader<'_>) -> Option<Option<String>> {
    let mut list = content.vector16()?;
    if !content.is_empty() {
        return None;
    }
    let mut host = None;
    while !list.is_empty() {
        let kind = list.u8()?;
        let name = list.vector16()?;
        if kind == 0 && host.is_none() {
            host = Some(String::from_utf8_lossy(name.rest()).into_owned());
        }
    }
    Some(host)
}

/// RFC 7301 section 3.1.
fn protocols(mut content: Reader<'_>) -> Option<Vec<String>> {
    let mut list = content.vector16().filter(|_| content.is_empty())?;
    let mut protocols = Vec::new();
    while !list.is_empty() {
        let name = list.vector8()?.rest();
        let grease = <[u8; 2]>::try_from(name).is_ok_and(|name| is_grease(u16::from_be_bytes(name)));
        if !grease {
            protocols.push(String::from_utf8_lossy(name).into_owned());
        }
    }
    Some(protocols)
}

fn numbers16(mut content: Reader<'_>) -> Option<Vec<u16>> {
    let list = content.vector16().filter(|_| content.is_empty())?;
    list.numbers().map(without_grease)
}

fn without_grease(mut list: Vec<u16>) -> Vec<u16> {
    list.retain(|number| !is_grease(*number));
    list
}

/// RFC 8701 section 2: 0x0a0a, 0x1a1a, … 0xfafa.
fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts of a ClientHello, put together with right lengths.
    struct Parts {
        version: u16,
        session_id: Vec<u8>,
        ciphers: Vec<u16>,
        extensions: Vec<(u16, Vec<u8>)>,
    }

    impl Parts {
        fn new(extensions: &[(u16, &[u8])]) -> Self {
            let extensions = extensions.iter().map(|(kind, content)| (*kind, content.to_vec())).collect();
            Self { version: 0x0303, session_id: Vec::new(), ciphers: vec![0x1a1a, 0x1301, 0x002f], extensions }
        }

        fn body(&self) -> Vec<u8> {
            let mut body = self.version.to_be_bytes().to_vec();
            body.extend([7; 32]);
            body.push(self.session_id.len() as u8);
            body.extend(&self.session_id);
            body.extend(length16(&numbers(&self.ciphers)));
            body.extend([1, 0]);
            let extensions: Vec<u8> = self
                .extensions
                .iter()
                .flat_map(|(kind, content)| [kind.to_be_bytes().to_vec(), length16(content)].concat())
                .collect();
            if !extensions.is_empty() {
                body.extend(length16(&extensions));
            }
            body
        }

        fn read(&self) -> Reading {
            read(&record(1, &self.body()))
        }

        fn hello(&self) -> ClientHello {
            match self.read() {
                Reading::Hello(hello) => *hello,
                other => panic!("{other:?}"),
            }
        }
    }

    fn length16(bytes: &[u8]) -> Vec<u8> {
        [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
    }

    fn numbers(list: &[u16]) -> Vec<u8> {
        list.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    fn record(kind: u8, body: &[u8]) -> Vec<u8> {
        let message = [&[kind][..], &(body.len() as u32).to_be_bytes()[1..], body].concat();
        [&[22, 3, 1][..], &length16(&message)].concat()
    }

    fn why(bytes: &[u8]) -> String {
        match read(bytes) {
            Reading::Other { why } => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_part_is_read_and_grease_is_left_out() {
        let hello = Parts::new(&[
            (0x2a2a, b""),
            (0, b"\x00\x0b\x00\x00\x08Api.test"),
            (10, b"\x00\x06\xfa\xfa\x00\x1d\x00\x17"),
            (13, b"\x00\x04\x04\x03\x08\x04"),
            (16, b"\x00\x0f\x02JJ\x02h2\x08http/1.1"),
            (43, b"\x06\x8a\x8a\x03\x04\x03\x03"),
            (0x0a0a, b"\x00"),
        ])
        .hello();
        assert_eq!(hello.legacy_version, TlsVersion::V1_2);
        assert_eq!(hello.supported_versions, Some(vec![TlsVersion::V1_3, TlsVersion::V1_2]));
        assert_eq!(hello.ciphers, [0x1301, 0x002f]);
        assert_eq!(hello.sni.as_deref(), Some("Api.test"), "as sent, in its case");
        assert_eq!(hello.alpn, ["h2", "http/1.1"]);
        assert_eq!(hello.extensions, [0, 10, 13, 16, 43]);
        assert_eq!((hello.groups, hello.signature_schemes), (vec![29, 23], vec![0x0403, 0x0804]));
        assert!(!hello.resumes);
    }

    #[test]
    fn a_hello_without_extensions_is_one() {
        let hello = Parts { version: 0x0300, ..Parts::new(&[]) }.hello();
        assert_eq!((hello.legacy_version, hello.supported_versions), (TlsVersion::SSL_3, None));
        assert_eq!((hello.sni, hello.extensions), (None, Vec::new()));
    }

    #[test]
    fn only_a_session_that_can_be_resumed_counts() {
        let modern: (u16, &[u8]) = (43, b"\x02\x03\x04");
        let id = |extensions: &[_]| Parts { session_id: vec![1; 32], ..Parts::new(extensions) }.hello().resumes;
        assert!(!id(&[modern]), "a decoy for middleboxes");
        assert!(!id(&[modern, (35, b"")]), "an empty ticket asks for one");
        assert!(id(&[]) && id(&[(35, b"")]), "a session of TLS 1.2");
        assert!(id(&[modern, (35, b"ticket")]));
        assert!(Parts::new(&[modern, (41, b"any")]).hello().resumes);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |kind: u16, content: &[u8], part: &str| {
            let expected = format!("malformed ClientHello: {part}");
            assert_eq!(Parts::new(&[(kind, content)]).read(), Reading::Other { why: expected });
        };
        wrong(0, b"\x00\x05\x00\x00\x08host", "server_name");
        wrong(10, b"\x00\x03\x00\x1d\x00", "supported_groups");
        wrong(10, b"\x00\x02\x00\x1d\x00", "supported_groups");
        wrong(13, b"\x00", "signature_algorithms");
        wrong(16, b"\x00\x02\x05h", "application_layer_protocol_negotiation");
        wrong(43, b"\x00", "supported_versions");
        wrong(43, b"\x03\x03\x04\x03", "supported_versions");
        let twice = "malformed ClientHello: an extension sent twice".to_owned();
        assert_eq!(Parts::new(&[(5, b"a"), (5, b"b")]).read(), Reading::Other { why: twice });
        let mut body = Parts::new(&[]).body();
        assert_eq!(why(&record(1, &body[..33])), "malformed ClientHello: random");
        body.push(0);
        assert_eq!(why(&record(1, &body)), "malformed ClientHello: extensions");
        assert_eq!(why(&record(1, b"")), "malformed ClientHello: version");
    }

    #[test]
    fn other_protocols_are_told_apart() {
        assert_eq!(why(b""), "nothing was sent");
        for method in ["GET /", "POST /path", "CONNECT host:443", "PRI * HTTP/2.0"] {
            assert_eq!(why(method.as_bytes()), "plain HTTP");
        }
        assert_eq!(read(b"G"), Reading::Incomplete);
        assert_eq!(why(b"PROXY TCP4 192.0.2.1"), "a PROXY protocol header");
        assert_eq!(why(b"\x80\x2e\x01\x03\x01\x00"), "an SSLv2-compatible ClientHello, version 0x0301");
        assert_eq!(why(b"\x80\x2e\x01\x00\x02\x00"), "an SSLv2-compatible ClientHello, version 0x0002");
        assert_eq!(why(b"\x15\x03\x01\x00\x02\x02\x28"), "a TLS record of type 21 before any handshake");
        assert_eq!(why(b"SSH-2.0-x\r\n"), "garbage, beginning with 5353482d322e302d");
        assert_eq!(why(b"\x00\x00"), "garbage, beginning with 0000");
        assert_eq!(why(b"\x16\x02"), "garbage, beginning with 1602");
        assert_eq!(why(&record(2, b"abc")), "a handshake message of type 2 in place of a ClientHello");
    }

    #[test]
    fn sizes_have_limits() {
        assert_eq!(why(b"\x16\x03\x01\x00\x00"), "an empty record within the ClientHello");
        assert_eq!(why(b"\x16\x03\x01\x40\x01"), "a TLS record of 16385 bytes");
        assert_eq!(read(b"\x16\x03\x01\x40\x00"), Reading::Incomplete);
        assert_eq!(why(b"\x16\x03\x01\x00\x04\x01\x01\x00\x01"), "a ClientHello of 65537 bytes");
        assert_eq!(read(b"\x16\x03\x01\x00\x04\x01\x01\x00\x00"), Reading::Incomplete);
        let split = [&b"\x16\x03\x01\x00\x02\x01\x00"[..], b"\x14\x03\x03\x00\x01\x01"].concat();
        assert_eq!(why(&split), "a TLS record of type 20 within the ClientHello");
    }
}
