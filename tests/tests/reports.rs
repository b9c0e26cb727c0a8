//! Real reports, read again: against the published schema, against each other, and for what must never stand in them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use mock_thales::observe::{Actor, Answer, Event, Fact, Log, Question};
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::Value;
use thales_harness::model::{Check, Header};
use thales_harness::report::measured::Measured;

const SCHEMA: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/report.schema.json"));

/// A caller that asks, never calls, and prints what nobody should read again.
const LOUD: &str = "name = \"loud <b>& co</b>\"\nversion = \"1\"\nprofile = \"classic-tokenization\"\n\
    [[caller]]\nname = \"batch <i>\"\n\
    command = [\"/bin/sh\", \"-c\", \"echo '<script>Bearer-4711</script>'; echo Secret-4712 >&2; exit 7\"]\n";

fn harness(directory: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thales-harness-under-test"));
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", directory.join("step.md"));
    command.arg("run").args(words).args(["--report", directory.join("out").to_str().unwrap()]).output().unwrap()
}

fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join("out").join(name)).unwrap()
}

/// The report as JSON, which fits the schema.
fn valid(directory: &Path) -> Value {
    let report: Value = serde_json::from_str(&read(directory, "report.json")).unwrap();
    let schema = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<_> =
        validator.iter_errors(&report).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    report
}

fn page(text: &str) -> Document<'_> {
    Document::parse_with_options(text, ParsingOptions { allow_dtd: true, ..Default::default() }).unwrap()
}

fn named<'a, 'input>(document: &'a Document<'input>, name: &'static str) -> Vec<Node<'a, 'input>> {
    document.descendants().filter(|node| node.has_tag_name(name)).collect()
}

#[test]
fn every_form_says_what_report_json_says() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let output = harness(root, &["--only", "inbound/*", "--only", "outbound/leaf-rotation"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report = valid(root);
    let touched = |row: &&Value| !row["findings"].as_array().unwrap().is_empty();
    let rows: Vec<_> = report["requirements"].as_array().unwrap().iter().filter(touched).collect();
    let passed = rows.iter().filter(|row| row["verdict"] == "pass").count();
    assert!(passed > 10);

    let text = read(root, "junit.xml");
    let junit = Document::parse(&text).unwrap();
    let cases = named(&junit, "testcase");
    assert_eq!(cases.len(), rows.len());
    let quiet = ["failure", "error", "skipped"];
    let is_passed = |case: &&Node<'_, '_>| !case.children().any(|child| quiet.contains(&child.tag_name().name()));
    assert_eq!(cases.iter().filter(is_passed).count(), passed);

    let text = read(root, "report.html");
    let html = page(&text);
    let scenarios = report["scenarios"].as_array().unwrap().len();
    assert_eq!(named(&html, "main").len(), 1);
    assert_eq!(html.descendants().filter(|node| node.attribute("class") == Some("sequence")).count(), scenarios);
    for row in &rows {
        let place = format!("r-{}", row["id"].as_str().unwrap());
        assert!(html.descendants().any(|node| node.attribute("id") == Some(&place)), "{place}");
    }

    let summary = read(root, "summary.md");
    assert!(summary.starts_with("## Readiness: partial\n"));
    assert_eq!(summary, fs::read_to_string(root.join("step.md")).unwrap());
    assert!(!String::from_utf8_lossy(&output.stdout).contains("::error"));
}

#[test]
fn what_the_integration_prints_stands_in_the_log_alone() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let file = root.join("integration.toml");
    fs::write(&file, LOUD).unwrap();
    let words = ["--integration", file.to_str().unwrap(), "--only", "inbound/control", "--only", "inbound/expired"];
    let output = harness(root, &words);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(valid(root)["configuration-digest"].is_string());
    let mut logs = fs::read_dir(root.join("out/logs")).unwrap();
    let log = fs::read_to_string(logs.next().unwrap().unwrap().path()).unwrap();
    assert!(log.contains("Bearer-4711") && log.contains("Secret-4712"), "the log is where it belongs");
    for name in ["report.html", "junit.xml", "summary.md", "report.json"] {
        let text = read(root, name);
        // Its numbers alone may stand in any digest.
        assert!(!text.contains("Bearer-") && !text.contains("Secret-"), "{name} repeats what was printed");
    }
    let text = read(root, "report.html");
    let html = page(&text);
    assert_eq!((named(&html, "script").len(), named(&html, "b").len(), named(&html, "i").len()), (0, 0, 0));
    assert!(text.contains("bytes of its own words, SHA-256"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let annotations: Vec<_> = said.lines().filter(|line| line.starts_with("::")).collect();
    assert!(annotations.iter().any(|line| line.starts_with("::warning title=TSH-IN-03 inconclusive")), "{said}");
}

#[test]
fn a_report_is_compared_with_an_earlier_one() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let output = harness(root, &["--only", "inbound/control"]);
    assert_eq!(output.status.code(), Some(0));
    let mut earlier = valid(root);
    for row in earlier["requirements"].as_array_mut().unwrap() {
        if row["id"] == "TSH-IN-03" {
            row["verdict"] = "fail".into();
        }
    }
    // What a later version may add is no reason to refuse.
    earlier["something-new"] = 1.into();
    let path = root.join("earlier.json");
    fs::write(&path, earlier.to_string()).unwrap();
    let words = ["--only", "inbound/control", "--compare", path.to_str().unwrap()];
    assert_eq!(harness(root, &words).status.code(), Some(0));
    assert!(read(root, "summary.md").contains("- TSH-IN-03: fail → pass\n"));
    assert!(read(root, "report.html").contains("<td>fail</td><td>pass</td><td>▲ better</td>"));
    for (name, content) in [("a.json", "{}"), ("b.json", "no json")] {
        fs::write(root.join(name), content).unwrap();
        let output = harness(root, &["--compare", root.join(name).to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(3));
    }
}

#[test]
fn a_report_that_cannot_be_written_is_told_and_stops_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    // Known before the run: bad usage.
    let nowhere = root.join("nowhere/report.html");
    let output = harness(root, &["--only", "inbound/control", "--html", nowhere.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    // Known only at the end: a directory stands where the file is to be.
    fs::create_dir_all(root.join("out/junit.xml")).unwrap();
    let output = harness(root, &["--only", "inbound/control"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("junit.xml: failed to write "), "{said}");
    valid(root);
    assert!(read(root, "report.html").contains("TSH-IN-03"));
}

/// A real log's head, and facts that were written by hand: the address changes after a second, and the caller is slow to
/// follow.
#[test]
fn the_cache_is_measured_from_the_change_to_the_last_old_connection() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    assert_eq!(harness(root, &["--only", "inbound/control"]).status.code(), Some(0));
    let path = fs::read_dir(root.join("out/logs")).unwrap().next().unwrap().unwrap().path();
    let mut log = Log::<Header>::read(fs::read(path).unwrap().as_slice()).unwrap();
    let (old, new) = ("198.51.100.10".parse().unwrap(), "198.51.100.20".parse().unwrap());
    let script = &mut log.header.script;
    script.endpoints = [("old".parse().unwrap(), old), ("new".parse().unwrap(), new)].into();
    script.expectations.truncate(1);
    script.expectations[0].check = Check::Moves("new".parse().unwrap());
    let phase = script.expectations[0].phases[0];
    let accepted = |address| Event::Accepted { local: (address, 443).into(), peer: ([192, 0, 2, 10], 4000).into() };
    let answer = Answer::Addresses { addresses: vec![new], ttl_s: 2, alias: None };
    let question = Question { name: "api.example.".into(), kind: "A".into(), protocol: "udp".into(), answer };
    let told = [
        (500, accepted(old)),
        (1000, Event::ZoneChanged { addresses: vec![new], ttl_s: 2, mode: "normal".into() }),
        (1900, accepted(old)),
        (3100, accepted(old)),
        (3200, Event::Asked(question)),
        (3300, accepted(new)),
    ];
    let fact = |(index, (at_ms, event)): (usize, (u64, Event))| Fact {
        seq: index as u64 + 1,
        at_us: at_ms * 1000,
        actor: Actor::Runner,
        connection: None,
        phase: Some(phase),
        event,
    };
    log.facts = told.into_iter().enumerate().map(fact).collect();
    let measured = Measured::of([&log].into_iter()).address_changes;
    assert_eq!(measured.len(), 1);
    let change = &measured[0];
    assert_eq!((change.fact, change.ttl_s, change.to_old, change.old_refuses), (2, 2, 2, false));
    assert_eq!((change.last_old_ms, change.asked_ms, change.first_new_ms), (Some(2100), Some(2200), Some(2300)));
}
