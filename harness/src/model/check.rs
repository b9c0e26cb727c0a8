//! The words with which a scenario may judge. Each word's evaluation is one file in `verdict/checks/`.

use serde::{Deserialize, Serialize};

use super::{EndpointName, Millis};

/// One thing to judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The integration goes through with it: data from a caller, the declared status from a receiver.
    Accepted,
    /// The integration refuses, by an alert or a close before any application data, or by a status that says so.
    Refused,
    /// The control of a scenario about trust or versions: a certificate alert or a too old ClientHello violates it.
    ControlTrust,
    /// The control of a scenario about versions: one of TLS 1.2 and 1.3 completes.
    ControlVersion,
    /// Something about the certificate that the caller presents.
    ClientCertificate(CertificateAspect),
    /// SNI and Host header are the host that the portal gave.
    Addressed,
    /// The name server was asked before the first connection.
    AsksFirst,
    /// Every connection goes to that endpoint, and there is one.
    Reaches(EndpointName),
    /// After the change new connections go to that endpoint within the TTL.
    Moves(EndpointName),
    /// A kept-alive connection to that endpoint is left by itself.
    Leaves(EndpointName),
    /// Calls succeed again, by a new question to the name server.
    Recovers,
    /// A refused call ends with an error: no hang, no storm of connections.
    Ends(Ends),
    /// Once the overlap is over, every call shows the caller's renewed certificate.
    Renews(Renews),
    /// The caller notices the downgrade sentinel in ServerHello.random.
    NoticesSentinel,
    /// Something about the chain that the receiver serves.
    ServerChain(ChainAspect),
    /// The receiver listens on one of these ports.
    Port(Vec<u16>),
    /// Something about the caller's access tokens.
    #[serde(rename = "oauth")]
    OAuth(OAuthAspect),
    /// Each API request carries that header field, as the profile wants it.
    Field(String),
    /// A request that was answered with an error is made again, or is not.
    Repeats(bool),
    /// A request with that method and path is made at all: `GET /healthcheck`.
    Asks(String),
    /// What is encrypted in API requests is so in the way that the profile wants.
    Payload,
    /// The receiver's token endpoint gives Thales a token, with which its API is to be called.
    GrantsToken,
    /// The receiver names no other authority than Thales' when it asks for a certificate.
    NamesOnlyClientCa,
    /// Nothing of another environment is asked for, dialled or shown.
    KeepsEnvironment,
    /// Two environments have each their own.
    EnvironmentsApart(ApartAspect),
    /// Something about the request to sign (CSR) in a file.
    ClientRequest(CertificateAspect),
    /// The request to sign keeps the DN of the one before, or of the certificate.
    RenewalRequest,
    /// Something about a trust store in a file.
    Store(StoreAspect),
    /// Something about the end of the server chain in a file.
    ServerAnchor(AnchorAspect),
    /// The authorities of the server chain are those that Thales holds.
    ServerChainKept,
}

impl Check {
    /// Whether it can be judged of files, and whether of connections.
    pub fn reads(&self) -> (bool, bool) {
        match self {
            // Whether it is presented, and is the endorsed one, shows on a connection only.
            Self::ClientCertificate(CertificateAspect::Presented | CertificateAspect::Endorsed) => (false, true),
            Self::ClientCertificate(_) => (true, true),
            Self::EnvironmentsApart(_)
            | Self::ClientRequest(_)
            | Self::RenewalRequest
            | Self::Store(_)
            | Self::ServerAnchor(_)
            | Self::ServerChainKept => (true, false),
            _ => (false, true),
        }
    }
}

/// What two environments have each their own of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApartAspect {
    /// Thales' host.
    Hosts,
    /// The CN of the client certificate.
    CommonNames,
    /// The client certificate, or the request for it.
    Certificates,
    /// Its key.
    Keys,
    /// The stores: none holds the client certificate of the other environment.
    Stores,
}

/// What is judged of a trust store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreAspect {
    /// It holds the authority behind Thales' servers, and no leaf.
    ServerAuthority,
    /// It is the integration's own, and not the bundle of a machine.
    Independent,
    /// It holds every root of the authority behind Thales' servers.
    AllRoots,
    /// It holds an authority for Thales' client.
    ClientAuthority,
    /// It holds one authority and no more.
    OnlyClientAuthority,
    /// It holds no leaf: trusting one is pinning.
    NoLeaf,
}

/// How the server chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnchorAspect {
    /// At an authority that Mozilla recognises.
    Public,
    /// At an authority of the trust store that was handed over.
    TrustStore,
}

/// What is judged of the caller's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateAspect {
    /// One is presented on every connection, and the key is proven.
    Presented,
    /// It is, byte by byte, the endorsed one.
    Endorsed,
    /// It is self-signed.
    SelfSigned,
    /// Thales' authority for customers signed it.
    Issued,
    /// Its key is of a listed kind.
    Key,
    /// Its key is not RSA 2048.
    #[serde(rename = "not-rsa-2048")]
    NotRsa2048,
    /// It is not an RSA key.
    EllipticCurve,
    /// Its signature hash is SHA-256.
    Hash,
    /// It is valid now, and not for longer than allowed.
    Validity,
    /// Its CN is the portal's, byte by byte, or follows the pattern.
    CommonName,
    /// Its CN names the right environment.
    EnvironmentWord,
    /// Its CN names the algorithm of its key.
    AlgorithmWord,
    /// Its CN bears the customer's identifier, which has the published form.
    CustomerId,
    /// Its subject carries the attributes that are asked for.
    Subject,
    /// Extended key usage, key usage and CA flag suit a client.
    Usage,
}

/// What is judged of the caller's access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OAuthAspect {
    /// Every API request carries a token that was issued in this scenario.
    Required,
    /// A token is used again for as long as it lives.
    Reused,
    /// A token that is not good any more is replaced.
    Renewed,
    /// The assertion has the header and the claims that the profile wants.
    Assertion,
    /// A token is used although its answer carries what nobody has announced.
    Tolerant,
}

/// What is judged of the receiver's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChainAspect {
    /// It is complete and verifies from the declared chain alone.
    Complete,
    /// It is served for ISSUER_HOST.
    Host,
    /// Its authorities are those of the declared chain.
    Kept,
}

/// Bounds of a refused call's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ends {
    /// Longest time of a call.
    pub within: Millis,
    /// Most connections for one call.
    pub connections: u32,
}

/// What a change-over to a renewed certificate may cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Renews {
    /// Most calls that may be lost while Thales takes both certificates; any number, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<u32>,
}
