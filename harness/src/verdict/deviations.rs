//! Known deviations against what was ruled: which failures are known, and which entries are stale. A failure that is known
//! stays a failure; an entry that excuses nothing is one itself.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::Date;

use super::finding::{Finding, Outcome};
use super::fold::{RequirementVerdict, Verdict};
use crate::model::{Deviation, RequirementId, ScenarioId};

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviationState {
    /// It fails as it is known to.
    Known,
    /// It was played, and the wire does not decide it.
    Undecided,
    /// Its scenarios were not selected.
    NotPlayed,
    /// Nothing fails any more.
    Passes,
    /// It fails in another way.
    OtherFailure,
    /// Nothing in the plan is what it is about.
    MatchesNothing,
    /// Its last day is over.
    Expired,
}

impl DeviationState {
    /// Whether the entry is itself a failure.
    pub fn is_stale(self) -> bool {
        match self {
            Self::Passes | Self::OtherFailure | Self::MatchesNothing | Self::Expired => true,
            Self::Known | Self::Undecided | Self::NotPlayed => false,
        }
    }
}

impl fmt::Display for DeviationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known => "known",
            Self::Undecided => "undecided",
            Self::NotPlayed => "not played",
            Self::Passes => "passes: take it out",
            Self::OtherFailure => "fails in another way",
            Self::MatchesNothing => "matches nothing",
            Self::Expired => "has expired",
        })
    }
}

/// One ruling, as far as a deviation looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// The requirement.
    pub requirement: &'a RequirementId,
    /// The scenario.
    pub scenario: &'a ScenarioId,
    /// The caller or receiver.
    pub part: &'a str,
    /// Met, violated or unwitnessed.
    pub outcome: Outcome,
    /// What was seen.
    pub seen: &'a str,
}

impl<'a> Judged<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            requirement: &finding.requirement,
            scenario: &finding.scenario,
            part: &finding.integration,
            outcome: finding.ruling,
            seen: &finding.seen,
        }
    }
}

/// What becomes of each entry on that day. `partial`: only some scenarios were selected.
pub fn states(deviations: &[Deviation], judged: &[Judged<'_>], today: Date, partial: bool) -> Vec<DeviationState> {
    deviations
        .iter()
        .map(|deviation| {
            let own: Vec<_> = judged
                .iter()
                .filter(|judged| deviation.is_about(judged.requirement, judged.scenario, judged.part))
                .collect();
            let has = |outcome: Outcome| own.iter().any(|judged| judged.outcome == outcome);
            let is_known = own.iter().any(|judged| judged.outcome == Outcome::Violated && deviation.fits(judged.seen));
            if today > deviation.expires {
                DeviationState::Expired
            } else if is_known {
                DeviationState::Known
            } else if has(Outcome::Violated) {
                DeviationState::OtherFailure
            } else if has(Outcome::Unwitnessed) {
                DeviationState::Undecided
            } else if has(Outcome::Met) {
                DeviationState::Passes
            } else if partial {
                DeviationState::NotPlayed
            } else {
                DeviationState::MatchesNothing
            }
        })
        .collect()
}

/// The entry that knows a failure, among those that have not expired.
pub fn knowing<'a>(deviations: &'a [Deviation], judged: &Judged<'_>, today: Date) -> Option<&'a Deviation> {
    deviations.iter().find(|deviation| {
        today <= deviation.expires
            && deviation.is_about(judged.requirement, judged.scenario, judged.part)
            && deviation.fits(judged.seen)
    })
}

/// Marks the rows whose every failure is known, and says what became of each entry. No verdict changes.
pub fn deviate(
    rows: &mut [RequirementVerdict],
    deviations: &[Deviation],
    today: Date,
    partial: bool,
) -> Vec<DeviationState> {
    let judged: Vec<_> = rows.iter().flat_map(|row| &row.findings).map(Judged::of).collect();
    let states = states(deviations, &judged, today, partial);
    for row in rows.iter_mut().filter(|row| row.verdict == Verdict::Fail) {
        let violated: Vec<_> = row.findings.iter().filter(|finding| finding.ruling == Outcome::Violated).collect();
        let known: Vec<_> =
            violated.iter().filter_map(|finding| knowing(deviations, &Judged::of(finding), today)).collect();
        if let (Some(first), true) = (known.first(), known.len() == violated.len()) {
            row.deviation = Some(words(first));
        }
    }
    states
}

/// An entry in words.
pub fn words(deviation: &Deviation) -> String {
    format!("known until {} ({}): {}", deviation.expires, deviation.owner, deviation.reason)
}
