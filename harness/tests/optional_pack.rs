//! The report as text, of outcomes written by hand: what stands where, and what is counted as what.

use std::collections::{BTreeMap, BTreeSet};

use thales_harness::load::Library;
use thales_harness::model::{Level, Network, Profile, Side};
use thales_harness::report::terminal;
use thales_harness::run::{Onboarding, Outcome};
use thales_harness::verdict::{Finding, Reason, Run, fold};

fn profile(id: &str) -> Profile {
    Library::built_in().expect("the built-in files are sound").profiles.remove(id).expect("a released profile").0
}

/// The outcome of a run in which one row was violated and no other was played.
fn outcome(profile: Profile, violated: &str) -> Outcome {
    let row = profile.requirement(&violated.parse().expect("an id")).expect("a row of the profile").clone();
    let finding = Finding {
        requirement: row.id,
        topic: row.topic,
        level: row.level,
        scenario: "above/story".parse().expect("an id"),
        integration: "one".to_owned(),
        side: Side::Caller,
        phase: "row".to_owned(),
        ruling: thales_harness::verdict::Outcome::Violated,
        reason: None::<Reason>,
        expected: "something".to_owned(),
        seen: "nothing".to_owned(),
        evidence: Vec::new(),
        means: None,
        remedy: None,
        warnings: Vec::new(),
        any_of: None,
    };
    let run = Run {
        requirements: &profile.requirements,
        sides: BTreeSet::from([Side::Caller, Side::Receiver]),
        network: Network::Private,
        declares: &BTreeMap::new(),
        selection: false,
        unplanned: &[],
    };
    let (requirements, readiness) = fold(&run, &[finding]);
    Outcome {
        environment: profile.environments[0].id.clone(),
        network: Network::Private,
        integration: ("one".to_owned(), "1".to_owned()),
        scenarios: Vec::new(),
        requirements,
        readiness,
        deviations: Vec::new(),
        profile,
        onboarding: Onboarding::default(),
    }
}

#[test]
fn the_optional_pack_stands_apart_and_is_not_counted() {
    let d1 = profile("d1-ecom");
    let optional = d1.requirements.iter().filter(|row| row.level == Level::Optional).count();
    let others = d1.requirements.len() - optional;
    let text = terminal::report(&outcome(d1, "SUP-D1-JWT"), "thales-harness run");

    let (before, after) = text.split_once("\noptional pack: ").expect("a heading of its own");
    assert_eq!(before.lines().filter(|line| line.starts_with("SUP-")).count(), 0, "{text}");
    let table: Vec<_> = after.lines().skip(2).take(optional).collect();
    assert!(table.iter().all(|line| line.starts_with("SUP-")), "{text}");
    let failed = table.iter().find(|line| line.starts_with("SUP-D1-JWT ")).expect("the row");
    assert!(failed.contains(" fail ") && failed.ends_with("(warning)"), "{failed}");

    assert!(text.contains(&format!("0 scenarios, {others} requirements: ")), "{text}");
    assert!(text.contains(&format!("optional pack, {optional} rows: 1 fail, {} untested", optional - 1)), "{text}");
    let readiness = text.lines().find(|line| line.starts_with("readiness: ")).expect("readiness");
    assert!(readiness.starts_with("readiness: incomplete") && !readiness.contains("SUP-"), "{readiness}");
}

#[test]
fn rows_of_which_one_suffices_say_so() {
    let text = terminal::report(&outcome(profile("d1-ecom"), "D1E-OUT-09"), "thales-harness run");
    for id in ["D1E-OUT-09", "D1E-OUT-10"] {
        let (_, details) = text.split_once(&format!("\n{id} untested (MUST)")).expect("details of the row");
        let note = details.lines().find(|line| line.starts_with("  note ")).expect("a note");
        assert!(note.contains("one of these suffices: D1E-OUT-09 fail, D1E-OUT-10 untested"), "{note}");
    }
}
