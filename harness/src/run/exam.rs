//! A whole run: every selected scenario against every part that it fits, side by side, and what came of each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mock_thales::observe::{KeyLog, Log};
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::task::JoinSet;

use super::RunError;
use super::event::Event;
use super::ground::Setting;
use super::onboarding::{Digests, Onboarding};
use super::outcome::{Outcome, ScenarioRun, judged, unplanned};
use super::plan;
use super::residence::{self, Scheduled};
use super::scene::{self, Part, network};
use super::selection::{Selection, SelectionError, rows};
use crate::integration::{LastingError, Materials, MaterialsError, Subject};
use crate::load::Library;
use crate::model::{
    Environment, Header, Level, Network, Profile, Proof, Requirement, RequirementId, Scenario, ScenarioId,
    Setting as VariedSetting, Shape, Side,
};
use crate::verdict::{self, Finding, Run, Verdict};
use crate::world::{self, Host};

/// What is to be run.
#[derive(Debug)]
pub struct Exam {
    setting: Arc<Setting>,
    plan: Vec<(Arc<Scenario>, Part)>,
    /// Scenarios that cannot be played, with the reason.
    left_out: Vec<(ScenarioId, &'static str)>,
    /// What a portal that lasts cannot play, with the reason: it stays open.
    beyond: Vec<(Arc<Scenario>, Part, &'static str)>,
    /// Their requirements, with the reason.
    unplanned: Vec<(RequirementId, String)>,
    selection: bool,
    jobs: usize,
    digests: Digests,
}

/// A scenario that waits for longer than this costs little while it does.
const MOSTLY_WAITS_MS: u64 = 2000;

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

const NEEDS_PRIVATE: &str = "its scenario needs a private network";
const NEEDS_RENEWAL: &str = "[renewal] says how the integration changes over to its renewed certificate";

/// What a scenario needs and the run does not have.
pub(super) fn lacks(is_shared: bool, has_renewal: bool, scenario: &Scenario) -> Option<&'static str> {
    if is_shared && scene::needs_private(scenario) {
        return Some(NEEDS_PRIVATE);
    }
    (scenario.renews() && !has_renewal).then_some(NEEDS_RENEWAL)
}

impl Exam {
    /// Plans a run. The plan is fixed here: every scenario in it will be accounted for.
    ///
    /// # Errors
    /// Nothing is selected, or the customer's own certificates are unfit.
    pub fn new(
        host: Host,
        library: &Library,
        subject: Subject,
        profile: &str,
        environment: &Environment,
        (selection, patterns): (&Selection, &[String]),
        jobs: Option<usize>,
    ) -> Result<Self, ExamError> {
        let (profile, profile_digest) =
            library.profiles.get(profile).cloned().ok_or_else(|| ExamError::Profile(profile.to_owned()))?;
        let subject = subject.in_environment(&environment.id, &profile);
        portal_of(&subject, &profile.id, environment, &host)?;
        let materials = Materials::new(&subject, &profile, environment).map_err(ExamError::Materials)?;
        let mut plan = Vec::new();
        let (mut left_out, mut unplanned, mut beyond) = (Vec::new(), Vec::new(), Vec::new());
        for scenario in library.scenarios.iter().filter(|scenario| selection.holds(scenario, &profile)) {
            // What a portal that lasts cannot play stays open, and is not merely left out.
            let is_shared = host.network == world::Network::Shared && subject.lasting.is_none();
            if let Some(why) = lacks(is_shared, subject.renewal.is_some(), scenario) {
                let ids = rows(scenario, &profile).into_iter().map(|requirement| requirement.id.clone());
                unplanned.extend(ids.map(|id| (id, why.to_owned())));
                left_out.push((scenario.id.clone(), why));
                continue;
            }
            let scenario = Arc::new(scenario.clone());
            let parts: Vec<_> = match scenario.side {
                Side::Caller => subject.callers.iter().cloned().map(Part::Caller).collect(),
                Side::Files => vec![Part::Files],
                Side::Receiver => subject.receivers.iter().cloned().map(Part::Receiver).collect(),
            };
            let parts = parts.into_iter().map(|part| (Arc::clone(&scenario), part));
            match scene::beyond(&scenario).filter(|_| subject.lasting.is_some()) {
                Some(why) => beyond.extend(parts.map(|(scenario, part)| (scenario, part, why))),
                None => plan.extend(parts),
            }
        }
        if let ([], [(scenario, why), ..]) = (plan.as_slice(), left_out.as_slice()) {
            return Err(ExamError::Selection(SelectionError::LeftOut { scenario: scenario.clone(), why }));
        }
        if let ([], [(scenario, _, why), ..]) = (plan.as_slice(), beyond.as_slice()) {
            return Err(ExamError::Selection(SelectionError::LeftOut { scenario: scenario.id.clone(), why }));
        }
        if plan.is_empty() {
            return Err(ExamError::Selection(SelectionError::Nothing { patterns: patterns.to_vec() }));
        }
        let digests = Digests::of(library, &subject);
        let is_shared = host.network == world::Network::Shared;
        let services = Semaphore::new(if is_shared { 1 } else { Semaphore::MAX_PERMITS });
        let setting = Arc::new(Setting {
            host,
            subject,
            profile,
            profile_digest,
            environment: environment.clone(),
            materials,
            starts: Semaphore::new(cores()),
            services,
            keys: None,
            quiet_until: Mutex::default(),
        });
        Ok(Self {
            setting,
            plan,
            left_out,
            beyond,
            unplanned,
            selection: !selection.is_all(),
            jobs: jobs.unwrap_or(2 * cores()).max(1),
            digests,
        })
    }

    /// Lets the secrets of every connection of the counterpart go to that file. To be called before anything is played.
    #[must_use]
    pub fn logging_keys(mut self, keys: Arc<KeyLog>) -> Self {
        let setting = Arc::get_mut(&mut self.setting).expect("only a scene that is played shares the setting");
        setting.keys = Some(keys);
        self
    }

    /// The planned scenarios with the parts that they drive.
    pub fn plan(&self) -> Vec<(ScenarioId, String)> {
        self.plan.iter().map(|(scenario, part)| (scenario.id.clone(), part.name().to_owned())).collect()
    }

    /// Plays everything. Scenarios that mostly wait begin first and do not count against the number of jobs, so that the run lasts hardly longer than the longest.
    pub async fn run(&self, tell: &(dyn Fn(Event) + Sync)) -> Outcome {
        tell(Event::Planned { scenarios: self.plan.len() });
        let mut order: Vec<_> = (0..self.plan.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(waiting_ms(&self.plan[*index].0)));
        let permits = Arc::new(Semaphore::new(self.jobs));
        let mut tasks = JoinSet::new();
        let (done, mut played) = mpsc::unbounded_channel();
        let mut kept: BTreeMap<&str, Vec<Scheduled>> = BTreeMap::new();
        for index in order {
            let (scenario, part) = &self.plan[index];
            if let Some(service) = self.kept(part) {
                let (scenario, part) = (Arc::clone(scenario), part.clone());
                kept.entry(service).or_default().push(Scheduled { index, scenario, part });
                continue;
            }
            let (scenario, part) = (Arc::clone(scenario), part.clone());
            let (setting, permits, done) = (Arc::clone(&self.setting), Arc::clone(&permits), done.clone());
            let is_first = self.is_first(index);
            let waits = waiting_ms(&scenario) >= MOSTLY_WAITS_MS;
            tasks.spawn(async move {
                // The semaphore is never closed. What mostly waits leaves the processor to others.
                let _permit = if waits { None } else { permits.acquire_owned().await.ok() };
                let (log, took) = timed(setting, scenario, part, is_first).await;
                // Somebody waits for it as long as the run lasts.
                let _ = done.send((index, log, took));
            });
        }
        for scenes in kept.into_values() {
            let (setting, done) = (Arc::clone(&self.setting), done.clone());
            tasks.spawn_blocking(move || {
                residence::play(setting, scenes, &|played| {
                    let _ = done.send(played);
                });
            });
        }
        drop(done);
        let mut runs: Vec<Option<ScenarioRun>> = self.plan.iter().map(|_| None).collect();
        while let Some((index, log, took)) = played.recv().await {
            let run = self.ended(index, log, took, tell);
            runs[index] = Some(run);
        }
        for (index, run) in runs.iter_mut().enumerate().filter(|(_, run)| run.is_none()) {
            let lost = RunError::Lost { scenario: self.plan[index].0.id.clone(), why: "its task was lost".to_owned() };
            *run = Some(self.ended(index, Err(lost), Duration::ZERO, tell));
        }
        self.outcome(runs.into_iter().flatten().collect())
    }

    /// The service that a part is, where that is kept for the run: not in a shared network, which is everybody's.
    fn kept<'a>(&self, part: &'a Part) -> Option<&'a str> {
        part.kept().filter(|_| self.setting.host.network == world::Network::Private)
    }

    fn ended(
        &self,
        index: usize,
        log: Result<Log<Header>, RunError>,
        took: Duration,
        tell: &(dyn Fn(Event) + Sync),
    ) -> ScenarioRun {
        let (scenario, part) = &self.plan[index];
        let run = judged(scenario.id.clone(), part.name().to_owned(), log, took);
        tell(Event::Ended {
            scenario: run.id.clone(),
            subject: run.subject.clone(),
            verdict: run.verdict,
            took: run.took,
        });
        run
    }

    /// Whether no scenario of the plan before drives the same part.
    fn is_first(&self, index: usize) -> bool {
        let name = self.plan[index].1.name();
        self.plan[..index].iter().all(|(_, part)| part.name() != name)
    }

    /// Plays one scenario of the plan by itself.
    pub async fn play(&self, index: usize) -> ScenarioRun {
        let (scenario, part) = self.plan[index].clone();
        let (id, subject) = (scenario.id.clone(), part.name().to_owned());
        let (log, took) = timed(Arc::clone(&self.setting), scenario, part, self.is_first(index)).await;
        judged(id, subject, log, took)
    }

    /// The planned scenarios themselves, with the names of the parts that they drive.
    pub fn planned(&self) -> impl Iterator<Item = (&Scenario, &str)> {
        self.plan.iter().map(|(scenario, part)| (scenario.as_ref(), part.name()))
    }

    /// Plays one scenario of the plan with these values of what it leaves open.
    pub async fn play_varied(&self, index: usize, settings: &[VariedSetting]) -> ScenarioRun {
        let (scenario, part) = self.plan[index].clone();
        let (id, subject) = (scenario.id.clone(), part.name().to_owned());
        let (log, took) = timed(Arc::clone(&self.setting), Arc::new(scenario.varied(settings)), part, false).await;
        judged(id, subject, log, took)
    }

    /// The profile that is played.
    pub fn profile(&self) -> &Profile {
        &self.setting.profile
    }

    /// Name and version of the integration.
    pub fn integration(&self) -> (&str, &str) {
        (&self.setting.subject.name, &self.setting.subject.version)
    }

    /// The environment that is played.
    pub fn environment(&self) -> &str {
        &self.setting.environment.id
    }

    /// The network that scenarios are played in.
    pub fn network(&self) -> Network {
        network(&self.setting.host)
    }

    /// Scenarios that are left out, since they need what this run does not have, and what that is.
    pub fn left_out(&self) -> &[(ScenarioId, &'static str)] {
        &self.left_out
    }

    /// What onboarding exchanged: known before anything is played.
    pub fn onboarding(&self) -> Onboarding {
        Onboarding::of(&self.setting.materials, &self.setting.profile_digest, &self.digests)
    }

    /// MUSTs that this run cannot answer, since no file shows them and nobody declares them, each with the reason. Reads
    /// files and opens no world.
    pub async fn undeclared(&self) -> Vec<(RequirementId, String)> {
        let mut shown = Vec::new();
        for (index, (_, part)) in self.plan.iter().enumerate() {
            if matches!(part, Part::Files) {
                shown.push(self.play(index).await);
            }
        }
        let rows = &self.setting.profile.requirements;
        // Where one row of a group suffices, a scenario may still pass another one.
        let is_open = |row: &Requirement| {
            row.level == Level::Must
                && row.proof != Proof::Scenario
                && !rows
                    .iter()
                    .any(|other| row.any_of.is_some() && other.any_of == row.any_of && other.proof == Proof::Scenario)
        };
        let outcome = self.outcome(shown);
        let untested = outcome.requirements.into_iter().filter(|row| row.verdict == Verdict::Untested);
        untested
            .filter(|row| is_open(&row.requirement))
            .map(|row| (row.requirement.id, row.note.unwrap_or_default()))
            .collect()
    }

    fn outcome(&self, scenarios: Vec<ScenarioRun>) -> Outcome {
        let setting = &self.setting;
        let mut findings: Vec<_> = scenarios.iter().flat_map(|run| run.findings.iter().cloned()).collect();
        findings.extend(scenarios.iter().flat_map(|run| self.faults(run)));
        findings.extend(self.beyond.iter().flat_map(|(scenario, part, why)| {
            let open = |requirement| Finding::beyond(requirement, (&scenario.id, scenario.side), part.name(), why);
            rows(scenario, &setting.profile).into_iter().map(open).collect::<Vec<_>>()
        }));
        let mut unplanned = unplanned(&setting.profile, &scenarios);
        unplanned.extend(self.unplanned.iter().cloned());
        let run = Run {
            requirements: &setting.profile.requirements,
            sides: setting.subject.sides(),
            network: network(&setting.host),
            declares: &setting.subject.declares,
            selection: self.selection,
            unplanned: &unplanned,
        };
        let (requirements, readiness) = verdict::fold(&run, &findings);
        Outcome {
            profile: setting.profile.clone(),
            environment: setting.environment.id.clone(),
            network: network(&setting.host),
            integration: (setting.subject.name.clone(), setting.subject.version.clone()),
            onboarding: self.onboarding(),
            scenarios,
            requirements,
            readiness,
            deviations: Vec::new(),
        }
    }
}

impl Exam {
    /// What a scenario leaves open that the harness could not play: no requirement passes on the others alone.
    fn faults(&self, run: &ScenarioRun) -> Vec<Finding> {
        let Err(error) = &run.log else { return Vec::new() };
        let Some((scenario, _)) = self.plan.iter().find(|(scenario, _)| scenario.id == run.id) else {
            return Vec::new();
        };
        let of_control = match &scenario.shape {
            Shape::Table { verifies, .. } => plan::control_expectations(verifies.as_ref()),
            Shape::Steps { .. } => Vec::new(),
        };
        let profile = &self.setting.profile;
        let mut requirements = rows(scenario, profile);
        requirements.extend(of_control.iter().filter_map(|(topic, _)| profile.about(topic)));
        requirements.sort_by_key(|requirement| &requirement.id);
        requirements.dedup();
        requirements
            .into_iter()
            .map(|requirement| Finding::fault(requirement, (&run.id, scenario.side), &run.subject, error.to_string()))
            .collect()
    }
}

async fn timed(
    setting: Arc<Setting>,
    scenario: Arc<Scenario>,
    part: Part,
    is_first: bool,
) -> (Result<Log<Header>, RunError>, Duration) {
    let began = Instant::now();
    let id = scenario.id.clone();
    let played = tokio::task::spawn_blocking(move || scene::play(setting, scenario, part, is_first)).await;
    let log = played.unwrap_or_else(|error| Err(RunError::Lost { scenario: id, why: error.to_string() }));
    (log, began.elapsed())
}

/// Whether parts that run already have their portal, and the portal is for this run.
fn portal_of(subject: &Subject, profile: &str, environment: &Environment, host: &Host) -> Result<(), ExamError> {
    let Some(portal) = &subject.lasting else {
        return match subject.running() {
            Some(part) => Err(ExamError::NoPortal { part: part.to_owned() }),
            None => Ok(()),
        };
    };
    if host.network == world::Network::Private {
        return Err(ExamError::PrivatePortal);
    }
    portal.vacant().map_err(ExamError::Portal)?;
    let (settings, played) = (&portal.settings, format!("{profile} in {}", environment.id));
    let made_for = format!("{} in {}", settings.profile, settings.environment);
    if made_for == played { Ok(()) } else { Err(ExamError::OtherPortal { made_for, played }) }
}

/// Time that a scenario spends waiting, in milliseconds.
fn waiting_ms(scenario: &Scenario) -> u64 {
    match &scenario.shape {
        Shape::Table { .. } => 0,
        Shape::Steps { steps, .. } => steps
            .iter()
            .map(|step| {
                let traffic = step.traffic;
                let calls = u64::from(traffic.calls.unwrap_or(0)) * traffic.every.map_or(0, |every| every.0);
                traffic.lasts.map_or(calls, |lasts| lasts.0)
            })
            .sum(),
    }
}

/// Time that a scenario mostly waits, where it does.
pub(crate) fn waits(scenario: &Scenario) -> Option<Duration> {
    let waiting_ms = waiting_ms(scenario);
    (waiting_ms >= MOSTLY_WAITS_MS).then(|| Duration::from_millis(waiting_ms))
}

/// Why a run cannot be planned: the user's to mend.
#[derive(Debug)]
pub enum ExamError {
    /// No such profile.
    Profile(String),
    /// The customer's own certificates are unfit.
    Materials(MaterialsError),
    /// Nothing is selected.
    Selection(SelectionError),
    /// A part runs already, and no portal says what it was given.
    NoPortal {
        /// The part.
        part: String,
    },
    /// The portal does not say where it stands.
    Portal(LastingError),
    /// A portal that lasts stands in the machine's network.
    PrivatePortal,
    /// The portal was made for something else.
    OtherPortal {
        /// Profile and environment that it was made for.
        made_for: String,
        /// Those that are played.
        played: String,
    },
}

impl std::fmt::Display for ExamError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Profile(id) => write!(f, "no profile is called `{id}`"),
            Self::Materials(error) => write!(f, "{error}"),
            Self::Selection(error) => write!(f, "{error}"),
            Self::NoPortal { part } => write!(
                f,
                "`{part}` runs already: expected [portal] dir or --portal with what `thales-harness portal init` made"
            ),
            Self::Portal(error) => write!(f, "{error}"),
            Self::PrivatePortal => f.write_str("a portal that lasts is reached in the shared network alone"),
            Self::OtherPortal { made_for, played } => {
                write!(f, "the portal was made for {made_for}, and {played} is to be played")
            }
        }
    }
}

impl std::error::Error for ExamError {}
