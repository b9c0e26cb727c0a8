//! One thing seen, with its number, time, actor, connection and phase.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Marks, ShownFile, TokenRequest};

/// A part of a scenario: a control, a refusal, a step. Numbered from 0 in the order of play.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PhaseId(pub u32);

/// A connection, numbered from 1 in the order of its beginning. It belongs to the phase that accepted or dialled it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConnectionId(pub u32);

/// A call that was asked of the integration, or made to it; numbered from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallId(pub u32);

/// Who saw the fact.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// The harness itself: phases, calls, deadlines.
    Runner,
    /// The endpoint of that name that plays Thales.
    Endpoint(String),
    /// A listener that took a connection to an address which was never published.
    Unpublished,
    /// The client that plays Thales.
    Client,
    /// The name server.
    Dns,
    /// The integration, through its carrier.
    Integration(String),
}

/// One thing seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Number in the log, from 1 without a gap.
    pub seq: u64,
    /// Microseconds since the log began, from a monotonic clock.
    pub at_us: u64,
    /// Who saw it.
    pub actor: Actor,
    /// The connection it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionId>,
    /// The phase it belongs to. For a connection: the phase that accepted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<PhaseId>,
    /// What was seen.
    pub event: Event,
}

/// What can be seen. Externally tagged in JSON, so that an unknown event is named by the reader that meets it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    // ---- runner ----
    /// A phase began.
    PhaseBegan {
        /// Its name in words.
        name: String,
    },
    /// The phase's calls and connections had ended, or its last deadline had passed.
    PhaseEnded,
    /// A call was asked of the integration, or is about to be made to it.
    CallBegan {
        /// The call.
        call: CallId,
    },
    /// The call ended.
    CallEnded {
        /// The call.
        call: CallId,
        /// What the integration says of it. Corroborates and never decides.
        claim: Claim,
        /// Microseconds from its beginning.
        took_us: u64,
    },
    /// A wait ended because its deadline passed.
    DeadlinePassed {
        /// What was waited for.
        wait: String,
    },
    /// The harness itself was late by this much: its own timer fired so long after it was due.
    Lagged {
        /// Microseconds.
        by_us: u64,
    },
    /// The name server's zone changed.
    ZoneChanged {
        /// The addresses it answers from now on.
        addresses: Vec<IpAddr>,
        /// Time to live in seconds.
        ttl_s: u32,
        /// How it answers otherwise: "normal", "nxdomain", "servfail", "silence".
        mode: String,
    },
    /// From now on each answer of the endpoint closes its connection.
    Draining {
        /// The endpoint's name.
        endpoint: String,
    },
    /// The endpoint stopped: its listener is gone and its connections are shut.
    Died {
        /// The endpoint's name.
        endpoint: String,
        /// "refused" or "unreachable".
        how: String,
    },
    /// The customer's files were replaced by those of its renewed certificate.
    FilesRenewed {
        /// The assets, in the order of their replacement.
        assets: Vec<String>,
    },
    /// The integration was told of its renewed certificate, in the way that it asks for.
    ToldOfRenewal {
        /// The way in words.
        how: String,
        /// Why it could not be told.
        failed: Option<String>,
    },
    /// The receiver's network shows it listening there.
    Listening {
        /// The sockets.
        addresses: Vec<SocketAddr>,
    },
    /// A file that the integration file names was read. Keys in it are left out.
    FileShown(ShownFile),
    /// From now on no access token that was issued before is known.
    TokensForgotten,
    // ---- integration ----
    /// A process ended.
    Exited {
        /// Exit code, where it left by itself.
        code: Option<i32>,
        /// Signal, where one ended it.
        signal: Option<i32>,
    },
    /// What the integration printed (bounded).
    Output {
        /// "stdout" or "stderr".
        stream: String,
        /// The text; bytes that are no UTF-8 are replaced.
        text: String,
        /// Bytes that were dropped beyond the bound.
        dropped: u64,
    },
    // ---- connections ----
    /// The endpoint accepted a connection.
    Accepted {
        /// The address dialled.
        local: SocketAddr,
        /// The caller's.
        peer: SocketAddr,
    },
    /// A caller dialled the address of an endpoint that has died, and the kernel refused it.
    DialRefused {
        /// The address dialled.
        local: SocketAddr,
        /// The caller's.
        peer: SocketAddr,
    },
    /// The client dialled.
    Dialled {
        /// The address dialled.
        remote: SocketAddr,
        /// The source address, where one was chosen.
        source: Option<IpAddr>,
        /// What the client shows and speaks, in words.
        plan: String,
    },
    /// No TCP connection came about.
    DialFailed {
        /// The operating system's word for it.
        error: String,
    },
    /// A complete ClientHello arrived.
    ClientHello(ClientHello),
    /// Bytes arrived that are no ClientHello, or the connection ended before one was complete.
    NoHello {
        /// What came instead.
        why: String,
    },
    /// The counterpart's first flight was sent: the peer holds what it is to judge.
    FirstFlight {
        /// Version of the ServerHello.
        version: TlsVersion,
        /// A ServerHello alone, made by hand, since the client does not offer the version.
        forced: bool,
    },
    /// Both Finished messages were exchanged, as far as this side can tell.
    HandshakeDone(Handshake),
    /// The peer's certificates, leaf first.
    PeerCertificate {
        /// As sent.
        chain: Vec<CertificateDer>,
        /// Whether the peer's signature shows that it holds the key. `None`: not asked for (server side, TLS by RSA),
        /// or beyond what can be verified here.
        proved: Option<bool>,
    },
    /// The server asked the mock client for a certificate.
    CertificateRequested {
        /// The authorities it names, as RFC 4514 strings; empty if it names none.
        authorities: Vec<String>,
    },
    /// The peer sent an alert.
    AlertReceived {
        /// RFC 8446 section 6.
        code: u8,
    },
    /// The counterpart sent a fatal alert.
    AlertSent {
        /// RFC 8446 section 6.
        code: u8,
    },
    /// The counterpart's own engine gave up: what follows proves nothing about the peer.
    LocalError {
        /// In the engine's words.
        error: String,
    },
    /// The client's request was sent: the server has everything that it can wait for.
    RequestSent,
    /// The first application data of this direction was decrypted.
    Data {
        /// Bytes in the first piece.
        bytes: u64,
    },
    /// A complete HTTP request head.
    Request(RequestHead),
    /// What an API request says above TLS.
    Marked(Marks),
    /// An access token was asked for.
    TokenAsked(TokenRequest),
    /// The endpoint answered.
    Answered {
        /// HTTP status.
        status: u16,
    },
    /// The integration's server answered.
    Response {
        /// HTTP status.
        status: u16,
        /// A known refusal text in the body.
        page: Option<RefusalPage>,
    },
    /// The connection ended.
    Ended(End),
    // ---- name server ----
    /// A question and what was answered.
    Asked(Question),
    // ---- stdio ----
    /// A line of a driver's standard output that is no object of the protocol.
    StrayLine {
        /// The line (bounded).
        text: String,
    },
}

/// How a connection ended, as the first thing that ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The peer sent close_notify.
    CloseNotify,
    /// The peer closed its side of the TCP connection without close_notify.
    Fin,
    /// The peer reset the TCP connection.
    Reset,
    /// The counterpart closed.
    Local,
    /// Nothing came until the deadline, then the counterpart closed.
    Deadline,
}

/// What the integration says of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// It succeeded.
    Completed {
        /// HTTP status, where the carrier brings one back.
        status: Option<u16>,
    },
    /// It failed.
    Failed {
        /// The integration's words (bounded).
        error: String,
    },
    /// The carrier cannot do what was asked.
    Unsupported,
    /// It had not ended by its deadline and was ended by the harness.
    TimedOut,
}

/// A TLS version by its number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TlsVersion(pub u16);

impl TlsVersion {
    /// SSL 3.0.
    pub const SSL_3: Self = Self(0x0300);
    /// TLS 1.0 (RFC 2246).
    pub const V1_0: Self = Self(0x0301);
    /// TLS 1.1 (RFC 4346).
    pub const V1_1: Self = Self(0x0302);
    /// TLS 1.2 (RFC 5246).
    pub const V1_2: Self = Self(0x0303);
    /// TLS 1.3 (RFC 8446).
    pub const V1_3: Self = Self(0x0304);

    /// Older than TLS 1.2.
    pub fn is_legacy(self) -> bool {
        self < Self::V1_2
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::SSL_3 => f.write_str("SSL 3.0"),
            Self::V1_0 => f.write_str("TLS 1.0"),
            Self::V1_1 => f.write_str("TLS 1.1"),
            Self::V1_2 => f.write_str("TLS 1.2"),
            Self::V1_3 => f.write_str("TLS 1.3"),
            Self(other) => write!(f, "TLS {other:#06x}"),
        }
    }
}

/// In files: `"1.0"` to `"1.3"`.
impl Serialize for TlsVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::V1_0 => serializer.serialize_str("1.0"),
            Self::V1_1 => serializer.serialize_str("1.1"),
            Self::V1_2 => serializer.serialize_str("1.2"),
            Self::V1_3 => serializer.serialize_str("1.3"),
            Self(other) => serializer.serialize_str(&format!("{other:#06x}")),
        }
    }
}

impl<'de> Deserialize<'de> for TlsVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "1.0" => Ok(Self::V1_0),
            "1.1" => Ok(Self::V1_1),
            "1.2" => Ok(Self::V1_2),
            "1.3" => Ok(Self::V1_3),
            other => {
                other.strip_prefix("0x").and_then(|hex| u16::from_str_radix(hex, 16).ok()).map(Self).ok_or_else(|| {
                    serde::de::Error::custom(format!("`{other}` is no TLS version, expected 1.0, 1.1, 1.2 or 1.3"))
                })
            }
        }
    }
}

/// The parts of a ClientHello that rules speak of (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientHello {
    /// `legacy_version`.
    pub legacy_version: TlsVersion,
    /// `supported_versions`, GREASE values (RFC 8701) left out; `None` without the extension.
    pub supported_versions: Option<Vec<TlsVersion>>,
    /// Cipher suites in the client's order, GREASE left out.
    pub ciphers: Vec<u16>,
    /// Host name of the server_name extension.
    pub sni: Option<String>,
    /// Protocols of the ALPN extension.
    pub alpn: Vec<String>,
    /// Types of all extensions in their order, GREASE left out.
    pub extensions: Vec<u16>,
    /// Named groups.
    pub groups: Vec<u16>,
    /// Signature schemes.
    pub signature_schemes: Vec<u16>,
    /// Whether it tries to resume: a pre_shared_key, a ticket, or a session id where TLS 1.3 is not offered.
    pub resumes: bool,
}

impl ClientHello {
    /// Whether a server may choose that version. Without `supported_versions`, everything from TLS 1.0 up to
    /// `legacy_version` counts as offered (RFC 5246 appendix E.1).
    pub fn offers(&self, version: TlsVersion) -> bool {
        match &self.supported_versions {
            Some(versions) => versions.contains(&version),
            None => version <= self.legacy_version.min(TlsVersion::V1_2) && version >= TlsVersion::V1_0,
        }
    }

    /// The highest version that it offers.
    pub fn highest(&self) -> TlsVersion {
        match &self.supported_versions {
            Some(versions) => versions.iter().copied().max().unwrap_or(self.legacy_version),
            None => self.legacy_version.min(TlsVersion::V1_2),
        }
    }
}

/// What a finished handshake agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshake {
    /// Version.
    pub version: TlsVersion,
    /// Cipher suite, in its IANA number.
    pub cipher: u16,
    /// Application protocol.
    pub alpn: Option<String>,
}

/// Head of an HTTP request. Values of headers outside a short list are left out: they may be secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestHead {
    /// Method.
    pub method: String,
    /// Path, without the query.
    pub path: String,
    /// Host header, or the authority of an absolute request target.
    pub host: Option<String>,
    /// All headers.
    pub headers: Vec<Header>,
}

/// A header field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Lower-case name.
    pub name: String,
    /// The value, if it is on the list of those that are never secret.
    pub value: Option<String>,
}

/// Texts with which nginx refuses a client certificate after a completed handshake
/// (`ngx_http_error_400_body` family; measured with nginx 1.22).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalPage {
    /// "No required SSL certificate was sent".
    NoRequiredCertificate,
    /// "The SSL certificate error".
    CertificateError,
}

/// One question to the name server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Lower-case name with its final dot.
    pub name: String,
    /// Type, as `A`, `AAAA`, `HTTPS`.
    pub kind: String,
    /// "udp" or "tcp".
    pub protocol: String,
    /// What was answered.
    pub answer: Answer,
}

/// The name server's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// NOERROR with these addresses and this time to live; no address means that the name has none of that type.
    Addresses {
        /// In the order sent.
        addresses: Vec<IpAddr>,
        /// Seconds.
        ttl_s: u32,
        /// The canonical name, where the answer went through a CNAME.
        alias: Option<String>,
    },
    /// NXDOMAIN.
    NoSuchName,
    /// SERVFAIL.
    Failure,
    /// Nothing was sent.
    Silence,
}

/// Which side of a connection the counterpart plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The counterpart is the server.
    Server,
    /// The counterpart is the client.
    Client,
}

/// A certificate in DER; base64 in files.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CertificateDer(pub Vec<u8>);

impl fmt::Debug for CertificateDer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateDer({} bytes)", self.0.len())
    }
}

impl Serialize for CertificateDer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for CertificateDer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}
