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
        side: Side::Caller,
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

/// A finding that rests on files.
fn of_files(id: &str, ruling: Outcome) -> Finding {
    Finding {
        side: Side::Files,
        scenario: "files/story".parse().expect("an id"),
        ..finding(id, Level::Must, ruling, None)
    }
}

fn declaration() -> Declaration {
    Declaration {
        by: "network team".to_owned(),
        on: "2026-11-20".parse().expect("a date"),
        grounds: "change 4711".to_owned(),
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
    case.declares.insert("TST-1".parse().expect("an id"), declaration());
    case.check(&[finding("TST-1", Level::Must, Met, None)], &[Verdict::Declared], Readiness::Ready);
    case.check(&[], &[Verdict::Declared], Readiness::Ready);
    // Nobody declares away what was seen to be broken, or what a run should have seen.
    case.check(&[finding("TST-1", Level::Must, Violated, None)], &[Verdict::Fail], Readiness::NotReady);
    case.check(&[finding("TST-1", Level::Must, Unwitnessed, None)], &[Verdict::Inconclusive], Readiness::Incomplete);
}

#[test]
fn what_files_show_is_declared_where_there_are_none() {
    let mut case = must(Proof::File);
    case.check(&[of_files("TST-1", Met)], &[Verdict::Pass], Readiness::Ready);
    case.check(&[], &[Verdict::Untested], Readiness::Incomplete);
    // What the wire shows may break such a row, and does not prove it.
    let on_the_wire = |ruling| finding("TST-1", Level::Must, ruling, None);
    case.check(&[on_the_wire(Met)], &[Verdict::Untested], Readiness::Incomplete);
    case.check(&[on_the_wire(Met), of_files("TST-1", Met)], &[Verdict::Pass], Readiness::Ready);
    case.check(&[on_the_wire(Violated), of_files("TST-1", Met)], &[Verdict::Fail], Readiness::NotReady);
    // What could not be compared is not proven by the rest.
    let unplanned = [("TST-1".parse().expect("an id"), "one environment only".to_owned())];
    let run = Run {
        requirements: &case.requirements,
        sides: case.sides.clone(),
        network: case.network,
        declares: &case.declares,
        selection: false,
        unplanned: &unplanned,
    };
    let (rows, _) = fold(&run, &[of_files("TST-1", Met)]);
    assert_eq!((rows[0].verdict, rows[0].note.as_deref()), (Verdict::Untested, Some("one environment only")));
    case.declares.insert("TST-1".parse().expect("an id"), declaration());
    case.check(&[], &[Verdict::Declared], Readiness::Ready);
    case.check(&[on_the_wire(Met)], &[Verdict::Declared], Readiness::Ready);
    case.check(&[of_files("TST-1", Violated)], &[Verdict::Fail], Readiness::NotReady);
}

/// Two rows of which one suffices, and one that stands alone.
fn group() -> Case {
    let row = |id, topic| Requirement {
        any_of: Some("anchor".to_owned()),
        ..requirement(id, topic, Level::Must, Proof::Scenario)
    };
    Case::new(vec![
        row("TST-1", "outbound.one"),
        requirement("TST-2", "inbound.subject", Level::Must, Proof::Scenario),
        row("TST-3", "outbound.other"),
    ])
}

#[test]
fn rows_of_which_one_suffices_show_one_verdict() {
    let of = |outcomes: &[(&str, Outcome)]| -> Vec<Finding> {
        let alone = [finding("TST-2", Level::Must, Met, None)];
        let of_group = outcomes.iter().map(|(id, outcome)| finding(id, Level::Must, *outcome, None));
        alone.into_iter().chain(of_group).collect()
    };
    let both = |verdict| [verdict, Verdict::Pass, verdict];
    let case = group();
    let check = |outcomes: &[(&str, Outcome)], verdict, readiness| {
        case.check(&of(outcomes), &both(verdict), readiness);
    };
    check(&[("TST-1", Met), ("TST-3", Violated)], Verdict::Pass, Readiness::Ready);
    check(&[("TST-1", Unwitnessed), ("TST-3", Met)], Verdict::Pass, Readiness::Ready);
    check(&[("TST-3", Met)], Verdict::Pass, Readiness::Ready);
    check(&[("TST-1", Violated), ("TST-3", Unwitnessed)], Verdict::Inconclusive, Readiness::Incomplete);
    check(&[("TST-1", Unwitnessed)], Verdict::Inconclusive, Readiness::Incomplete);
    check(&[("TST-1", Violated), ("TST-3", Violated)], Verdict::Fail, Readiness::NotReady);
    // The other one was not tried and might hold.
    check(&[("TST-1", Violated)], Verdict::Untested, Readiness::Incomplete);
    check(&[], Verdict::Untested, Readiness::Incomplete);
}

#[test]
fn a_group_holds_in_each_environment_or_not_at_all() {
    let of = |id, environment: &str, ruling| Finding { phase: environment.to_owned(), ..of_files(id, ruling) };
    let row = |id, topic| Requirement {
        any_of: Some("anchor".to_owned()),
        ..requirement(id, topic, Level::Must, Proof::File)
    };
    let case = Case::new(vec![row("TST-1", "outbound.one"), row("TST-3", "outbound.other")]);
    let check = |findings: &[Finding], verdict, readiness| case.check(findings, &[verdict, verdict], readiness);
    let private_with_store = [of("TST-1", "staging", Violated), of("TST-3", "staging", Met)];
    let [broken, store] = private_with_store.clone();
    check(&private_with_store, Verdict::Pass, Readiness::Ready);
    // Production is private as well, and nobody named its store.
    let production = of("TST-1", "production", Violated);
    check(&[broken.clone(), store.clone(), production.clone()], Verdict::Untested, Readiness::Incomplete);
    let wrong_store = of("TST-3", "production", Violated);
    let both_broken = [of("TST-1", "staging", Met), production.clone(), wrong_store];
    check(&both_broken, Verdict::Fail, Readiness::NotReady);
    // One environment by the one row, the other by the other one.
    check(&[of("TST-1", "staging", Met), production, of("TST-3", "production", Met)], Verdict::Pass, Readiness::Ready);
    check(&[broken, store, of("TST-1", "production", Met)], Verdict::Pass, Readiness::Ready);
}

#[test]
fn a_row_of_a_group_says_whose_verdict_it_shows() {
    let mut case = group();
    case.requirements[2].proof = Proof::File;
    let run = Run {
        requirements: &case.requirements,
        sides: case.sides.clone(),
        network: case.network,
        declares: &BTreeMap::from([("TST-3".parse().expect("an id"), declaration())]),
        selection: false,
        unplanned: &[],
    };
    let (rows, _) = fold(&run, &[finding("TST-1", Level::Must, Violated, None)]);
    assert_eq!((rows[0].verdict, rows[2].verdict), (Verdict::Declared, Verdict::Declared));
    assert_eq!((rows[0].reach.as_str(), rows[2].reach.as_str()), ("declaration", "declaration"));
    let note = rows[0].note.as_deref().expect("a note");
    assert!(note.contains("TST-1 fail") && note.contains("TST-3 declared"), "{note}");
    assert!(rows[1].note.as_deref().is_none_or(|note| !note.contains("suffices")));
    // No such role: the group does not apply.
    let run = Run { sides: BTreeSet::from([Side::Caller]), ..run };
    let (rows, _) = fold(&run, &[]);
    assert_eq!((rows[0].verdict, rows[2].verdict), (Verdict::NotApplicable, Verdict::NotApplicable));
}

#[test]
fn the_optional_pack_never_decides_readiness() {
    let rows = vec![
        requirement("TST-1", "inbound.subject", Level::Must, Proof::Scenario),
        requirement("SUP-2", "supplement.one", Level::Optional, Proof::Scenario),
        requirement("SUP-3", "supplement.two", Level::Optional, Proof::Scenario),
        requirement("SUP-4", "supplement.three", Level::Optional, Proof::Declaration),
    ];
    let findings = [
        finding("TST-1", Level::Must, Met, None),
        finding("SUP-2", Level::Optional, Violated, None),
        finding("SUP-3", Level::Optional, Unwitnessed, None),
    ];
    let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive, Verdict::Untested];
    Case::new(rows).check(&findings, &verdicts, Readiness::Ready);
    assert_eq!(scenario_verdict(&findings[1..2], true).verdict, Verdict::Pass);
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
