//! Reports made by hand.

use std::collections::BTreeMap;
use std::str::FromStr;

use thales_harness::model::{Level, Network, RequirementId, ScenarioId, Side, Topic};
use thales_harness::report::document::{Integration, Played, REPORT_FORMAT, Report, Requirement, Scenario};
use thales_harness::report::measured::Measured;
use thales_harness::report::shown::Exchanged;
use thales_harness::verdict::{Finding, Outcome, Readiness, Reason, Verdict};

pub(crate) const LEVELS: [Level; 5] =
    [Level::Must, Level::Should, Level::Advisory, Level::Optional, Level::Informational];

pub(crate) const VERDICTS: [Verdict; 7] = [
    Verdict::Pass,
    Verdict::Fail,
    Verdict::Inconclusive,
    Verdict::NotApplicable,
    Verdict::Declared,
    Verdict::Untested,
    Verdict::Informational,
];

/// Every level with every verdict.
pub(crate) fn everything() -> Report {
    let pairs = LEVELS.into_iter().flat_map(|level| VERDICTS.into_iter().map(move |verdict| (level, verdict)));
    let rows = pairs.enumerate().map(|(number, (level, verdict))| row(&format!("TSH-X-{number}"), level, verdict));
    let mut report = report(rows.collect());
    report.readiness = Readiness::NotReady;
    report
}

pub(crate) fn report(rows: Vec<Requirement>) -> Report {
    let (optional, requirements) = rows.into_iter().partition(|row| row.level == Level::Optional);
    Report {
        format: REPORT_FORMAT,
        harness: "0.0.0",
        unofficial: "Unofficial.",
        started: None,
        readiness: Readiness::Ready,
        profile: "classic-tokenization".to_owned(),
        product: "Classic Tokenization".to_owned(),
        profile_digest: "0".repeat(64),
        scenarios_digest: "0".repeat(64),
        configuration_digest: None,
        environment: "pre-production".to_owned(),
        network: Network::Private,
        integration: Integration { name: "acme".to_owned(), version: "1".to_owned() },
        onboarding: Exchanged::default(),
        measured: Measured::default(),
        requirements,
        optional,
        stacks: Vec::new(),
        notes: Vec::new(),
        scenarios: vec![Scenario {
            id: parsed::<ScenarioId>("inbound/tls-1.1"),
            integration: "batch".to_owned(),
            verdict: Played::Judged(Verdict::Pass),
            duration_ms: 1,
            log: None,
            fault: None,
        }],
        deviations: Vec::new(),
        not_proven: vec!["Everything else.".to_owned()],
    }
}

pub(crate) fn row(id: &str, level: Level, verdict: Verdict) -> Requirement {
    let ruling = match verdict {
        Verdict::Fail => Outcome::Violated,
        Verdict::Inconclusive => Outcome::Unwitnessed,
        _ => Outcome::Met,
    };
    let finding = Finding {
        requirement: parsed(id),
        topic: parsed("inbound.tls-version"),
        level,
        scenario: parsed("inbound/tls-1.1"),
        integration: "batch".to_owned(),
        side: Side::Caller,
        phase: "only TLS 1.1".to_owned(),
        ruling,
        reason: (ruling == Outcome::Unwitnessed).then_some(Reason::Deadline),
        expected: "refuses".to_owned(),
        seen: "what was seen".to_owned(),
        evidence: vec![1, 2],
        means: None,
        remedy: None,
        warnings: Vec::new(),
        any_of: None,
    };
    Requirement {
        id: parsed::<RequirementId>(id),
        topic: parsed::<Topic>("inbound.tls-version"),
        level,
        verdict,
        reach: "private network".to_owned(),
        note: None,
        deviation: None,
        rule: "The rule.".to_owned(),
        source: "The source.".to_owned(),
        symptom: "The symptom.".to_owned(),
        remedy: "The remedy.".to_owned(),
        remedies: BTreeMap::new(),
        beyond: None,
        decisions: Vec::new(),
        explained: Vec::new(),
        findings: vec![finding],
    }
}

fn parsed<T: FromStr>(word: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    word.parse().expect("the sample's names are names")
}
