//! A whole run seen from its logs: what has to be there, and what comes of it when everything is judged anew. Nothing is
//! played.

use std::time::Duration;

use mock_thales::observe::Log;

use super::onboarding::Onboarding;
use super::outcome::{Outcome, ScenarioRun, judged, unplanned};
use super::selection::{Selection, SelectionError, rows};
use crate::load::Library;
use crate::model::{Header, IntegrationFile, Network, Profile, RequirementId, ScenarioId, Side};
use crate::verdict::{self, Run};

/// A whole run of one integration file: every scenario of its profile, in a private network.
#[derive(Debug)]
pub struct Again<'a> {
    profile: &'a Profile,
    file: &'a IntegrationFile,
    plan: Vec<(ScenarioId, String)>,
    unplanned: Vec<(RequirementId, String)>,
}

impl<'a> Again<'a> {
    /// Plans it; `None` where the library has no such profile.
    ///
    /// # Errors
    /// No selection can be made of nothing: never in practice.
    pub fn of(library: &'a Library, file: &'a IntegrationFile) -> Result<Option<Self>, SelectionError> {
        let Some((profile, _)) = library.profiles.get(&file.profile) else { return Ok(None) };
        let everything = Selection::new(&[])?;
        let (mut plan, mut unplanned) = (Vec::new(), Vec::new());
        for scenario in library.scenarios.iter().filter(|scenario| everything.holds(scenario, profile)) {
            if let Some(why) = super::exam::lacks(false, file.renewal.is_some(), scenario) {
                let ids = rows(scenario, profile).into_iter().map(|requirement| requirement.id.clone());
                unplanned.extend(ids.map(|id| (id, why.to_owned())));
                continue;
            }
            let parts: Vec<&str> = match scenario.side {
                Side::Caller => file.callers.iter().map(|part| part.name.as_str()).collect(),
                Side::Files => vec!["files"],
                Side::Receiver => file.receivers.iter().map(|part| part.name.as_str()).collect(),
            };
            plan.extend(parts.into_iter().map(|part| (scenario.id.clone(), part.to_owned())));
        }
        Ok(Some(Self { profile, file, plan, unplanned }))
    }

    /// The scenarios with the parts that they drive, in the order of a run's plan.
    pub fn plan(&self) -> &[(ScenarioId, String)] {
        &self.plan
    }

    /// What comes of it. `logs` are those of the plan, in its order, each with the time that it took.
    pub fn outcome(&self, environment: &str, onboarding: Onboarding, logs: Vec<(Log<Header>, Duration)>) -> Outcome {
        let is_shared = logs.iter().any(|(log, _)| log.header.network == Network::Shared);
        let network = if is_shared { Network::Shared } else { Network::Private };
        let scenarios: Vec<ScenarioRun> = self
            .plan
            .iter()
            .zip(logs)
            .map(|((id, part), (log, took))| judged(id.clone(), part.clone(), Ok(log), took))
            .collect();
        let findings: Vec<_> = scenarios.iter().flat_map(|run| run.findings.iter().cloned()).collect();
        let mut unplanned = unplanned(self.profile, &scenarios);
        unplanned.extend(self.unplanned.iter().cloned());
        let caller = (!self.file.callers.is_empty()).then_some(Side::Caller);
        let receiver = (!self.file.receivers.is_empty()).then_some(Side::Receiver);
        let run = Run {
            requirements: &self.profile.requirements,
            sides: caller.into_iter().chain(receiver).collect(),
            network,
            declares: &self.file.declares,
            selection: false,
            unplanned: &unplanned,
        };
        let (requirements, readiness) = verdict::fold(&run, &findings);
        Outcome {
            profile: self.profile.clone(),
            environment: environment.to_owned(),
            network,
            integration: (self.file.name.clone(), self.file.version.clone()),
            onboarding,
            scenarios,
            requirements,
            readiness,
            deviations: Vec::new(),
        }
    }
}
