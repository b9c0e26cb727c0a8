//! The reading of a log as connections and calls: what happened on each, in which order, and who ended it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::{
    Actor, BodyRead, CallId, CertificateDer, Claim, ClientHello, ConnectionId, End, Event, Fact, Handshake, Marks,
    PhaseId, RefusalPage, RequestHead, Role, TlsVersion, TokenRequest,
};

/// Something seen on a connection: the number of its fact, and its time in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen<T> {
    /// Number of the fact.
    pub seq: u64,
    /// Microseconds since the log began.
    pub at_us: u64,
    /// What was seen.
    pub what: T,
}

/// One connection, put together from its facts.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its number.
    pub id: ConnectionId,
    /// The phase that accepted or dialled it.
    pub phase: Option<PhaseId>,
    /// Who took part on the counterpart's side.
    pub actor: Actor,
    /// Which side the counterpart played.
    pub role: Role,
    /// Its beginning: the address dialled.
    pub opened: Seen<SocketAddr>,
    /// No TCP connection came about.
    pub dial_failed: Option<Seen<String>>,
    /// The caller's ClientHello.
    pub hello: Option<Seen<ClientHello>>,
    /// What came instead of a ClientHello.
    pub no_hello: Option<Seen<String>>,
    /// The counterpart's first flight: its version, and whether it was a forced ServerHello.
    pub first_flight: Option<Seen<(TlsVersion, bool)>>,
    /// The client's request was sent.
    pub request_sent: Option<Seen<()>>,
    /// The finished handshake.
    pub handshake: Option<Seen<Handshake>>,
    /// The peer's certificates, and whether it proved its key.
    pub certificate: Option<Seen<(Vec<CertificateDer>, Option<bool>)>>,
    /// Authorities named by the server's CertificateRequest.
    pub requested: Option<Seen<Vec<String>>>,
    /// Alerts of the peer.
    pub alerts_received: Vec<Seen<u8>>,
    /// Alerts of the counterpart.
    pub alerts_sent: Vec<Seen<u8>>,
    /// The counterpart's own failure.
    pub local_error: Option<Seen<String>>,
    /// The peer's preface of HTTP/2.
    pub greeted: Option<Seen<()>>,
    /// The first application data of the peer.
    pub data: Option<Seen<u64>>,
    /// HTTP requests of a caller.
    pub requests: Vec<Seen<RequestHead>>,
    /// What those of them say above TLS that ask for no token.
    pub marks: Vec<Seen<Marks>>,
    /// What their bodies hold, by their structure.
    pub bodies: Vec<Seen<BodyRead>>,
    /// Those of them that ask for a token.
    pub token_requests: Vec<Seen<TokenRequest>>,
    /// The endpoint's answers.
    pub answers: Vec<Seen<u16>>,
    /// A server's answer.
    pub response: Option<Seen<(u16, Option<RefusalPage>)>>,
    /// How it ended.
    pub ended: Option<Seen<End>>,
}

/// How a connection ended, by what the peer did after it could judge the counterpart's first flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Application data came: the peer accepted.
    Accepted,
    /// The peer sent a fatal alert, before or after the end of the handshake.
    Alert(u8),
    /// The peer closed or reset without an alert and without application data.
    Silent,
    /// The counterpart failed or refused first: proves nothing about the peer.
    Counterpart,
    /// Only a deadline or the end of the phase ended the wait; or the peer closed after it had begun HTTP/2 and before it
    /// asked for anything, which tells neither way.
    Undecided,
    /// The peer did not get as far as judging: no ClientHello, or no first flight was sent to it.
    NotJudged,
}

/// user_canceled: Java sends it before close_notify on a normal close in TLS 1.3. It is no refusal.
const USER_CANCELED: u8 = 90;
const CLOSE_NOTIFY: u8 = 0;

impl Connection {
    /// The first alert of the peer that refuses something.
    pub fn refusing_alert(&self) -> Option<Seen<u8>> {
        self.alerts_received.iter().copied().find(|alert| !matches!(alert.what, USER_CANCELED | CLOSE_NOTIFY))
    }

    /// How it ended. Classes A and C of a refusal are [`Ending::Alert`], B, D and E [`Ending::Silent`].
    pub fn ending(&self) -> Ending {
        if self.data.is_some() {
            return Ending::Accepted;
        }
        if self.dial_failed.is_some() {
            return Ending::NotJudged;
        }
        let judged = match self.role {
            Role::Server => self.hello.is_some() && self.first_flight.is_some(),
            Role::Client => true,
        };
        if !judged {
            return if self.local_error.is_some() || !self.alerts_sent.is_empty() {
                Ending::Counterpart
            } else {
                Ending::NotJudged
            };
        }
        let alert = self.refusing_alert();
        let counterpart = self
            .alerts_sent
            .iter()
            .filter(|alert| !matches!(alert.what, USER_CANCELED | CLOSE_NOTIFY))
            .map(|alert| alert.seq)
            .chain(self.local_error.as_ref().map(|error| error.seq))
            .min();
        match (alert, counterpart, self.ended) {
            (Some(alert), Some(own), _) if own < alert.seq => Ending::Counterpart,
            (Some(alert), _, _) => Ending::Alert(alert.what),
            (None, Some(own), Some(ended)) if ended.what.is_peers() && ended.seq < own => match self.greeted {
                None => Ending::Silent,
                Some(_) => Ending::Undecided,
            },
            (None, Some(_), _) => Ending::Counterpart,
            (None, None, Some(ended)) if ended.what.is_peers() && self.greeted.is_none() => Ending::Silent,
            (None, None, _) => Ending::Undecided,
        }
    }

    /// When the peer held everything that it was to judge, in microseconds: the counterpart's first flight towards a
    /// caller; towards a server the request, or the last that the client sent before it.
    pub fn judging_since_us(&self) -> Option<u64> {
        match self.role {
            Role::Server => self.first_flight.map(|flight| flight.at_us),
            Role::Client => {
                let handshake = self.handshake.as_ref().map(|handshake| handshake.at_us);
                Some(self.request_sent.map(|sent| sent.at_us).or(handshake).unwrap_or(self.opened.at_us))
            }
        }
    }

    /// Microseconds between [`Self::judging_since_us`] and the end.
    pub fn decided_after_us(&self) -> Option<u64> {
        let end = self.refusing_alert().map(|alert| alert.at_us).or(self.ended.map(|end| end.at_us))?;
        Some(end.saturating_sub(self.judging_since_us()?))
    }
}

impl End {
    /// Whether the peer ended the connection.
    pub fn is_peers(self) -> bool {
        matches!(self, Self::CloseNotify | Self::Fin | Self::Reset)
    }
}

/// The connections of a log in the order of their beginning.
pub fn connections(facts: &[Fact]) -> Vec<Connection> {
    let mut found: BTreeMap<ConnectionId, Connection> = BTreeMap::new();
    for fact in facts {
        let Some(id) = fact.connection else { continue };
        match &fact.event {
            Event::Accepted { local, .. } => {
                found.insert(id, Connection::begin(fact, id, Role::Server, *local));
            }
            Event::DialRefused { local, .. } => {
                let mut refused = Connection::begin(fact, id, Role::Server, *local);
                refused.dial_failed = Some(seen(fact, "the address refuses connections".to_owned()));
                found.insert(id, refused);
            }
            Event::Dialled { remote, .. } => {
                found.insert(id, Connection::begin(fact, id, Role::Client, *remote));
            }
            event => {
                if let Some(connection) = found.get_mut(&id) {
                    connection.take(fact, event);
                }
            }
        }
    }
    found.into_values().collect()
}

impl Connection {
    fn begin(fact: &Fact, id: ConnectionId, role: Role, address: SocketAddr) -> Self {
        Self {
            id,
            phase: fact.phase,
            actor: fact.actor.clone(),
            role,
            opened: seen(fact, address),
            dial_failed: None,
            hello: None,
            no_hello: None,
            first_flight: None,
            request_sent: None,
            handshake: None,
            certificate: None,
            requested: None,
            alerts_received: Vec::new(),
            alerts_sent: Vec::new(),
            local_error: None,
            greeted: None,
            data: None,
            requests: Vec::new(),
            marks: Vec::new(),
            bodies: Vec::new(),
            token_requests: Vec::new(),
            answers: Vec::new(),
            response: None,
            ended: None,
        }
    }

    fn take(&mut self, fact: &Fact, event: &Event) {
        match event {
            Event::DialFailed { error } => self.dial_failed = Some(seen(fact, error.clone())),
            Event::ClientHello(hello) => self.hello = Some(seen(fact, hello.clone())),
            Event::NoHello { why } => self.no_hello = Some(seen(fact, why.clone())),
            Event::FirstFlight { version, forced } => self.first_flight = Some(seen(fact, (*version, *forced))),
            Event::RequestSent => self.request_sent = Some(seen(fact, ())),
            Event::HandshakeDone(handshake) => self.handshake = Some(seen(fact, handshake.clone())),
            Event::PeerCertificate { chain, proved } => self.certificate = Some(seen(fact, (chain.clone(), *proved))),
            Event::CertificateRequested { authorities } => self.requested = Some(seen(fact, authorities.clone())),
            Event::AlertReceived { code } => self.alerts_received.push(seen(fact, *code)),
            Event::AlertSent { code } => self.alerts_sent.push(seen(fact, *code)),
            Event::LocalError { error } if self.local_error.is_none() => {
                self.local_error = Some(seen(fact, error.clone()));
            }
            Event::Greeted => self.greeted = Some(seen(fact, ())),
            Event::Data { bytes } if self.data.is_none() => self.data = Some(seen(fact, *bytes)),
            Event::Request(head) => self.requests.push(seen(fact, head.clone())),
            Event::Marked(marks) => self.marks.push(seen(fact, marks.clone())),
            Event::BodyRead(body) => self.bodies.push(seen(fact, body.clone())),
            Event::TokenAsked(request) => self.token_requests.push(seen(fact, request.clone())),
            Event::Answered { status } => self.answers.push(seen(fact, *status)),
            Event::Response { status, page } => self.response = Some(seen(fact, (*status, *page))),
            Event::Ended(end) if self.ended.is_none() => self.ended = Some(seen(fact, *end)),
            _ => {}
        }
    }
}

fn seen<T>(fact: &Fact, what: T) -> Seen<T> {
    Seen { seq: fact.seq, at_us: fact.at_us, what }
}

/// One call, put together from its facts.
#[derive(Debug, Clone)]
pub struct CallReading {
    /// The call.
    pub id: CallId,
    /// The phase in which it began.
    pub phase: Option<PhaseId>,
    /// Its beginning.
    pub began: Seen<()>,
    /// Its end: the claim, and microseconds from the beginning.
    pub ended: Option<Seen<(Claim, u64)>>,
}

impl CallReading {
    /// The calls of a log in their order.
    pub fn all(facts: &[Fact]) -> Vec<Self> {
        let mut calls: Vec<Self> = Vec::new();
        for fact in facts {
            match &fact.event {
                Event::CallBegan { call } => {
                    calls.push(Self { id: *call, phase: fact.phase, began: seen(fact, ()), ended: None });
                }
                Event::CallEnded { call, claim, took_us } => {
                    if let Some(open) = calls.iter_mut().find(|open| open.id == *call) {
                        open.ended = Some(seen(fact, (claim.clone(), *took_us)));
                    }
                }
                _ => {}
            }
        }
        calls
    }
}
