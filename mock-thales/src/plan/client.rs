//! What the client that plays Thales is to do with one call to the integration's server.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::KeyExchange;
use crate::observe::TlsVersion;

/// Conduct of the client during one phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClientPlan {
    /// Versions that it offers. Older than 1.2 and newer ones are never mixed.
    pub versions: Vec<TlsVersion>,
    /// Key exchange of a legacy handshake.
    pub exchange: KeyExchange,
    /// The certificate that it shows.
    pub certificate: ClientCertificate,
    /// Source address; `None` leaves it to the network.
    pub source: Option<IpAddr>,
    /// What it says of itself above TLS, where the receiver asks for anything.
    #[serde(default, skip_serializing_if = "Credentials::are_given")]
    pub credentials: Credentials,
}

/// What the client says of itself above TLS: an API key, or an access token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credentials {
    /// Those that the receiver has given.
    #[default]
    Given,
    /// None at all.
    None,
    /// Of the right form, and nobody's.
    Forged,
}

impl Credentials {
    /// Whether they are those that the receiver has given.
    pub fn are_given(&self) -> bool {
        *self == Self::Given
    }
}

/// Thales as it ought to be: TLS 1.2 and 1.3, today's certificate.
impl Default for ClientPlan {
    fn default() -> Self {
        Self {
            versions: vec![TlsVersion::V1_2, TlsVersion::V1_3],
            exchange: KeyExchange::Any,
            certificate: ClientCertificate::Trusted,
            source: None,
            credentials: Credentials::Given,
        }
    }
}

/// Which certificate the client shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientCertificate {
    /// Today's leaf under the Thales Client CA.
    Trusted,
    /// None at all.
    None,
    /// None; header fields say that a proxy in front of the server was shown today's, as anybody can write them.
    ClaimedInHeaders,
    /// Issued by another authority.
    OtherCa,
    /// Issued by an authority with the Client CA's subject and another key.
    LookAlikeCa,
    /// Thales' subject, signed with its own key.
    SelfSigned,
    /// Ended yesterday.
    Expired,
    /// Begins tomorrow.
    NotYetValid,
    /// Extended key usage serverAuth only.
    WrongEku,
    /// Rotation: the same key and subject, new serial and dates.
    SameKey,
    /// Rotation: new key, same subject.
    NewKey,
    /// Rotation: a key of another type, same subject.
    OtherKeyType,
    /// Rotation: new key and new subject under the same authority.
    NewSubject,
    /// Rotation: new key, issued by a new intermediate under the same authority (sent along).
    NewIntermediate,
    /// Another customer's, signed by Thales' authority for customers: Thales' too, and not the Client CA.
    CustomerAuthority,
}
