//! Words that several forms of the report share.

use std::collections::BTreeMap;

use super::document::Report;
use crate::model::{Level, Network, Side};
use crate::verdict::Verdict;

pub(super) fn network(network: Network) -> &'static str {
    match network {
        Network::Private => "private network",
        Network::Shared => "shared network",
    }
}

pub(super) fn side(side: Side) -> &'static str {
    match side {
        Side::Caller => "caller",
        Side::Receiver => "receiver",
        Side::Files => "files",
    }
}

/// What readiness means, in a sentence.
pub(super) fn readiness(report: &Report) -> String {
    use crate::verdict::Readiness::{Incomplete, NotReady, Partial, Ready};
    let gap = |verdict: Verdict| {
        report.requirements.iter().filter(|row| row.level == Level::Must && row.verdict == verdict).count()
    };
    match report.readiness {
        Ready => "Every MUST passed, is declared or does not apply.".to_owned(),
        NotReady => format!("{} MUST failed.", gap(Verdict::Fail)),
        Partial => {
            "A selection of the scenarios was run; it is judged by itself and says nothing of readiness.".to_owned()
        }
        Incomplete => {
            let gaps = [(gap(Verdict::Inconclusive), "inconclusive"), (gap(Verdict::Untested), "untested")];
            let gaps: Vec<_> = gaps
                .iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, word)| format!("{count} MUST {word}"))
                .collect();
            if gaps.is_empty() {
                "The shared network proves less than readiness needs.".to_owned()
            } else {
                format!("{}.", gaps.join(", "))
            }
        }
    }
}

/// Number of rows by verdict, as `36 pass, 1 untested`.
pub(super) fn counts(report: &Report) -> String {
    let mut counts: Vec<(Verdict, usize)> = Vec::new();
    for verdict in [
        Verdict::Fail,
        Verdict::Inconclusive,
        Verdict::Untested,
        Verdict::Pass,
        Verdict::Declared,
        Verdict::NotApplicable,
        Verdict::Informational,
    ] {
        let count = report.counted().filter(|row| row.verdict == verdict).count();
        if count > 0 {
            counts.push((verdict, count));
        }
    }
    counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect::<Vec<_>>().join(", ")
}

/// How far the verdicts reach, as `private network 36, declaration 4`.
pub(super) fn reaches(report: &Report) -> String {
    let mut reaches: BTreeMap<&str, usize> = BTreeMap::new();
    for row in report.shown() {
        *reaches.entry(&row.reach).or_default() += 1;
    }
    reaches.iter().map(|(reach, count)| format!("{reach} {count}")).collect::<Vec<_>>().join(", ")
}

/// Milliseconds as seconds with two digits.
pub(super) fn seconds(ms: u64) -> String {
    format!("{}.{:02} s", ms / 1000, ms % 1000 / 10)
}
