//! What changed from one sweep to another, and how cases went over many of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::history::RunRow;
use super::record::{CaseKey, Record, State};

/// A case is slower when it takes half as long again, and this much longer.
const SLOWER_BY_MS: u64 = 500;

/// A case is flaky when its state has changed so often in the runs that are looked at.
const FLAKY_CHANGES: usize = 2;

/// Runs that are looked at for flaky cases.
pub const LOOKED_AT: usize = 14;

/// What changed since another run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Changes {
    /// The other run, in words.
    pub since: String,
    /// Cases that fail or are undecided, and were not.
    pub new: Vec<String>,
    /// Cases that passed again.
    pub fixed: Vec<String>,
    /// Cases that take longer: the case, then and now in milliseconds.
    pub slower: Vec<(String, u64, u64)>,
    /// Cases that only one of both has.
    pub not_comparable: usize,
}

impl Changes {
    /// Compares two runs.
    pub fn between(since: &RunRow, then: &[Record], now: &[Record]) -> Self {
        let before: BTreeMap<&CaseKey, &Record> = then.iter().map(|record| (&record.key, record)).collect();
        let mut changes = Self { since: words(since), ..Self::default() };
        let mut common = 0;
        for record in now {
            let Some(known) = before.get(&record.key) else { continue };
            common += 1;
            let key = || record.key.to_string();
            match (is_bad(known.state), is_bad(record.state)) {
                (false, true) => changes.new.push(key()),
                (true, false) => changes.fixed.push(key()),
                _ => {}
            }
            if record.took_ms > known.took_ms + known.took_ms / 2 && record.took_ms > known.took_ms + SLOWER_BY_MS {
                changes.slower.push((key(), known.took_ms, record.took_ms));
            }
        }
        changes.not_comparable = (now.len() - common) + (then.len() - common);
        changes
    }
}

/// A run in words.
pub(super) fn words(run: &RunRow) -> String {
    match &run.began.name {
        Some(name) => format!("`{name}` ({}, {})", run.id, run.began.started),
        None => format!("{} ({})", run.id, run.began.started),
    }
}

fn is_bad(state: State) -> bool {
    match state {
        State::Fail | State::Inconclusive | State::Fault => true,
        State::Pass | State::Untested => false,
    }
}

/// Cases over several runs, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Trend {
    /// The runs.
    pub runs: Vec<RunRow>,
    /// Of each case its record in each of the runs, where there is one.
    pub cases: BTreeMap<CaseKey, Vec<Option<(State, u64)>>>,
}

impl Trend {
    /// Of these runs with their records.
    pub fn of(runs: Vec<(RunRow, Vec<Record>)>) -> Self {
        let keys: BTreeSet<_> = runs.iter().flat_map(|(_, records)| records).map(|record| record.key.clone()).collect();
        let mut cases: BTreeMap<_, _> = keys.into_iter().map(|key| (key, vec![None; runs.len()])).collect();
        let mut rows = Vec::new();
        for (index, (row, records)) in runs.into_iter().enumerate() {
            for record in records {
                if let Some(states) = cases.get_mut(&record.key) {
                    states[index] = Some((record.state, record.took_ms));
                }
            }
            rows.push(row);
        }
        Self { runs: rows, cases }
    }

    /// Cases that went to and fro while the integration's version stayed the same.
    pub fn flaky(&self) -> Vec<&CaseKey> {
        let version = self.runs.last().map(|run| &run.began.version);
        let alike: Vec<_> = self.runs.iter().map(|run| Some(&run.began.version) == version).collect();
        let is_flaky = |states: &[Option<(State, u64)>]| {
            let seen: Vec<_> = states
                .iter()
                .zip(&alike)
                .filter(|(_, alike)| **alike)
                .filter_map(|(state, _)| Some((*state)?.0))
                .collect();
            seen.windows(2).filter(|pair| is_bad(pair[0]) != is_bad(pair[1])).count() >= FLAKY_CHANGES
        };
        self.cases.iter().filter(|(_, states)| is_flaky(states)).map(|(key, _)| key).collect()
    }

    /// How many cases of each run had each state, in the order of [`State::ALL`].
    pub fn counts(&self) -> Vec<[usize; State::ALL.len()]> {
        let mut counts = vec![[0; State::ALL.len()]; self.runs.len()];
        for states in self.cases.values() {
            for (count, state) in counts.iter_mut().zip(states) {
                let place = state.and_then(|(state, _)| State::ALL.iter().position(|known| *known == state));
                if let Some(place) = place {
                    count[place] += 1;
                }
            }
        }
        counts
    }
}

/// Durations as a line of bars, eight heights; a dot where there is none.
pub fn sparkline(values: &[Option<u64>]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = values.iter().flatten().copied().max().unwrap_or(0).max(1);
    let bar = |value: u64| BARS[usize::try_from(value * 7 / most).unwrap_or(7).min(7)];
    values.iter().map(|value| value.map_or('·', bar)).collect()
}

/// States as a line of signs.
pub fn signs(states: &[Option<(State, u64)>]) -> String {
    let sign = |state: &Option<(State, u64)>| match state.map(|(state, _)| state) {
        None => '·',
        Some(State::Pass) => '✓',
        Some(State::Fail) => '✗',
        Some(State::Inconclusive) => '?',
        Some(State::Untested) => '-',
        Some(State::Fault) => '!',
    };
    states.iter().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Variation;
    use crate::sweep::History;
    use crate::sweep::history::Started;

    fn record(state: State, took_ms: u64) -> Record {
        let key = CaseKey {
            scenario: "inbound/control".parse().expect("an id"),
            subject: "batch".to_owned(),
            variation: Variation([("leaf".to_owned(), "p384".to_owned())].into()),
        };
        Record { key, state, verdict: None, took_ms, lost: 0, rulings: Vec::new(), fault: None }
    }

    fn started(name: Option<&str>) -> Started {
        Started {
            name: name.map(str::to_owned),
            started: "2026-01-01T00:00:00Z".to_owned(),
            seed: u64::MAX,
            plan: "p".to_owned(),
            planned: 1,
            harness: "0".to_owned(),
            profile: "x".to_owned(),
            environment: "y".to_owned(),
            integration: "z".to_owned(),
            version: "1".to_owned(),
        }
    }

    #[test]
    fn a_history_keeps_what_it_is_given() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("history.sqlite");
        let states = [State::Pass, State::Fail, State::Pass, State::Fail];
        for (index, state) in states.into_iter().enumerate() {
            let history = History::open(&path).expect("it opens");
            history.claim().expect("nobody else has it");
            let run = history.begin(&started((index == 0).then_some("first"))).expect("it begins");
            let record = record(state, 1000 * (1 + index as u64));
            history.record(run, &record).expect("it is written");
            assert!(history.record(run, &record).is_err(), "a case stands once");
            assert_eq!(history.unfinished(&started(None)).expect("it reads").map(|row| row.id), Some(run));
            history.end(run, "2026-01-01T00:00:01Z").expect("it ends");
            assert_eq!(history.unfinished(&started(None)).expect("it reads"), None);
            assert_eq!(history.records(run).expect("they read"), [record]);
            assert!(history.begin(&started(Some("first"))).is_err(), "a name stays with its run");
        }
        let history = History::open(&path).expect("it opens");
        let runs = history.runs().expect("they read");
        assert_eq!((runs.len(), runs[0].began.seed), (4, u64::MAX));
        assert_eq!(history.before(runs[3].id).expect("it reads").map(|row| row.id), Some(runs[2].id));
        let of = |index: usize| history.records(runs[index].id).expect("they read");
        let changes = Changes::between(&runs[0], &of(0), &of(1));
        assert_eq!((changes.new.len(), changes.fixed.len(), changes.slower.len()), (1, 0, 1));
        let changes = Changes::between(&runs[1], &of(1), &of(2));
        assert_eq!((changes.new.len(), changes.fixed.len(), changes.slower.len()), (0, 1, 0), "half as long again");
        let trend = Trend::of(runs.iter().cloned().zip((0..4).map(of)).collect());
        assert_eq!(trend.flaky().len(), 1);
        assert_eq!(signs(&trend.cases[&record(State::Pass, 0).key]), "✓✗✓✗");
        assert_eq!(sparkline(&[Some(0), None, Some(7), Some(14)]), "▁·▄█");
    }

    #[test]
    fn what_is_no_history_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("notes.txt");
        std::fs::write(&path, "not a database, but long enough to look like one".repeat(40)).expect("it is written");
        assert!(History::open(&path).is_err());
        let other = directory.path().join("other.sqlite");
        rusqlite::Connection::open(&other).and_then(|other| other.execute_batch("CREATE TABLE x (y)")).expect("made");
        assert!(matches!(History::open(&other), Err(crate::sweep::HistoryError::Foreign { version: 0, .. })));
    }
}
