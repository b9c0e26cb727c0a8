//! A receiver in a world: started, and ready when the network's socket table shows it listening. Nothing connects to
//! find that out.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mock_thales::observe::{Actor, Event, Recorder};
use tokio::process::Child;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::berth::Berth;
use super::in_process::Tenant;
use super::part::{ReceiverPart, ReceiverWay};
use super::portal::Portal;
use super::process::{self, Output};
use super::service::{Service, Stage};
use crate::model::HostPort;
use crate::world::{World, WorldError};

/// How often the socket table is read while a receiver starts.
const LOOK: Duration = Duration::from_millis(10);

/// A receiver that runs.
pub struct Serving {
    way: Way,
    recorder: Arc<Recorder>,
    actor: Actor,
}

enum Way {
    Process {
        child: Box<Child>,
        output: Option<Output>,
    },
    /// Serves as long as it is kept.
    InProcess {
        _tenant: Tenant,
    },
    Service(Box<Service>),
    /// Neither started nor ended here.
    Running,
}

/// Why a receiver does not serve. It is the integration's conduct.
#[derive(Debug)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

impl Serving {
    /// Starts the receiver and waits until it listens on `at`; a service that is kept for the run goes on and stays in its
    /// berth.
    ///
    /// # Errors
    /// It did not start, ended, or does not listen within its time.
    pub async fn start(
        part: &ReceiverPart,
        dir: &Path,
        portal: &Portal,
        at: SocketAddr,
        world: &Arc<World>,
        recorder: &Arc<Recorder>,
        berth: Option<&Arc<Berth>>,
    ) -> Result<Self, StartError> {
        let actor = Actor::Integration(part.name.clone());
        let mut serving = match &part.way {
            ReceiverWay::Service(service) => {
                let stage = Stage { dir, portal, world, recorder, actor: &actor, berth };
                let service = Service::begin(service, &[at], &stage).await.map_err(StartError)?;
                return Ok(Self { way: Way::Service(Box::new(service)), recorder: Arc::clone(recorder), actor });
            }
            // Who runs already is found listening by the call.
            ReceiverWay::Running(_) => {
                return Ok(Self { way: Way::Running, recorder: Arc::clone(recorder), actor });
            }
            ReceiverWay::Command(words) => {
                let words = process::expand(words, dir, portal).map_err(StartError)?;
                let mut child = world
                    .spawn(process::command(&words, dir, portal))
                    .map_err(|error| StartError(error.to_string()))?;
                let output = Some(Output::of(&mut child));
                let way = Way::Process { child: Box::new(child), output };
                Self { way, recorder: Arc::clone(recorder), actor }
            }
            ReceiverWay::InProcess(factory) => {
                let tenant = Tenant::start(Arc::clone(world), Arc::clone(factory), portal.clone(), part.within)
                    .await
                    .map_err(StartError)?;
                tenant.serve(at, part.within).await.map_err(StartError)?;
                Self { way: Way::InProcess { _tenant: tenant }, recorder: Arc::clone(recorder), actor }
            }
        };
        match serving.wait_until_listening(at, world, part.within).await {
            Ok(()) => Ok(serving),
            Err(error) => {
                let last_words = serving.stop().await;
                let said = if last_words.is_empty() { String::new() } else { format!("; it says: {last_words}") };
                Err(StartError(format!("{error}{said}")))
            }
        }
    }

    async fn wait_until_listening(&mut self, at: SocketAddr, world: &World, within: Duration) -> Result<(), String> {
        let deadline = Instant::now() + within;
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let sockets = world.listening().map_err(|error: WorldError| error.to_string())?;
            if sockets.iter().any(|socket| covers(*socket, at)) {
                let addresses = sockets.into_iter().filter(|socket| covers(*socket, at)).collect();
                self.recorder.record(self.actor.clone(), Event::Listening { addresses });
                return Ok(());
            }
            if let Way::Process { child, .. } = &mut self.way
                && let Ok(Some(status)) = child.try_wait()
                // A daemon that went to the background goes on without its first process.
                && !status.success()
            {
                return Err(format!("it ended ({status}) before it listened on port {}", at.port()));
            }
            if Instant::now() >= deadline {
                let ports: Vec<_> = sockets.iter().map(ToString::to_string).collect();
                let found = if ports.is_empty() { "nothing".to_owned() } else { ports.join(", ") };
                return Err(format!("it does not listen on port {} within {within:?}, found {found}", at.port()));
            }
        }
    }

    /// Every address of a receiver that runs already; where it was started, the one that it was given.
    ///
    /// # Errors
    /// The machine's resolver knows none.
    pub async fn addresses(part: &ReceiverPart, given: SocketAddr) -> Result<Vec<SocketAddr>, StartError> {
        let ReceiverWay::Running(HostPort { host, port }) = &part.way else { return Ok(vec![given]) };
        let known = |why: String| StartError(format!("no address is known of `{host}`: {why}"));
        let found = tokio::net::lookup_host((host.as_str(), *port)).await.map_err(|error| known(error.to_string()))?;
        let mut addresses: Vec<_> = found.collect();
        addresses.sort();
        addresses.dedup();
        if addresses.is_empty() { Err(known("the name has none".to_owned())) } else { Ok(addresses) }
    }

    /// Writes down that a service has failed meanwhile.
    pub fn watch(&mut self) {
        if let Way::Service(service) = &mut self.way {
            service.watch();
        }
    }

    /// Ends the receiver, but for a service that stays, and records what it printed; returns its last words.
    pub async fn stop(self) -> String {
        match self.way {
            Way::Process { mut child, output } => {
                let _ = child.start_kill();
                let _ = child.wait().await;
                match output {
                    Some(output) => output.finish(&self.recorder, &self.actor).await,
                    None => String::new(),
                }
            }
            Way::InProcess { .. } | Way::Running => String::new(),
            Way::Service(service) => service.leave().await,
        }
    }
}

/// Whether a listening socket takes connections to an address.
pub(super) fn covers(socket: SocketAddr, at: SocketAddr) -> bool {
    socket.port() == at.port() && (socket.ip().is_unspecified() || socket.ip().to_canonical() == at.ip())
}
