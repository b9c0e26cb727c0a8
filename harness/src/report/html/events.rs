//! A log as a reader follows it: who turned to whom, when, in words. What the integration printed or said stands here as
//! a digest only; bodies, paths and header fields do not stand here at all.

use std::collections::BTreeMap;

use mock_thales::observe::{
    Actor, Answer, Claim, ConnectionId, End, Event as Seen, Fact, Log, PhaseId, Question, TlsVersion,
};
use mock_thales::pki::CertificateFacts;
use sha2::{Digest as _, Sha256};

use super::super::words;
use crate::model::{Header, Side};

/// Events of one scenario; the others stand in the log.
const MOST: usize = 220;

/// How late the harness has to be for the picture to say so.
const WORTH_SAYING_US: u64 = 500_000;

/// What happened.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Who took part, from left to right.
    pub(super) lanes: Vec<String>,
    /// In their order.
    pub(super) events: Vec<Event>,
    /// For how long answers held: beginning and end in microseconds.
    pub(super) lives: Vec<(u64, u64)>,
    /// Events that have no place.
    pub(super) left_out: usize,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) at_us: u64,
    pub(super) seq: u64,
    pub(super) kind: Kind,
    /// Lanes by number; the same one twice for what happened in one place.
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) what: String,
}

/// What sort of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A phase begins.
    Phase,
    /// The world changes: an address, a time to live, a death.
    Change,
    Call,
    Dns,
    Tcp,
    Tls,
    Http,
    /// Somebody refused or broke off.
    Refusal,
    Note,
}

impl Told {
    /// The names of both ends.
    pub(super) fn ends(&self, event: &Event) -> (&str, &str) {
        let name = |lane: usize| self.lanes.get(lane).map_or("", String::as_str);
        match event.kind {
            Kind::Phase | Kind::Change => ("", ""),
            _ => (name(event.from), if event.from == event.to { "" } else { name(event.to) }),
        }
    }
}

/// Reads a log.
pub(super) fn of(log: &Log<Header>) -> Told {
    let lanes = Lanes::of(log);
    let mut told = Told { lanes: lanes.names.clone(), ..Told::default() };
    let mut dialled: BTreeMap<ConnectionId, usize> = BTreeMap::new();
    let mut chunks: Vec<Chunk> = Vec::new();
    for fact in &log.facts {
        if let Seen::ZoneChanged { ttl_s, .. } = fact.event {
            told.lives.push((fact.at_us, fact.at_us + u64::from(ttl_s) * 1_000_000));
        }
        if let (Seen::Accepted { .. } | Seen::Dialled { .. }, Some(id)) = (&fact.event, fact.connection) {
            dialled.insert(id, lanes.of_actor(&fact.actor));
        }
        let Some(event) = event(fact, &lanes, &dialled) else { continue };
        let begins = matches!(fact.event, Seen::CallBegan { .. } | Seen::Dialled { .. })
            || matches!(event.kind, Kind::Phase | Kind::Change);
        match chunks.last_mut() {
            Some(chunk) if !begins => chunk.events.push(event),
            _ => chunks.push(Chunk { phase: fact.phase, events: vec![event], alike: 0, last: (0, 0) }),
        }
    }
    for chunk in fold(chunks) {
        told.events.extend(chunk.events);
        if chunk.alike > 0 {
            let (at_us, seq) = chunk.last;
            let what = format!("{} more alike, the last at {}", chunk.alike, words::seconds(at_us / 1000));
            told.events.push(Event { at_us, seq, kind: Kind::Note, from: RUNNER, to: RUNNER, what });
        }
    }
    told.left_out = told.events.len().saturating_sub(MOST);
    told.events.truncate(MOST);
    told
}

/// A call with all that it did, and how many like it followed.
struct Chunk {
    phase: Option<PhaseId>,
    events: Vec<Event>,
    alike: usize,
    /// Time and number of the last one's beginning.
    last: (u64, u64),
}

impl Chunk {
    /// What makes two chunks alike: everything but times and numbers. Two look-ups side by side have no order.
    fn likeness(&self) -> Vec<(usize, usize, &str)> {
        let without_number = |event: &Event| -> usize {
            if event.kind == Kind::Call { event.what.find(": ").unwrap_or(event.what.len()) } else { 0 }
        };
        let events = self.events.iter();
        let mut likeness: Vec<_> =
            events.map(|event| (event.from, event.to, &event.what[without_number(event)..])).collect();
        likeness.sort_unstable();
        likeness
    }
}

fn fold(chunks: Vec<Chunk>) -> Vec<Chunk> {
    let mut folded: Vec<Chunk> = Vec::new();
    for chunk in chunks {
        match folded.last_mut() {
            Some(last)
                if last.phase == chunk.phase && chunk.events.len() > 1 && last.likeness() == chunk.likeness() =>
            {
                last.alike += 1;
                last.last = chunk.events.first().map_or(last.last, |event| (event.at_us, event.seq));
            }
            _ => folded.push(chunk),
        }
    }
    folded
}

/// Who takes part.
struct Lanes {
    names: Vec<String>,
    integration: usize,
}

const RUNNER: usize = 0;
pub(super) const DNS: &str = "DNS";
const CLIENT: &str = "Thales' client";
const ELSEWHERE: &str = "other address";

impl Lanes {
    fn of(log: &Log<Header>) -> Self {
        let script = &log.header.script;
        let took_part = |wanted: &Actor| log.facts.iter().any(|fact| fact.actor == *wanted);
        let mut names = vec!["runner".to_owned()];
        if script.side == Side::Receiver || took_part(&Actor::Client) {
            names.push(CLIENT.to_owned());
        }
        let integration = names.len();
        names.push(script.subject.clone());
        let has_zone = log.facts.iter().any(|fact| matches!(fact.event, Seen::ZoneChanged { .. }));
        if has_zone || took_part(&Actor::Dns) {
            names.push(DNS.to_owned());
        }
        for fact in &log.facts {
            if let Actor::Endpoint(name) = &fact.actor {
                let name = endpoint(name);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        if took_part(&Actor::Unpublished) {
            names.push(ELSEWHERE.to_owned());
        }
        Self { names, integration }
    }

    fn of_actor(&self, actor: &Actor) -> usize {
        let named = |name: &str| self.names.iter().rposition(|known| known == name).unwrap_or(RUNNER);
        match actor {
            Actor::Runner => RUNNER,
            Actor::Endpoint(name) => named(&endpoint(name)),
            Actor::Unpublished => named(ELSEWHERE),
            Actor::Client => named(CLIENT),
            Actor::Dns => named(DNS),
            Actor::Integration(_) => self.integration,
        }
    }
}

fn endpoint(name: &str) -> String {
    format!("endpoint {name}")
}

/// `None` for what says nothing beside its neighbours.
fn event(fact: &Fact, lanes: &Lanes, dialled: &BTreeMap<ConnectionId, usize>) -> Option<Event> {
    let here = lanes.of_actor(&fact.actor);
    let them = lanes.integration;
    // Of a connection: Thales' side of it.
    let ours = fact.connection.and_then(|id| dialled.get(&id).copied()).unwrap_or(here);
    let (kind, from, to, what) = match &fact.event {
        Seen::PhaseBegan { name } => (Kind::Phase, RUNNER, RUNNER, name.clone()),
        Seen::PhaseEnded | Seen::Data { .. } | Seen::Greeted | Seen::Dismissed | Seen::RequestSent => return None,
        Seen::Lagged { by_us } if *by_us < WORTH_SAYING_US => return None,
        Seen::CallBegan { call } => (Kind::Call, RUNNER, them, format!("call {}", call.0)),
        Seen::CallEnded { call, claim, .. } => {
            (Kind::Call, them, RUNNER, format!("call {} ended: {}", call.0, said(claim)))
        }
        Seen::DeadlinePassed { wait } => (Kind::Refusal, here, here, format!("deadline passed: {wait}")),
        Seen::Lagged { by_us } => {
            (Kind::Note, here, here, format!("the harness itself was {} late", words::seconds(by_us / 1000)))
        }
        Seen::ZoneChanged { addresses, ttl_s, mode } => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            let mode = if mode == "normal" { String::new() } else { format!(", {mode}") };
            let what = format!("the address is now {}, TTL {ttl_s} s{mode}", addresses.join(", "));
            (Kind::Change, RUNNER, RUNNER, what)
        }
        Seen::Draining { endpoint: name } => {
            (Kind::Change, RUNNER, RUNNER, format!("from now on every answer of endpoint {name} closes its connection"))
        }
        Seen::Died { endpoint: name, how } => (Kind::Change, RUNNER, RUNNER, format!("endpoint {name} died: {how}")),
        Seen::FilesRenewed { assets } => {
            (Kind::Change, RUNNER, them, format!("its files are the renewed ones: {}", assets.join(", ")))
        }
        Seen::ToldOfRenewal { how, failed } => {
            let failed = failed.as_ref().map_or_else(String::new, |why| format!(", in vain: {}", digest(why)));
            (Kind::Change, RUNNER, them, format!("told of its renewed certificate by {how}{failed}"))
        }
        Seen::TokensForgotten => (Kind::Change, RUNNER, RUNNER, "no access token is known any more".to_owned()),
        Seen::FileShown(file) => (Kind::Note, them, RUNNER, format!("{} of {}", file.what, file.environment)),
        Seen::Listening { addresses } => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            (Kind::Note, here, here, format!("listens on {}", addresses.join(", ")))
        }
        Seen::Exited { code, signal } => {
            let how = match (code, signal) {
                (Some(code), _) => format!("with code {code}"),
                (None, Some(signal)) => format!("by signal {signal}"),
                (None, None) => "somehow".to_owned(),
            };
            (Kind::Note, here, here, format!("ended {how}"))
        }
        Seen::ServiceFailed { service, why } => (Kind::Refusal, here, here, format!("service {service} {why}")),
        Seen::ServiceStartedAnew { service, why } => {
            (Kind::Change, here, here, format!("service {service} was started anew: {why}"))
        }
        Seen::Output { stream, text, .. } => (Kind::Note, here, here, format!("{stream}: {}", digest(text))),
        Seen::Forwarded { name, port, failed: None } => {
            (Kind::Note, them, RUNNER, format!("connects to {name}:{port} beside Thales"))
        }
        Seen::Forwarded { name, port, failed: Some(why) } => {
            (Kind::Note, them, RUNNER, format!("connects to {name}:{port} beside Thales, which fails: {why}"))
        }
        Seen::WentNowhere { to } => (Kind::Note, them, RUNNER, format!("connects to {to}, where nobody is")),
        Seen::Probed { faults } if faults.is_empty() => return None,
        Seen::Probed { faults } => (Kind::Note, here, here, format!("the driver {}", faults.join("; "))),
        Seen::StrayLine { text } => (Kind::Note, here, here, format!("a line that is no answer: {}", digest(text))),
        Seen::Accepted { local, .. } => (Kind::Tcp, them, here, format!("connects to {local}")),
        Seen::DialRefused { local, .. } => (Kind::Refusal, them, here, format!("connects to {local}, which refuses")),
        Seen::Dialled { remote, source, plan } => {
            let source = source.map_or_else(String::new, |source| format!(" from {source}"));
            (Kind::Tcp, here, them, format!("connects to {remote}{source}: {plan}"))
        }
        Seen::DialFailed { error } => (Kind::Refusal, them, ours, format!("no TCP connection: {error}")),
        Seen::ClientHello(hello) => {
            let known = [TlsVersion::V1_0, TlsVersion::V1_1, TlsVersion::V1_2, TlsVersion::V1_3];
            let offered: Vec<_> =
                known.into_iter().filter(|version| hello.offers(*version)).map(|version| version.to_string()).collect();
            let name = hello.sni.as_deref().unwrap_or("no name");
            (Kind::Tls, them, ours, format!("ClientHello for {name}: {}", offered.join(", ")))
        }
        Seen::NoHello { why } => (Kind::Refusal, them, ours, format!("no ClientHello: {why}")),
        Seen::FirstFlight { version, forced } => {
            let forced = if *forced { "ServerHello alone, made by hand" } else { "first flight" };
            (Kind::Tls, ours, them, format!("{forced}, {version}"))
        }
        Seen::HandshakeDone(handshake) => {
            let alpn = handshake.alpn.as_ref().map_or_else(String::new, |alpn| format!(", {alpn}"));
            (Kind::Tls, them, ours, format!("handshake done, {}{alpn}", handshake.version))
        }
        Seen::PeerCertificate { chain, proved } => {
            let leaf = match chain.first() {
                None => "no certificate".to_owned(),
                Some(leaf) => match CertificateFacts::read(leaf) {
                    Ok(facts) => {
                        let names = facts.common_names.iter().map(|name| String::from_utf8_lossy(name));
                        let name = names.collect::<Vec<_>>().join(", ");
                        format!("certificate of {name}, SHA-256 {}…", &facts.sha256[..16])
                    }
                    Err(error) => format!("a certificate that cannot be read: {error}"),
                },
            };
            let proved = if *proved == Some(false) { ", key not proven" } else { "" };
            (Kind::Tls, them, ours, format!("{leaf}{proved}"))
        }
        Seen::CertificateRequested { authorities } => {
            (Kind::Tls, them, ours, format!("asks for a certificate; authorities named: {}", authorities.len()))
        }
        Seen::AlertReceived { code } => (Kind::Refusal, them, ours, format!("alert {code}")),
        Seen::AlertSent { code } => (Kind::Refusal, ours, them, format!("alert {code}")),
        Seen::LocalError { error } => (Kind::Refusal, ours, ours, format!("gave up: {error}")),
        Seen::Request(head) => (Kind::Http, them, ours, format!("HTTP {}", head.method)),
        Seen::Marked(_) | Seen::BodyRead(_) => return None,
        Seen::TokenAsked(_) => (Kind::Http, them, ours, "asks for an access token".to_owned()),
        Seen::TokenFetched(fetch) => {
            let what =
                fetch.fault.as_ref().map_or_else(|| "an access token".to_owned(), |why| format!("no token: {why}"));
            (Kind::Http, them, here, what)
        }
        Seen::Answered { status } => (Kind::Http, ours, them, format!("HTTP {status}")),
        Seen::Response { status, page } => {
            let page = if page.is_some() { ", a refusal page" } else { "" };
            (Kind::Http, them, ours, format!("HTTP {status}{page}"))
        }
        Seen::Ended(end) => match end {
            End::CloseNotify => (Kind::Tcp, them, ours, "closes (close_notify)".to_owned()),
            End::Fin => (Kind::Tcp, them, ours, "closes (TCP alone)".to_owned()),
            End::Reset => (Kind::Refusal, them, ours, "resets the connection".to_owned()),
            End::Local => (Kind::Tcp, ours, them, "closes".to_owned()),
            End::Deadline => (Kind::Refusal, ours, ours, "nothing came until the deadline".to_owned()),
        },
        Seen::Asked(question) => (Kind::Dns, them, here, asked(question)),
    };
    Some(Event { at_us: fact.at_us, seq: fact.seq, kind, from, to, what })
}

fn asked(question: &Question) -> String {
    let answer = match &question.answer {
        Answer::Addresses { addresses, .. } if addresses.is_empty() => "none of that type".to_owned(),
        Answer::Addresses { addresses, ttl_s, alias } => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            let alias = alias.as_ref().map_or_else(String::new, |alias| format!("{alias} "));
            format!("{alias}{}, TTL {ttl_s} s", addresses.join(", "))
        }
        Answer::NoSuchName => "no such name".to_owned(),
        Answer::Failure => "SERVFAIL".to_owned(),
        Answer::Silence => "no answer".to_owned(),
    };
    format!("{} {}? {answer}", question.kind, question.name)
}

/// What the integration says of a call; its own words as a digest.
fn said(claim: &Claim) -> String {
    match claim {
        Claim::Completed { status: Some(status) } => format!("it says completed, {status}"),
        Claim::Completed { status: None } => "it says completed".to_owned(),
        Claim::Failed { error } => format!("it says failed; {}", digest(error)),
        Claim::Unsupported => "it cannot do that".to_owned(),
        Claim::TimedOut => "not by its deadline".to_owned(),
    }
}

fn digest(text: &str) -> String {
    let sha256: String = Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{} bytes of its own words, SHA-256 {sha256}…", text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(number: u32, at_us: u64, ended: &str) -> Chunk {
        let event = |at_us, kind, what: String| Event { at_us, seq: u64::from(number), kind, from: 0, to: 1, what };
        let events = vec![
            event(at_us, Kind::Call, format!("call {number}")),
            event(at_us, Kind::Tcp, "connects".to_owned()),
            event(at_us, Kind::Call, format!("call {number} ended: {ended}")),
        ];
        Chunk { phase: Some(PhaseId(0)), events, alike: 0, last: (0, 0) }
    }

    #[test]
    fn calls_alike_are_one_and_the_last_of_them_keeps_its_time() {
        let folded = fold(vec![call(1, 10, "it says completed"), call(2, 20, "it says completed")]);
        assert_eq!(folded.iter().map(|chunk| (chunk.alike, chunk.last)).collect::<Vec<_>>(), [(1, (20, 2))]);
        // Another end is another call, whatever its number.
        assert_eq!(fold(vec![call(1, 10, "it says completed"), call(2, 20, "it says failed")]).len(), 2);
    }

    #[test]
    fn its_own_words_are_a_digest() {
        let said = said(&Claim::Failed { error: "token 4711".to_owned() });
        assert!(!said.contains("4711") && said.contains("10 bytes"), "{said}");
    }
}
