//! What refusals of a certificate look like on the wire, and what was shown when they came.

use std::fmt;

use mock_thales::observe::{Connection, Ending, Role};

use crate::model::{Header, Phase};

/// How a stack ends a connection whose certificate it does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// By an alert.
    Alert(u8),
    /// By a close without an alert, while the handshake goes on.
    Silent,
    /// By a close without an alert, when the handshake is over.
    SilentAfter,
    /// By a status of HTTP.
    Status(u16),
    /// By nginx's own page.
    Page,
}

impl Shape {
    /// The shape of a refusal; `None` for a connection that ended otherwise.
    pub(super) fn of(connection: &Connection) -> Option<Self> {
        match (connection.response.map(|response| response.what), connection.ending()) {
            (Some((_, Some(_))), _) => Some(Self::Page),
            (Some((status, None)), _) if (400..500).contains(&status) => Some(Self::Status(status)),
            (Some(_), _) => None,
            (None, Ending::Alert(code)) => Some(Self::Alert(code)),
            // In TLS 1.3 a client has ended its handshake before the server has judged it.
            (None, Ending::Silent) if connection.handshake.is_some() => Some(Self::SilentAfter),
            (None, Ending::Silent) => Some(Self::Silent),
            (None, Ending::Accepted | Ending::Counterpart | Ending::Undecided | Ending::NotJudged) => None,
        }
    }

    /// Whether a word of the data file means it. Towards a receiver it makes no difference when it closes.
    pub(super) fn is(self, word: &str, role: Role) -> bool {
        match self {
            Self::Alert(code) => word == code.to_string(),
            Self::Silent => word == "silent",
            Self::SilentAfter => word == if role == Role::Client { "silent" } else { "silent-after" },
            Self::Page => word == "400",
            Self::Status(_) => false,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert(code) => write!(f, "alert {code}"),
            Self::Silent => f.write_str("a close without an alert before the handshake ends"),
            Self::SilentAfter => f.write_str("a close without an alert after the handshake"),
            Self::Status(status) => write!(f, "status {status}"),
            Self::Page => f.write_str("nginx's page with status 400"),
        }
    }
}

/// Why a certificate was to be refused, in the words of the data file.
pub(super) fn cause(phase: &Phase) -> Option<&'static str> {
    let word = match (&phase.client, phase.endpoints.values().next()) {
        (Some(client), _) if !client.versions.iter().any(|version| version.is_legacy()) => spelled(&client.certificate),
        (None, Some(endpoint)) if !endpoint.versions.iter().any(|version| version.is_legacy()) => {
            spelled(&endpoint.certificate)
        }
        _ => None,
    }?;
    Some(match word.as_str() {
        "none" => "none",
        "other-ca" | "unknown-ca" => "unknown",
        "look-alike-ca" => "look-alike",
        "self-signed" => "self-signed",
        "expired" => "expired",
        "not-yet-valid" => "not-yet-valid",
        "wrong-eku" => "purpose",
        "wrong-host" | "wrong-san" => "host",
        "trusted" => "trusted",
        _ => return None,
    })
}

/// The phase of a connection.
pub(super) fn phase_of<'a>(header: &'a Header, connection: &Connection) -> Option<&'a Phase> {
    let id = connection.phase?;
    header.script.phases.iter().find(|phase| phase.id == id)
}

/// A word of the plan, as scenario files spell it.
fn spelled(word: &impl serde::Serialize) -> Option<String> {
    serde_json::to_value(word).ok()?.as_str().map(str::to_owned)
}
