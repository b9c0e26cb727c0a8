//! A scenario as its file says it: the words, before their cross-references are checked.
//!
//! No `flatten`, no internal tags: they would lose the line and the column.

use std::collections::BTreeMap;
use std::net::IpAddr;

use mock_thales::observe::TlsVersion;
use mock_thales::plan::{
    Alpn, AskClient, AuthorityList, ChainShape, ClientCertificate, Credentials, Endorsed, KeyKind, Refusal,
    ServerCertificate, ZoneMode,
};
use serde::Deserialize;
use toml::Spanned;

use crate::model::{
    AnchorAspect, ApartAspect, CertificateAspect, ChainAspect, Dead, EndpointName, Ends, Millis, OAuthAspect, Renews,
    ScenarioId, Side, StoreAspect, Topic,
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ScenarioFile {
    pub(super) id: Spanned<ScenarioId>,
    pub(super) title: String,
    #[serde(default)]
    pub(super) about: String,
    pub(super) role: Spanned<Side>,
    #[serde(default)]
    pub(super) verifies: Option<Spanned<Topic>>,
    #[serde(default)]
    pub(super) endpoint: Option<Spanned<EndpointKeys>>,
    #[serde(default)]
    pub(super) client: Option<Spanned<ClientKeys>>,
    #[serde(default)]
    pub(super) endpoints: BTreeMap<EndpointName, NamedEndpoint>,
    #[serde(default)]
    pub(super) zone: Option<Spanned<ZoneKeys>>,
    #[serde(default)]
    pub(super) refuse: Vec<Spanned<RowKeys>>,
    #[serde(default)]
    pub(super) accept: Vec<Spanned<RowKeys>>,
    #[serde(default)]
    pub(super) row: Vec<Spanned<RowKeys>>,
    #[serde(default)]
    pub(super) step: Vec<Spanned<StepKeys>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct EndpointKeys {
    #[serde(default)]
    pub(super) versions: Option<Vec<TlsVersion>>,
    #[serde(default)]
    pub(super) leaf: Option<KeyKind>,
    #[serde(default)]
    pub(super) certificate: Option<ServerCertificate>,
    #[serde(default)]
    pub(super) client_certificate: Option<AskClient>,
    #[serde(default)]
    pub(super) ca_list: Option<AuthorityList>,
    #[serde(default)]
    pub(super) keep_alive: Option<bool>,
    #[serde(default)]
    pub(super) idle_close: Option<Millis>,
    #[serde(default)]
    pub(super) chain: Option<ChainShape>,
    #[serde(default)]
    pub(super) tickets: Option<bool>,
    #[serde(default)]
    pub(super) alpn: Option<Alpn>,
    #[serde(default)]
    pub(super) token_lifetime: Option<Spanned<Millis>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ClientKeys {
    #[serde(default)]
    pub(super) versions: Option<Vec<TlsVersion>>,
    #[serde(default)]
    pub(super) certificate: Option<ClientCertificate>,
    #[serde(default)]
    pub(super) source: Option<IpAddr>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct NamedEndpoint {
    pub(super) address: Spanned<IpAddr>,
    #[serde(default)]
    pub(super) keep_alive: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ZoneKeys {
    #[serde(default)]
    pub(super) ttl: Option<Spanned<Millis>>,
    #[serde(default)]
    pub(super) answer: Option<Vec<Spanned<EndpointName>>>,
    #[serde(default)]
    pub(super) mode: Option<ZoneMode>,
    #[serde(default)]
    pub(super) subdomain: Option<String>,
}

/// Keys of a row: exactly one difference, and what is expected of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RowKeys {
    #[serde(default)]
    pub(super) versions: Option<Vec<TlsVersion>>,
    #[serde(default)]
    pub(super) leaf: Option<KeyKind>,
    /// A word of the endpoint's or of the client's certificates, by the scenario's role.
    #[serde(default)]
    pub(super) certificate: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) ca_list: Option<AuthorityList>,
    #[serde(default)]
    pub(super) refuses: Option<Refusal>,
    #[serde(default)]
    pub(super) sentinel: Option<bool>,
    #[serde(default)]
    pub(super) source: Option<IpAddr>,
    #[serde(default)]
    pub(super) credentials: Option<Credentials>,
    #[serde(default)]
    pub(super) verifies: Option<Spanned<Topic>>,
    #[serde(default)]
    pub(super) means: Option<String>,
    #[serde(default)]
    pub(super) any_of: Option<String>,
    #[serde(default)]
    pub(super) expect: Option<ExpectKeys>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct StepKeys {
    #[serde(default)]
    pub(super) change: Option<ChangeKeys>,
    #[serde(default)]
    pub(super) traffic: Option<TrafficKeys>,
    #[serde(default)]
    pub(super) verifies: Option<Spanned<Topic>>,
    #[serde(default)]
    pub(super) means: Option<String>,
    #[serde(default)]
    pub(super) expect: ExpectKeys,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ChangeKeys {
    #[serde(default)]
    pub(super) answer: Option<Vec<Spanned<EndpointName>>>,
    #[serde(default)]
    pub(super) ttl: Option<Spanned<Millis>>,
    #[serde(default)]
    pub(super) mode: Option<ZoneMode>,
    #[serde(default)]
    pub(super) drain: Vec<Spanned<EndpointName>>,
    #[serde(default)]
    pub(super) dead: Option<DeadKeys>,
    #[serde(default)]
    pub(super) endorses: Option<Endorsed>,
    #[serde(default)]
    pub(super) renewal: Option<Nothing>,
    #[serde(default)]
    pub(super) forgets_tokens: bool,
    #[serde(default)]
    pub(super) answers_status: Option<Spanned<Vec<u16>>>,
    #[serde(default)]
    pub(super) extras: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct DeadKeys {
    pub(super) endpoint: Spanned<EndpointName>,
    pub(super) how: Dead,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TrafficKeys {
    #[serde(default)]
    pub(super) every: Option<Millis>,
    #[serde(default)]
    pub(super) calls: Option<u32>,
    #[serde(default, rename = "for")]
    pub(super) lasts: Option<Millis>,
}

/// All of the checks that are present have to hold.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ExpectKeys {
    #[serde(default)]
    pub(super) client_certificate: Option<CertificateAspect>,
    #[serde(default)]
    pub(super) addressed: Option<Nothing>,
    #[serde(default)]
    pub(super) asks_first: Option<Nothing>,
    #[serde(default)]
    pub(super) reaches: Option<EndpointKey>,
    #[serde(default)]
    pub(super) moves: Option<Target>,
    #[serde(default)]
    pub(super) leaves: Option<EndpointKey>,
    #[serde(default)]
    pub(super) recovers: Option<Nothing>,
    #[serde(default)]
    pub(super) ends: Option<Ends>,
    #[serde(default)]
    pub(super) renews: Option<Renews>,
    #[serde(default)]
    pub(super) notices_sentinel: Option<Nothing>,
    #[serde(default)]
    pub(super) server_chain: Option<ChainAspect>,
    #[serde(default)]
    pub(super) port: Option<Vec<u16>>,
    #[serde(default)]
    pub(super) names_only_client_ca: Option<Nothing>,
    #[serde(default)]
    pub(super) keeps_environment: Option<Nothing>,
    #[serde(default)]
    pub(super) environments_apart: Option<ApartAspect>,
    #[serde(default)]
    pub(super) client_request: Option<CertificateAspect>,
    #[serde(default)]
    pub(super) renewal_request: Option<Nothing>,
    #[serde(default)]
    pub(super) store: Option<StoreAspect>,
    #[serde(default)]
    pub(super) server_anchor: Option<AnchorAspect>,
    #[serde(default)]
    pub(super) server_chain_kept: Option<Nothing>,
    #[serde(default)]
    pub(super) oauth: Option<OAuthAspect>,
    #[serde(default)]
    pub(super) field: Option<String>,
    #[serde(default)]
    pub(super) payload: Option<Nothing>,
    #[serde(default)]
    pub(super) grants_token: Option<Nothing>,
    #[serde(default)]
    pub(super) repeats: Option<bool>,
    #[serde(default)]
    pub(super) asks: Option<String>,
}

/// A check without parameters, written `{}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndpointKey {
    pub(super) endpoint: Spanned<EndpointName>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Target {
    pub(super) to: Spanned<EndpointName>,
}
