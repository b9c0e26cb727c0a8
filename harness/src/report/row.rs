//! A requirement as every form of the report has to take it: what counts against readiness, what only warns, and what a
//! reader needs of its findings, gaps first.

use super::document::Requirement;
use crate::model::Level;
use crate::verdict::{Finding, Outcome, Verdict};

/// What a row asks of its reader, gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// A MUST failed.
    Failed,
    /// A MUST was played, and the wire does not decide it.
    Open,
    /// A MUST was not played.
    Untested,
    /// It failed as it is known to: somebody answers for it until a day.
    Known,
    /// A row that does not decide readiness failed, or was not decided.
    Warning,
    /// Passed.
    Passed,
    /// Nothing to do: declared, without such a role, untested without weight, Thales' own conduct.
    Quiet,
}

impl Requirement {
    /// What it asks of its reader.
    pub fn weight(&self) -> Weight {
        let decides = match self.level {
            Level::Must => true,
            Level::Should | Level::Advisory | Level::Optional | Level::Informational => false,
        };
        match (self.verdict, decides) {
            (Verdict::Fail, _) if self.deviation.is_some() => Weight::Known,
            (Verdict::Fail, true) => Weight::Failed,
            (Verdict::Inconclusive, true) => Weight::Open,
            (Verdict::Untested, true) => Weight::Untested,
            (Verdict::Fail | Verdict::Inconclusive, false) => Weight::Warning,
            (Verdict::Pass, _) => Weight::Passed,
            (Verdict::Untested, false) | (Verdict::Declared | Verdict::NotApplicable | Verdict::Informational, _) => {
                Weight::Quiet
            }
        }
    }

    /// The findings that a reader has to see: violated, then open ones, then those that were met with a warning.
    pub fn telling(&self) -> Vec<&Finding> {
        let rank = |finding: &&Finding| match finding.ruling {
            Outcome::Violated => 0,
            Outcome::Unwitnessed => 1,
            Outcome::Met => 2,
        };
        let is_telling = |finding: &&Finding| finding.ruling != Outcome::Met || !finding.warnings.is_empty();
        let mut telling: Vec<_> = self.findings.iter().filter(is_telling).collect();
        telling.sort_by_key(rank);
        telling
    }

    /// One sentence: why the verdict is not a pass.
    pub fn because(&self) -> String {
        let telling = self.telling().into_iter().find(|finding| finding.ruling != Outcome::Met);
        match (telling, &self.note) {
            (Some(finding), _) => seen(finding),
            (None, Some(note)) => note.clone(),
            (None, None) => match self.verdict {
                Verdict::Informational => "Thales' own conduct: nothing to prove".to_owned(),
                verdict => verdict.to_string(),
            },
        }
    }
}

/// What was seen, with the reason where it decides nothing.
pub(super) fn seen(finding: &Finding) -> String {
    match finding.reason {
        Some(reason) => format!("{reason}: {}", finding.seen),
        None => finding.seen.clone(),
    }
}

/// The numbers of the facts that show it.
pub(super) fn facts(finding: &Finding) -> String {
    finding.evidence.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
