//! A sweep as one document: what its `report.json` holds, and what terminal and markdown are made of.

use std::collections::BTreeMap;

use serde::Serialize;

use super::known::Known;
use super::premortem::Line;
use super::record::{CaseKey, Record, State};
use super::trend::Changes;
use crate::verdict::Verdict;

/// What came of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Document {
    /// `thales-harness-sweep/1`.
    pub format: &'static str,
    /// Version of the harness.
    pub harness: &'static str,
    /// That this is no statement of Thales.
    pub unofficial: &'static str,
    /// The run's number in its history.
    pub run: String,
    /// The seed of its order.
    pub seed: u64,
    /// The profile.
    pub profile: String,
    /// The environment.
    pub environment: String,
    /// The integration with its version.
    pub integration: String,
    /// The pre-mortem, gravest first.
    pub pre_mortem: Vec<Line>,
    /// Scenarios that do not pass as they stand: what `run` reports.
    pub failing: Vec<Failing>,
    /// Known deviations, and what became of each.
    pub deviations: Vec<String>,
    /// What changed since other runs.
    pub changes: Vec<Changes>,
    /// Cases that go to and fro.
    pub flaky: Vec<String>,
    /// Cases for which there was no time.
    pub not_played: Vec<String>,
    /// How many cases have which state.
    pub counts: BTreeMap<&'static str, usize>,
    /// Every case.
    pub cases: Vec<CaseRow>,
}

/// A case.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CaseRow {
    /// Its name.
    pub case: String,
    /// The gravest of its rulings.
    pub state: State,
    /// How long it took.
    pub duration_ms: u64,
    /// Its log below the report's directory, where it did not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

/// A scenario that does not pass as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Failing {
    /// The case.
    pub case: String,
    /// Its verdict; `None` where the harness failed.
    pub verdict: Option<Verdict>,
    /// Requirements with what was seen.
    pub seen: Vec<String>,
    /// Every failure of a MUST in it is a known deviation.
    pub known: bool,
}

/// What a document is about.
#[derive(Debug, Clone)]
pub struct About {
    /// The run's number in its history.
    pub run: String,
    /// The seed.
    pub seed: u64,
    /// The profile.
    pub profile: String,
    /// The environment.
    pub environment: String,
    /// The integration with its version.
    pub integration: String,
}

impl Document {
    /// Of the records of a sweep. `has_logs`: logs of what did not pass were written.
    pub fn of(
        about: About,
        records: &[Record],
        pre_mortem: Vec<Line>,
        (changes, flaky): (Vec<Changes>, Vec<String>),
        known: &Known,
        not_played: &[CaseKey],
        has_logs: bool,
    ) -> Self {
        let mut counts = BTreeMap::new();
        for record in records {
            *counts.entry(record.state.word()).or_default() += 1;
        }
        let row = |record: &Record| CaseRow {
            case: record.key.to_string(),
            state: record.state,
            duration_ms: record.took_ms,
            log: (has_logs && record.keeps_log()).then(|| log_of(&record.key)),
        };
        Self {
            format: "thales-harness-sweep/1",
            harness: env!("CARGO_PKG_VERSION"),
            unofficial: "This report is unofficial and self-attested; it is no statement of Thales.",
            run: about.run,
            seed: about.seed,
            profile: about.profile,
            environment: about.environment,
            integration: about.integration,
            pre_mortem,
            failing: records.iter().filter_map(|record| failing(record, known)).collect(),
            deviations: known.told(),
            changes,
            flaky,
            not_played: not_played.iter().map(ToString::to_string).collect(),
            counts,
            cases: records.iter().map(row).collect(),
        }
    }
}

fn failing(record: &Record, known: &Known) -> Option<Failing> {
    let is_bad = matches!(record.state, State::Fail | State::Inconclusive | State::Fault);
    if !record.key.variation.is_base() || !is_bad {
        return None;
    }
    let seen = record.rulings.iter().filter(|ruled| !ruled.seen.is_empty());
    let seen = seen.map(|ruled| format!("{} ({}) [{}]: {}", ruled.requirement, ruled.level, ruled.place, ruled.seen));
    Some(Failing {
        case: record.key.to_string(),
        verdict: record.verdict,
        seen: seen.chain(record.fault.clone()).collect(),
        known: record.verdict == Some(Verdict::Fail) && known.knows(record),
    })
}

impl Record {
    /// Whether its log is worth keeping.
    pub fn keeps_log(&self) -> bool {
        matches!(self.state, State::Fail | State::Inconclusive)
    }
}

/// Where the log of a case lies below the report's directory.
pub fn log_of(key: &CaseKey) -> String {
    let name = format!("{}.{}.{}", key.scenario, key.variation, key.subject);
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || ".=,".contains(letter) { letter } else { '-' };
    format!("logs/{}.jsonl", name.chars().map(plain).collect::<String>())
}
