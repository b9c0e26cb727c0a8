//! One scenario in one world: opened, set up, played, taken down; its log is what remains. A scene has a thread and a
//! runtime of its own: its steps follow each other, so that more threads would only wake each other. Where a world is kept
//! for the run, [`residence`](super::residence) plays one scene after the other in it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mock_thales::observe::{Actor, Event, Log, Recorder};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep_until};

use super::RunError;
use super::caller::{self, CallerScene};
use super::files;
use super::ground::{Ground, Setting};
use super::lag::Lag;
use super::plan;
use super::probe;
use super::receiver::{self, ReceiverScene};
use super::stay::Stay;
use super::withheld;
use crate::integration::{CallerPart, CallerWay, Places, ReceiverPart, ReceiverWay};
use crate::model::{Check, Conduct, Dead, Header, Keep, LOG_FORMAT, Network, Scenario, Script, Shape};
use crate::world::{self, Host, OneCore, Setup, Standing, World};

/// Caches count whole seconds.
const CACHE_MARGIN: Duration = Duration::from_secs(1);

/// The part of the integration that a scene drives.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Caller(CallerPart),
    Receiver(ReceiverPart),
    /// The files that the integration file names.
    Files,
}

impl Part {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Caller(part) => &part.name,
            Self::Receiver(part) => &part.name,
            Self::Files => "files",
        }
    }

    /// The service that it is, where that is kept for the run.
    pub(super) fn kept(&self) -> Option<&str> {
        let service = match self {
            Self::Caller(CallerPart { way: CallerWay::Service(caller), .. }) => &caller.service,
            Self::Receiver(ReceiverPart { way: ReceiverWay::Service(service), .. }) => service,
            _ => return None,
        };
        (service.keep == Keep::Run).then_some(service.name.as_str())
    }

    /// Whether it is a service, which chooses its ports itself.
    fn is_service(&self) -> bool {
        match self {
            Self::Caller(part) => part.proxy.is_some() || matches!(part.way, CallerWay::Service(_)),
            Self::Receiver(part) => matches!(part.way, ReceiverWay::Service(_)),
            Self::Files => false,
        }
    }

    /// Whether it is a thread of this process, so that no command is started for it.
    fn is_in_process(&self) -> bool {
        match self {
            Self::Caller(part) => matches!(part.way, CallerWay::InProcess(_)),
            Self::Receiver(part) => matches!(part.way, ReceiverWay::InProcess(_)),
            Self::Files => true,
        }
    }
}

/// Plays a scenario against a part on the calling thread, which must not be one of a runtime's workers.
///
/// # Errors
/// The harness's own failures.
pub(super) fn play(
    setting: Arc<Setting>,
    scenario: Arc<Scenario>,
    part: Part,
    is_first: bool,
) -> Result<Log<Header>, RunError> {
    let _core = part.is_in_process().then(OneCore::here);
    let runtime = Builder::new_current_thread().enable_all().build().map_err(RunError::Socket)?;
    runtime.block_on(perform(setting, scenario, part, is_first))
}

async fn perform(
    setting: Arc<Setting>,
    scenario: Arc<Scenario>,
    part: Part,
    is_first: bool,
) -> Result<Log<Header>, RunError> {
    if matches!(part, Part::Files) {
        return Ok(files::play(&setting, &scenario, OffsetDateTime::now_utc()));
    }
    // The semaphore is never closed.
    let stands = setting.subject.lasting.is_some();
    let _turn = if part.is_service() || stands { setting.services.acquire().await.ok() } else { None };
    let stands = stands && matches!(part, Part::Caller(_));
    if stands && let Some(until) = setting.quiet_until.lock().await.take() {
        sleep_until(until).await;
    }
    let threads_only = part.is_in_process();
    let faults = match &part {
        Part::Caller(part) if is_first => probe::faults(&setting, part).await?,
        _ => None,
    };
    let world = Arc::new(open(&setting, threads_only)?);
    let played = record(&setting, &scenario, &part, &world, None, faults).await?;
    if stands && let Played::Log(log) = &played {
        let longest = log.header.script.phases.iter().map(|phase| phase.ttl_ms).max().unwrap_or_default();
        let until = Instant::now() + Duration::from_millis(longest) + CACHE_MARGIN;
        *setting.quiet_until.lock().await = Some(until);
    }
    close(world, threads_only).await?;
    match played {
        Played::Log(log) => Ok(*log),
        // Only in a world that is kept.
        Played::Stale(why) => Err(RunError::Lost { scenario: scenario.id.clone(), why }),
    }
}

/// What came of a scenario in a world.
pub(super) enum Played {
    Log(Box<Log<Header>>),
    /// Nothing: what earlier scenarios have left in the service would make it show something else. In words.
    Stale(String),
}

/// Plays a scenario in a world that stands. `stay` is what earlier ones have left there, where it is kept for the run;
/// `faults` is what a probe has found of a driver.
pub(super) async fn record(
    setting: &Arc<Setting>,
    scenario: &Scenario,
    part: &Part,
    world: &Arc<World>,
    stay: Option<&Arc<Stay>>,
    faults: Option<Vec<String>>,
) -> Result<Played, RunError> {
    let started = OffsetDateTime::now_utc();
    let recorder = Recorder::with_keys(setting.keys.clone());
    if let Some(faults) = faults {
        recorder.record(Actor::Integration(part.name().to_owned()), Event::Probed { faults });
    }
    let lag = Lag::measure(Arc::clone(&recorder));
    let script = blank(scenario, part.name());
    let ground = Ground {
        setting: Arc::clone(setting),
        world: Arc::clone(world),
        recorder: Arc::clone(&recorder),
        stay: stay.cloned(),
    };
    let played = match part {
        Part::Caller(part) => {
            let scene = CallerScene::open(ground, part, scenario, script).await?;
            caller::play(scene, scenario).await?
        }
        Part::Receiver(part) => {
            let scene = ReceiverScene::open(ground, part, script).await?;
            Ok(receiver::play(scene, scenario).await?)
        }
        Part::Files => Ok(script),
    };
    drop(lag);
    let mut script = match played {
        Ok(script) => script,
        Err(why) => return Ok(Played::Stale(why)),
    };
    plan::observe(&mut script, &setting.profile, &setting.materials);
    let facts = recorder.snapshot();
    withheld::leave_out(&mut script, &facts);
    let header = Header { unplaced: world.unplaced().to_vec(), ..header(setting, scenario, script, started) };
    Ok(Played::Log(Box::new(Log { header, facts })))
}

/// Ends a world. What still holds it is ending, too; its processes end with it.
pub(super) async fn close(world: Arc<World>, threads_only: bool) -> Result<(), RunError> {
    let Ok(world) = Arc::try_unwrap(world) else { return Ok(()) };
    if threads_only {
        return Ok(world.close()?);
    }
    // Meanwhile the runtime waits for the children that nobody holds any more.
    match tokio::task::spawn_blocking(move || world.close()).await {
        Ok(Err(error)) => Err(RunError::World(error)),
        _ => Ok(()),
    }
}

/// A script in which nothing is played yet.
pub(super) fn blank(scenario: &Scenario, subject: &str) -> Script {
    Script {
        scenario: scenario.id.clone(),
        title: scenario.title.clone(),
        side: scenario.side,
        subject: subject.to_owned(),
        endpoints: BTreeMap::new(),
        statuses: Vec::new(),
        phases: Vec::new(),
        expectations: Vec::new(),
        unplanned: Vec::new(),
    }
}

pub(super) fn open(setting: &Setting, threads_only: bool) -> Result<World, RunError> {
    let setup = Setup {
        assets: setting.materials.assets.clone(),
        files: setting.subject.files.clone(),
        keep: setting.subject.directories(),
        hosts: Vec::new(),
        threads_only,
        standing: match &setting.subject.lasting {
            Some(portal) => {
                let Places { listen, address, dns } = portal.places().map_err(RunError::Portal)?;
                Some(Standing { listen, address, name_server: dns })
            }
            None => None,
        },
    };
    Ok(World::open(&setting.host, &setup)?)
}

pub(super) fn header(setting: &Setting, scenario: &Scenario, script: Script, started: OffsetDateTime) -> Header {
    let requirements = setting
        .profile
        .requirements
        .iter()
        .filter(|requirement| script.expectations.iter().any(|expectation| requirement.is_about(&expectation.topic)))
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
        standing: setting.subject.lasting.is_some(),
        unplaced: Vec::new(),
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

/// What a scenario needs that a portal which lasts does not have: its one endpoint, its files and its network stay.
pub(super) fn beyond(scenario: &Scenario) -> Option<&'static str> {
    let has_source = |conduct: &Conduct| matches!(conduct, Conduct::Client(conduct) if conduct.source.is_some());
    let sources = match &scenario.shape {
        Shape::Table { control, rows, .. } => has_source(control) || rows.iter().any(|row| has_source(&row.conduct)),
        Shape::Steps { .. } => false,
    };
    let addresses = match &scenario.shape {
        Shape::Table { .. } => 1,
        Shape::Steps { endpoints, .. } => endpoints.len(),
    };
    if needs_private(scenario) {
        Some("it needs a private network, and the integration runs already")
    } else if addresses > 1 {
        Some("it needs another address of Thales, and the portal has one endpoint")
    } else if scenario.renews() {
        Some("it renews the customer's files, and those of the portal stay")
    } else if sources {
        Some("it needs source addresses of its own, and the integration runs already")
    } else {
        None
    }
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
