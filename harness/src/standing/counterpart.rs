//! The counterpart that stands by itself: its actors on sockets that stay, and what may be changed about them.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mock_thales::dns::{DnsError, NameServer, Zone};
use mock_thales::endpoint::{Answers, ConductError, Endpoint, RandomError, Stage, Tokens};
use mock_thales::observe::{Actor, Event, Recorder};
use mock_thales::pki::PkiError;
use mock_thales::plan::{EndpointPlan, ServerCertificate, ZoneMode, ZonePlan};

use crate::integration::{self, Materials};
use crate::model::Profile;
use crate::run::{conduct, others, ought};

/// How long a connection may stay silent, and how long an answer is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Facts that are kept at least.
const KEPT: usize = 20_000;

/// Tries to find a port that is free for UDP and TCP alike.
const DRAWS: usize = 16;

/// Where a counterpart is to stand; port 0 leaves it to the kernel.
#[derive(Debug, Clone, Copy)]
pub struct Stands {
    /// The endpoint.
    pub listen: SocketAddr,
    /// What the name server answers; the endpoint's own address, if absent.
    pub address: Option<Ipv4Addr>,
    /// The name server.
    pub dns: SocketAddr,
}

/// Thales, standing.
pub struct Counterpart {
    materials: Materials,
    profile: Profile,
    environment: String,
    /// What it answers by path; those of before are kept for a reset.
    answers: Mutex<Arc<Answers>>,
    first_answers: Arc<Answers>,
    recorder: Arc<Recorder>,
    stage: Arc<Stage>,
    endpoint: Arc<Endpoint>,
    tokens: Arc<Tokens>,
    zone: Arc<Zone>,
    first_zone: ZonePlan,
    name_server: NameServer,
    listen: SocketAddr,
    dns: SocketAddr,
    plan: Mutex<EndpointPlan>,
}

impl Counterpart {
    /// Begins to stand, from within a runtime.
    ///
    /// # Errors
    /// A socket is taken, or no certificate can be made.
    pub fn start(
        materials: Materials,
        answers: Arc<Answers>,
        profile: &Profile,
        environment: &str,
        stands: &Stands,
    ) -> Result<Self, StandingError> {
        let recorder = Recorder::bounded(KEPT);
        let tokens = Tokens::new(materials.assertion_key.clone()).map_err(StandingError::Random)?;
        let plan = ought(profile);
        let conduct = conduct(&materials, &answers, &tokens, &plan)?;
        let endpoint = Endpoint::new("main", conduct, PATIENCE);
        let taken = |address| move |error| StandingError::Socket { address, error };
        let listener = TcpListener::bind(stands.listen).map_err(taken(stands.listen))?;
        let listen = listener.local_addr().map_err(taken(stands.listen))?;
        let (udp, tcp) = name_server(stands.dns)?;
        let dns = tcp.local_addr().map_err(taken(stands.dns))?;
        let address = integration::address(stands.address, listen).ok_or(StandingError::NoAddress { listen })?;
        let stage = Stage::new(Arc::clone(&recorder));
        // Whatever address it is dialled at: which ones there are says the socket.
        stage.publish(IpAddr::V4(Ipv4Addr::UNSPECIFIED), Arc::clone(&endpoint));
        stage.listen(listener).map_err(taken(listen))?;
        let first_zone =
            ZonePlan { addresses: vec![address.into()], ttl_s: 1, mode: ZoneMode::Normal, subdomain: None };
        let mut zone = Zone::new(&materials.context.inbound_host, first_zone.clone())?;
        for host in others(&materials.context) {
            zone = zone.with_static(&host, address.into())?;
        }
        let zone = Arc::new(zone);
        let name_server = NameServer::start(Arc::clone(&zone), Arc::clone(&recorder), vec![udp], vec![tcp])?;
        Ok(Self {
            materials,
            profile: profile.clone(),
            environment: environment.to_owned(),
            answers: Mutex::new(Arc::clone(&answers)),
            first_answers: answers,
            recorder,
            stage,
            endpoint,
            tokens,
            zone,
            first_zone,
            name_server,
            listen,
            dns,
            plan: Mutex::new(plan),
        })
    }

    /// Where the endpoint stands.
    pub fn listen(&self) -> SocketAddr {
        self.listen
    }

    /// Where the name server stands.
    pub fn dns(&self) -> SocketAddr {
        self.dns
    }

    /// The base URL that an integration calls.
    pub fn url(&self) -> String {
        let context = &self.materials.context;
        let port = if self.listen.port() == 443 { String::new() } else { format!(":{}", self.listen.port()) };
        format!("https://{}{port}{}", context.inbound_host, context.base_path)
    }

    /// What is seen.
    pub fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }

    /// What the run of a scenario would be made of.
    pub(super) fn materials(&self) -> &Materials {
        &self.materials
    }

    /// Profile and environment.
    pub(super) fn plays(&self) -> (&str, &str) {
        (&self.profile.id, &self.environment)
    }

    /// What the endpoint does.
    pub(super) fn plan(&self) -> EndpointPlan {
        self.lock().clone()
    }

    /// Thales as it ought to be.
    pub(super) fn ought(&self) -> EndpointPlan {
        ought(&self.profile)
    }

    /// Does something else to connections that are accepted from now on.
    ///
    /// # Errors
    /// It cannot be done, and nothing has changed.
    pub(super) fn behave(&self, plan: EndpointPlan) -> Result<(), ConductError> {
        let answers = self.answers();
        let conduct = conduct(&self.materials, &answers, &self.tokens, &plan)?;
        let mut known = self.lock();
        self.endpoint.behave(conduct);
        *known = plan;
        Ok(())
    }

    /// Answers these paths so from now on, and every other with an empty 200.
    ///
    /// # Errors
    /// The conduct cannot be made again.
    pub(super) fn answer_with(&self, answers: Arc<Answers>) -> Result<(), ConductError> {
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = answers;
        self.behave(self.plan())
    }

    fn answers(&self) -> Arc<Answers> {
        Arc::clone(&self.answers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Shows another renewed leaf from now on.
    ///
    /// # Errors
    /// It cannot be made.
    pub(super) fn renew(&self) -> Result<(), ConductError> {
        let plan = EndpointPlan { certificate: ServerCertificate::Renewed, ..self.plan() };
        self.materials.authorities.renew(plan.leaf)?;
        self.behave(plan)
    }

    /// What the name server answers.
    pub(super) fn zone(&self) -> ZonePlan {
        self.zone.plan()
    }

    /// What it answered at first.
    pub(super) fn first_zone(&self) -> &ZonePlan {
        &self.first_zone
    }

    /// Answers otherwise from now on.
    ///
    /// # Errors
    /// The subdomain is none, and nothing has changed.
    pub(super) fn answer(&self, plan: ZonePlan) -> Result<(), DnsError> {
        let (addresses, ttl_s, mode) = (plan.addresses.clone(), plan.ttl_s, format!("{:?}", plan.mode).to_lowercase());
        self.zone.set(plan)?;
        self.recorder.record(Actor::Runner, Event::ZoneChanged { addresses, ttl_s, mode });
        Ok(())
    }

    /// Knows no access token any more that was issued before.
    pub(super) fn forget_tokens(&self) {
        self.tokens.forget();
        self.recorder.record(Actor::Runner, Event::TokensForgotten);
    }

    /// Ends every open connection.
    pub(super) fn cut(&self) {
        self.endpoint.cut();
    }

    /// Is as it was at first: zone, conduct, no connection, no token, no history.
    ///
    /// # Errors
    /// The first conduct cannot be made again.
    pub(super) fn reset(&self) -> Result<(), ConductError> {
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&self.first_answers);
        self.behave(self.ought())?;
        // It was taken once.
        let _ = self.zone.set(self.first_zone.clone());
        self.endpoint.cut();
        self.tokens.forget();
        self.recorder.forget();
        Ok(())
    }

    /// Stops, and returns when every socket is closed.
    pub async fn stop(&self) {
        self.stage.stop_listening().await;
        self.endpoint.cut();
    }

    /// The last step: the name server, which belongs to nobody else by then.
    pub async fn end(self) {
        self.stop().await;
        self.name_server.stop().await;
    }

    fn lock(&self) -> MutexGuard<'_, EndpointPlan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Counterpart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counterpart").field("listen", &self.listen).field("dns", &self.dns).finish_non_exhaustive()
    }
}

/// UDP and TCP on one port.
fn name_server(at: SocketAddr) -> Result<(UdpSocket, TcpListener), StandingError> {
    let taken = |error| StandingError::Socket { address: at, error };
    let mut draws = 0;
    loop {
        let tcp = TcpListener::bind(at).map_err(taken)?;
        draws += 1;
        match UdpSocket::bind(tcp.local_addr().map_err(taken)?) {
            Ok(udp) => return Ok((udp, tcp)),
            Err(error) if at.port() == 0 && draws < DRAWS && error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(taken(error)),
        }
    }
}

/// Why Thales cannot stand.
#[derive(Debug)]
pub enum StandingError {
    /// A socket.
    Socket {
        /// Where.
        address: SocketAddr,
        /// The cause.
        error: io::Error,
    },
    /// It is not known what the name server is to answer.
    NoAddress {
        /// Where the endpoint listens.
        listen: SocketAddr,
    },
    /// A plan cannot be carried out.
    Conduct(ConductError),
    /// The name server.
    Dns(DnsError),
    /// Tokens.
    Random(RandomError),
}

impl From<ConductError> for StandingError {
    fn from(error: ConductError) -> Self {
        Self::Conduct(error)
    }
}

impl From<PkiError> for StandingError {
    fn from(error: PkiError) -> Self {
        Self::Conduct(ConductError::Pki(error))
    }
}

impl From<DnsError> for StandingError {
    fn from(error: DnsError) -> Self {
        Self::Dns(error)
    }
}

impl fmt::Display for StandingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket { address, error } => write!(f, "listen on {address}: {error}"),
            Self::NoAddress { listen } => {
                write!(f, "answer for {listen}: expected --address with the IPv4 address at which it is reached")
            }
            Self::Conduct(error) => write!(f, "{error}"),
            Self::Dns(error) => write!(f, "{error}"),
            Self::Random(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for StandingError {}
