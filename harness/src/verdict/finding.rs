//! What was ruled on one expectation, with its evidence and its reason.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{Expectation, Header, Level, Requirement, RequirementId, ScenarioId, Side, Topic};

/// Whether an expectation was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Seen to hold.
    Met,
    /// Seen to be broken.
    Violated,
    /// Nothing on the wire decides it.
    Unwitnessed,
}

/// Why an expectation is unwitnessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// No connection came, or none that got as far as judging.
    NoConnection,
    /// A control was not accepted: whatever followed may have the same cause.
    Control,
    /// The counterpart failed or refused first.
    Counterpart,
    /// Only a deadline ended the wait.
    Deadline,
    /// Refused, but for a reason that has nothing to do with the difference.
    OtherReason,
    /// The answer is that of the control.
    Indistinct,
    /// The harness itself was late by about the margin.
    Timing,
    /// What is to be judged was not shown.
    NotShown,
    /// It was left out, since a call before it did not end.
    NotPlayed,
    /// The harness itself failed.
    Harness,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoConnection => "no connection",
            Self::Control => "control not accepted",
            Self::Counterpart => "counterpart ended first",
            Self::Deadline => "only a deadline ended the wait",
            Self::OtherReason => "refused for another reason",
            Self::Indistinct => "answer not distinct from the control's",
            Self::Timing => "harness too slow to tell",
            Self::NotShown => "nothing shown to judge",
            Self::NotPlayed => "not played",
            Self::Harness => "the harness failed",
        })
    }
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// Met, violated or unwitnessed.
    pub outcome: Outcome,
    /// Why it is unwitnessed.
    pub reason: Option<Reason>,
    /// What was seen, in words.
    pub seen: String,
    /// Numbers of the facts that show it.
    pub evidence: Vec<u64>,
    /// What is worth saying although it does not decide.
    pub warnings: Vec<String>,
}

impl Ruling {
    /// Seen to hold.
    pub fn met(seen: impl Into<String>, evidence: Vec<u64>) -> Self {
        Self { outcome: Outcome::Met, reason: None, seen: seen.into(), evidence, warnings: Vec::new() }
    }

    /// Seen to be broken.
    pub fn violated(seen: impl Into<String>, evidence: Vec<u64>) -> Self {
        Self { outcome: Outcome::Violated, reason: None, seen: seen.into(), evidence, warnings: Vec::new() }
    }

    /// Not decided.
    pub fn unwitnessed(reason: Reason, seen: impl Into<String>, evidence: Vec<u64>) -> Self {
        Self { outcome: Outcome::Unwitnessed, reason: Some(reason), seen: seen.into(), evidence, warnings: Vec::new() }
    }

    /// Adds a warning.
    #[must_use]
    pub fn warn(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(warning.into());
        self
    }
}

/// A ruling with all that a reader needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// The requirement.
    pub requirement: RequirementId,
    /// Its topic.
    pub topic: Topic,
    /// Its level.
    pub level: Level,
    /// Which part of the integration was driven, or that files were read.
    pub side: Side,
    /// The scenario.
    pub scenario: ScenarioId,
    /// The caller or receiver that was driven.
    pub integration: String,
    /// The row, step or control.
    pub phase: String,
    /// Met, violated or unwitnessed.
    pub ruling: Outcome,
    /// Why it is unwitnessed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What was expected.
    pub expected: String,
    /// What was seen.
    pub seen: String,
    /// Numbers of the facts that show it.
    pub evidence: Vec<u64>,
    /// What a violation usually means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub means: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// What is worth saying although it does not decide.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub warnings: Vec<String>,
    /// Findings with the same word are one expectation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub any_of: Option<String>,
}

impl Finding {
    /// What a scenario leaves open that the harness could not play.
    pub fn fault(
        requirement: &Requirement,
        (scenario, side): (&ScenarioId, Side),
        integration: &str,
        why: String,
    ) -> Self {
        Self {
            requirement: requirement.id.clone(),
            topic: requirement.topic.clone(),
            level: requirement.level,
            side,
            scenario: scenario.clone(),
            integration: integration.to_owned(),
            phase: "all".to_owned(),
            ruling: Outcome::Unwitnessed,
            reason: Some(Reason::Harness),
            expected: "the scenario is played".to_owned(),
            seen: why,
            evidence: Vec::new(),
            means: None,
            remedy: None,
            warnings: Vec::new(),
            any_of: None,
        }
    }

    /// What a scenario leaves open that was not played.
    pub fn beyond(requirement: &Requirement, of: (&ScenarioId, Side), integration: &str, why: &str) -> Self {
        let fault = Self::fault(requirement, of, integration, format!("not played: {why}"));
        Self { reason: Some(Reason::NotPlayed), ..fault }
    }

    pub(super) fn new(header: &Header, requirement: &Requirement, expectation: &Expectation, ruling: Ruling) -> Self {
        let failed = ruling.outcome == Outcome::Violated;
        Self {
            requirement: requirement.id.clone(),
            topic: expectation.topic.clone(),
            level: requirement.level,
            side: header.script.side,
            scenario: header.script.scenario.clone(),
            integration: header.script.subject.clone(),
            phase: expectation.subject.clone(),
            ruling: ruling.outcome,
            reason: ruling.reason,
            expected: super::checks::expected(header, expectation),
            seen: ruling.seen,
            evidence: ruling.evidence,
            means: expectation.means.clone().filter(|_| failed),
            remedy: (ruling.outcome != Outcome::Met).then(|| requirement.remedy.clone()),
            warnings: ruling.warnings,
            any_of: expectation.any_of.clone(),
        }
    }
}
