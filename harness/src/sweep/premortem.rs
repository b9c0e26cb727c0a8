//! The pre-mortem: what Thales may do one day, and the integration does not survive, although it is all right today. A
//! value of a dimension breaks something where the same is met without it; the evidence stands beside.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::record::{CaseKey, Record, Ruled};
use crate::model::{Axis, Dimension, Level, RequirementId, Setting, Variation};
use crate::verdict::{Outcome, Reason};

/// One sentence of a pre-mortem.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Line {
    /// How sure it is.
    pub kind: Kind,
    /// Completes "you break if Thales …".
    pub thales: String,
    /// The gravest level of what breaks.
    pub level: Level,
    /// What breaks it: dimensions with the words of their values.
    pub breaks: BTreeMap<String, Vec<String>>,
    /// Values of the same dimension that hold, where it is one.
    pub holds: Vec<String>,
    /// What is unspecified.
    pub unspecified: Vec<String>,
    /// What shows it.
    pub evidence: Vec<Evidence>,
    /// What to change.
    pub change: Vec<String>,
    /// The same by stack.
    pub changes: BTreeMap<String, String>,
    /// The questions to Thales.
    pub ask: Vec<String>,
}

/// How sure a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// What is met today is violated then.
    Breaks,
    /// No rule is violated, and calls are lost.
    LosesCalls,
    /// What is met today cannot be decided then: mostly, the call does not go through any more.
    Undecided,
}

/// What shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Evidence {
    /// The case.
    pub case: String,
    /// The requirement.
    pub requirement: RequirementId,
    /// Its level.
    pub level: Level,
    /// Row, step or control.
    pub place: String,
    /// What was expected.
    pub expected: String,
    /// What was seen.
    pub seen: String,
    /// Numbers of the facts in the case's log.
    pub facts: Vec<u64>,
}

/// The lines of a sweep, gravest first.
pub fn premortem(dimensions: &[Dimension], records: &[Record]) -> Vec<Line> {
    let known: BTreeMap<&CaseKey, &Record> = records.iter().map(|record| (&record.key, record)).collect();
    let mut drafts: Vec<Line> = Vec::new();
    let mut explained: BTreeSet<(&CaseKey, &RequirementId, &str)> = BTreeSet::new();
    for dimension in dimensions {
        thresholds(dimension, records, &mut drafts);
    }
    for record in records.iter().filter(|record| record.key.variation.single().is_some()) {
        let Some(base) = base_of(&known, record) else { continue };
        let Some((id, word)) = record.key.variation.single() else { continue };
        let Some(dimension) = dimensions.iter().find(|dimension| dimension.id == id) else { continue };
        for (ruled, kind) in worse(base, record) {
            explained.insert((&record.key, &ruled.requirement, &ruled.place));
            // Where values have an order, what holds and what does not is told as a threshold.
            if dimension.threshold.is_none() {
                draft(&mut drafts, kind, vec![(dimension, word)], record, ruled);
            }
        }
        if dimension.axis == Axis::IdleClose && base.lost == 0 && record.lost > 0 {
            lost_calls(&mut drafts, dimension, word, record);
        }
    }
    for record in records.iter().filter(|record| record.key.variation.0.len() > 1) {
        let Some(base) = base_of(&known, record) else { continue };
        for (ruled, kind) in worse(base, record) {
            let alone = record.key.variation.0.iter().map(|(id, word)| CaseKey {
                variation: Variation([(id.clone(), word.clone())].into()),
                ..record.key.clone()
            });
            // One of them alone explains it, or was not played: nothing is known of their being together.
            let is_new = alone.into_iter().all(|key| {
                known.contains_key(&key) && !explained.contains(&(&key, &ruled.requirement, ruled.place.as_str()))
            });
            if is_new && kind == Kind::Breaks {
                let together = together(records, record, ruled);
                let set: Vec<_> = together
                    .0
                    .iter()
                    .filter_map(|(id, word)| {
                        Some((dimensions.iter().find(|dimension| dimension.id == *id)?, word.as_str()))
                    })
                    .collect();
                draft(&mut drafts, kind, set, record, ruled);
            }
        }
    }
    drafts.sort_by_key(|line| (line.kind, line.level, line.breaks.len()));
    drafts
}

fn base_of<'a>(known: &BTreeMap<&CaseKey, &'a Record>, record: &Record) -> Option<&'a Record> {
    let key = CaseKey { variation: Variation::default(), ..record.key.clone() };
    known.get(&key).copied()
}

/// What is met in the base, and is not in the case. What the harness itself could not tell says nothing.
fn worse<'a>(base: &'a Record, record: &'a Record) -> Vec<(&'a Ruled, Kind)> {
    let kind = |ruled: &Ruled| match (ruled.outcome, ruled.reason) {
        (Outcome::Violated, _) => Some(Kind::Breaks),
        (
            Outcome::Unwitnessed,
            Some(Reason::NoConnection | Reason::Control | Reason::OtherReason | Reason::Deadline | Reason::NotShown),
        ) => Some(Kind::Undecided),
        (Outcome::Unwitnessed | Outcome::Met, _) => None,
    };
    let was_met = |ruled: &&Ruled| {
        let same = |known: &&Ruled| known.requirement == ruled.requirement && known.place == ruled.place;
        base.rulings.iter().find(same).is_some_and(|known| known.outcome == Outcome::Met)
    };
    record.rulings.iter().filter(was_met).filter_map(|ruled| Some((ruled, kind(ruled)?))).collect()
}

/// The two values of a combination that explain its failure: wherever both are set, it fails. Of several such pairs the
/// one that was played most often; all values, where there is none.
fn together(records: &[Record], record: &Record, ruled: &Ruled) -> Variation {
    let set: Vec<_> = record.key.variation.0.iter().collect();
    let mut best: (usize, Option<Variation>) = (0, None);
    for (index, first) in set.iter().enumerate() {
        for second in &set[index + 1..] {
            let holds = |known: &&Record| {
                [first, second].into_iter().all(|(id, word)| known.key.variation.0.get(*id) == Some(*word))
                    && known.key.scenario == record.key.scenario
                    && known.key.subject == record.key.subject
            };
            let is_met = |known: &Record| {
                known.rulings.iter().any(|other| {
                    other.requirement == ruled.requirement
                        && other.place == ruled.place
                        && other.outcome == Outcome::Met
                })
            };
            let both: Vec<_> = records.iter().filter(holds).collect();
            if both.len() > best.0 && !both.iter().any(|known| is_met(known)) {
                let pair = [first, second].map(|(id, word)| ((*id).clone(), (*word).clone()));
                best = (both.len(), Some(Variation(pair.into())));
            }
        }
    }
    best.1.unwrap_or_else(|| record.key.variation.clone())
}

fn draft(drafts: &mut Vec<Line>, kind: Kind, set: Vec<(&Dimension, &str)>, record: &Record, ruled: &Ruled) {
    let breaks: BTreeMap<_, _> =
        set.iter().map(|(dimension, word)| (dimension.id.clone(), vec![(*word).to_owned()])).collect();
    let evidence = Evidence {
        case: record.key.to_string(),
        requirement: ruled.requirement.clone(),
        level: ruled.level,
        place: ruled.place.clone(),
        expected: ruled.expected.clone(),
        seen: ruled.seen.clone(),
        facts: ruled.evidence.clone(),
    };
    if let Some(known) = drafts.iter_mut().find(|known| known.kind == kind && known.breaks == breaks) {
        known.level = known.level.min(ruled.level);
        known.evidence.push(evidence);
        return;
    }
    let thales: Vec<_> = set.iter().filter_map(|(dimension, word)| words(dimension, word)).collect();
    let mut changes = BTreeMap::new();
    for (dimension, _) in &set {
        changes.extend(dimension.changes.clone());
    }
    drafts.push(Line {
        kind,
        thales: thales.join(", and "),
        level: ruled.level,
        breaks,
        holds: match set.as_slice() {
            [(dimension, _)] => vec![dimension.base.clone()],
            _ => Vec::new(),
        },
        unspecified: set.iter().map(|(dimension, _)| dimension.unspecified.clone()).collect(),
        evidence: vec![evidence],
        change: set.iter().map(|(dimension, _)| dimension.change.clone()).collect(),
        changes,
        ask: set.iter().map(|(dimension, _)| dimension.ask.clone()).collect(),
    });
}

fn words(dimension: &Dimension, word: &str) -> Option<String> {
    dimension.values.iter().find(|value| value.word == word).map(|value| value.thales.clone())
}

/// No row is violated, and yet calls end without an answer that had one before.
fn lost_calls(drafts: &mut Vec<Line>, dimension: &Dimension, word: &str, record: &Record) {
    let Some(first) = record.rulings.first() else { return };
    let ruled = Ruled {
        place: "all calls".to_owned(),
        expected: "every call is answered, as without it".to_owned(),
        seen: format!("{} call(s) ended without an answer", record.lost),
        evidence: Vec::new(),
        ..first.clone()
    };
    draft(drafts, Kind::LosesCalls, vec![(dimension, word)], record, &ruled);
}

/// A value's word, and what was ruled with it.
type Told<'a> = (String, &'a Record, &'a Ruled);

/// Values with an order, the scenario's own among them: where some hold and lower ones do not, the least that holds is the
/// threshold. Here the scenario as it stands may be on either side.
fn thresholds(dimension: &Dimension, records: &[Record], drafts: &mut Vec<Line>) {
    let Some(text) = &dimension.threshold else { return };
    let rank = |word: &str| match Setting::read(dimension.axis, word) {
        Ok(Setting::Ttl(span)) => span.0,
        Ok(Setting::IdleClose(span)) => span.map_or(u64::MAX, |span| span.0),
        _ => 0,
    };
    let mut of: BTreeMap<(&str, &str, &RequirementId, &str), Vec<Told<'_>>> = BTreeMap::new();
    for record in records {
        let word = match record.key.variation.single() {
            Some((id, word)) if id == dimension.id => word.to_owned(),
            None if record.key.variation.is_base() => dimension.base.clone(),
            _ => continue,
        };
        for ruled in &record.rulings {
            let key =
                (record.key.scenario.as_str(), record.key.subject.as_str(), &ruled.requirement, ruled.place.as_str());
            of.entry(key).or_default().push((word.clone(), record, ruled));
        }
    }
    for mut values in of.into_values() {
        values.sort_by_key(|(word, ..)| rank(word));
        let holds: Vec<_> = values.iter().filter(|(_, _, ruled)| ruled.outcome == Outcome::Met).collect();
        let broken: Vec<_> = values.iter().filter(|(_, _, ruled)| ruled.outcome == Outcome::Violated).collect();
        let (Some((least, ..)), Some((most, ..))) = (holds.first(), broken.last()) else { continue };
        if rank(least) < rank(most) {
            // No threshold: each value speaks for itself.
            for (word, record, ruled) in broken.into_iter().filter(|(word, ..)| *word != dimension.base) {
                draft(drafts, Kind::Breaks, vec![(dimension, word)], record, ruled);
            }
            continue;
        }
        let words: Vec<_> = broken.iter().map(|(word, ..)| word.clone()).collect();
        let holding: Vec<_> = holds.iter().map(|(word, ..)| word.clone()).collect();
        let sentence = text.replace("{holds}", &spaced(least));
        for (_, record, ruled) in &broken {
            let same = |known: &&mut Line| known.thales == sentence;
            match drafts.iter_mut().find(same) {
                Some(known) => {
                    let mut more = Vec::new();
                    draft(&mut more, Kind::Breaks, vec![(dimension, &words[0])], record, ruled);
                    known.evidence.extend(more.into_iter().flat_map(|line| line.evidence));
                    known.level = known.level.min(ruled.level);
                }
                None => {
                    let mut first = Vec::new();
                    draft(&mut first, Kind::Breaks, vec![(dimension, &words[0])], record, ruled);
                    for mut new in first {
                        new.thales.clone_from(&sentence);
                        new.holds.clone_from(&holding);
                        new.breaks = [(dimension.id.clone(), words.clone())].into();
                        drafts.push(new);
                    }
                }
            }
        }
    }
}

/// `30s` as `30 s`.
fn spaced(word: &str) -> String {
    match word.find(|letter: char| letter.is_ascii_alphabetic()) {
        Some(at) => format!("{} {}", &word[..at], &word[at..]),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Library;
    use crate::sweep::State;

    fn record(set: &[(&str, &str)], outcome: Outcome) -> Record {
        let ruled = Ruled {
            requirement: "TSH-IN-03".parse().expect("an id"),
            level: Level::Must,
            place: "control".to_owned(),
            outcome,
            reason: (outcome == Outcome::Unwitnessed).then_some(Reason::NoConnection),
            expected: "accepts".to_owned(),
            seen: "what was seen".to_owned(),
            evidence: vec![7],
        };
        Record {
            key: CaseKey {
                scenario: "inbound/control".parse().expect("an id"),
                subject: "batch".to_owned(),
                variation: Variation(set.iter().map(|(id, word)| ((*id).to_owned(), (*word).to_owned())).collect()),
            },
            state: State::Pass,
            verdict: None,
            took_ms: 1,
            lost: 0,
            rulings: vec![ruled],
            fault: None,
        }
    }

    fn told(records: &[Record]) -> Vec<(Kind, String)> {
        let library = Library::built_in().expect("the built-in files are sound");
        let lines = premortem(&library.dimensions, records);
        lines.into_iter().map(|line| (line.kind, crate::sweep::terminal::values(&line))).collect()
    }

    #[test]
    fn a_value_that_breaks_what_held_is_a_line() {
        use Outcome::{Met, Unwitnessed, Violated};
        let base = |outcome| record(&[], outcome);
        let rsa = |outcome| record(&[("leaf", "rsa-2048")], outcome);
        assert_eq!(told(&[base(Met), rsa(Violated)]), [(Kind::Breaks, "leaf = rsa-2048; holds with p256".to_owned())]);
        assert_eq!(told(&[base(Met), rsa(Unwitnessed)])[0].0, Kind::Undecided);
        // What fails anyway is a failure, and no pre-mortem; nor is what was never seen to hold.
        assert_eq!(told(&[base(Violated), rsa(Violated)]), []);
        assert_eq!(told(&[base(Unwitnessed), rsa(Violated)]), []);
        assert_eq!(told(&[rsa(Violated)]), []);
        assert_eq!(told(&[base(Met), rsa(Met)]), []);
    }

    #[test]
    fn a_threshold_stands_between_what_breaks_and_what_holds() {
        let ttl = |word, outcome| record(&[("ttl", word)], outcome);
        use Outcome::{Met, Violated};
        let library = Library::built_in().expect("the built-in files are sound");
        let of = |records: &[Record]| premortem(&library.dimensions, records);
        let lines =
            of(&[record(&[], Violated), ttl("5s", Violated), ttl("30s", Met), ttl("60s", Met), ttl("20s", Violated)]);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].thales, "changes its address with a TTL under 30 s");
        assert_eq!(lines[0].breaks["ttl"], ["2s", "5s", "20s"]);
        assert_eq!(lines[0].holds, ["30s", "60s"]);
        assert_eq!(lines[0].evidence.len(), 3);
        // All break: that is a failure of today. One alone in the middle breaks: no threshold.
        assert_eq!(of(&[record(&[], Violated), ttl("60s", Violated)]), []);
        let lines = of(&[record(&[], Met), ttl("10s", Violated), ttl("60s", Met)]);
        assert_eq!(lines[0].thales, "changes its address with a TTL of 10 s");
    }

    #[test]
    fn a_combination_is_told_by_the_two_values_that_explain_it() {
        use Outcome::{Met, Violated};
        let (rsa, deep, on) = (("leaf", "rsa-2048"), ("chain", "deep"), ("tickets", "on"));
        let singles = || vec![record(&[], Met), record(&[rsa], Met), record(&[deep], Met), record(&[on], Met)];
        let mut records = singles();
        records.extend([record(&[rsa, deep, on], Violated), record(&[rsa, on], Met), record(&[deep, on], Met)]);
        assert_eq!(told(&records), [(Kind::Breaks, "chain = deep and leaf = rsa-2048".to_owned())]);
        // One value that breaks alone explains every combination with it.
        let mut records = singles();
        records[1] = record(&[rsa], Violated);
        records.push(record(&[rsa, deep], Violated));
        assert_eq!(told(&records), [(Kind::Breaks, "leaf = rsa-2048; holds with p256".to_owned())]);
    }
}
