//! Logs in a few words: phases, what happened on their connections, what is expected of them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use mock_thales::observe::{
    Actor, CallId, CertificateDer, Claim, ClientHello, ConnectionId, End, Event, Fact, Handshake, PhaseId, RefusalPage,
    RequestHead, TlsVersion,
};
use mock_thales::plan::{ClientPlan, EndpointPlan, OAuthPlan};
use thales_harness::model::{
    Check, ClientCertificatePolicy, CommonNameRule, Context, CustomerId, EnvironmentValues, Expectation, FieldRule,
    Header, Issuance, LOG_FORMAT, Level, Network, PayloadRule, Phase, PhaseKind, Proof, Requirement, Script, Side,
};
use thales_harness::verdict::{Finding, Outcome, Reason, judge};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub(crate) const HOST: &str = "api.example.test";
/// The customer's identifier, where tokens are demanded.
pub(crate) const CUSTOMER: &str = "MGW_000001";

/// What happened on one connection, after its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happened {
    /// A request came, or a server answered with its good status.
    Through,
    /// The peer's alert, and its end.
    Alert(u8),
    /// The peer closed without a word.
    Silent(End),
    /// The peer closed without a word after four seconds.
    Late,
    /// The client's request was sent, and the peer closed without a word after four seconds.
    LateAfterRequest,
    /// A handshake of four seconds, the request, and the peer's close.
    SlowThenSilent,
    /// The handshake completed, then the peer closed.
    CompletedThen(End),
    /// The handshake completed, then an alert.
    CompletedThenAlert(u8),
    /// The counterpart failed first.
    Counterpart,
    /// The counterpart refused what the caller showed.
    TurnedAway,
    /// Nothing until the deadline.
    Deadline,
    /// No ClientHello.
    NoHello,
    /// A ClientHello for another name, then the peer's close.
    OtherName,
    /// The server answered with this status.
    Status(u16),
    /// The server answered 400 with its page about the certificate.
    Page,
    /// No TCP connection.
    NotDialled,
}

/// A log while it is told.
pub(crate) struct Story {
    side: Side,
    facts: Vec<Fact>,
    phases: Vec<Phase>,
    connections: u32,
    calls: u32,
    pub(crate) at_us: u64,
    pub(crate) endpoints: BTreeMap<String, IpAddr>,
    /// The chain that the receiver handed over.
    pub(crate) handed_over: Vec<CertificateDer>,
    /// The caller's certificate, and the one that follows it.
    pub(crate) endorsed: (Option<CertificateDer>, Option<CertificateDer>),
    pub(crate) client_ca: Option<CertificateDer>,
    versions: Vec<TlsVersion>,
    /// What endpoints demand above TLS in phases from now on.
    pub(crate) oauth: Option<OAuthPlan>,
    /// What endpoints are in phases from now on, they are once a token was issued.
    pub(crate) begins_with_token: bool,
    /// Rules for header fields.
    pub(crate) fields: Vec<FieldRule>,
    /// How payloads are to be encrypted.
    pub(crate) payload: Option<PayloadRule>,
    /// Good answers to the calls of each phase.
    pub(crate) statuses: Vec<Vec<u16>>,
    /// The environments of the profile: id, host and base path; the one that is played first.
    pub(crate) environments: Vec<(&'static str, &'static str, &'static str)>,
}

pub(crate) const OLD: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 10));
pub(crate) const NEW: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 20));

impl Story {
    pub(crate) fn new(side: Side) -> Self {
        Self {
            side,
            facts: Vec::new(),
            phases: Vec::new(),
            connections: 0,
            calls: 0,
            at_us: 0,
            endpoints: BTreeMap::from([("main".to_owned(), OLD)]),
            handed_over: Vec::new(),
            endorsed: (None, None),
            client_ca: None,
            versions: vec![TlsVersion::V1_2, TlsVersion::V1_3],
            oauth: None,
            begins_with_token: false,
            fields: Vec::new(),
            payload: None,
            statuses: vec![vec![200]],
            environments: Vec::new(),
        }
    }

    /// Versions that Thales' side speaks in phases from now on.
    pub(crate) fn speaking(mut self, versions: &[TlsVersion]) -> Self {
        self.versions = versions.to_vec();
        self
    }

    /// A phase in which these things happened, one call for all.
    pub(crate) fn phase(mut self, kind: PhaseKind, happened: &[Happened]) -> Self {
        self.begin(kind);
        self.call(happened, Claim::Failed { error: String::new() });
        self
    }

    /// A phase whose call had to be ended by the harness.
    pub(crate) fn hung(mut self, kind: PhaseKind, happened: &[Happened]) -> Self {
        self.begin(kind);
        self.call(happened, Claim::TimedOut);
        self
    }

    pub(crate) fn begin(&mut self, kind: PhaseKind) -> PhaseId {
        let id = PhaseId(u32::try_from(self.phases.len()).expect("a short story"));
        let (versions, oauth) = (self.versions.clone(), self.oauth.clone());
        let endpoint = EndpointPlan { versions, oauth, after_token: self.begins_with_token, ..EndpointPlan::default() };
        let client = ClientPlan { versions: self.versions.clone(), ..ClientPlan::default() };
        let endpoints = match self.side {
            Side::Caller => BTreeMap::from([("main".parse().expect("a name"), endpoint)]),
            Side::Receiver | Side::Files => BTreeMap::new(),
        };
        self.phases.push(Phase {
            id,
            name: format!("phase {}", id.0),
            kind,
            endpoints,
            client: (self.side == Side::Receiver).then_some(client),
            ttl_ms: 2000,
            every_ms: 250,
        });
        self.fact(Actor::Runner, None, Event::PhaseBegan { name: String::new() });
        id
    }

    fn call(&mut self, happened: &[Happened], claim: Claim) {
        let call = self.call_begins();
        for happened in happened {
            match self.side {
                Side::Caller => self.accept("main", OLD, *happened),
                Side::Receiver => self.dial(*happened),
                Side::Files => {}
            }
        }
        self.call_ends(call, claim);
    }

    pub(crate) fn call_begins(&mut self) -> CallId {
        self.calls += 1;
        let call = CallId(self.calls);
        self.fact(Actor::Runner, None, Event::CallBegan { call });
        call
    }

    pub(crate) fn call_ends(&mut self, call: CallId, claim: Claim) {
        self.fact(Actor::Runner, None, Event::CallEnded { call, claim, took_us: 1000 });
    }

    /// A caller's attempt at an address that refuses.
    pub(crate) fn refuse_dial(&mut self, endpoint: &str, address: IpAddr) {
        self.connections += 1;
        let (local, peer) = (SocketAddr::new(address, 443), SocketAddr::new(OLD, 40000));
        let id = Some(ConnectionId(self.connections));
        self.fact(Actor::Endpoint(endpoint.to_owned()), id, Event::DialRefused { local, peer });
    }

    /// A connection of a caller to an endpoint.
    pub(crate) fn accept(&mut self, endpoint: &str, address: IpAddr, happened: Happened) {
        self.show(endpoint, address, None, happened);
    }

    /// The same, with the certificate that it shows, and whether its key is proven.
    pub(crate) fn show(
        &mut self,
        endpoint: &str,
        address: IpAddr,
        certificate: Option<(&CertificateDer, bool)>,
        happened: Happened,
    ) {
        self.connections += 1;
        let id = Some(ConnectionId(self.connections));
        let actor = Actor::Endpoint(endpoint.to_owned());
        let (local, peer) = (SocketAddr::new(address, 443), SocketAddr::new(OLD, 40000));
        self.fact(actor.clone(), id, Event::Accepted { local, peer });
        if happened == Happened::NoHello {
            self.fact(actor.clone(), id, Event::NoHello { why: "nothing".to_owned() });
            self.fact(actor, id, Event::Ended(End::Fin));
            return;
        }
        let name = if happened == Happened::OtherName { "other.example.test" } else { HOST };
        self.fact(actor.clone(), id, Event::ClientHello(hello(Some(name))));
        if happened == Happened::Counterpart {
            self.ends(&actor, id, happened);
            return;
        }
        let version = self.versions.last().copied().unwrap_or(TlsVersion::V1_3);
        self.fact(actor.clone(), id, Event::FirstFlight { version, forced: false });
        if let Some((leaf, proved)) = certificate {
            let shown = Event::PeerCertificate { chain: vec![leaf.clone()], proved: Some(proved) };
            self.fact(actor.clone(), id, shown);
        }
        self.ends(&actor, id, happened);
    }

    /// A connection to an address that no endpoint has, with that SNI; it is turned away.
    pub(crate) fn strays(&mut self, address: IpAddr, sni: Option<&str>) {
        self.connections += 1;
        let id = Some(ConnectionId(self.connections));
        let (local, peer) = (SocketAddr::new(address, 443), SocketAddr::new(OLD, 40000));
        self.fact(Actor::Unpublished, id, Event::Accepted { local, peer });
        self.fact(Actor::Unpublished, id, Event::ClientHello(hello(sni)));
        self.fact(Actor::Unpublished, id, Event::Ended(End::Local));
    }

    /// A connection of a caller for that name that goes through.
    pub(crate) fn accept_for(&mut self, sni: &str) {
        self.connections += 1;
        let id = Some(ConnectionId(self.connections));
        let actor = Actor::Endpoint("main".to_owned());
        let (local, peer) = (SocketAddr::new(OLD, 443), SocketAddr::new(OLD, 40000));
        self.fact(actor.clone(), id, Event::Accepted { local, peer });
        self.fact(actor.clone(), id, Event::ClientHello(hello(Some(sni))));
        self.fact(actor.clone(), id, Event::FirstFlight { version: TlsVersion::V1_3, forced: false });
        self.ends(&actor, id, Happened::Through);
    }

    /// A connection of a caller that goes through, and what was seen on it besides.
    pub(crate) fn exchange(&mut self, events: Vec<Event>) {
        self.accept("main", OLD, Happened::Through);
        let id = Some(ConnectionId(self.connections));
        for event in events {
            self.fact(Actor::Endpoint("main".to_owned()), id, event);
        }
    }

    /// The beginning of a call.
    pub(crate) fn calls(&mut self) {
        self.calls += 1;
        let call = CallId(self.calls);
        self.fact(Actor::Runner, None, Event::CallBegan { call });
    }

    /// A receiver that serves this chain and answers.
    pub(crate) fn serves(&mut self, chain: &[CertificateDer]) {
        self.begin(PhaseKind::Step);
        self.connections += 1;
        let id = Some(ConnectionId(self.connections));
        let remote = SocketAddr::new(OLD, 443);
        self.fact(Actor::Client, id, Event::Dialled { remote, source: None, plan: String::new() });
        let chain = chain.to_vec();
        self.fact(Actor::Client, id, Event::PeerCertificate { chain, proved: Some(true) });
        self.ends(&Actor::Client, id, Happened::Through);
    }

    /// A connection to a receiver that asks for a certificate of these authorities.
    pub(crate) fn asks_of(&mut self, authorities: &[&str]) {
        self.begin(PhaseKind::Step);
        self.connections += 1;
        let id = Some(ConnectionId(self.connections));
        let remote = SocketAddr::new(OLD, 443);
        self.fact(Actor::Client, id, Event::Dialled { remote, source: None, plan: String::new() });
        let authorities = authorities.iter().copied().map(str::to_owned).collect();
        self.fact(Actor::Client, id, Event::CertificateRequested { authorities });
        self.ends(&Actor::Client, id, Happened::Through);
    }

    fn dial(&mut self, happened: Happened) {
        self.connections += 1;
        let id = Some(ConnectionId(self.connections));
        let remote = SocketAddr::new(OLD, 443);
        self.fact(Actor::Client, id, Event::Dialled { remote, source: None, plan: String::new() });
        if happened == Happened::NotDialled {
            self.fact(Actor::Client, id, Event::DialFailed { error: "refused".to_owned() });
            return;
        }
        self.ends(&Actor::Client, id, happened);
    }

    fn ends(&mut self, actor: &Actor, id: Option<ConnectionId>, happened: Happened) {
        let version = self.versions.last().copied().unwrap_or(TlsVersion::V1_3);
        let done = Event::HandshakeDone(Handshake { version, cipher: 0x1301, alpn: None });
        let head = RequestHead { method: "GET".to_owned(), path: "/".to_owned(), host: None, headers: Vec::new() };
        let server = self.side == Side::Caller;
        let events = match happened {
            Happened::Through if server => {
                vec![
                    done,
                    Event::Data { bytes: 9 },
                    Event::Request(head),
                    Event::Answered { status: 200 },
                    Event::Ended(End::Local),
                ]
            }
            Happened::Through => {
                vec![
                    done,
                    Event::Data { bytes: 9 },
                    Event::Response { status: 200, page: None },
                    Event::Ended(End::Local),
                ]
            }
            Happened::Status(status) => {
                vec![done, Event::Data { bytes: 9 }, Event::Response { status, page: None }, Event::Ended(End::Local)]
            }
            Happened::Page => {
                let page = Some(RefusalPage::CertificateError);
                vec![done, Event::Data { bytes: 9 }, Event::Response { status: 400, page }, Event::Ended(End::Local)]
            }
            Happened::Alert(code) => vec![Event::AlertReceived { code }, Event::Ended(End::Fin)],
            Happened::Silent(end) => vec![Event::Ended(end)],
            Happened::OtherName | Happened::Late => vec![Event::Ended(End::Fin)],
            Happened::LateAfterRequest | Happened::SlowThenSilent => {
                vec![done, Event::RequestSent, Event::Ended(End::Fin)]
            }
            Happened::CompletedThen(end) => vec![done, Event::Ended(end)],
            Happened::CompletedThenAlert(code) => vec![done, Event::AlertReceived { code }, Event::Ended(End::Fin)],
            Happened::Counterpart | Happened::TurnedAway => vec![
                Event::AlertSent { code: 40 },
                Event::LocalError { error: "no shared cipher".to_owned() },
                Event::Ended(End::Local),
            ],
            Happened::Deadline => vec![Event::Ended(End::Deadline)],
            Happened::NoHello | Happened::NotDialled => Vec::new(),
        };
        if matches!(happened, Happened::Late | Happened::SlowThenSilent) {
            self.at_us += 4_000_000;
        }
        for event in events {
            if happened == Happened::LateAfterRequest && matches!(event, Event::Ended(_)) {
                self.at_us += 4_000_000;
            }
            self.fact(actor.clone(), id, event);
        }
    }

    pub(crate) fn fact(&mut self, actor: Actor, connection: Option<ConnectionId>, event: Event) {
        self.at_us += 1000;
        let phase = self.phases.last().map(|phase| phase.id);
        let seq = self.facts.len() as u64 + 1;
        self.facts.push(Fact { seq, at_us: self.at_us, actor, connection, phase, event });
    }

    /// What is ruled on one check over some phases between some controls.
    pub(crate) fn rule(&self, check: Check, phases: &[u32], controls: &[u32]) -> Finding {
        let topic = "inbound.subject".parse().expect("a topic");
        let phases_of = |ids: &[u32]| ids.iter().copied().map(PhaseId).collect();
        let expectation = Expectation {
            topic,
            subject: "the row".to_owned(),
            check,
            phases: phases_of(phases),
            controls: phases_of(controls),
            means: None,
            any_of: None,
        };
        let header = Header {
            format: LOG_FORMAT.to_owned(),
            harness: String::new(),
            started: OffsetDateTime::now_utc().format(&Rfc3339).expect("a date of today"),
            profile: String::new(),
            profile_digest: String::new(),
            environment: String::new(),
            scenario_digest: String::new(),
            network: Network::Private,
            standing: false,
            unplaced: Vec::new(),
            integration: (String::new(), String::new()),
            context: Context {
                inbound_host: HOST.to_owned(),
                base_path: "/".to_owned(),
                issuer_host: "issuer.example.test".to_owned(),
                issuer_port: 443,
                common_name: None,
                endorsed: self.endorsed.0.clone(),
                renewed: self.endorsed.1.clone(),
                server_chain: self.handed_over.clone(),
                cn_template: None,
                customer_id: self.oauth.as_ref().map(|_| CUSTOMER.to_owned()),
                customer_id_form: CustomerId { name: "id".to_owned(), length: None },
                word: None,
                words: Vec::new(),
                customer_authority: Vec::new(),
                client_ca: self.client_ca.clone(),
                client_certificate: ClientCertificatePolicy {
                    issuance: Issuance::SelfSigned,
                    keys: Vec::new(),
                    longer_rsa: true,
                    sha384_with_ecdsa: true,
                    max_years: Some(2),
                    common_name: CommonNameRule::Exact,
                    subject: Vec::new(),
                },
                environments: self.environments.iter().map(environment).collect(),
                published: Vec::new(),
                fields: self.fields.clone(),
                payload: self.payload.clone(),
            },
            script: Script {
                scenario: "inbound/story".parse().expect("an id"),
                title: String::new(),
                side: self.side,
                subject: String::new(),
                endpoints: self
                    .endpoints
                    .iter()
                    .map(|(name, address)| (name.parse().expect("a name"), *address))
                    .collect(),
                statuses: self.statuses.clone(),
                phases: self.phases.clone(),
                expectations: vec![expectation],
                unplanned: Vec::new(),
            },
            requirements: vec![requirement("TST-1", "inbound.subject", Level::Must, Proof::Scenario)],
        };
        let mut findings = judge(&header, &self.facts);
        assert_eq!(findings.len(), 1);
        findings.remove(0)
    }
}

fn hello(sni: Option<&str>) -> ClientHello {
    ClientHello {
        legacy_version: TlsVersion::V1_2,
        supported_versions: Some(vec![TlsVersion::V1_3, TlsVersion::V1_2, TlsVersion::V1_1]),
        ciphers: vec![0x2f],
        sni: sni.map(str::to_owned),
        alpn: Vec::new(),
        extensions: Vec::new(),
        groups: Vec::new(),
        signature_schemes: Vec::new(),
        resumes: false,
    }
}

fn environment((id, host, path): &(&str, &str, &str)) -> EnvironmentValues {
    EnvironmentValues {
        id: (*id).to_owned(),
        described: true,
        published_host: (*host).to_owned(),
        published_path: (*path).to_owned(),
        host: (*host).to_owned(),
        common_name: None,
        cn_template: None,
        customer_id: None,
        word: None,
        client_certificate: None,
    }
}

pub(crate) fn requirement(id: &str, topic: &str, level: Level, proof: Proof) -> Requirement {
    Requirement {
        id: id.parse().expect("an id"),
        topic: topic.parse().expect("a topic"),
        also: Vec::new(),
        any_of: None,
        decisions: Vec::new(),
        observed: Vec::new(),
        level,
        rule: String::new(),
        source: String::new(),
        proof,
        beyond: None,
        symptom: String::new(),
        remedy: String::new(),
        remedies: BTreeMap::new(),
    }
}

/// Outcome and reason of a finding.
pub(crate) fn ruled(finding: &Finding) -> (Outcome, Option<Reason>) {
    (finding.ruling, finding.reason)
}

pub(crate) const MET: (Outcome, Option<Reason>) = (Outcome::Met, None);
pub(crate) const VIOLATED: (Outcome, Option<Reason>) = (Outcome::Violated, None);

pub(crate) fn unwitnessed(reason: Reason) -> (Outcome, Option<Reason>) {
    (Outcome::Unwitnessed, Some(reason))
}
