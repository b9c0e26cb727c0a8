//! Known deviations against the cases of a sweep. Only what fails as Thales is today can be one.

use time::Date;

use super::record::Record;
use crate::model::{Deviation, Level};
use crate::verdict::deviations::{Judged, knowing, states};
use crate::verdict::{DeviationState, Outcome};

/// Known deviations, and what became of each.
#[derive(Debug, Clone)]
pub struct Known {
    deviations: Vec<Deviation>,
    states: Vec<DeviationState>,
    today: Date,
}

impl Known {
    /// Holds them against what was recorded. `partial`: only some scenarios were selected, or played.
    pub fn new(deviations: Vec<Deviation>, records: &[Record], today: Date, partial: bool) -> Self {
        let bases = records.iter().filter(|record| record.key.variation.is_base());
        let judged: Vec<_> = bases.flat_map(judged).map(|(_, judged)| judged).collect();
        let states = states(&deviations, &judged, today, partial);
        Self { deviations, states, today }
    }

    /// Whether one of them is itself a failure.
    pub fn is_stale(&self) -> bool {
        self.states.iter().any(|state| state.is_stale())
    }

    /// Whether every failure of a MUST in a case is known.
    pub fn knows(&self, record: &Record) -> bool {
        judged(record)
            .filter(|(level, judged)| *level == Level::Must && judged.outcome == Outcome::Violated)
            .all(|(_, judged)| knowing(&self.deviations, &judged, self.today).is_some())
    }

    /// A sentence about each.
    pub fn told(&self) -> Vec<String> {
        let sentence = |(entry, state): (&Deviation, &DeviationState)| {
            let stale = if state.is_stale() { "stale: " } else { "" };
            let (of, until, owner, reason) = (&entry.of, entry.expires, &entry.owner, &entry.reason);
            format!("{stale}{of} {state}; until {until}, {owner}: {reason}")
        };
        self.deviations.iter().zip(&self.states).map(sentence).collect()
    }
}

fn judged(record: &Record) -> impl Iterator<Item = (Level, Judged<'_>)> {
    record.rulings.iter().map(|ruled| {
        let judged = Judged {
            requirement: &ruled.requirement,
            scenario: &record.key.scenario,
            part: &record.key.subject,
            outcome: ruled.outcome,
            seen: &ruled.seen,
        };
        (ruled.level, judged)
    })
}
