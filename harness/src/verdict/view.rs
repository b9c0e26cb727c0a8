//! A log as the checks read it: connections by phase, witnesses, controls.

use mock_thales::observe::{
    Actor, Answer, CallReading, Claim, Connection, Ending, Event, Fact, PhaseId, Question, Role, ShownFile,
    TokenOutcome, connections,
};

use super::finding::{Reason, Ruling};
use crate::model::{EndpointName, Expectation, Header, Phase, Side};

/// Alerts that speak of certificates (RFC 8446 section 6.2): 40, 42 to 49, 51, 116.
pub(super) const CERTIFICATE_ALERTS: [u8; 11] = [40, 42, 43, 44, 45, 46, 47, 48, 49, 51, 116];

/// Statuses with which a server refuses a client.
pub(super) const REFUSAL_STATUSES: [u16; 5] = [400, 401, 403, 495, 496];

/// A silent end later than this after a forced ServerHello, which leaves the caller waiting for more, is its own
/// time-out.
const PROMPT_US: u64 = 1_000_000;
/// The same after a whole flight, where the caller has nothing to wait for but the processor. Time-outs of stock
/// proxies begin at 3 s.
const PROMPT_AFTER_FLIGHT_US: u64 = 3_000_000;

pub(super) struct View<'a> {
    pub(super) header: &'a Header,
    pub(super) facts: &'a [Fact],
    pub(super) connections: Vec<Connection>,
    pub(super) calls: Vec<CallReading>,
}

impl<'a> View<'a> {
    pub(super) fn new(header: &'a Header, facts: &'a [Fact]) -> Self {
        Self { header, facts, connections: connections(facts), calls: CallReading::all(facts) }
    }

    pub(super) fn side(&self) -> Side {
        self.header.script.side
    }

    pub(super) fn phase(&self, id: PhaseId) -> Option<&'a Phase> {
        self.header.script.phases.iter().find(|phase| phase.id == id)
    }

    /// The connections of the expectation's own phases.
    pub(super) fn subjects(&self, expectation: &Expectation) -> Vec<&Connection> {
        self.connections
            .iter()
            .filter(|connection| connection.phase.is_some_and(|phase| expectation.phases.contains(&phase)))
            .collect()
    }

    /// Whether a connection witnesses anything of a caller: a complete ClientHello for Thales' name, and the
    /// counterpart's first flight sent.
    pub(super) fn is_witness(&self, connection: &Connection) -> bool {
        match connection.role {
            Role::Client => connection.dial_failed.is_none(),
            Role::Server => {
                connection.first_flight.is_some()
                    && connection.hello.as_ref().is_some_and(|hello| self.is_ours(hello.what.sni.as_deref()))
            }
        }
    }

    /// Whether an SNI is Thales' host, or a subdomain of it.
    pub(super) fn is_ours(&self, sni: Option<&str>) -> bool {
        let host = self.header.context.inbound_host.to_ascii_lowercase();
        sni.is_some_and(|sni| is_within(sni, &host))
    }

    /// Whether a connection is for the host of another environment than the one that is played. Which one that is, and
    /// whether it may be called at all, is a row of its own.
    pub(super) fn is_for_other_environment(&self, connection: &Connection) -> bool {
        let sni = connection.hello.as_ref().and_then(|hello| hello.what.sni.as_deref());
        let mut others = self.header.context.environments.iter().skip(1);
        !self.is_ours(sni) && sni.is_some_and(|sni| others.any(|other| other.host.eq_ignore_ascii_case(sni)))
    }

    /// Whether a connection met what its phase is about. Where that begins with a token, what came before the token was
    /// issued did not.
    pub(super) fn met_difference(&self, connection: &Connection) -> bool {
        let Some(phase) = connection.phase.filter(|phase| self.begins_with_token(*phase)) else { return true };
        self.issued_in(phase).is_some_and(|issued| connection.opened.seq > issued)
    }

    /// Whether a phase's difference begins once a token was issued.
    pub(super) fn begins_with_token(&self, phase: PhaseId) -> bool {
        self.phase(phase).is_some_and(|phase| phase.endpoints.values().any(|plan| plan.after_token))
    }

    /// The first token that was issued in a phase.
    pub(super) fn issued_in(&self, phase: PhaseId) -> Option<u64> {
        let of_phase = self.connections.iter().filter(|connection| connection.phase == Some(phase));
        let issued = of_phase
            .flat_map(|connection| &connection.token_requests)
            .filter(|asked| matches!(asked.what.outcome, TokenOutcome::Issued { .. }));
        issued.map(|asked| asked.seq).min()
    }

    /// The files that were read in the expectation's phases, each with the number of its fact.
    pub(super) fn files(&self, expectation: &Expectation) -> Vec<(u64, &'a ShownFile)> {
        self.facts
            .iter()
            .filter(|fact| fact.phase.is_some_and(|phase| expectation.phases.contains(&phase)))
            .filter_map(|fact| match &fact.event {
                Event::FileShown(file) => Some((fact.seq, file)),
                _ => None,
            })
            .collect()
    }

    /// Whether the integration went through with what came on these connections: the first that shows it. One of a
    /// caller's suffices, which may try again or ask for a token first. A receiver's are calls that Thales makes, to
    /// each of its addresses and paths: one that is refused is lost, whatever the others met.
    pub(super) fn accepted_of<'c>(&self, connections: &[&'c Connection]) -> Option<&'c Connection> {
        let is_enough = match self.side() {
            Side::Receiver => connections.iter().all(|connection| self.is_accepted(connection)),
            Side::Caller | Side::Files => true,
        };
        connections.iter().copied().find(|connection| is_enough && self.is_accepted(connection))
    }

    fn of_phase(&self, phase: PhaseId) -> Vec<&Connection> {
        self.connections.iter().filter(|connection| connection.phase == Some(phase)).collect()
    }

    /// A receiver's connection among those of its phase: each phase makes the same calls in the same order.
    fn place(&self, connection: &Connection) -> usize {
        let before = |other: &&Connection| other.phase == connection.phase && other.opened.seq < connection.opened.seq;
        self.connections.iter().filter(before).count()
    }

    /// Statuses with which the receiver answers the call well that was made on a connection.
    pub(super) fn good_statuses(&self, connection: &Connection) -> &[u16] {
        let statuses = &self.header.script.statuses;
        match statuses.len() {
            0 => &[],
            count => &statuses[self.place(connection) % count],
        }
    }

    /// Data from a caller, a declared status from a receiver, unless it comes with the page by which a server turns
    /// clients away. A request for an access token is no call yet: another client of the same caller may make that, with
    /// other trust and another certificate.
    pub(super) fn is_accepted(&self, connection: &Connection) -> bool {
        match connection.role {
            Role::Server => self.is_witness(connection) && connection.data.is_some() && !is_for_token_alone(connection),
            Role::Client => {
                let is_good = |status| self.good_statuses(connection).contains(&status);
                connection.response.is_some_and(|response| response.what.1.is_none() && is_good(response.what.0))
            }
        }
    }

    /// `Err` where a control was not accepted.
    pub(super) fn controls(&self, expectation: &Expectation) -> Result<Vec<u64>, Ruling> {
        let mut evidence = Vec::new();
        for control in &expectation.controls {
            let came = self.of_phase(*control);
            match self.accepted_of(&came) {
                Some(connection) => evidence.push(connection.opened.seq),
                None => {
                    let name = self.phase(*control).map_or("control", |phase| phase.name.as_str());
                    let seen = match came.iter().rfind(|connection| !self.is_accepted(connection)) {
                        Some(connection) => format!("{name} was not accepted: {}", self.story(connection)),
                        None => format!("{name} was not accepted: no connection came"),
                    };
                    return Err(Ruling::unwitnessed(Reason::Control, seen, Vec::new()));
                }
            }
        }
        Ok(evidence)
    }

    /// Nothing among these connections got as far as judging: says what came instead.
    pub(super) fn no_witness(&self, connections: &[&Connection], evidence: Vec<u64>) -> Ruling {
        let Some(last) = connections.last() else {
            return Ruling::unwitnessed(Reason::NoConnection, "no connection came", evidence);
        };
        let reason = match last.ending() {
            Ending::Counterpart => Reason::Counterpart,
            _ => Reason::NoConnection,
        };
        let seen = match &last.hello {
            Some(hello) if !self.is_ours(hello.what.sni.as_deref()) => {
                format!("the connection names {} in its SNI", hello.what.sni.as_deref().unwrap_or("nobody"))
            }
            _ => self.story(last),
        };
        Ruling::unwitnessed(reason, seen, evidence)
    }

    /// No API request is among what came on these connections: says what came instead.
    pub(super) fn no_api_request(&self, connections: &[&Connection]) -> Ruling {
        match connections.iter().rfind(|connection| self.is_witness(connection) && connection.data.is_some()) {
            Some(last) => Ruling::unwitnessed(Reason::NotShown, "no API request came", vec![last.opened.seq]),
            None => self.no_witness(connections, Vec::new()),
        }
    }

    /// Whether a control's call to the same address and path was answered with that status as well.
    pub(super) fn is_status_of_control(&self, expectation: &Expectation, connection: &Connection, status: u16) -> bool {
        let place = self.place(connection);
        expectation
            .controls
            .iter()
            .filter_map(|control| self.of_phase(*control).get(place).copied())
            .any(|control| control.response.is_some_and(|response| response.what.0 == status))
    }

    /// Questions for Thales' host or a subdomain that ask for addresses, with their facts.
    pub(super) fn questions(&self) -> impl Iterator<Item = (&'a Fact, &'a Question)> {
        let host = self.header.context.inbound_host.to_ascii_lowercase();
        self.facts.iter().filter_map(move |fact| match &fact.event {
            Event::Asked(question) if question.kind == "A" && is_within(question.name.trim_end_matches('.'), &host) => {
                Some((fact, question))
            }
            _ => None,
        })
    }

    /// Whether a connection went to an address that no endpoint has, and for another name than Thales': what a program
    /// needs beside Thales may have port 443 as well.
    pub(super) fn is_elsewhere(&self, connection: &Connection) -> bool {
        connection.actor == Actor::Unpublished
            && connection.hello.as_ref().is_some_and(|hello| hello.what.sni.is_some())
            && !self.is_ours(connection.hello.as_ref().and_then(|hello| hello.what.sni.as_deref()))
    }

    /// Whether a connection went to an address that no endpoint has, and names nobody: for whom it is meant it does not
    /// show.
    pub(super) fn is_nameless(&self, connection: &Connection) -> bool {
        connection.actor == Actor::Unpublished && connection.hello.as_ref().is_none_or(|hello| hello.what.sni.is_none())
    }

    /// Those that may be meant for Thales. Where some of them name nobody, and others reached an endpoint by its name, the
    /// nameless come apart: the integration file can say what they are.
    pub(super) fn for_thales<'c>(
        &self,
        connections: Vec<&'c Connection>,
    ) -> (Vec<&'c Connection>, Vec<&'c Connection>) {
        let came: Vec<_> = connections.into_iter().filter(|connection| !self.is_elsewhere(connection)).collect();
        if !came.iter().any(|connection| self.is_witness(connection)) {
            return (came, Vec::new());
        }
        came.into_iter().partition(|connection| !self.is_nameless(connection))
    }

    /// Open on account of a connection that may have been meant for Thales or not.
    pub(super) fn nameless(&self, connection: &Connection) -> Ruling {
        let seen = format!(
            "connected to {} as well, which no endpoint has, and named nobody: if that is something else that it needs, \
             [[forward]] says so",
            connection.opened.what
        );
        Ruling::unwitnessed(Reason::OtherReason, seen, vec![connection.opened.seq])
    }

    /// The endpoint that a connection reached; `None` for an address that was never published.
    pub(super) fn endpoint_of(&self, connection: &Connection) -> Option<EndpointName> {
        match &connection.actor {
            Actor::Endpoint(name) => name.parse().ok(),
            _ => None,
        }
    }

    /// Whether the endpoint that accepted a connection asked for a client certificate.
    pub(super) fn asks_for_certificate(&self, connection: &Connection) -> bool {
        let plan = connection.phase.and_then(|phase| self.phase(phase)).and_then(|phase| {
            let endpoint = self.endpoint_of(connection)?;
            phase.endpoints.get(&endpoint)
        });
        plan.is_none_or(|plan| plan.asks_for_certificate())
    }

    /// The longest lag of the harness itself that reaches into a span of time, in microseconds. A lag is recorded when
    /// it is over, perhaps just after what it delayed.
    pub(super) fn lag_us(&self, from_us: u64, to_us: u64) -> u64 {
        self.facts
            .iter()
            .filter_map(|fact| match fact.event {
                Event::Lagged { by_us } => Some((fact.at_us, by_us)),
                _ => None,
            })
            .filter(|(at_us, by_us)| *at_us >= from_us && at_us.saturating_sub(*by_us) <= to_us)
            .map(|(_, by_us)| by_us)
            .max()
            .unwrap_or(0)
    }

    /// Whether the harness itself ended a call of the phase: the close that followed was not the integration's.
    pub(super) fn was_ended_by_us(&self, phase: Option<PhaseId>) -> bool {
        self.calls
            .iter()
            .filter(|call| call.phase == phase)
            .any(|call| call.ended.as_ref().is_none_or(|ended| ended.what.0 == Claim::TimedOut))
    }

    /// Whether the end came soon after the peer held all that it was to judge, where the harness's own lag may have made it look later.
    pub(super) fn is_prompt(&self, connection: &Connection, forced: bool) -> bool {
        let bound_us = if forced { PROMPT_US } else { PROMPT_AFTER_FLIGHT_US };
        let Some(since_us) = connection.judging_since_us() else { return false };
        let Some(decided_us) = connection.decided_after_us() else { return false };
        let lag_us = self.lag_us(since_us, since_us + decided_us + bound_us);
        decided_us <= bound_us + lag_us
    }

    /// What happened on a connection, in words.
    pub(super) fn story(&self, connection: &Connection) -> String {
        if let Some(failed) = &connection.dial_failed {
            return format!("no TCP connection: {}", failed.what);
        }
        if let Some((status, page)) = connection.response.map(|response| response.what) {
            let page = page.map_or_else(String::new, |page| format!(" ({page:?} page)"));
            return format!("answered HTTP {status}{page}");
        }
        let version = match (&connection.handshake, connection.first_flight) {
            (Some(handshake), _) => format!("{} handshake completed, then ", handshake.what.version),
            (None, Some(flight)) if flight.what.1 => format!("after a forced {} ServerHello: ", flight.what.0),
            _ => String::new(),
        };
        let end = match connection.ending() {
            Ending::Accepted if is_for_token_alone(connection) => token_story(connection),
            Ending::Accepted => "application data".to_owned(),
            Ending::Alert(code) => format!("alert {code} ({})", alert_name(code)),
            Ending::Silent => "closed without an alert and without application data".to_owned(),
            Ending::Counterpart => match (&connection.local_error, connection.alerts_sent.first()) {
                (Some(error), _) => format!("the counterpart ended it: {}", error.what),
                (None, Some(alert)) => {
                    format!("the counterpart sent alert {} ({})", alert.what, alert_name(alert.what))
                }
                (None, None) => "the counterpart ended it".to_owned(),
            },
            Ending::Undecided if connection.greeted.is_some() => "HTTP/2 began, and nothing was asked for".to_owned(),
            Ending::Undecided => "nothing until the deadline".to_owned(),
            Ending::NotJudged => match &connection.no_hello {
                Some(why) => format!("no ClientHello: {}", why.what),
                None => "ended before the first flight".to_owned(),
            },
        };
        format!("{version}{end}")
    }
}

/// Whether a name is that host, in lower case, or a subdomain of it.
fn is_within(name: &str, host: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.strip_suffix(host).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether a connection served to ask for an access token and for nothing else.
pub(super) fn is_for_token_alone(connection: &Connection) -> bool {
    connection.role == Role::Server && !connection.token_requests.is_empty() && connection.marks.is_empty()
}

/// What became of a request for a token, in words.
fn token_story(connection: &Connection) -> String {
    let refused =
        connection.token_requests.iter().rfind(|asked| matches!(asked.what.outcome, TokenOutcome::Refused { .. }));
    match refused {
        Some(asked) => {
            format!("a request for an access token alone, which was refused: {}", asked.what.faults.join("; "))
        }
        None => "a request for an access token alone".to_owned(),
    }
}

/// Addresses that an answer names.
pub(super) fn addresses(question: &Question) -> &[std::net::IpAddr] {
    match &question.answer {
        Answer::Addresses { addresses, .. } => addresses,
        _ => &[],
    }
}

/// Names of RFC 8446 section 6 and RFC 5246 section 7.2.
pub(super) fn alert_name(code: u8) -> &'static str {
    match code {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        22 => "record_overflow",
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        116 => "certificate_required",
        120 => "no_application_protocol",
        _ => "unassigned",
    }
}
