//! Watches one direction of a TLS connection: its records, its plaintext alerts and handshake messages, the
//! ServerHello.
//!
//! Fed with bytes in any fragmentation. It decrypts nothing, answers nothing, and keeps no more than a header and,
//! until it is read, a ServerHello.

use super::server_hello::ServerHello;
use crate::observe::TlsVersion;

/// Something seen in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// The header of a record is complete.
    Record {
        /// Content type: 20 ChangeCipherSpec, 21 alert, 22 handshake, 23 application data.
        kind: u8,
        /// Version in the header.
        version: u16,
        /// Bytes that follow.
        length: u16,
    },
    /// The header of a handshake message in plaintext is complete.
    Message {
        /// Its type (RFC 8446 section 4, RFC 5246 section 7.4).
        kind: u8,
    },
    /// A whole ServerHello, or a HelloRetryRequest.
    ServerHello(ServerHello),
    /// The server's first flight: up to 1.2 its ServerHelloDone (or ChangeCipherSpec, on resumption); in TLS 1.3 the
    /// first whole encrypted record, since no more can be told.
    FirstFlight,
    /// An alert in plaintext.
    Alert {
        /// 1 warning, 2 fatal.
        level: u8,
        /// RFC 8446 section 6.
        code: u8,
    },
    /// What came is no TLS record. Nothing more is read in this direction.
    NotTls,
}

/// Reader of one direction.
#[derive(Debug, Default)]
pub struct Scanner {
    state: State,
    header: [u8; HEADER],
    filled: usize,
    record: u8,
    left: usize,
    first_done: bool,
    /// A ChangeCipherSpec was sent: what follows is encrypted, if this is no TLS 1.3.
    changed: bool,
    level: Option<u8>,
    messages: Messages,
    version: Option<TlsVersion>,
    flown: bool,
    application_data: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Header,
    Content,
    NotTls,
}

const HEADER: usize = 5;
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const HEARTBEAT: u8 = 24;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const SERVER_HELLO_DONE: u8 = 14;
/// The longest encrypted record, by TLS 1.2 (RFC 5246 section 6.2.3).
const LONGEST_RECORD: u16 = (1 << 14) + 2048;
/// A ServerHello beyond this is passed over; real ones stay below 2 KiB.
const LONGEST_SERVER_HELLO: usize = 16 * 1024;

impl Scanner {
    /// A scanner at the beginning of a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the next bytes and reports what they complete, in order.
    pub fn feed(&mut self, mut bytes: &[u8], mut seen: impl FnMut(Sighting)) {
        while !bytes.is_empty() {
            match self.state {
                State::NotTls => return,
                State::Header => {
                    let count = bytes.len().min(HEADER - self.filled);
                    self.header[self.filled..self.filled + count].copy_from_slice(&bytes[..count]);
                    self.filled += count;
                    bytes = &bytes[count..];
                    if self.filled == HEADER {
                        self.filled = 0;
                        self.begin_record(&mut seen);
                    }
                }
                State::Content => {
                    let count = bytes.len().min(self.left);
                    self.content(&bytes[..count], &mut seen);
                    self.left -= count;
                    bytes = &bytes[count..];
                    if self.left == 0 {
                        self.end_record(&mut seen);
                    }
                }
            }
        }
    }

    /// Complete records of application data so far. In TLS 1.3 handshake messages and alerts travel in such records
    /// too; in TLS 1.0 the first one of a message may be empty.
    pub fn application_data(&self) -> u64 {
        self.application_data
    }

    /// Whether the bytes so far end with a whole record.
    pub fn at_boundary(&self) -> bool {
        self.state == State::Header && self.filled == 0
    }

    fn begin_record(&mut self, seen: &mut impl FnMut(Sighting)) {
        let [kind, major, minor, high, low] = self.header;
        let length = u16::from_be_bytes([high, low]);
        let first = !self.first_done;
        self.first_done = true;
        if first && kind & 0x80 != 0 && minor == CLIENT_HELLO {
            self.begin_sslv2(seen);
            return;
        }
        let plausible = matches!(kind, CHANGE_CIPHER_SPEC..=HEARTBEAT) && major == 3 && length <= LONGEST_RECORD;
        if !plausible {
            self.state = State::NotTls;
            seen(Sighting::NotTls);
            return;
        }
        seen(Sighting::Record { kind, version: u16::from_be_bytes([major, minor]), length });
        self.record = kind;
        self.left = usize::from(length);
        // In TLS 1.3 a ChangeCipherSpec means nothing (RFC 8446 appendix D.4).
        if kind == CHANGE_CIPHER_SPEC && self.version != Some(TlsVersion::V1_3) {
            self.changed = true;
            if self.version.is_some() {
                self.fly(seen);
            }
        }
        self.state = State::Content;
        if self.left == 0 {
            self.end_record(seen);
        }
    }

    /// A ClientHello in the form of SSL 2.0 (RFC 5246 appendix E.2): two bytes of length, then type and version, of
    /// which the header has taken the first three bytes. It is passed over as if it were a record.
    fn begin_sslv2(&mut self, seen: &mut impl FnMut(Sighting)) {
        let [high, low, _, major, minor] = self.header;
        let length = u16::from_be_bytes([high & 0x7f, low]);
        seen(Sighting::Record { kind: HANDSHAKE, version: u16::from_be_bytes([major, minor]), length });
        seen(Sighting::Message { kind: CLIENT_HELLO });
        self.record = SSLV2;
        self.left = usize::from(length).saturating_sub(3);
        self.state = if self.left == 0 { State::Header } else { State::Content };
    }

    fn content(&mut self, bytes: &[u8], seen: &mut impl FnMut(Sighting)) {
        match self.record {
            // No cipher makes an alert of two bytes, so one of that length is in plaintext wherever it stands.
            ALERT if !self.changed || self.header[3..] == [0, 2] => {
                for &byte in bytes {
                    match self.level.take() {
                        None => self.level = Some(byte),
                        Some(level) => seen(Sighting::Alert { level, code: byte }),
                    }
                }
            }
            HANDSHAKE if !self.changed => {
                let (version, flown) = (&mut self.version, &mut self.flown);
                self.messages.feed(bytes, |sighting| {
                    seen(sighting);
                    match sighting {
                        Sighting::ServerHello(hello) => *version = Some(hello.version),
                        Sighting::Message { kind: SERVER_HELLO_DONE } if !*flown => {
                            *flown = true;
                            seen(Sighting::FirstFlight);
                        }
                        _ => {}
                    }
                });
            }
            _ => {}
        }
    }

    fn end_record(&mut self, seen: &mut impl FnMut(Sighting)) {
        self.state = State::Header;
        if self.record == APPLICATION_DATA {
            self.application_data += 1;
            if self.version == Some(TlsVersion::V1_3) {
                self.fly(seen);
            }
        }
    }

    fn fly(&mut self, seen: &mut impl FnMut(Sighting)) {
        if !self.flown {
            self.flown = true;
            seen(Sighting::FirstFlight);
        }
    }
}

/// Stands for the content of a ClientHello of SSL 2.0: no content type of TLS.
const SSLV2: u8 = 0;

/// Walks handshake messages across records.
#[derive(Debug, Default)]
struct Messages {
    header: [u8; 4],
    filled: usize,
    left: usize,
    /// The body of a ServerHello, while one is read.
    hello: Option<Vec<u8>>,
}

impl Messages {
    fn feed(&mut self, mut bytes: &[u8], mut seen: impl FnMut(Sighting)) {
        while !bytes.is_empty() {
            if self.filled < self.header.len() {
                self.header[self.filled] = bytes[0];
                self.filled += 1;
                bytes = &bytes[1..];
                if self.filled == self.header.len() {
                    self.begin(&mut seen);
                }
                continue;
            }
            let count = bytes.len().min(self.left);
            if let Some(hello) = &mut self.hello {
                hello.extend_from_slice(&bytes[..count]);
            }
            self.left -= count;
            bytes = &bytes[count..];
            if self.left == 0 {
                self.end(&mut seen);
            }
        }
    }

    fn begin(&mut self, seen: &mut impl FnMut(Sighting)) {
        let [kind, a, b, c] = self.header;
        self.left = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        seen(Sighting::Message { kind });
        self.hello = (kind == SERVER_HELLO && self.left <= LONGEST_SERVER_HELLO).then(Vec::new);
        if self.left == 0 {
            self.end(seen);
        }
    }

    fn end(&mut self, seen: &mut impl FnMut(Sighting)) {
        self.filled = 0;
        if let Some(hello) = self.hello.take().as_deref().and_then(ServerHello::read) {
            seen(Sighting::ServerHello(hello));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Sighting>, Scanner) {
        let (mut seen, mut scanner) = (Vec::new(), Scanner::new());
        for piece in pieces {
            scanner.feed(piece, |sighting| seen.push(sighting));
        }
        (seen, scanner)
    }

    fn alerts(bytes: &[u8]) -> Vec<(u8, u8)> {
        let alert = |sighting| match sighting {
            Sighting::Alert { level, code } => Some((level, code)),
            _ => None,
        };
        scan([bytes]).0.into_iter().filter_map(alert).collect()
    }

    fn record(kind: u8, content: &[u8]) -> Vec<u8> {
        [&[kind, 3, 2][..], &(content.len() as u16).to_be_bytes(), content].concat()
    }

    /// A server of TLS 1.1: ServerHello with half of ServerHelloDone, its other half, then encrypted records.
    fn server() -> Vec<u8> {
        let hello = [&[2, 0, 0, 38, 3, 2][..], &[9; 32], &[0, 0, 0x2f, 0]].concat();
        [
            record(22, &[&hello[..], &[14, 0]].concat()),
            record(22, &[0, 0]),
            record(20, &[1]),
            record(22, &[14; 48]),
            record(23, &[]),
            record(23, &[0xaa; 300]),
            record(21, &[2; 32]),
        ]
        .concat()
    }

    #[test]
    fn fragmentation_makes_no_difference() {
        let bytes = server();
        let (whole, scanner) = scan([&bytes[..]]);
        assert_eq!(scanner.application_data(), 2);
        assert!(scanner.at_boundary());
        let kinds: Vec<_> = whole
            .iter()
            .filter_map(|sighting| match sighting {
                Sighting::Record { kind, version: 0x0302, .. } => Some(*kind),
                _ => None,
            })
            .collect();
        assert_eq!(kinds, [22, 22, 20, 22, 23, 23, 21]);
        assert_eq!(whole[1], Sighting::Message { kind: 2 });
        let Sighting::ServerHello(hello) = whole[2] else { panic!("{whole:?}") };
        assert_eq!((hello.version, hello.cipher), (TlsVersion::V1_1, 0x002f));
        assert_eq!(whole[4..6], [Sighting::Message { kind: 14 }, Sighting::FirstFlight]);
        assert!(!whole.iter().any(|sighting| matches!(sighting, Sighting::Alert { .. })), "the last is encrypted");
        for size in 1..=bytes.len() {
            assert_eq!(scan(bytes.chunks(size)).0, whole, "in pieces of {size}");
        }
        for cut in 0..bytes.len() {
            assert!(scan([&bytes[..cut], &bytes[cut..]]).0 == whole, "cut at {cut}");
        }
    }

    #[test]
    fn plaintext_alerts_are_read_wherever_they_stand() {
        assert_eq!(alerts(&record(21, &[2, 40])), [(2, 40)]);
        assert_eq!(alerts(&record(21, &[1, 90, 1, 0])), [(1, 90), (1, 0)]);
        assert_eq!(alerts(&[record(21, &[2]), record(21, &[70])].concat()), [(2, 70)]);
        assert_eq!(alerts(&[record(20, &[1]), record(21, &[2, 47])].concat()), [(2, 47)]);
        assert_eq!(alerts(&[record(20, &[1]), record(21, &[2; 26])].concat()), []);
        assert_eq!(alerts(&record(21, &[2])), []);
    }

    #[test]
    fn what_is_not_tls_ends_the_reading() {
        for bytes in [&b"HTTP/1.1 400 Bad Request"[..], b"\x16\x02\x00\x00\x01", b"\x17\x03\x03\x48\x01", &[0; 64]] {
            let (seen, scanner) = scan(bytes.chunks(3));
            assert_eq!((seen, scanner.application_data()), (vec![Sighting::NotTls], 0));
        }
        let (seen, _) = scan([&record(22, &[1, 0])[..], b"GET / HTTP/1.1"]);
        assert_eq!(seen.last(), Some(&Sighting::NotTls));
    }

    #[test]
    fn an_sslv2_hello_is_passed_over() {
        let hello = [&[0x80, 6, 1, 3, 1][..], &[7; 3]].concat();
        let (seen, scanner) = scan([&hello[..], &record(21, &[2, 70])]);
        assert_eq!(seen[0], Sighting::Record { kind: 22, version: 0x0301, length: 6 });
        assert_eq!(seen.last(), Some(&Sighting::Alert { level: 2, code: 70 }));
        assert!(scanner.at_boundary());
    }

    #[test]
    fn any_bytes_are_survived() {
        let bytes = server();
        for position in 0..bytes.len() * 8 {
            let mut spoilt = bytes.clone();
            spoilt[position / 8] ^= 1 << (position % 8);
            let whole = scan([&spoilt[..]]).0;
            assert_eq!(scan(spoilt.chunks(7)).0, whole, "bit {position}");
        }
    }
}
