//! What a scenario leaves to the next one in a world that is kept for the run: a service that has seen addresses, holds
//! access tokens, and perhaps has met Thales. From that follows what is to be waited for before the next one begins.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use mock_thales::endpoint::Tokens;
use mock_thales::observe::{Actor, Answer, Connection, Event, Fact, Marks, TokenOutcome, TokenState, connections};

use super::surroundings::Surroundings;
use crate::integration::Berth;
use crate::model::{Check, DEFAULT_ADDRESS, Scenario, Shape, Step};

/// The service of a world and what it carries from one scenario into the next.
#[derive(Default)]
pub(super) struct Stay {
    pub(super) berth: Arc<Berth>,
    /// What stands around the service for as long as it lives: its connections to a database outlast a scenario.
    surroundings: OnceLock<Arc<Surroundings>>,
    left: Mutex<Left>,
}

/// What earlier scenarios have left, since the service was started.
#[derive(Debug, Clone, Default)]
pub(super) struct Left {
    /// Access tokens that it may still hold.
    pub(super) tokens: Option<Arc<Tokens>>,
    /// The time to live of the last answer that it may still keep, in milliseconds.
    pub(super) ttl_ms: u64,
    /// A connection of it was seen that met Thales.
    pub(super) has_met: bool,
    /// It has asked for an address.
    pub(super) has_asked: bool,
    /// It was given an access token.
    pub(super) has_token: bool,
}

impl Stay {
    pub(super) fn at(berth: Berth) -> Arc<Self> {
        Arc::new(Self { berth: Arc::new(berth), surroundings: OnceLock::new(), left: Mutex::default() })
    }

    /// What stands around the service, from its first scenario on.
    ///
    /// # Errors
    /// What `start` says.
    pub(super) fn surroundings<E>(
        &self,
        start: impl FnOnce() -> Result<Arc<Surroundings>, E>,
    ) -> Result<Arc<Surroundings>, E> {
        match self.surroundings.get() {
            Some(around) => Ok(Arc::clone(around)),
            None => {
                let around = start()?;
                Ok(Arc::clone(self.surroundings.get_or_init(|| around)))
            }
        }
    }

    pub(super) fn left(&self) -> Left {
        self.lock().clone()
    }

    /// Adds what a scenario leaves.
    pub(super) fn leave(&self, facts: &[Fact], tokens: &Arc<Tokens>, ttl_ms: u64) {
        let mut left = self.lock();
        left.tokens = Some(Arc::clone(tokens));
        left.ttl_ms = ttl_ms;
        left.has_met |= connections(facts).iter().any(has_met);
        left.has_asked |= facts.iter().any(|fact| !answered(fact).is_empty());
        left.has_token |= facts.iter().any(|fact| is_issue(&fact.event));
    }

    fn lock(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long before a connection its address may have been told, where the age of an answer matters: a cache that keeps it
/// for too long is found out by how long it goes on, and would seem to end sooner the older the answer is.
const FRESH_US: u64 = 500_000;

/// Whether the facts of a scenario show the service where the scenario wants it: at an endpoint of this scenario, at an
/// address that it was told just then where `asks`, and with a token of this scenario where `has_token`.
pub(super) fn has_arrived(facts: &[Fact], asks: bool, has_token: bool) -> bool {
    let is_told = |connection: &Connection| {
        let since_us = connection.opened.at_us.saturating_sub(FRESH_US);
        let before = facts.iter().take_while(|fact| fact.seq < connection.opened.seq);
        let just_then = before.filter(|fact| fact.at_us >= since_us);
        !asks || just_then.flat_map(answered).any(|address| *address == connection.opened.what.ip())
    };
    let issued = facts.iter().rev().find(|fact| is_issue(&fact.event)).map_or(0, |fact| fact.seq);
    // A connection that ended before any request came has nothing to do with tokens.
    let knows = |connection: &Connection| {
        !has_token || connection.data.is_none() || issued > 0 && connection.marks.iter().any(|mark| is_good(&mark.what))
    };
    connections(facts).iter().any(|connection| {
        is_told(connection)
            && matches!(connection.actor, Actor::Endpoint(_))
            && has_met(connection)
            && (connection.data.is_some() || connection.ended.is_some())
            && knows(connection)
    })
}

fn has_met(connection: &Connection) -> bool {
    connection.first_flight.is_some()
}

/// The addresses with which a question was answered.
fn answered(fact: &Fact) -> &[IpAddr] {
    match &fact.event {
        Event::Asked(question) => match &question.answer {
            Answer::Addresses { addresses, .. } => addresses,
            _ => &[],
        },
        _ => &[],
    }
}

fn is_issue(event: &Event) -> bool {
    matches!(event, Event::TokenAsked(asked) if matches!(asked.outcome, TokenOutcome::Issued { .. }))
}

fn is_good(marks: &Marks) -> bool {
    marks.authorization.as_ref().is_some_and(|authorization| authorization.token == Some(TokenState::Known))
}

/// Whether a scenario is about where the name server leads: a cached address would tell something else.
pub(super) fn is_about_addresses(scenario: &Scenario) -> bool {
    matches!(rank(scenario), Rank::Asking | Rank::Elsewhere | Rank::Moving)
}

/// When a scenario is played in a world that is kept: what leaves something to those after it comes late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Nothing may have been asked before.
    Asking,
    /// Leaves nothing: the name has the address that it has in most scenarios.
    Plain,
    /// The name has another address.
    Elsewhere,
    /// The address changes, dies, or is not told.
    Moving,
    /// The customer's files are others from then on.
    Renewing,
}

pub(super) fn rank(scenario: &Scenario) -> Rank {
    let Shape::Steps { endpoints, zone, steps } = &scenario.shape else { return Rank::Plain };
    if scenario.renews() {
        return Rank::Renewing;
    }
    if steps.iter().any(|step| step.expect.contains(&Check::AsksFirst)) {
        return Rank::Asking;
    }
    let moves = |step: &Step| {
        let change = &step.change;
        change.answer.is_some() || change.ttl.is_some() || change.mode.is_some() || change.dead.is_some()
    };
    if zone.mode.is_some() || zone.subdomain.is_some() || steps.iter().any(moves) {
        return Rank::Moving;
    }
    if endpoints.values().any(|(address, _)| *address != DEFAULT_ADDRESS) {
        return Rank::Elsewhere;
    }
    Rank::Plain
}

#[cfg(test)]
mod tests {
    use mock_thales::observe::{Authorization, BodyForm, End, Question, Recorder, Scheme, TlsVersion, TokenRequest};

    use super::*;
    use crate::load::Library;

    const ADDRESS: &str = "198.51.100.10";

    fn ask(recorder: &Arc<Recorder>, address: &str) {
        let answer = Answer::Addresses { addresses: vec![address.parse().unwrap()], ttl_s: 1, alias: None };
        let question =
            Question { name: "api.example.".to_owned(), kind: "A".to_owned(), protocol: "udp".to_owned(), answer };
        recorder.record(Actor::Dns, Event::Asked(question));
    }

    /// A connection that a caller refuses after the first flight, if there is one.
    fn connect(recorder: &Arc<Recorder>, actor: Actor, has_flight: bool) {
        let connection = recorder.connection(actor);
        let local = format!("{ADDRESS}:443").parse().unwrap();
        connection.record(Event::Accepted { local, peer: "192.0.2.10:50000".parse().unwrap() });
        if has_flight {
            connection.record(Event::FirstFlight { version: TlsVersion::V1_3, forced: false });
        }
        connection.record(Event::Ended(End::Fin));
    }

    fn main() -> Actor {
        Actor::Endpoint("main".to_owned())
    }

    #[test]
    fn arrived_is_who_met_an_endpoint_of_the_scenario() {
        let recorder = Recorder::new();
        connect(&recorder, Actor::Unpublished, false);
        connect(&recorder, main(), false);
        assert!(!has_arrived(&recorder.snapshot(), false, false));
        connect(&recorder, main(), true);
        assert!(has_arrived(&recorder.snapshot(), false, false));
    }

    #[test]
    fn an_address_that_another_scenario_told_is_no_arrival_where_addresses_matter() {
        let recorder = Recorder::new();
        connect(&recorder, main(), true);
        assert!(!has_arrived(&recorder.snapshot(), true, false));
        ask(&recorder, "198.51.100.99");
        connect(&recorder, main(), true);
        assert!(!has_arrived(&recorder.snapshot(), true, false));
        ask(&recorder, ADDRESS);
        assert!(!has_arrived(&recorder.snapshot(), true, false), "asked, and not connected since");
        connect(&recorder, main(), true);
        let mut facts = recorder.snapshot();
        assert!(has_arrived(&facts, true, false));
        // The same with an answer that was kept for a while.
        let connected = facts.iter_mut().rev().take_while(|fact| fact.connection.is_some());
        connected.for_each(|fact| fact.at_us += FRESH_US + 1_000_000);
        assert!(!has_arrived(&facts, true, false));
    }

    /// An API request with a token in that state.
    fn request(recorder: &Arc<Recorder>, state: TokenState) {
        let connection = recorder.connection(main());
        let local = format!("{ADDRESS}:443").parse().unwrap();
        connection.record(Event::Accepted { local, peer: "192.0.2.10:50000".parse().unwrap() });
        connection.record(Event::FirstFlight { version: TlsVersion::V1_3, forced: false });
        connection.record(Event::Data { bytes: 1 });
        let authorization =
            Authorization { scheme: Scheme::Bearer, credentials: true, token: Some(state), digest: None, further: 0 };
        connection.record(Event::Marked(Marks { authorization: Some(authorization), fields: Vec::new() }));
    }

    #[test]
    fn who_held_a_token_arrives_with_another_one() {
        let recorder = Recorder::new();
        request(&recorder, TokenState::Forgotten);
        assert!(!has_arrived(&recorder.snapshot(), false, true));
        let outcome = TokenOutcome::Issued { digest: String::new(), lifetime_s: 900 };
        let (certificate, form) = (true, BodyForm::Json);
        recorder.record(
            main(),
            Event::TokenAsked(TokenRequest { certificate, form, assertion: None, faults: vec![], outcome }),
        );
        assert!(!has_arrived(&recorder.snapshot(), false, true), "issued, and not used yet");
        request(&recorder, TokenState::Known);
        assert!(has_arrived(&recorder.snapshot(), false, true));
        // Refused before any request: its token is not what keeps it away.
        let recorder = Recorder::new();
        connect(&recorder, main(), true);
        assert!(has_arrived(&recorder.snapshot(), false, true));
    }

    #[test]
    fn what_could_poison_others_comes_late() {
        let library = Library::built_in().unwrap();
        let mut order: Vec<_> =
            library.scenarios.iter().map(|scenario| (rank(scenario), scenario.id.to_string())).collect();
        order.sort();
        let place = |id: &str| order.iter().position(|(_, known)| known == id).unwrap();
        assert_eq!(order[0].1, "dns/asks-first");
        assert_eq!(order.last().unwrap().1, "inbound/own-renewal");
        let moving =
            ["address-change", "dead-address", "kept-alive", "recovery", "subdomain-change", "unreachable-address"];
        for id in moving {
            let id = format!("dns/{id}");
            assert!(place("inbound/expired") < place(&id) && place("above/retry") < place(&id), "{id}");
            let scenario = library.scenarios.iter().find(|scenario| scenario.id.to_string() == id).unwrap();
            assert!(is_about_addresses(scenario), "{id}");
        }
        assert!(place("inbound/expired") < place("inbound/address-ranges"));
    }
}
