//! What came of a run and of each of its scenarios.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mock_thales::observe::Log;

use super::RunError;
use super::onboarding::Onboarding;
use crate::model::{Deviation, Header, Network, Profile, RequirementId, ScenarioId, Side};
use crate::verdict::{self, DeviationState, Finding, Readiness, RequirementVerdict, Verdict};

/// One scenario that was played.
#[derive(Debug)]
pub struct ScenarioRun {
    /// The scenario.
    pub id: ScenarioId,
    /// The part that it drove.
    pub subject: String,
    /// Its log; `Err` where the harness failed.
    pub log: Result<Log<Header>, RunError>,
    /// What was ruled.
    pub findings: Vec<Finding>,
    /// Its verdict; `None` where the harness failed.
    pub verdict: Option<Verdict>,
    /// How long it took.
    pub took: Duration,
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The profile.
    pub profile: Profile,
    /// The environment.
    pub environment: String,
    /// The network.
    pub network: Network,
    /// Name and version of the integration.
    pub integration: (String, String),
    /// What onboarding exchanged.
    pub onboarding: Onboarding,
    /// The scenarios in the order of the plan.
    pub scenarios: Vec<ScenarioRun>,
    /// The requirements in the order of the catalogue.
    pub requirements: Vec<RequirementVerdict>,
    /// Readiness.
    pub readiness: Readiness,
    /// Known deviations with what became of each; none where none are named.
    pub deviations: Vec<(Deviation, DeviationState)>,
}

impl Outcome {
    /// Holds known deviations against what failed, on that day. Neither a verdict nor readiness changes.
    pub fn deviate(&mut self, deviations: Vec<Deviation>, today: time::Date) {
        let partial = self.readiness == Readiness::Partial;
        let states = verdict::deviations::deviate(&mut self.requirements, &deviations, today, partial);
        self.deviations = deviations.into_iter().zip(states).collect();
    }

    /// Paths of `[files]` at which no asset lay in some scenario, since the network was shared.
    pub fn unplaced(&self) -> BTreeSet<&Path> {
        let logs = self.scenarios.iter().filter_map(|run| run.log.as_ref().ok());
        logs.flat_map(|log| &log.header.unplaced).map(PathBuf::as_path).collect()
    }

    /// Services that were to live for the run and were started anew, each with the reason, and before which scenarios.
    pub fn started_anew(&self) -> BTreeMap<(String, String), Vec<String>> {
        let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for log in self.scenarios.iter().filter_map(|run| run.log.as_ref().ok()) {
            for fact in &log.facts {
                if let mock_thales::observe::Event::ServiceStartedAnew { service, why } = &fact.event {
                    let scenario = log.header.script.scenario.to_string();
                    found.entry((service.clone(), why.clone())).or_default().push(scenario);
                }
            }
        }
        found
    }
}

pub(super) fn judged(
    id: ScenarioId,
    subject: String,
    log: Result<Log<Header>, RunError>,
    took: Duration,
) -> ScenarioRun {
    match log {
        Ok(log) => {
            let findings = verdict::judge(&log.header, &log.facts);
            let planned = !log.header.script.expectations.is_empty();
            let verdict = Some(verdict::scenario_verdict(&findings, planned).verdict);
            ScenarioRun { id, subject, log: Ok(log), findings, verdict, took }
        }
        Err(error) => ScenarioRun { id, subject, log: Err(error), findings: Vec::new(), verdict: None, took },
    }
}

/// What could not be planned. What files do not show comes last: the first reason is the one that is told.
pub(super) fn unplanned(profile: &Profile, scenarios: &[ScenarioRun]) -> Vec<(RequirementId, String)> {
    let mut scripts: Vec<_> =
        scenarios.iter().filter_map(|run| run.log.as_ref().ok()).map(|log| &log.header.script).collect();
    scripts.sort_by_key(|script| script.side == Side::Files);
    scripts
        .into_iter()
        .flat_map(|script| &script.unplanned)
        .filter_map(|unplanned| Some((profile.about(&unplanned.topic)?.id.clone(), unplanned.why.clone())))
        .collect()
}
