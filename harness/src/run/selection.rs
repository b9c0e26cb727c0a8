//! Which scenarios are run: by glob over scenario ids, requirement ids and topics.

use std::fmt;

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::model::{Check, Profile, Requirement, Scenario, ScenarioId, Shape, Topic};

/// A selection; without a pattern it holds everything.
#[derive(Debug, Clone)]
pub struct Selection {
    patterns: GlobSet,
}

/// Why a selection cannot be used.
#[derive(Debug)]
pub enum SelectionError {
    /// The pattern is no glob.
    Pattern(globset::Error),
    /// What fits cannot be played here.
    LeftOut {
        /// The first of them.
        scenario: ScenarioId,
        /// What is missing.
        why: &'static str,
    },
    /// No scenario fits.
    Nothing {
        /// The patterns.
        patterns: Vec<String>,
    },
}

impl fmt::Display for SelectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(error) => write!(f, "--only: {error}"),
            Self::LeftOut { scenario, why } => write!(f, "{scenario} cannot be played: {why}"),
            Self::Nothing { patterns } => write!(
                f,
                "--only {}: no scenario fits; `list` prints ids, and a pattern may name a scenario (`dns/*`), a \
                 requirement (`TSH-OUT-*`) or a topic",
                patterns.join(" --only ")
            ),
        }
    }
}

impl std::error::Error for SelectionError {}

impl Selection {
    /// From the patterns of the command line.
    ///
    /// # Errors
    /// A pattern is no glob.
    pub fn new(patterns: &[String]) -> Result<Self, SelectionError> {
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            set.add(Glob::new(pattern).map_err(SelectionError::Pattern)?);
        }
        Ok(Self { patterns: set.build().map_err(SelectionError::Pattern)? })
    }

    /// Whether everything is selected.
    pub fn is_all(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether a scenario is selected, by its id or by a requirement that it verifies in the profile. One that verifies
    /// nothing of the profile never is.
    pub fn holds(&self, scenario: &Scenario, profile: &Profile) -> bool {
        let verifies = !rows(scenario, profile).is_empty();
        verifies && (profile.oauth.is_some() || !is_about_tokens(scenario)) && self.is_named(scenario, profile)
    }

    fn is_named(&self, scenario: &Scenario, profile: &Profile) -> bool {
        self.is_all()
            || self.patterns.is_match(scenario.id.as_str())
            || topics(scenario).into_iter().any(|topic| self.patterns.is_match(topic.as_str()))
            || rows(scenario, profile).into_iter().any(|requirement| {
                self.patterns.is_match(requirement.id.as_str()) || self.patterns.is_match(requirement.topic.as_str())
            })
    }
}

/// The rows of a profile that a scenario verifies, or that are judged on what it shows.
pub(crate) fn rows<'a>(scenario: &Scenario, profile: &'a Profile) -> Vec<&'a Requirement> {
    let topics = topics(scenario);
    profile
        .requirements
        .iter()
        .filter(|requirement| {
            topics.iter().any(|topic| requirement.is_about(topic))
                || requirement.observed.iter().any(|observed| observed.scenario == scenario.id)
        })
        .collect()
}

/// Whether all that a scenario judges is what becomes of access tokens.
fn is_about_tokens(scenario: &Scenario) -> bool {
    let Shape::Steps { steps, .. } = &scenario.shape else { return false };
    let mut checks = steps.iter().flat_map(|step| &step.expect).peekable();
    checks.peek().is_some() && checks.all(|check| matches!(check, Check::OAuth(_)))
}

/// The topics that a scenario verifies.
pub(crate) fn topics(scenario: &Scenario) -> Vec<&Topic> {
    let mut topics: Vec<&Topic> = match &scenario.shape {
        Shape::Table { verifies, rows, .. } => verifies.iter().chain(rows.iter().map(|row| &row.verifies)).collect(),
        Shape::Steps { steps, .. } => steps.iter().filter_map(|step| step.verifies.as_ref()).collect(),
    };
    topics.sort();
    topics.dedup();
    topics
}
