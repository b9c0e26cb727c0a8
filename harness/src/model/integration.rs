//! The integration file: what is tested, how it is driven, what onboarding gave it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{HostPort, Millis, RenewalKeys, RequirementId, ServiceKeys, Trigger};

/// An integration, as its file says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IntegrationFile {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// The profile it integrates with.
    pub profile: String,
    /// The environment that `[portal]`, `[identity]` and `[stores]` are about; the profile's first, if absent.
    #[serde(default)]
    pub environment: Option<String>,
    /// Values that onboarding gave.
    #[serde(default)]
    pub portal: PortalValues,
    /// Its own certificates and keys.
    #[serde(default)]
    pub identity: IdentityFiles,
    /// How it changes over to its renewed certificate.
    #[serde(default)]
    pub renewal: Option<RenewalKeys>,
    /// The same of other environments, by id.
    #[serde(default)]
    pub environments: BTreeMap<String, EnvironmentTables>,
    /// Real stores for checks of files: those of an environment by its id, or one by its asset's name.
    #[serde(default)]
    pub stores: BTreeMap<String, StoreWord>,
    /// Assets bound over the paths that Production uses.
    #[serde(default)]
    pub files: BTreeMap<PathBuf, String>,
    /// Programs that a caller, a receiver or both name.
    #[serde(default, rename = "service")]
    pub services: Vec<ServiceKeys>,
    /// Parts that call Thales.
    #[serde(default, rename = "caller")]
    pub callers: Vec<Caller>,
    /// Parts that Thales calls.
    #[serde(default, rename = "receiver")]
    pub receivers: Vec<Receiver>,
    /// What else the integration needs.
    #[serde(default, rename = "forward")]
    pub forwards: Vec<Forward>,
    /// What the endpoint answers.
    #[serde(default, rename = "answer")]
    pub answers: Vec<AnswerFile>,
    /// What no run can prove.
    #[serde(default)]
    pub declares: BTreeMap<RequirementId, Declaration>,
}

/// Something beside Thales that the integration needs: a database, a vault. A private network leads there and nowhere
/// else.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Forward {
    /// The host name or IPv4 address that the integration calls it by.
    pub name: String,
    /// The port.
    pub port: u16,
    /// Where it is for this machine.
    pub to: HostPort,
}

/// The proxy through which a caller has to go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CallerProxy {
    /// The service that it is.
    pub service: String,
    /// Its port, on 127.0.0.1.
    pub port: u16,
}

/// What another environment has of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EnvironmentTables {
    /// Values that onboarding gave for it.
    #[serde(default)]
    pub portal: PortalValues,
    /// Certificates for it; keys are read only where it is played.
    #[serde(default)]
    pub identity: IdentityFiles,
}

/// An entry of `[stores]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a file, or a table of files by asset for an environment")]
pub enum StoreWord {
    /// A store's file.
    File(PathBuf),
    /// The stores of an environment, by the name of the asset.
    Of(BTreeMap<String, PathBuf>),
}

/// Values that onboarding gave; absent ones are the profile's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PortalValues {
    /// A directory with a portal that lasts, relative to the file: where parts of the integration run already.
    pub dir: Option<PathBuf>,
    /// Customer identifier.
    pub customer_id: Option<String>,
    /// Thales' host.
    pub inbound_host: Option<String>,
    /// Base path of the API.
    pub base_path: Option<String>,
    /// The exact CN of the client certificate.
    pub common_name: Option<String>,
    /// The full form of the CN, where the customer was given one, with `{algorithm}` (`RSA` or `ECDSA`), `{customer-id}`
    /// and `{environment}`.
    pub cn_template: Option<String>,
    /// The receiver's host, with its port: `issuer.acme.example:443`.
    pub issuer_host: Option<HostPort>,
    /// Thales' authority for customers, PEM or DER, where it signed the client certificate; relative to the file. In
    /// Rust its content stands in the identity.
    pub customer_authority: Option<PathBuf>,
    /// The authority of Thales' servers as the portal gave it, PEM or DER; relative to the file. Real stores are
    /// compared with it, and with the published one only without it.
    pub server_authority: Option<PathBuf>,
    /// The authority of Thales' client as the portal gave it, PEM or DER; relative to the file.
    pub client_authority: Option<PathBuf>,
    /// The public key that Thales verifies the caller's assertions with, PEM; relative to the file.
    pub jwt_key: Option<PathBuf>,
}

/// The customer's own certificates and keys; paths are relative to the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IdentityFiles {
    /// Client certificate, PEM.
    pub client_certificate: Option<PathBuf>,
    /// Request for the client certificate, PEM or DER, where Thales' authority signs: in place of the certificate.
    pub client_csr: Option<PathBuf>,
    /// Key of either; absent where the integration holds it itself.
    pub client_key: Option<PathBuf>,
    /// Server chain as handed over, PEM: leaf, intermediates, perhaps the root.
    pub server_chain: Option<PathBuf>,
    /// Key of its leaf; absent where the integration holds it itself.
    pub server_key: Option<PathBuf>,
    /// The request before that one.
    pub previous_csr: Option<PathBuf>,
    /// The client certificate before the present one.
    pub previous_client_certificate: Option<PathBuf>,
    /// The server chain that Thales holds today, where another is about to be served.
    pub previous_server_chain: Option<PathBuf>,
    /// Trust store for a private authority, as handed over to Thales.
    pub trust_store: Option<PathBuf>,
}

/// A part that calls Thales.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Caller {
    /// Its name.
    pub name: String,
    /// A command that is started once a call.
    pub command: Option<Vec<String>>,
    /// A command that is started once a scenario and speaks JSON lines.
    pub stdio: Option<Vec<String>>,
    /// The service that calls.
    pub service: Option<String>,
    /// The proxy that stands beside it, through which it calls.
    pub proxy: Option<CallerProxy>,
    /// What makes the service call.
    pub trigger: Option<Trigger>,
    /// The service calls by itself: a call is its next connection.
    #[serde(default)]
    pub wait: bool,
    /// What the service needs after a failed call until it calls again.
    pub settle: Option<Millis>,
    /// Longest time of a call, and of a driver's start.
    #[serde(default = "default_within")]
    pub within: Millis,
}

/// A part that Thales calls.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Receiver {
    /// Its name.
    pub name: String,
    /// The command that serves.
    pub command: Option<Vec<String>>,
    /// The service that serves.
    pub service: Option<String>,
    /// Where it serves already.
    pub connect: Option<HostPort>,
    /// Longest time until the command listens; 30 s, if absent. A service has its own.
    pub within: Option<Millis>,
    /// The API key that Thales would send with each of them, where the receiver wants one.
    pub api_key: Option<SecretWord>,
    /// How Thales gets the access token that it would send with each of them, where the receiver wants one.
    pub oauth: Option<ReceiverOAuth>,
    /// What Thales would send; at least one.
    #[serde(rename = "request")]
    pub requests: Vec<RequestShape>,
}

/// Where a secret stands. Its value is in no file of the harness's, and is never shown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SecretWord {
    /// In a variable of the harness's environment.
    Env(String),
    /// In a file, relative to the integration file; white space at its end does not count.
    File(PathBuf),
}

/// Client credentials at a receiver's token endpoint (RFC 6749 section 4.4).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReceiverOAuth {
    /// Path of the token endpoint on the receiver's host.
    pub token_path: String,
    /// The identifier that the receiver gave Thales.
    pub client_id: String,
    /// The secret that belongs to it.
    pub client_secret: SecretWord,
    /// The scope that is asked for.
    pub scope: Option<String>,
}

impl Receiver {
    /// Longest time until the command listens.
    pub fn within(&self) -> Millis {
        self.within.unwrap_or_else(default_within)
    }
}

fn default_within() -> Millis {
    Millis(30_000)
}

/// A request that Thales would send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RequestShape {
    /// Method.
    pub method: String,
    /// Path.
    pub path: String,
    /// Further header fields.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Body.
    #[serde(default)]
    pub body: String,
    /// Statuses that a good call is answered with.
    pub status: Vec<u16>,
}

/// What the endpoint answers for a path.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AnswerFile {
    /// The path.
    pub path: String,
    /// The status.
    pub status: u16,
    /// A file with the body, relative to the integration file.
    pub body: Option<PathBuf>,
}

/// What a person declares.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Declaration {
    /// Who says so.
    pub by: String,
    /// Since when: a date.
    pub on: toml::value::Datetime,
    /// On what grounds.
    pub grounds: String,
}
