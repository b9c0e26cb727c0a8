//! One thing seen, with its number, time, actor, connection and phase.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::{BodyRead, CertificateDer, Marks, ShownFile, TlsVersion, TokenFetch, TokenRequest};

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
    // ---- the customer's own network ----
    /// A declared forward took a connection to something else that the integration needs.
    Forwarded {
        /// The name or address that the integration calls it by.
        name: String,
        /// The port.
        port: u16,
        /// Why it could not be reached.
        failed: Option<String>,
    },
    /// Somebody dialled an address and port at which nobody is.
    WentNowhere {
        /// The address dialled.
        to: SocketAddr,
    },
    // ---- integration ----
    /// A driver was asked what only a working one answers.
    Probed {
        /// What it does wrong, in the harness's words, to follow its name.
        faults: Vec<String>,
    },
    /// A service of the integration did not come to be ready, ended, or did not do what it was triggered to.
    ServiceFailed {
        /// Its name.
        service: String,
        /// What it did not do, in the harness's words, to follow the name.
        why: String,
    },
    /// A service that was to go on was started anew before the scenario.
    ServiceStartedAnew {
        /// Its name.
        service: String,
        /// Why it could not go on, in the harness's words.
        why: String,
    },
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
    /// The first application data of this direction was decrypted. In HTTP/2 what belongs to a request: the preface and
    /// what manages the connection may be sent before the sender has judged its peer.
    Data {
        /// Bytes in the first piece.
        bytes: u64,
    },
    /// The peer began HTTP/2: the connection's preface, which asks for nothing yet (RFC 9113 section 3.4).
    Greeted,
    /// A complete HTTP request head.
    Request(RequestHead),
    /// What an API request says above TLS.
    Marked(Marks),
    /// The body of an API request, where it has one, by its structure.
    BodyRead(BodyRead),
    /// An access token was asked for.
    TokenAsked(TokenRequest),
    /// The client asked the integration's server for an access token.
    TokenFetched(TokenFetch),
    /// The endpoint answered.
    Answered {
        /// HTTP status.
        status: u16,
    },
    /// The endpoint sends the peer away after this answer over HTTP/2 (GOAWAY, RFC 9113 section 6.8).
    Dismissed,
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
