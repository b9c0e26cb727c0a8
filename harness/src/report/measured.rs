//! What the logs measure beside the verdicts: TLS versions that were spoken, and for how long an address was kept after
//! it had changed. Numbers for the reader; no verdict hangs on them.

use std::collections::{BTreeMap, BTreeSet};

use mock_thales::observe::{Answer, Event, Fact, Log, Role, TlsVersion, connections};
use serde::Serialize;

use crate::model::{Check, EndpointName, Expectation, Header, ScenarioId, Side};

/// What was measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Measured {
    /// TLS versions by part of the integration.
    pub versions: Vec<Versions>,
    /// How long an old address was kept, one entry a change.
    pub address_changes: Vec<AddressChange>,
}

/// TLS versions that a part spoke.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Versions {
    /// The caller or receiver.
    pub integration: String,
    /// Which of both it is.
    pub side: Side,
    /// Versions that its ClientHello offered; of a receiver nothing.
    pub offered: Vec<String>,
    /// Versions over which application data came from it.
    pub completed: Vec<String>,
}

/// One change of address, and how long the old one was still used. Times are milliseconds after the change.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AddressChange {
    /// The scenario.
    pub scenario: ScenarioId,
    /// The caller.
    pub integration: String,
    /// Time to live of the answers, in seconds.
    pub ttl_s: u32,
    /// Least time between two calls: how fine the measurement is.
    pub every_ms: u64,
    /// Number of the fact that is the change.
    pub fact: u64,
    /// Connections to another address than the new one after the change.
    pub to_old: usize,
    /// The old address refuses connections from then on: none of them could be seen.
    pub old_refuses: bool,
    /// The last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_old_ms: Option<u64>,
    /// The first question whose answer named the new address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_ms: Option<u64>,
    /// The first connection to the new address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_new_ms: Option<u64>,
}

impl Measured {
    /// Reads logs.
    pub fn of<'a>(logs: impl Iterator<Item = &'a Log<Header>>) -> Self {
        let mut versions: BTreeMap<(Side, String), (BTreeSet<TlsVersion>, BTreeSet<TlsVersion>)> = BTreeMap::new();
        let mut address_changes = Vec::new();
        for log in logs {
            let script = &log.header.script;
            let (offered, completed) = versions.entry((script.side, script.subject.clone())).or_default();
            for connection in connections(&log.facts) {
                if connection.role == Role::Server
                    && let Some(hello) = &connection.hello
                {
                    let known = [TlsVersion::V1_0, TlsVersion::V1_1, TlsVersion::V1_2, TlsVersion::V1_3];
                    offered.extend(known.into_iter().filter(|version| hello.what.offers(*version)));
                }
                if let (Some(handshake), Some(_)) = (&connection.handshake, &connection.data) {
                    completed.insert(handshake.what.version);
                }
            }
            let moves = script.expectations.iter().filter_map(|expectation| match &expectation.check {
                Check::Moves(wanted) => Some((expectation, wanted)),
                _ => None,
            });
            address_changes.extend(moves.filter_map(|(expectation, wanted)| change(log, expectation, wanted)));
        }
        let words = |versions: BTreeSet<TlsVersion>| versions.iter().map(ToString::to_string).collect();
        let versions = versions.into_iter().map(|((side, integration), (offered, completed))| Versions {
            integration,
            side,
            offered: words(offered),
            completed: words(completed),
        });
        Self { versions: versions.collect(), address_changes }
    }
}

fn change(log: &Log<Header>, expectation: &Expectation, wanted: &EndpointName) -> Option<AddressChange> {
    let script = &log.header.script;
    let phase = *expectation.phases.first()?;
    let every_ms = script.phases.iter().find(|known| known.id == phase)?.every_ms;
    let new = *script.endpoints.get(wanted)?;
    let (changed, ttl_s) = log.facts.iter().find_map(|fact| match fact.event {
        Event::ZoneChanged { ttl_s, .. } if fact.phase == Some(phase) => Some((fact, ttl_s)),
        _ => None,
    })?;
    let after_ms = |fact: &Fact| fact.at_us.saturating_sub(changed.at_us) / 1000;
    let later = || log.facts.iter().filter(|fact| fact.seq > changed.seq);
    let dialled = |fact: &&Fact| match fact.event {
        Event::Accepted { local, .. } => Some(local.ip() == new),
        _ => None,
    };
    let old: Vec<_> = later().filter(|fact| dialled(fact) == Some(false)).collect();
    let asked = later().find(|fact| match &fact.event {
        Event::Asked(question) => {
            matches!(&question.answer, Answer::Addresses { addresses, .. } if addresses.contains(&new))
        }
        _ => false,
    });
    Some(AddressChange {
        scenario: script.scenario.clone(),
        integration: script.subject.clone(),
        ttl_s,
        every_ms,
        fact: changed.seq,
        to_old: old.len(),
        old_refuses: later().any(|fact| matches!(&fact.event, Event::Died { how, .. } if how == "refused")),
        last_old_ms: old.last().map(|fact| after_ms(fact)),
        asked_ms: asked.map(after_ms),
        first_new_ms: later().find(|fact| dialled(fact) == Some(true)).map(after_ms),
    })
}
