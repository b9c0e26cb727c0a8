//! Sweeps as their users have them: what they vary, what they say of real clients, and what is left of one that is killed.
//!
//! A client whose compiler is missing is reported as ignored; where the environment says `CI=true` it fails.

mod ground;
mod killed;
mod stacks;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use conformance_tests::needs;
use libtest_mimic::{Arguments, Failed, Trial};
use roxmltree::{Document, ParsingOptions};
use serde_json::Value;
use thales_harness::sweep::History;

use ground::{HARNESS, said, sweep};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = vec![
        Trial::test("a_plan_covers_every_pair_of_values", covers_every_pair),
        Trial::test("a_seed_gives_the_same_order", same_order),
        Trial::test("nothing_breaks_the_reference", nothing_breaks_the_reference),
        Trial::test("what_does_not_fit_into_the_budget_is_named", budget),
        Trial::test("sweeps_are_compared_and_drawn", compared_and_drawn),
        Trial::test("a_sweep_that_is_killed_goes_on", killed::killed_and_resumed),
    ];
    for stack in stacks::ALL {
        trials.push(Trial::ignorable_test(stack.name, move || needs::tried(stack.missing(), stack.test)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Scenario and subject, and what each of its cases sets.
type Cases = BTreeMap<(String, String), Vec<BTreeMap<String, String>>>;

fn listed(words: &[&str]) -> Result<Cases, Failed> {
    let output = std::process::Command::new(HARNESS).args(["sweep", "--list"]).args(words).output()?;
    let said = said(&output, 0)?;
    let mut cases = Cases::new();
    for line in said.lines().filter(|line| line.contains('/')) {
        let (name, subject) = line.rsplit_once(" (").ok_or("a case names its subject")?;
        let (scenario, set) = name.split_once('[').unwrap_or((name, ""));
        let set = set.trim_end_matches(']').split(',').filter_map(|pair| pair.split_once('='));
        let set = set.map(|(id, word)| (id.to_owned(), word.to_owned())).collect();
        cases.entry((scenario.to_owned(), subject.to_owned())).or_default().push(set);
    }
    Ok(cases)
}

/// Counted from what is printed alone: the values of a scenario's dimensions are those of its single cases.
fn covers_every_pair() -> Result<(), Failed> {
    let mut pairs = 0;
    for profile in ["classic-tokenization", "merchant-tokenization", "d1-ecom"] {
        for ((scenario, _), cases) in listed(&["--profile", profile, "--seed", "11"])? {
            let unique: BTreeSet<_> = cases.iter().collect();
            assert_eq!(unique.len(), cases.len(), "{scenario}: a case stands twice");
            assert!(unique.contains(&BTreeMap::new()), "{scenario}: the scenario as it stands");
            let mut values: BTreeMap<&str, BTreeSet<Option<&str>>> = BTreeMap::new();
            for (id, word) in cases.iter().filter(|set| set.len() == 1).flatten() {
                values.entry(id).or_insert_with(|| BTreeSet::from([None])).insert(Some(word));
            }
            let ids: Vec<_> = values.keys().copied().collect();
            for (index, first) in ids.iter().enumerate() {
                for second in &ids[index + 1..] {
                    for one in &values[first] {
                        for other in &values[second] {
                            let holds = |set: &&BTreeMap<String, String>| {
                                set.get(*first).map(String::as_str) == *one
                                    && set.get(*second).map(String::as_str) == *other
                            };
                            assert!(
                                cases.iter().any(|set| holds(&set)),
                                "{scenario}: {first} {one:?}, {second} {other:?}"
                            );
                            pairs += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(pairs > 5_000, "{pairs} pairs: the dimensions hardly fit any scenario");
    Ok(())
}

fn same_order() -> Result<(), Failed> {
    let order = |seed: &str| {
        let words = ["sweep", "--list", "--only", "inbound/control", "--seed", seed];
        let output = std::process::Command::new(HARNESS).args(words).output()?;
        said(&output, 0)
    };
    let first = order("5")?;
    assert_eq!(first, order("5")?);
    assert_ne!(first, order("6")?);
    assert!(first.ends_with("cases, seed 5\n"), "{first}");
    Ok(())
}

fn nothing_breaks_the_reference() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let words = ["--only", "inbound/client-certificate", "--only", "outbound/control", "--only", "inbound/wrong-host"];
    let output = sweep(directory.path(), &words)?;
    let said = said(&output, 0)?;
    assert!(said.contains("pre-mortem: nothing that Thales leaves unspecified broke this integration"), "{said}");
    let report: Value = serde_json::from_str(&std::fs::read_to_string(directory.path().join("out/report.json"))?)?;
    let cases = report["cases"].as_array().ok_or("cases")?;
    assert!(cases.len() > 60 && cases.iter().all(|case| case["state"] == "pass"), "{said}");
    assert_eq!(report["pre-mortem"], Value::Array(Vec::new()));
    Ok(())
}

fn budget() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let words = ["--only", "dns/address-change", "--budget", "1ms", "--dimension", "ttl"];
    let output = sweep(directory.path(), &words)?;
    let said = said(&output, 2)?;
    assert!(said.contains("7 case(s) did not fit into the budget:"), "{said}");
    assert!(said.contains("dns/address-change[ttl=60s] (reference)"), "{said}");
    Ok(())
}

fn compared_and_drawn() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let words = ["--only", "inbound/control", "--dimension", "leaf"];
    sweep(directory.path(), &[&words[..], &["--name", "first"]].concat())?;
    let output = sweep(directory.path(), &[&words[..], &["--since", "first"]].concat())?;
    let text = said(&output, 0)?;
    assert!(text.contains("since `first` (#1"), "{text}");
    assert!(text.contains("new: none") && text.contains("fixed: none"), "{text}");
    // A name stays with its run, and an unknown one is refused before anything is played.
    for words in [["--name", "first"], ["--since", "none"]] {
        assert_eq!(sweep(directory.path(), &words)?.status.code(), Some(3));
    }
    let page = directory.path().join("trend.html");
    let output = std::process::Command::new(HARNESS)
        .current_dir(directory.path())
        .args(["history", "--case", "*leaf=p384*", "--html"])
        .arg(&page)
        .output()?;
    let text = said(&output, 0)?;
    assert!(text.contains("#1") && text.contains("`first`") && text.contains("3 of 3 cases"), "{text}");
    assert!(text.contains("✓✓"), "{text}");
    let page = std::fs::read_to_string(page)?;
    let page = Document::parse_with_options(&page, ParsingOptions { allow_dtd: true, ..Default::default() })?;
    let bars = page.descendants().filter(|node| node.has_tag_name("g")).count();
    let rows = page.descendants().filter(|node| node.has_tag_name("tr")).count();
    assert_eq!((bars, rows), (2, 2));
    assert!(History::open(&directory.path().join("sweeps.sqlite"))?.is_whole()?);
    Ok(())
}
