//! What one scenario plays against one integration, with every default filled in. It stands at the head of the log, so
//! that the log can be judged without anything else.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use mock_thales::observe::{CertificateDer, PhaseId};
use mock_thales::plan::{ClientPlan, EndpointPlan};
use serde::{Deserialize, Serialize};

use super::{
    Check, ClientCertificatePolicy, CustomerId, EndpointName, FieldRule, PayloadRule, PublishedAuthority, Requirement,
    ScenarioId, Topic,
};

/// First line of a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Header {
    /// `thales-harness-log/1`.
    pub format: String,
    /// Version of the harness.
    pub harness: String,
    /// Wall clock at the beginning, RFC 3339.
    pub started: String,
    /// Profile, and SHA-256 of its file.
    pub profile: String,
    /// SHA-256 of the profile's file, in hex.
    pub profile_digest: String,
    /// Environment.
    pub environment: String,
    /// SHA-256 of the scenario's file, in hex.
    pub scenario_digest: String,
    /// The network it was played in.
    pub network: Network,
    /// It was played by a portal that lasts, to an integration that may have run before: what it holds of before is its
    /// own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub standing: bool,
    /// Paths of `[files]` at which no asset lay, since the network was shared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unplaced: Vec<PathBuf>,
    /// Name and version of the integration.
    pub integration: (String, String),
    /// Facts about the integration that checks compare with.
    pub context: Context,
    /// What was played.
    pub script: Script,
    /// The requirements that the script's expectations are about.
    pub requirements: Vec<Requirement>,
}

/// The format that this version writes and reads.
pub const LOG_FORMAT: &str = "thales-harness-log/1";

/// The network of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// A network of the scenario's own: the real host name, the real ports.
    Private,
    /// Loopback with explicit addresses.
    Shared,
}

/// What checks compare with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Context {
    /// Thales' host name.
    pub inbound_host: String,
    /// Base path of the API.
    pub base_path: String,
    /// The receiver's host name.
    pub issuer_host: String,
    /// The receiver's port, as handed over.
    pub issuer_port: u16,
    /// The CN that the portal gave, if the integration file says it.
    pub common_name: Option<String>,
    /// The full form of the CN, where the customer was given one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cn_template: Option<String>,
    /// The identifier that Thales gave, if the integration file says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// The form of that identifier.
    pub customer_id_form: CustomerId,
    /// The word of the environment in a CN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// The words of all environments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Thales' authority for customers, where it signs their certificates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customer_authority: Vec<CertificateDer>,
    /// The Thales Client CA that a receiver was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ca: Option<CertificateDer>,
    /// The caller's endorsed certificate.
    pub endorsed: Option<CertificateDer>,
    /// The one that follows it when it is renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed: Option<CertificateDer>,
    /// Chain handed over for the receiver.
    pub server_chain: Vec<CertificateDer>,
    /// Rules for the caller's certificate.
    pub client_certificate: ClientCertificatePolicy,
    /// The profile's environments, the one that is played first, with what onboarding gave for each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<EnvironmentValues>,
    /// Public certificates of the real authority behind Thales' servers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<PublishedAuthority>,
    /// Rules for header fields of the caller's API requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldRule>,
    /// How sensitive parts of the caller's API requests are encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<PayloadRule>,
}

/// One environment, as far as the integration file describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EnvironmentValues {
    /// Its id.
    pub id: String,
    /// Whether the integration file says anything of it.
    pub described: bool,
    /// Thales' host there, as published.
    pub published_host: String,
    /// Base path of the API there, as published.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub published_path: String,
    /// Thales' host there, as onboarding gave it; the published one otherwise.
    pub host: String,
    /// The CN that the portal gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common_name: Option<String>,
    /// The full form of the CN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cn_template: Option<String>,
    /// The identifier that Thales gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// The word of the environment in a CN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// The client certificate there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<CertificateDer>,
}

impl EnvironmentValues {
    /// Whether real payments are made there.
    pub fn is_production(&self) -> bool {
        self.id == "production"
    }
}

/// What is played and what is expected of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Script {
    /// The scenario.
    pub scenario: ScenarioId,
    /// Its title.
    pub title: String,
    /// Which part of the integration it drives.
    pub side: Side,
    /// The caller or receiver that it drives.
    pub subject: String,
    /// Addresses of the endpoints.
    pub endpoints: BTreeMap<EndpointName, IpAddr>,
    /// Statuses with which the receiver answers the calls of a phase well, in the order of the calls: each request goes
    /// to each of its addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<Vec<u16>>,
    /// The phases in the order of play.
    pub phases: Vec<Phase>,
    /// What is judged.
    pub expectations: Vec<Expectation>,
    /// Expectations of the scenario that could not be planned, with the reason.
    pub unplanned: Vec<Unplanned>,
}

/// Which part of the integration a scenario drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The integration calls Thales.
    Caller,
    /// Thales calls the integration.
    Receiver,
    /// Nobody calls: the files that the integration file names are read.
    Files,
}

/// One phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Phase {
    /// Its number.
    pub id: PhaseId,
    /// Its name in words.
    pub name: String,
    /// What it is.
    pub kind: PhaseKind,
    /// Conduct of the endpoints.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoints: BTreeMap<EndpointName, EndpointPlan>,
    /// Conduct of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientPlan>,
    /// Time to live of the zone, in milliseconds.
    pub ttl_ms: u64,
    /// Least time between two calls, in milliseconds.
    pub every_ms: u64,
}

/// What a phase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseKind {
    /// Thales as it ought to be.
    Control,
    /// One difference.
    Row,
    /// A step in time.
    Step,
}

/// One thing that is judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Expectation {
    /// The topic it verifies.
    pub topic: Topic,
    /// Its subject in words: `versions = 1.1`.
    pub subject: String,
    /// How it is judged.
    pub check: Check,
    /// The phases it is about: attempts of a row, a step, a control.
    pub phases: Vec<PhaseId>,
    /// The controls before and after it.
    pub controls: Vec<PhaseId>,
    /// What a violation usually means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<String>,
    /// Its any-of group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any_of: Option<String>,
}

/// An expectation that could not be planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Unplanned {
    /// The topic it would verify.
    pub topic: Topic,
    /// Its subject.
    pub subject: String,
    /// Why not.
    pub why: String,
}
