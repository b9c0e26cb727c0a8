//! One scenario in one world: opened, set up, played, taken down; its log is what remains.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mock_thales::observe::{Fact, Log, PhaseId, Recorder};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::Instant;

use super::RunError;
use super::lag::Lag;
use super::stage_caller::{self, CallerScene};
use super::stage_receiver::{self, ReceiverScene};
use crate::integration::{CallerPart, Materials, Portal, ReceiverPart, Subject};
use crate::model::{
    Check, Dead, EndpointName, Environment, Header, LOG_FORMAT, Network, Phase, Profile, Scenario, Script, Shape,
};
use crate::world::{self, Host, Setup, World};

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
}

/// The part of the integration that a scene drives.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Caller(CallerPart),
    Receiver(ReceiverPart),
}

impl Part {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Caller(part) => &part.name,
            Self::Receiver(part) => &part.name,
        }
    }
}

/// Plays a scenario against a part.
///
/// # Errors
/// The harness's own failures.
pub(super) async fn play(setting: Arc<Setting>, scenario: Arc<Scenario>, part: Part) -> Result<Log<Header>, RunError> {
    let started = OffsetDateTime::now_utc();
    let world = Arc::new(open(&setting).await?);
    let recorder = Recorder::new();
    let lag = Lag::measure(Arc::clone(&recorder));
    let script = Script {
        scenario: scenario.id.clone(),
        title: scenario.title.clone(),
        side: scenario.side,
        subject: part.name().to_owned(),
        endpoints: BTreeMap::new(),
        phases: Vec::new(),
        expectations: Vec::new(),
        unplanned: Vec::new(),
    };
    let stage = Ground { setting: Arc::clone(&setting), world: Arc::clone(&world), recorder: Arc::clone(&recorder) };
    let script = match part {
        Part::Caller(part) => {
            let scene = CallerScene::open(stage, &part, &scenario, script).await?;
            stage_caller::play(scene, &scenario).await?
        }
        Part::Receiver(part) => {
            let scene = ReceiverScene::open(stage, &part, script).await?;
            stage_receiver::play(scene, &scenario).await?
        }
    };
    drop(lag);
    let facts = recorder.snapshot();
    // What still holds the world is ending; its processes end with it.
    if let Ok(world) = Arc::try_unwrap(world) {
        let closed = tokio::task::spawn_blocking(move || world.close()).await;
        if let Ok(Err(error)) = closed {
            return Err(RunError::World(error));
        }
    }
    Ok(Log { header: header(&setting, &scenario, script, started), facts })
}

async fn open(setting: &Arc<Setting>) -> Result<World, RunError> {
    let setting = Arc::clone(setting);
    let opened = tokio::task::spawn_blocking(move || {
        let setup = Setup {
            assets: setting.materials.assets.clone(),
            files: setting.subject.files.clone(),
            keep: setting.subject.directories(),
            hosts: Vec::new(),
        };
        World::open(&setting.host, &setup)
    })
    .await;
    match opened {
        Ok(world) => Ok(world?),
        Err(error) => Err(RunError::Socket(std::io::Error::other(error))),
    }
}

fn header(setting: &Setting, scenario: &Scenario, script: Script, started: OffsetDateTime) -> Header {
    let requirements = setting
        .profile
        .requirements
        .iter()
        .filter(|requirement| script.expectations.iter().any(|expectation| expectation.topic == requirement.topic))
        .cloned()
        .collect();
    Header {
        format: LOG_FORMAT.to_owned(),
        harness: env!("CARGO_PKG_VERSION").to_owned(),
        started: started.format(&Rfc3339).unwrap_or_default(),
        profile: setting.profile.id.clone(),
        profile_digest: setting.profile_digest.clone(),
        environment: setting.environment.id.clone(),
        scenario_digest: scenario.digest.clone(),
        network: network(&setting.host),
        integration: (setting.subject.name.clone(), setting.subject.version.clone()),
        context: setting.materials.context.clone(),
        script,
        requirements,
    }
}

/// The network of a host, in the report's words.
pub(super) fn network(host: &Host) -> Network {
    match host.network {
        world::Network::Private => Network::Private,
        world::Network::Shared => Network::Shared,
    }
}

/// What both kinds of scene stand on.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub(super) setting: Arc<Setting>,
    pub(super) world: Arc<World>,
    pub(super) recorder: Arc<Recorder>,
}

impl Ground {
    /// The portal as the integration sees it. `entry` is where the base URL leads.
    pub(super) fn portal(&self, entry: Ipv4Addr) -> Result<Portal, RunError> {
        let context = &self.setting.materials.context;
        let address = self.world.published(entry, world::HTTPS)?;
        let is_private = self.setting.host.network == world::Network::Private;
        let port = if is_private { String::new() } else { format!(":{}", address.port()) };
        Ok(Portal {
            directory: self.world.portal().to_owned(),
            url: format!("https://{}{port}{}", context.inbound_host, context.base_path),
            inbound_host: context.inbound_host.clone(),
            issuer_host: context.issuer_host.clone(),
            common_name: context.common_name.clone(),
            resolver: (!is_private).then(|| self.world.resolver()),
            listen: self.world.customer_listen(context.issuer_port)?,
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
    pub(super) async fn settle(&self, phase: PhaseId, within: Duration) -> bool {
        self.recorder.wait_for((Instant::now() + within).into_std(), |facts| all_ended(facts, phase)).await
    }
}

fn all_ended(facts: &[Fact], phase: PhaseId) -> bool {
    use mock_thales::observe::Event;
    let mut open = std::collections::BTreeSet::new();
    for fact in facts.iter().filter(|fact| fact.phase == Some(phase)) {
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

/// Whether a scenario can only be played in a private network: an address that dies without a route, a port that is
/// the real one.
pub(super) fn needs_private(scenario: &Scenario) -> bool {
    match &scenario.shape {
        Shape::Table { .. } => false,
        Shape::Steps { steps, .. } => steps.iter().any(|step| {
            matches!(step.change.dead, Some((_, Dead::Unreachable)))
                || step.expect.iter().any(|check| matches!(check, Check::Port(_)))
        }),
    }
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
