//! A known deviation: what is known to fail, why, who answers for it, and until when.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::Date;

use super::{RequirementId, ScenarioId};

/// Longest time that a deviation may still have, in days.
pub const LONGEST_DEVIATION_DAYS: i64 = 180;

/// One entry of `deviations.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// What is known to fail.
    pub of: Deviant,
    /// The caller or receiver; any, if absent.
    pub part: Option<String>,
    /// Why it is borne.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it counts.
    pub expires: Date,
    /// Pieces of text that all stand in what is seen of each failure.
    pub signature: Vec<String>,
}

/// What a deviation is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deviant {
    /// One requirement, in whatever scenario.
    Requirement(RequirementId),
    /// One scenario, whatever it verifies.
    Scenario(ScenarioId),
}

impl fmt::Display for Deviant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requirement(id) => id.fmt(f),
            Self::Scenario(id) => id.fmt(f),
        }
    }
}

impl Deviation {
    /// Whether it is about that requirement in that scenario, for that part.
    pub fn is_about(&self, requirement: &RequirementId, scenario: &ScenarioId, part: &str) -> bool {
        let is_of = match &self.of {
            Deviant::Requirement(id) => id == requirement,
            Deviant::Scenario(id) => id == scenario,
        };
        is_of && self.part.as_ref().is_none_or(|known| known == part)
    }

    /// Whether a failure looks as it is known to.
    pub fn fits(&self, seen: &str) -> bool {
        self.signature.iter().all(|piece| seen.contains(piece.as_str()))
    }
}
