//! What an endpoint is to do with the connections that it accepts.

use serde::{Deserialize, Serialize};

use super::OAuthPlan;
use crate::observe::TlsVersion;

/// Conduct of one endpoint during one phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EndpointPlan {
    /// Versions that it speaks. Older than 1.2 and newer ones are never mixed.
    pub versions: Vec<TlsVersion>,
    /// Key exchange of a legacy handshake.
    pub exchange: KeyExchange,
    /// The certificate that it shows.
    pub certificate: ServerCertificate,
    /// Key of that certificate.
    pub leaf: KeyKind,
    /// Whether it asks for a client certificate. It never insists, unless `refuses` says so.
    pub client_certificate: AskClient,
    /// The authorities named in its CertificateRequest.
    pub ca_list: AuthorityList,
    /// Refuses the caller's certificate as Thales would.
    pub refuses: Option<Refusal>,
    /// Insists on a certificate that the portal holds, and refuses any other as Thales would: which ones it holds. Until
    /// then it insists on nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endorses: Option<Endorsed>,
    /// Plays a ServerHello of TLS 1.2 whose random carries the downgrade sentinel (RFC 8446 section 4.1.3).
    pub sentinel: bool,
    /// Leaves the connection open after an answer.
    pub keep_alive: bool,
    /// Closes a connection on which nothing was asked for that long, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_close_ms: Option<u64>,
    /// What is sent with the leaf.
    #[serde(default, skip_serializing_if = "ChainShape::is_usual")]
    pub chain: ChainShape,
    /// Sends session tickets. None of them resumes anything: who offers one gets a whole handshake.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tickets: bool,
    /// Which protocol it names when it is asked by ALPN.
    #[serde(default, skip_serializing_if = "Alpn::is_usual")]
    pub alpn: Alpn,
    /// Demands an access token with every request and issues them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth: Option<OAuthPlan>,
    /// Statuses of the answers to API requests in their order, the last one for all that follow; empty leaves them to
    /// the answers' own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers_status: Vec<u16>,
    /// Answers carry a header field and, where they are JSON, a member that nobody has announced.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub extras: bool,
    /// Is all this only once it has issued an access token. Until then it shows today's certificate in the versions of
    /// today: a caller may ask for its token with another client than it calls with, and would not get so far.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after_token: bool,
}

impl EndpointPlan {
    /// Whether it asks for a client certificate.
    pub fn asks_for_certificate(&self) -> bool {
        self.client_certificate == AskClient::Request
    }
}

/// Thales as it ought to be: TLS 1.2 and 1.3, today's certificate, a client certificate asked for, no authorities named,
/// each answer the last one of its connection.
impl Default for EndpointPlan {
    fn default() -> Self {
        Self {
            versions: vec![TlsVersion::V1_2, TlsVersion::V1_3],
            exchange: KeyExchange::Any,
            certificate: ServerCertificate::Trusted,
            leaf: KeyKind::P256,
            client_certificate: AskClient::Request,
            ca_list: AuthorityList::Empty,
            refuses: None,
            endorses: None,
            sentinel: false,
            keep_alive: false,
            idle_close_ms: None,
            chain: ChainShape::Usual,
            tickets: false,
            alpn: Alpn::Both,
            oauth: None,
            answers_status: Vec::new(),
            extras: false,
            after_token: false,
        }
    }
}

/// What an endpoint sends with its leaf.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChainShape {
    /// The intermediate that issued it.
    #[default]
    Usual,
    /// The leaf is issued by one more intermediate, below the usual one; both are sent.
    Deep,
    /// The usual intermediate, and the root as well.
    WithRoot,
}

impl ChainShape {
    /// Whether it is what Thales does today.
    pub fn is_usual(&self) -> bool {
        *self == Self::Usual
    }
}

/// The answer to a caller's ALPN extension.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Alpn {
    /// HTTP/2 where the caller offers it, else HTTP/1.1.
    #[default]
    #[serde(rename = "h2, http/1.1")]
    Both,
    /// HTTP/1.1.
    #[serde(rename = "http/1.1")]
    Http11,
    /// No answer, as of a terminator that knows no ALPN.
    #[serde(rename = "none")]
    None,
}

impl Alpn {
    /// Whether it is what Thales does today.
    pub fn is_usual(&self) -> bool {
        *self == Self::Both
    }
}

/// Key exchange of a legacy handshake: with ECDHE some callers fail by accident, on the SHA-1 signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyExchange {
    /// Whatever both sides can.
    Any,
    /// Static RSA only.
    Rsa,
    /// ECDHE only.
    Ecdhe,
}

/// Which certificate the endpoint shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerCertificate {
    /// Issued by the intermediate whose chain the portal gave, for the right host.
    Trusted,
    /// The same authority, host and subject; new key, serial and dates.
    Renewed,
    /// Trusted authority; CN and SAN name another host.
    WrongHost,
    /// Trusted authority; the CN is the right host, the SAN another one.
    WrongSan,
    /// An authority that nobody trusts.
    UnknownCa,
    /// An authority with the trusted intermediate's subject (and its issuer's) and another key.
    LookAlikeCa,
    /// Signed with its own key.
    SelfSigned,
    /// Ended yesterday.
    Expired,
    /// Begins tomorrow.
    NotYetValid,
    /// Extended key usage clientAuth only.
    WrongEku,
    /// The SAN is right, the CN is not a host name.
    OddCn,
    /// The CN is the right host and there is no SAN.
    CnOnly,
    /// Another intermediate under the root in use, sent along; the same leaf key.
    NewIntermediate,
    /// The second root of the authority, with an intermediate of its own, sent along; the same leaf key.
    #[serde(rename = "root-2")]
    Root2,
    /// The third root.
    #[serde(rename = "root-3")]
    Root3,
    /// The fourth root.
    #[serde(rename = "root-4")]
    Root4,
    /// The fifth root.
    #[serde(rename = "root-5")]
    Root5,
}

impl ServerCertificate {
    /// The root that it needs beside the one in use, counted from 2.
    pub fn further_root(self) -> Option<u8> {
        match self {
            Self::Root2 => Some(2),
            Self::Root3 => Some(3),
            Self::Root4 => Some(4),
            Self::Root5 => Some(5),
            _ => None,
        }
    }
}

/// Kind of a certificate's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// RSA of 2048 bits.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
}

/// Whether the endpoint asks for a client certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AskClient {
    /// It asks, records what comes, and goes on without one.
    Request,
    /// It does not ask.
    Never,
}

/// The authorities named in the CertificateRequest. Java, Go and wget withhold their certificate where the list does
/// not contain its issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthorityList {
    /// None named: every stack sends what it has.
    Empty,
    /// The issuer of the caller's certificate.
    Own,
    /// An authority that has nothing to do with the caller.
    Foreign,
}

/// Why the endpoint refuses the caller's certificate, as Thales would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// The certificate is not, byte by byte, the endorsed one: the portal holds another.
    NotEndorsed,
    /// It is endorsed, but its CN is not the portal's.
    WrongCommonName,
}

/// Which certificates of a caller the portal holds while the caller changes over to a renewed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endorsed {
    /// The former one alone.
    Former,
    /// The former and the renewed one: the overlap.
    Both,
    /// The renewed one alone.
    Renewed,
}
