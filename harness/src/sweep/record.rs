//! What remains of a case: its verdict and its rulings, without the log.

use std::collections::BTreeMap;
use std::fmt;

use mock_thales::observe::{CallReading, Event, Fact};
use serde::{Deserialize, Serialize};

use crate::model::{Level, RequirementId, ScenarioId, Variation};
use crate::run::ScenarioRun;
use crate::verdict::{Finding, Outcome, Reason, Verdict};

/// What names a case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseKey {
    /// The scenario.
    pub scenario: ScenarioId,
    /// The part of the integration that it drives.
    pub subject: String,
    /// What it sets.
    pub variation: Variation,
}

impl fmt::Display for CaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.scenario.to_string();
        if !self.variation.is_base() {
            words.push_str(&format!("[{}]", self.variation));
        }
        f.pad(&format!("{words} ({})", self.subject))
    }
}

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The case.
    pub key: CaseKey,
    /// Of everything that was judged, whatever its level.
    pub state: State,
    /// The scenario's verdict, which its MUST rows make; `None` where the harness failed.
    pub verdict: Option<Verdict>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Calls that ended without an answer.
    pub lost: u32,
    /// What was ruled.
    pub rulings: Vec<Ruled>,
    /// Why the harness failed.
    pub fault: Option<String>,
}

/// The gravest of a case's rulings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing was planned.
    Untested,
    /// All met.
    Pass,
    /// Something is undecided.
    Inconclusive,
    /// Something is violated.
    Fail,
    /// The harness failed.
    Fault,
}

impl State {
    /// All states, gravest last.
    pub const ALL: [Self; 5] = [Self::Untested, Self::Pass, Self::Inconclusive, Self::Fail, Self::Fault];

    /// Its word, as the history keeps it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Untested => "untested",
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
            Self::Fault => "fault",
        }
    }

    /// The state of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// One ruling, as short as a comparison needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ruled {
    /// The requirement.
    pub requirement: RequirementId,
    /// Its level.
    pub level: Level,
    /// Row, step or control, and which of its rulings; of an any-of group its word.
    pub place: String,
    /// Met, violated or unwitnessed.
    pub outcome: Outcome,
    /// Why it is unwitnessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What was expected, unless it was met.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub expected: String,
    /// What was seen, unless it was met.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub seen: String,
    /// Numbers of the facts that show it, unless it was met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<u64>,
}

impl Record {
    /// Of a case that was played.
    pub fn of(key: CaseKey, run: &ScenarioRun) -> Self {
        let rulings = rulings(&run.findings);
        let gravest = |outcome: Outcome| rulings.iter().any(|ruled| ruled.outcome == outcome);
        let (state, fault) = match &run.log {
            Err(error) => (State::Fault, Some(error.to_string())),
            Ok(_) if gravest(Outcome::Violated) => (State::Fail, None),
            Ok(_) if gravest(Outcome::Unwitnessed) => (State::Inconclusive, None),
            Ok(_) if rulings.is_empty() => (State::Untested, None),
            Ok(_) => (State::Pass, None),
        };
        Self {
            key,
            state,
            verdict: run.verdict,
            took_ms: u64::try_from(run.took.as_millis()).unwrap_or(u64::MAX),
            lost: run.log.as_ref().map_or(0, |log| lost(&log.facts)),
            rulings,
            fault,
        }
    }
}

/// One ruling a place; of rows of which one suffices, the best of them.
fn rulings(findings: &[Finding]) -> Vec<Ruled> {
    let mut rulings: Vec<Ruled> = Vec::new();
    let mut counts: BTreeMap<(RequirementId, String), u32> = BTreeMap::new();
    for finding in findings {
        let place = match &finding.any_of {
            Some(group) => group.clone(),
            None => {
                let count = counts.entry((finding.requirement.clone(), finding.phase.clone())).or_default();
                *count += 1;
                if *count == 1 { finding.phase.clone() } else { format!("{} #{count}", finding.phase) }
            }
        };
        let is_met = finding.ruling == Outcome::Met;
        let ruled = Ruled {
            requirement: finding.requirement.clone(),
            level: finding.level,
            place,
            outcome: finding.ruling,
            reason: finding.reason,
            expected: if is_met { String::new() } else { finding.expected.clone() },
            seen: if is_met { String::new() } else { finding.seen.clone() },
            evidence: if is_met { Vec::new() } else { finding.evidence.clone() },
        };
        let same = |known: &&mut Ruled| known.requirement == ruled.requirement && known.place == ruled.place;
        match rulings.iter_mut().find(same) {
            Some(known) if rank(ruled.outcome) < rank(known.outcome) => *known = ruled,
            Some(_) => {}
            None => rulings.push(ruled),
        }
    }
    rulings
}

fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Met => 0,
        Outcome::Unwitnessed => 1,
        Outcome::Violated => 2,
    }
}

/// Calls that ended before anything was answered.
fn lost(facts: &[Fact]) -> u32 {
    let answered: Vec<_> =
        facts.iter().filter(|fact| matches!(fact.event, Event::Answered { .. })).map(|fact| fact.seq).collect();
    let is_lost = |call: &CallReading| {
        call.ended.as_ref().is_some_and(|ended| !answered.iter().any(|seq| (call.began.seq..ended.seq).contains(seq)))
    };
    u32::try_from(CallReading::all(facts).iter().filter(|call| is_lost(call)).count()).unwrap_or(u32::MAX)
}
