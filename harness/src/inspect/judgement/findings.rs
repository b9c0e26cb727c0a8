//! What is said of a file, line by line.

use std::fmt;

use serde::Serialize;

use super::Ground;
use crate::model::{Level, Requirement, RequirementId, Topic};
use crate::verdict::{Outcome, Ruling};

/// What a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// A MUST is violated.
    Fail,
    /// Something else is, or there is a doubt.
    Warn,
    /// Met.
    Pass,
    /// Not judged, or only worth knowing.
    Note,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fail => "FAIL",
            Self::Warn => "warn",
            Self::Pass => "pass",
            Self::Note => "note",
        })
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FileFinding {
    /// What it weighs.
    pub mark: Mark,
    /// The requirement; `None` for what no document asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirement: Option<RequirementId>,
    /// Its level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The field: `key`, `CN`.
    pub field: String,
    /// What it is.
    pub seen: String,
    /// What was expected; absent where it is met without a doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What is worth saying although it does not decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// Findings of one file.
pub(super) struct Findings<'a> {
    ground: &'a Ground<'a>,
    pub(super) all: Vec<FileFinding>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(ground: &'a Ground<'a>) -> Self {
        Self { ground, all: Vec::new() }
    }

    /// The profile's requirement about that topic.
    pub(super) fn requirement(&self, topic: &str) -> Option<&'a Requirement> {
        self.ground.profile.about(&topic.parse::<Topic>().ok()?)
    }

    /// Adds what a rule says; a topic that the profile does not have is no rule here.
    pub(super) fn rule(&mut self, topic: &str, field: &str, expected: impl Into<String>, ruling: Ruling) {
        let Some(requirement) = self.requirement(topic) else { return };
        let mark = match ruling.outcome {
            _ if requirement.level == Level::Informational => Mark::Note,
            Outcome::Violated if requirement.level == Level::Must => Mark::Fail,
            Outcome::Violated => Mark::Warn,
            Outcome::Met if ruling.warnings.is_empty() => Mark::Pass,
            Outcome::Met => Mark::Warn,
            Outcome::Unwitnessed => Mark::Note,
        };
        let seen = match ruling.outcome {
            Outcome::Unwitnessed => format!("not checked: {}", ruling.seen),
            _ => ruling.seen,
        };
        self.all.push(FileFinding {
            mark,
            requirement: Some(requirement.id.clone()),
            level: Some(requirement.level),
            field: field.to_owned(),
            seen,
            expected: (ruling.outcome == Outcome::Violated).then(|| expected.into()),
            warnings: ruling.warnings,
            remedy: (ruling.outcome == Outcome::Violated).then(|| requirement.remedy.clone()),
        });
    }

    /// Adds what belongs to no requirement.
    pub(super) fn remark(&mut self, mark: Mark, field: &str, seen: impl Into<String>) {
        self.all.push(FileFinding {
            mark,
            requirement: None,
            level: None,
            field: field.to_owned(),
            seen: seen.into(),
            expected: None,
            warnings: Vec::new(),
            remedy: None,
        });
    }
}
