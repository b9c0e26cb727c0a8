//! The history of a standing counterpart, seen from one side each: questions, connections, certificates, requests, facts.

use std::collections::BTreeMap;

use mock_thales::observe::{Actor, CertificateDer, ConnectionId, Event, Fact};
use mock_thales::pki::{CertificateFacts, certificates_pem};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The sides that can be asked for.
pub(super) const KINDS: [&str; 5] = ["questions", "connections", "certificates", "requests", "facts"];

/// What was seen after a mark, from one of the [`KINDS`].
pub(super) fn items(kind: &str, facts: &[Fact], since: u64) -> Vec<Value> {
    let new = facts.iter().filter(|fact| fact.seq > since);
    match kind {
        "facts" => new.map(|fact| json!(fact)).collect(),
        "questions" => new.filter_map(question).collect(),
        "requests" => new.filter_map(|fact| request(fact, facts)).collect(),
        "certificates" => new.filter_map(certificate).collect(),
        _ => connections(facts, since),
    }
}

fn head(fact: &Fact) -> Map<String, Value> {
    let mut item = Map::new();
    item.insert("seq".to_owned(), json!(fact.seq));
    item.insert("at-us".to_owned(), json!(fact.at_us));
    if let Some(connection) = fact.connection {
        item.insert("connection".to_owned(), json!(connection));
    }
    item
}

fn with(fact: &Fact, members: Value) -> Value {
    let mut item = head(fact);
    if let Value::Object(members) = members {
        item.extend(members);
    }
    Value::Object(item)
}

fn question(fact: &Fact) -> Option<Value> {
    let Event::Asked(question) = &fact.event else { return None };
    Some(with(fact, json!(question)))
}

/// A request to the endpoint, and how it was answered where it was.
fn request(fact: &Fact, facts: &[Fact]) -> Option<Value> {
    let Event::Request(head) = &fact.event else { return None };
    let later = facts.iter().filter(|later| later.seq > fact.seq && later.connection == fact.connection);
    let mut item = with(fact, json!(head));
    for later in later {
        match &later.event {
            Event::Answered { status } => {
                item["status"] = json!(status);
                break;
            }
            Event::Request(_) => break,
            Event::Marked(marks) => item["marks"] = json!(marks),
            Event::TokenAsked(asked) => item["token"] = json!(asked),
            _ => {}
        }
    }
    Some(item)
}

/// A certificate that the other side showed.
fn certificate(fact: &Fact) -> Option<Value> {
    let Event::PeerCertificate { chain, proved } = &fact.event else { return None };
    let shown_by = if fact.actor == Actor::Client { "receiver" } else { "caller" };
    let chain_read: Vec<_> = chain.iter().map(read).collect();
    let item = json!({ "shown-by": shown_by, "proved": proved, "chain": chain_read, "pem": certificates_pem(chain) });
    Some(with(fact, item))
}

fn read(certificate: &CertificateDer) -> Value {
    let date = |date: OffsetDateTime| date.format(&Rfc3339).unwrap_or_default();
    match CertificateFacts::read(certificate) {
        Ok(facts) => json!({
            "sha256": facts.sha256,
            "subject": facts.subject,
            "issuer": facts.issuer,
            "not-before": date(facts.not_before),
            "not-after": date(facts.not_after),
        }),
        Err(error) => json!({ "unreadable": error.to_string() }),
    }
}

/// Connections of which anything was seen after a mark, each with all that is kept of it.
fn connections(facts: &[Fact], since: u64) -> Vec<Value> {
    let mut found: BTreeMap<ConnectionId, (u64, Value)> = BTreeMap::new();
    for fact in facts {
        let Some(id) = fact.connection else { continue };
        let (last, item) = found.entry(id).or_insert_with(|| {
            let by = if fact.actor == Actor::Client { "thales" } else { "integration" };
            (0, with(fact, json!({ "dialled-by": by, "requests": 0, "ended": null })))
        });
        *last = fact.seq;
        match &fact.event {
            Event::Accepted { local, peer } => {
                item["local"] = json!(local);
                item["peer"] = json!(peer);
            }
            Event::Dialled { remote, .. } => item["peer"] = json!(remote),
            Event::DialFailed { error } | Event::LocalError { error } => item["error"] = json!(error),
            Event::ClientHello(hello) => {
                item["sni"] = json!(hello.sni);
                item["offers"] = json!(hello.supported_versions.clone().unwrap_or_else(|| vec![hello.legacy_version]));
            }
            Event::NoHello { why } => item["error"] = json!(why),
            Event::HandshakeDone(handshake) => {
                item["version"] = json!(handshake.version);
                item["cipher"] = json!(handshake.cipher);
            }
            Event::PeerCertificate { chain, .. } => item["certificate"] = chain.first().map_or(Value::Null, read),
            Event::AlertReceived { code } => item["alert-received"] = json!(code),
            Event::AlertSent { code } => item["alert-sent"] = json!(code),
            Event::Request(_) => item["requests"] = json!(item["requests"].as_u64().unwrap_or(0) + 1),
            Event::Response { status, .. } => item["status"] = json!(status),
            Event::Ended(end) if item["ended"].is_null() => item["ended"] = json!(end),
            _ => {}
        }
    }
    found.into_values().filter(|(last, _)| *last > since).map(|(_, item)| item).collect()
}
