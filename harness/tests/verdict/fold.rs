//! From findings to requirements and readiness.

use std::collections::{BTreeMap, BTreeSet};

use thales_harness::model::{Declaration, Level, Network, Proof, Requirement, RequirementId, Side};
use thales_harness::verdict::{Finding, Outcome, Readiness, Reason, Run, Verdict, fold, scenario_verdict};

use crate::story::requirement;

fn finding(id: &str, level: Level, ruling: Outcome, any_of: Option<&str>) -> Finding {
    Finding {
        requirement: id.parse().expect("an id"),
        topic: "inbound.subject".parse().expect("a topic"),
        level,
        scenario: "inbound/story".parse().expect("an id"),
        integration: "one".to_owned(),
        phase: "row".to_owned(),
        ruling,
        reason: (ruling == Unwitnessed).then_some(Reason::NoConnection),
        expected: String::new(),
        seen: String::new(),
        evidence: Vec::new(),
        means: None,
        remedy: None,
        warnings: Vec::new(),
        any_of: any_of.map(str::to_owned),
    }
}

struct Case {
    requirements: Vec<Requirement>,
    sides: BTreeSet<Side>,
    network: Network,
    declares: BTreeMap<RequirementId, Declaration>,
    selection: bool,
}

impl Case {
    fn new(requirements: Vec<Requirement>) -> Self {
        Self {
            requirements,
            sides: BTreeSet::from([Side::Caller, Side::Receiver]),
            network: Network::Private,
            declares: BTreeMap::new(),
            selection: false,
        }
    }

    fn check(&self, findings: &[Finding], verdicts: &[Verdict], readiness: Readiness) {
        let run = Run {
            requirements: &self.requirements,
            sides: self.sides.clone(),
            network: self.network,
            declares: &self.declares,
            selection: self.selection,
            unplanned: &[],
        };
        let (rows, found) = fold(&run, findings);
        let rows: Vec<_> = rows.iter().map(|row| row.verdict).collect();
        assert_eq!((rows.as_slice(), found), (verdicts, readiness));
    }
}

fn must(proof: Proof) -> Case {
    Case::new(vec![requirement("TST-1", "inbound.subject", Level::Must, proof)])
}

use Outcome::{Met, Unwitnessed, Violated};

#[test]
fn the_worst_finding_decides() {
    let of = |outcomes: &[Outcome]| -> Vec<Finding> {
        outcomes.iter().map(|outcome| finding("TST-1", Level::Must, *outcome, None)).collect()
    };
    let case = must(Proof::Scenario);
    case.check(&of(&[Met, Met]), &[Verdict::Pass], Readiness::Ready);
    case.check(&of(&[Met, Unwitnessed]), &[Verdict::Inconclusive], Readiness::Incomplete);
    case.check(&of(&[Unwitnessed, Violated, Met]), &[Verdict::Fail], Readiness::NotReady);
    case.check(&[], &[Verdict::Untested], Readiness::Incomplete);
}

#[test]
fn of_a_group_one_suffices() {
    let of = |outcomes: &[Outcome]| -> Vec<Finding> {
        outcomes.iter().map(|outcome| finding("TST-1", Level::Must, *outcome, Some("modern"))).collect()
    };
    let case = must(Proof::Scenario);
    case.check(&of(&[Met, Violated]), &[Verdict::Pass], Readiness::Ready);
    case.check(&of(&[Met, Unwitnessed]), &[Verdict::Pass], Readiness::Ready);
    case.check(&of(&[Violated, Unwitnessed]), &[Verdict::Inconclusive], Readiness::Incomplete);
    case.check(&of(&[Violated, Violated]), &[Verdict::Fail], Readiness::NotReady);
}

#[test]
fn what_a_run_cannot_reach_is_declared_and_never_passed() {
    let mut case = must(Proof::Declaration);
    case.check(&[finding("TST-1", Level::Must, Met, None)], &[Verdict::Untested], Readiness::Incomplete);
    let declaration = Declaration {
        by: "network team".to_owned(),
        on: "2026-11-20".parse().expect("a date"),
        grounds: "change 4711".to_owned(),
    };
    case.declares.insert("TST-1".parse().expect("an id"), declaration);
    case.check(&[finding("TST-1", Level::Must, Met, None)], &[Verdict::Declared], Readiness::Ready);
    case.check(&[], &[Verdict::Declared], Readiness::Ready);
    // Nobody declares away what was seen to be broken, or what a run should have seen.
    case.check(&[finding("TST-1", Level::Must, Violated, None)], &[Verdict::Fail], Readiness::NotReady);
    case.check(&[finding("TST-1", Level::Must, Unwitnessed, None)], &[Verdict::Inconclusive], Readiness::Incomplete);
}

#[test]
fn only_a_must_decides_readiness() {
    let rows = vec![
        requirement("TST-1", "inbound.subject", Level::Must, Proof::Scenario),
        requirement("TST-2", "inbound.other", Level::Should, Proof::Scenario),
        requirement("TST-3", "inbound.third", Level::Advisory, Proof::Scenario),
        requirement("TST-4", "general.thales", Level::Informational, Proof::None),
    ];
    let findings = [
        finding("TST-1", Level::Must, Met, None),
        finding("TST-2", Level::Should, Violated, None),
        finding("TST-3", Level::Advisory, Unwitnessed, None),
    ];
    let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive, Verdict::Informational];
    Case::new(rows).check(&findings, &verdicts, Readiness::Ready);
}

#[test]
fn a_role_that_is_not_there_does_not_apply() {
    let mut case = must(Proof::Scenario);
    case.sides = BTreeSet::from([Side::Receiver]);
    case.check(&[], &[Verdict::NotApplicable], Readiness::Ready);
}

#[test]
fn a_shared_network_is_incomplete_at_best_and_a_selection_partial() {
    let met = [finding("TST-1", Level::Must, Met, None)];
    let mut case = must(Proof::Scenario);
    case.network = Network::Shared;
    case.check(&met, &[Verdict::Pass], Readiness::Incomplete);
    case.selection = true;
    case.check(&met, &[Verdict::Pass], Readiness::Partial);
}

#[test]
fn a_scenario_without_a_must_passes_where_the_integration_was_met() {
    let of = |level, outcome| scenario_verdict(&[finding("TST-1", level, outcome, None)], true).verdict;
    assert_eq!(of(Level::Advisory, Met), Verdict::Pass);
    assert_eq!(of(Level::Advisory, Violated), Verdict::Pass);
    assert_eq!(of(Level::Advisory, Unwitnessed), Verdict::Inconclusive);
    assert_eq!(of(Level::Must, Violated), Verdict::Fail);
    assert_eq!(scenario_verdict(&[], false).verdict, Verdict::Untested);
}
