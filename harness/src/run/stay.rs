//! What a scenario leaves to the next one in a world that is kept for the run: a service that has seen addresses, holds
//! access tokens, and perhaps has met Thales. From that follows what is to be waited for before the next one begins.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mock_thales::endpoint::Tokens;
use mock_thales::observe::{Actor, Answer, Connection, Event, Fact, Marks, TokenOutcome, TokenState, connections};

use crate::integration::Berth;
use crate::model::{Check, DEFAULT_ADDRESS, Scenario, Shape, Step};

/// The service of a world and what it carries from one scenario into the next.
#[derive(Default)]
pub(super) struct Stay {
    pub(super) berth: Arc<Berth>,
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
        Arc::new(Self { berth: Arc::new(berth), left: Mutex::default() })
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

/// Whether the facts of a scenario show the service where the scenario wants it: at an endpoint of this scenario, at an
/// address that it was told in it where `asks`, and with a token of this scenario where `has_token`.
pub(super) fn has_arrived(facts: &[Fact], asks: bool, has_token: bool) -> bool {
    let is_told = |connection: &Connection| {
        let before = facts.iter().take_while(|fact| fact.seq < connection.opened.seq);
        !asks || before.flat_map(answered).any(|address| *address == connection.opened.what.ip())
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
