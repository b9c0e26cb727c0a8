//! What a scene stands on: the run's setting, the world, the recorder.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mock_thales::observe::{Event, Fact, KeyLog, PhaseId, Recorder};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

use super::RunError;
use super::stay::Stay;
use super::surroundings::Surroundings;
use crate::integration::{Materials, Portal, Subject};
use crate::model::{EndpointName, Environment, Phase, Profile, Script};
use crate::world::{self, Host, World};

/// How long a connection may stay without anything new from the peer. Longer than a slow machine needs, shorter than a
/// person's patience.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Everything that a scene needs to know of its run.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) host: Host,
    pub(super) subject: Subject,
    pub(super) profile: Profile,
    pub(super) profile_digest: String,
    pub(super) environment: Environment,
    pub(super) materials: Materials,
    /// Held while an integration starts and makes its first call: as many at once as there are cores. A dozen virtual
    /// machines that warm up together would run into their own time-outs.
    pub(super) starts: Semaphore,
    /// Held while a service is played. In a shared network two scenarios would meet on its ports.
    pub(super) services: Semaphore,
    /// Where the secrets of connections go, if anywhere.
    pub(super) keys: Option<Arc<KeyLog>>,
    /// Until when an integration that runs already may hold an answer of the scenario before.
    pub(super) quiet_until: Mutex<Option<Instant>>,
}

/// What both kinds of scene stand on.
#[derive(Clone)]
pub(super) struct Ground {
    pub(super) setting: Arc<Setting>,
    pub(super) world: Arc<World>,
    pub(super) recorder: Arc<Recorder>,
    /// What earlier scenarios of the world have left, where it is kept for the run.
    pub(super) stay: Option<Arc<Stay>>,
}

impl Ground {
    /// What stands around the integration, for as long as it lives. `https`: whether Thales listens in this scenario.
    ///
    /// # Errors
    /// The world refuses a socket.
    pub(super) fn surroundings(&self, https: bool) -> Result<Arc<Surroundings>, RunError> {
        let start = |https| {
            let forwards = &self.setting.subject.forwards;
            Surroundings::start(&self.world, forwards, https, &self.recorder).map(Arc::new)
        };
        match &self.stay {
            Some(stay) => stay.surroundings(|| start(true)),
            None => start(https),
        }
    }

    /// The portal as the integration sees it. `entry` is where the base URL leads.
    pub(super) fn portal(&self, entry: Ipv4Addr) -> Result<Portal, RunError> {
        let context = &self.setting.materials.context;
        let address = self.world.published(entry, world::HTTPS)?;
        let is_private = self.setting.host.network == world::Network::Private;
        let port = if is_private { String::new() } else { format!(":{}", address.port()) };
        let base = format!("https://{}{port}", context.inbound_host);
        Ok(Portal {
            directory: self.world.portal().to_owned(),
            url: format!("{base}{}", context.base_path),
            inbound_host: context.inbound_host.clone(),
            issuer_host: context.issuer_host.clone(),
            common_name: context.common_name.clone(),
            profile: self.setting.profile.id.clone(),
            customer_id: context.customer_id.clone(),
            token_url: self.setting.profile.oauth.as_ref().map(|oauth| format!("{base}{}", oauth.token_path)),
            resolver: (!is_private).then(|| self.world.resolver()),
            listen: self.world.customer_listen(context.issuer_port)?,
            proxy: None,
        })
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.setting.subject.dir.clone()
    }

    /// Begins a phase and writes it into the script.
    pub(super) fn begin(&self, script: &mut Script, mut phase: Phase) -> PhaseId {
        let id = PhaseId(u32::try_from(script.phases.len()).unwrap_or(u32::MAX));
        phase.id = id;
        self.recorder.begin_phase(id, &phase.name);
        script.phases.push(phase);
        id
    }

    /// Waits until every connection of a phase has ended, or the deadline passes.
    pub(super) async fn settle(&self, phase: Option<PhaseId>, within: Duration) -> bool {
        self.recorder.wait_for((Instant::now() + within).into_std(), |facts| all_ended(facts, phase)).await
    }

    /// Waits until every connection has ended from which the peer was sent away, or the deadline passes.
    pub(super) async fn farewells(&self, within: Duration) -> bool {
        self.recorder.wait_for((Instant::now() + within).into_std(), all_left).await
    }
}

fn all_left(facts: &[Fact]) -> bool {
    let mut staying = BTreeSet::new();
    for fact in facts {
        let Some(connection) = fact.connection else { continue };
        match fact.event {
            Event::Dismissed => {
                staying.insert(connection);
            }
            Event::Ended(_) => {
                staying.remove(&connection);
            }
            _ => {}
        }
    }
    staying.is_empty()
}

fn all_ended(facts: &[Fact], phase: Option<PhaseId>) -> bool {
    let mut open = BTreeSet::new();
    for fact in facts.iter().filter(|fact| fact.phase == phase) {
        let Some(connection) = fact.connection else { continue };
        match fact.event {
            Event::Accepted { .. } => {
                open.insert(connection);
            }
            Event::Ended(_) => {
                open.remove(&connection);
            }
            _ => {}
        }
    }
    open.is_empty()
}

/// The IPv4 address of an endpoint as the scenario names it.
pub(super) fn ipv4(address: IpAddr) -> Ipv4Addr {
    match address {
        IpAddr::V4(address) => address,
        IpAddr::V6(address) => address.to_ipv4_mapped().unwrap_or(Ipv4Addr::UNSPECIFIED),
    }
}

/// The one endpoint of a table.
pub(super) fn main_endpoint() -> EndpointName {
    "main".parse().expect("a word in lower case is an endpoint's name")
}
