//! What Thales leaves unspecified, as data: dimensions with their values, and the texts of a pre-mortem. What a value does
//! to a scenario stands in `vary`.

use std::collections::BTreeMap;
use std::fmt;

use mock_thales::plan::{Alpn, AuthorityList, ChainShape, ClientCertificate, KeyKind, ServerCertificate};
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::{Deserialize, Serialize};

use super::Millis;

/// One thing that Thales may do in one way or another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// Its id.
    pub id: String,
    /// What of Thales' side it changes.
    pub axis: Axis,
    /// Globs of the scenarios that it varies, as far as they say nothing of it themselves.
    pub scenarios: Vec<String>,
    /// The value that scenarios are played with anyway, in words.
    pub base: String,
    /// What is unspecified, and where one would look for it.
    pub unspecified: String,
    /// The other values, in the order of the file.
    pub values: Vec<DimensionValue>,
    /// Of values with an order: how a threshold is told, with `{holds}` for the least value that holds.
    pub threshold: Option<String>,
    /// The question to Thales.
    pub ask: String,
    /// What to change on the integration's side.
    pub change: String,
    /// The same by stack.
    pub changes: BTreeMap<String, String>,
}

/// One value of a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimensionValue {
    /// Its word.
    pub word: String,
    /// What it sets.
    pub setting: Setting,
    /// What Thales does then: completes "you break if Thales …".
    pub thales: String,
}

/// What of Thales' side a dimension changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    /// Authorities in the CertificateRequest.
    CaList,
    /// Root and intermediate behind the leaf.
    Certificate,
    /// What is sent with the leaf.
    Chain,
    /// Key of the leaf.
    Leaf,
    /// The answer to ALPN.
    Alpn,
    /// Session tickets.
    Tickets,
    /// Idle time after which a kept-alive connection is closed.
    IdleClose,
    /// Time to live of the zone.
    Ttl,
    /// An IPv6 address beside those of IPv4.
    Aaaa,
    /// Number and order of addresses.
    Addresses,
    /// The certificate of Thales' client.
    ClientCertificate,
}

/// An axis at one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// See [`Axis::CaList`].
    CaList(AuthorityList),
    /// See [`Axis::Certificate`].
    Certificate(ServerCertificate),
    /// See [`Axis::Chain`].
    Chain(ChainShape),
    /// See [`Axis::Leaf`].
    Leaf(KeyKind),
    /// See [`Axis::Alpn`].
    Alpn(Alpn),
    /// See [`Axis::Tickets`].
    Tickets(bool),
    /// See [`Axis::IdleClose`]; `None` leaves connections open.
    IdleClose(Option<Millis>),
    /// See [`Axis::Ttl`].
    Ttl(Millis),
    /// See [`Axis::Aaaa`].
    Aaaa(bool),
    /// See [`Axis::Addresses`].
    Addresses(Addresses),
    /// See [`Axis::ClientCertificate`].
    ClientCertificate(ClientCertificate),
}

/// Number and order of the addresses that are answered. All of them are alive and the same endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Addresses {
    /// One.
    #[default]
    One,
    /// Another one behind it.
    Two,
    /// Another one before it.
    TwoSwapped,
    /// Seven others behind it.
    Eight,
}

/// On or off.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Switch {
    On,
    Off,
}

impl Setting {
    /// Reads a value's word.
    ///
    /// # Errors
    /// What was expected in its place.
    pub fn read(axis: Axis, word: &str) -> Result<Self, String> {
        Ok(match axis {
            Axis::CaList => Self::CaList(known(word)?),
            Axis::Certificate => Self::Certificate(known(word)?),
            Axis::Chain => Self::Chain(known(word)?),
            Axis::Leaf => Self::Leaf(known(word)?),
            Axis::Alpn => Self::Alpn(known(word)?),
            Axis::Tickets => Self::Tickets(matches!(known(word)?, Switch::On)),
            Axis::IdleClose if word == "never" => Self::IdleClose(None),
            Axis::IdleClose => Self::IdleClose(Some(span(word)?)),
            Axis::Ttl => {
                let ttl = span(word)?;
                if !ttl.0.is_multiple_of(1000) {
                    return Err("a time to live is a number of whole seconds, such as `2s`".to_owned());
                }
                Self::Ttl(ttl)
            }
            Axis::Aaaa => Self::Aaaa(matches!(known(word)?, Switch::On)),
            Axis::Addresses => Self::Addresses(known(word)?),
            Axis::ClientCertificate => Self::ClientCertificate(known(word)?),
        })
    }

    /// Whether only a network of the scenario's own can play it: on a machine's network another address would lead out.
    pub fn needs_private(&self) -> bool {
        matches!(self, Self::Aaaa(true))
    }

    /// Roots that the profile's server authority must have.
    pub fn needs_roots(&self) -> u8 {
        match self {
            Self::Certificate(certificate) => certificate.further_root().unwrap_or(1),
            _ => 1,
        }
    }
}

fn known<'de, T: Deserialize<'de>>(word: &'de str) -> Result<T, String> {
    let deserializer: StrDeserializer<'de, WordError> = word.into_deserializer();
    T::deserialize(deserializer).map_err(|error| error.to_string())
}

fn span(word: &str) -> Result<Millis, String> {
    word.parse().map_err(|error: super::NameError| error.to_string())
}

/// What a case sets: dimensions with the words of their values. Empty, it is the scenario as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Variation(pub BTreeMap<String, String>);

impl Variation {
    /// Whether it is the scenario as it stands.
    pub fn is_base(&self) -> bool {
        self.0.is_empty()
    }

    /// The one dimension that it sets, with its value's word.
    pub fn single(&self) -> Option<(&str, &str)> {
        let mut set = self.0.iter();
        match (set.next(), set.next()) {
            (Some((id, word)), None) => Some((id, word)),
            _ => None,
        }
    }
}

impl fmt::Display for Variation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|(id, word)| format!("{id}={word}")).collect();
        f.pad(&words.join(","))
    }
}
