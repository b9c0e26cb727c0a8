//! The report as one document: what `report.json` holds, and what every other form is made of. Its published schema is
//! docs/report.schema.json. It never holds a body, a key, or what the integration printed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::measured::Measured;
use super::shown::Exchanged;
use super::stack::{SeenStack, SeenStacks};
use crate::model::{self, Deviant, Level, Network, RequirementId, ScenarioId, Topic};
use crate::run::{Outcome, ScenarioRun};
use crate::verdict::{DeviationState, Finding, Readiness, RequirementVerdict, Verdict};

/// The format that this version writes.
pub const REPORT_FORMAT: &str = "thales-harness-report/1";

/// A report.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// [`REPORT_FORMAT`].
    pub format: &'static str,
    /// Version of the harness.
    pub harness: &'static str,
    /// That this is no statement of Thales.
    pub unofficial: &'static str,
    /// When the first scenario began, RFC 3339; absent where none was played.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// Readiness.
    pub readiness: Readiness,
    /// The profile.
    pub profile: String,
    /// The product.
    pub product: String,
    /// SHA-256 of the profile's file.
    pub profile_digest: String,
    /// SHA-256 of the scenario set.
    pub scenarios_digest: String,
    /// SHA-256 of the integration file, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration_digest: Option<String>,
    /// The environment.
    pub environment: String,
    /// The network.
    pub network: Network,
    /// The integration.
    pub integration: Integration,
    /// What onboarding exchanged.
    pub onboarding: Exchanged,
    /// What was measured beside the verdicts.
    pub measured: Measured,
    /// The requirements in the order of the catalogue.
    pub requirements: Vec<Requirement>,
    /// The optional pack: rows that never decide readiness and are not counted among the requirements.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub optional: Vec<Requirement>,
    /// What each part of the integration probably is, by what it sent. Explains, and decides nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stacks: Vec<SeenStack>,
    /// What a reader has to know of the run as a whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The scenarios in the order of the plan.
    pub scenarios: Vec<Scenario>,
    /// Known deviations that the run was held against.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deviations: Vec<Deviation>,
    /// What even a green run does not prove.
    pub not_proven: Vec<String>,
}

/// A known deviation, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Deviation {
    /// The requirement or scenario that it is about.
    pub of: Deviant,
    /// The caller or receiver; any, if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Why it is borne.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it counts.
    pub expires: String,
    /// What became of it.
    pub state: DeviationState,
}

impl Deviation {
    /// Of an entry.
    pub fn of(deviation: &model::Deviation, state: DeviationState) -> Self {
        Self {
            of: deviation.of.clone(),
            part: deviation.part.clone(),
            reason: deviation.reason.clone(),
            owner: deviation.owner.clone(),
            expires: deviation.expires.to_string(),
            state,
        }
    }

    /// One sentence about it.
    pub fn sentence(&self) -> String {
        let part = self.part.as_ref().map_or_else(String::new, |part| format!(" ({part})"));
        format!("{}{part} {}; until {}, {}: {}", self.of, self.state, self.expires, self.owner, self.reason)
    }
}

/// What was tested.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Integration {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A requirement with its verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Requirement {
    /// Its id.
    pub id: RequirementId,
    /// What it is about.
    pub topic: Topic,
    /// How much it weighs.
    pub level: Level,
    /// Its verdict.
    pub verdict: Verdict,
    /// How far the verdict reaches.
    pub reach: String,
    /// Why, where the findings do not say it; of a declaration who, since when and on what grounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The known deviation that all of its failures are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviation: Option<String>,
    /// The rule in the project's words.
    pub rule: String,
    /// Document and section.
    pub source: String,
    /// What a breach looks like in the field.
    pub symptom: String,
    /// What to do about it.
    pub remedy: String,
    /// What to do about it in a stack.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub remedies: BTreeMap<String, String>,
    /// What even a proof does not reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beyond: Option<String>,
    /// How a contradiction or gap in the documents was decided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<String>,
    /// Which stack it probably was that refused, and what a refusal looks like there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub explained: Vec<String>,
    /// What was ruled.
    pub findings: Vec<Finding>,
}

/// A scenario that was played.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scenario {
    /// The scenario.
    pub id: ScenarioId,
    /// The caller or receiver that it drove.
    pub integration: String,
    /// Its verdict; `fault` where the harness failed.
    pub verdict: Played,
    /// How long it took.
    pub duration_ms: u64,
    /// Its log, below the report's directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Why the harness failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// What came of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Played {
    /// It was judged.
    Judged(Verdict),
    /// The harness failed.
    Fault,
}

impl Serialize for Played {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Judged(verdict) => verdict.serialize(serializer),
            Self::Fault => serializer.serialize_str("fault"),
        }
    }
}

impl std::fmt::Display for Played {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Judged(verdict) => verdict.fmt(f),
            Self::Fault => f.pad("harness fault"),
        }
    }
}

impl Report {
    /// The document of an outcome.
    pub fn of(outcome: &Outcome) -> Self {
        let stacks = SeenStacks::of(outcome);
        let rows = outcome.requirements.iter().map(|row| Requirement::of(row, &stacks));
        let (optional, requirements) = rows.partition(|row| row.level == Level::Optional);
        let started = outcome.scenarios.iter().filter_map(|run| run.log.as_ref().ok()).map(|log| &log.header.started);
        Self {
            format: REPORT_FORMAT,
            harness: env!("CARGO_PKG_VERSION"),
            unofficial: "This report is unofficial and self-attested; it is no statement of Thales.",
            started: started.min().cloned(),
            readiness: outcome.readiness,
            profile: outcome.profile.id.clone(),
            product: outcome.profile.title.clone(),
            profile_digest: outcome.onboarding.profile_digest.clone(),
            scenarios_digest: outcome.onboarding.scenarios_digest.clone(),
            configuration_digest: outcome.onboarding.configuration_digest.clone(),
            environment: outcome.environment.clone(),
            network: outcome.network,
            integration: Integration { name: outcome.integration.0.clone(), version: outcome.integration.1.clone() },
            onboarding: Exchanged::of(&outcome.onboarding),
            measured: Measured::of(outcome.scenarios.iter().filter_map(|run| run.log.as_ref().ok())),
            requirements,
            optional,
            stacks: stacks.shown(),
            notes: super::notes::notes(outcome),
            scenarios: outcome.scenarios.iter().map(Scenario::of).collect(),
            deviations: outcome.deviations.iter().map(|(entry, state)| Deviation::of(entry, *state)).collect(),
            not_proven: outcome.profile.not_proven.clone(),
        }
    }

    /// Every row, the optional pack last.
    pub fn rows(&self) -> impl Iterator<Item = &Requirement> {
        self.requirements.iter().chain(&self.optional)
    }

    /// The rows to be shown: of a selection only what it touched.
    pub fn shown(&self) -> impl Iterator<Item = &Requirement> {
        let is_partial = self.readiness == Readiness::Partial;
        self.rows().filter(move |row| !is_partial || !row.findings.is_empty())
    }

    /// Known deviations that are themselves failures.
    pub fn stale(&self) -> impl Iterator<Item = &Deviation> {
        self.deviations.iter().filter(|deviation| deviation.state.is_stale())
    }

    /// Those of them that count as requirements.
    pub fn counted(&self) -> impl Iterator<Item = &Requirement> {
        self.shown().filter(|row| row.level != Level::Optional)
    }
}

impl Requirement {
    fn of(row: &RequirementVerdict, stacks: &SeenStacks) -> Self {
        let requirement = row.requirement.clone();
        Self {
            id: requirement.id,
            topic: requirement.topic,
            level: requirement.level,
            verdict: row.verdict,
            reach: row.reach.clone(),
            note: row.note.clone(),
            deviation: row.deviation.clone(),
            rule: requirement.rule,
            source: requirement.source,
            symptom: requirement.symptom,
            remedy: requirement.remedy,
            remedies: requirement.remedies,
            beyond: requirement.beyond,
            decisions: requirement.decisions,
            explained: stacks.explain(&row.findings),
            findings: row.findings.clone(),
        }
    }
}

impl Scenario {
    fn of(run: &ScenarioRun) -> Self {
        let (log, fault) = match &run.log {
            Ok(_) => (Some(log_path(run)), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self {
            id: run.id.clone(),
            integration: run.subject.clone(),
            verdict: match (run.verdict, &run.log) {
                (Some(verdict), Ok(_)) => Played::Judged(verdict),
                _ => Played::Fault,
            },
            duration_ms: u64::try_from(run.took.as_millis()).unwrap_or(u64::MAX),
            log,
            fault,
        }
    }
}

/// Where a scenario's log lies below the report's directory.
pub(super) fn log_path(run: &ScenarioRun) -> String {
    log_of(&run.id, &run.subject)
}

/// Where the log of a scenario with one part of the integration lies below the report's directory.
pub fn log_of(scenario: &ScenarioId, subject: &str) -> String {
    let subject: String =
        subject.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    format!("logs/{}.{subject}.jsonl", scenario.as_str().replace('/', "."))
}
