//! A scenario: what Thales' side does differently, and what the integration is expected to do then.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use mock_thales::observe::TlsVersion;
use mock_thales::plan::{
    Alpn, AskClient, AuthorityList, ChainShape, ClientCertificate, Credentials, Endorsed, KeyKind, Refusal,
    ServerCertificate, ZoneMode,
};
use serde::{Deserialize, Serialize};

use super::script::Side;
use super::{Beside, Check, EndpointName, Millis, ScenarioId, Topic};

/// Where the one endpoint of a scenario lives that names none (RFC 5737, TEST-NET-2).
pub const DEFAULT_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 10));

/// One scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Its id.
    pub id: ScenarioId,
    /// What is expected, in one sentence.
    pub title: String,
    /// Why it matters and how it is played; for `explain`.
    pub about: String,
    /// Which part of the integration it drives.
    pub side: Side,
    /// SHA-256 of the file, in hex.
    pub digest: String,
    /// What is played.
    pub shape: Shape,
    /// What the zone has beyond that, where it is varied.
    pub beside: Beside,
}

impl Scenario {
    /// Whether the caller's certificate is renewed in it.
    pub fn renews(&self) -> bool {
        match &self.shape {
            Shape::Table { .. } => false,
            Shape::Steps { steps, .. } => steps.iter().any(|step| step.change.renewal),
        }
    }
}

/// The two shapes of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A control, and rows that differ from it in one key each.
    Table {
        /// What the scenario verifies, for the conduct of its control.
        verifies: Option<Topic>,
        /// What the control changes of the profile's defaults.
        control: Conduct,
        /// The rows in their order.
        rows: Vec<Row>,
    },
    /// What unfolds in time.
    Steps {
        /// Endpoints with their addresses.
        endpoints: BTreeMap<EndpointName, (IpAddr, EndpointConduct)>,
        /// The zone at the beginning.
        zone: Change,
        /// The steps in their order.
        steps: Vec<Step>,
    },
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Refuse, accept, or checks of its own.
    pub kind: RowKind,
    /// The difference, in words: `versions = 1.1`.
    pub difference: String,
    /// The control with the difference.
    pub conduct: Conduct,
    /// What it verifies.
    pub verifies: Topic,
    /// What a violation usually means.
    pub means: Option<String>,
    /// Rows with the same word are one expectation: one of them suffices.
    pub any_of: Option<String>,
}

/// What a row expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowKind {
    /// The integration refuses.
    Refuse,
    /// The integration accepts.
    Accept,
    /// Checks of its own.
    Expect(Vec<Check>),
}

/// What the counterpart does, in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conduct {
    /// Towards a caller.
    Endpoint(EndpointConduct),
    /// Towards a receiver.
    Client(ClientConduct),
}

/// Conduct of an endpoint; what is `None` is the profile's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointConduct {
    /// Versions that it speaks.
    pub versions: Option<Vec<TlsVersion>>,
    /// Key of its leaf.
    pub leaf: Option<KeyKind>,
    /// The certificate that it shows.
    pub certificate: Option<ServerCertificate>,
    /// Whether it asks for a client certificate.
    pub client_certificate: Option<AskClient>,
    /// Authorities that it names.
    pub ca_list: Option<AuthorityList>,
    /// Refuses the caller.
    pub refuses: Option<Refusal>,
    /// Plays the downgrade sentinel.
    pub sentinel: Option<bool>,
    /// Leaves connections open.
    pub keep_alive: Option<bool>,
    /// Closes what was idle for so long.
    pub idle_close: Option<Millis>,
    /// What it sends with its leaf.
    pub chain: Option<ChainShape>,
    /// Sends session tickets.
    pub tickets: Option<bool>,
    /// Its answer to ALPN.
    pub alpn: Option<Alpn>,
    /// Life of an access token, where the product demands one.
    pub token_lifetime: Option<Millis>,
}

/// Conduct of the client; what is `None` is the profile's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientConduct {
    /// Versions that it offers.
    pub versions: Option<Vec<TlsVersion>>,
    /// The certificate that it shows.
    pub certificate: Option<ClientCertificate>,
    /// Its source address.
    pub source: Option<IpAddr>,
    /// What it says of itself above TLS.
    pub credentials: Option<Credentials>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What changes before its traffic.
    pub change: Change,
    /// The calls.
    pub traffic: Traffic,
    /// What it verifies.
    pub verifies: Option<Topic>,
    /// What is judged.
    pub expect: Vec<Check>,
    /// What a violation usually means.
    pub means: Option<String>,
}

/// A change on Thales' side; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Endpoints whose addresses are answered.
    pub answer: Option<Vec<EndpointName>>,
    /// Time to live.
    pub ttl: Option<Millis>,
    /// How the name server answers.
    pub mode: Option<ZoneMode>,
    /// Makes the host a CNAME of this subdomain.
    pub subdomain: Option<String>,
    /// Endpoints that close each connection after its next answer.
    pub drain: Vec<EndpointName>,
    /// An endpoint that dies.
    pub dead: Option<(EndpointName, Dead)>,
    /// Which of the caller's certificates Thales endorses from now on, and insists on.
    pub endorses: Option<Endorsed>,
    /// The customer's files become those of its renewed certificate, and the integration is told.
    pub renewal: bool,
    /// Knows none of the access tokens that were issued before.
    pub forgets_tokens: bool,
    /// Statuses of the answers to API requests from now on, the last one for all that follow.
    pub answers_status: Option<Vec<u16>>,
    /// Answers carry what nobody has announced.
    pub extras: Option<bool>,
}

/// How a dead endpoint's address behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dead {
    /// Nothing listens: connection refused.
    Refused,
    /// No route: unreachable.
    Unreachable,
}

/// Calls of a step; closed-loop: a call starts when the one before has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Least time between the beginnings of two calls.
    pub every: Option<Millis>,
    /// Number of calls.
    pub calls: Option<u32>,
    /// Time during which calls begin.
    pub lasts: Option<Millis>,
}
