//! The forms of a report, on reports made by hand: what counts as what, what nothing may become, and how long they get.
//! Real reports are read in the package of the tests.

mod sample;

use roxmltree::{Document, ParsingOptions};
use thales_harness::model::{Deviant, Level};
use thales_harness::report::document::{Deviation, Played, Report};
use thales_harness::report::html::{self, Page};
use thales_harness::report::row::Weight;
use thales_harness::report::{annotations, junit, summary};
use thales_harness::verdict::{DeviationState, Readiness, Verdict};

use sample::{LEVELS, VERDICTS, everything, report, row};

const EVIL: &str = "<script>alert('x')</script>\"\u{202e}\u{1b}[31m\r\n::error::owned ]]> | `x` @team";

/// The outcome of a test case, as CI reads it.
fn outcome(case: &roxmltree::Node<'_, '_>) -> String {
    let of = |name: &str| case.children().find(|child| child.has_tag_name(name));
    ["failure", "error", "skipped"].into_iter().find(|name| of(name).is_some()).unwrap_or("passed").to_owned()
}

#[test]
fn junit_passes_what_passed_and_fails_what_counts() {
    let report = everything();
    let text = junit::render(&report, "thales-harness run").expect("a report has a form in XML");
    let document = Document::parse(&text).expect("it is XML");
    let suites: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testsuite")).collect();
    assert_eq!(suites.len(), 1);
    let cases: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    assert_eq!(cases.len(), report.rows().count());
    for (row, case) in report.rows().zip(&cases) {
        let wanted = match (row.level, row.verdict) {
            (_, Verdict::Pass) => "passed",
            (Level::Must, Verdict::Fail) => "failure",
            (Level::Must, Verdict::Inconclusive) => "error",
            _ => "skipped",
        };
        assert_eq!(outcome(case), wanted, "{} {}", row.level, row.verdict);
        assert_eq!(case.attribute("name"), Some(format!("{} {}", row.id, row.topic).as_str()));
        let told = case.children().find(|child| child.attribute("message").is_some());
        assert_eq!(told.is_none(), row.verdict == Verdict::Pass);
        let message = told.and_then(|told| told.attribute("message")).unwrap_or_default();
        let warns = row.level != Level::Must && matches!(row.verdict, Verdict::Fail | Verdict::Inconclusive);
        assert_eq!(message.starts_with("warning: "), warns, "{message}");
    }
    let count = |name: &str| cases.iter().filter(|case| outcome(case) == name).count().to_string();
    for (attribute, name) in [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")] {
        assert_eq!(suites[0].attribute(attribute), Some(count(name).as_str()));
    }
    assert!(!text.contains("time"), "a time makes equal runs differ");
    assert_eq!(text, junit::render(&everything(), "thales-harness run").expect("again"));
}

#[test]
fn junit_shows_a_fault_of_the_harness_as_an_error() {
    let mut report = report(vec![row("TSH-IN-01", Level::Must, Verdict::Pass)]);
    report.scenarios[0].verdict = Played::Fault;
    report.scenarios[0].fault = Some("no sockets left".to_owned());
    let text = junit::render(&report, "x").expect("a report has a form in XML");
    let document = Document::parse(&text).expect("it is XML");
    let faults: Vec<_> = document.descendants().filter(|node| node.has_tag_name("error")).collect();
    assert_eq!(faults.len(), 1);
    assert!(faults[0].attribute("message").is_some_and(|message| message.contains("no sockets left")));
    assert!(summary::render(&report, None, summary::LONGEST).contains("1 scenario(s) ended with a harness fault"));
}

#[test]
fn a_selection_shows_what_it_touched() {
    let mut untouched = row("TSH-IN-02", Level::Must, Verdict::Untested);
    untouched.findings.clear();
    let mut report = report(vec![row("TSH-IN-01", Level::Must, Verdict::Pass), untouched]);
    report.readiness = Readiness::Partial;
    let text = junit::render(&report, "x").expect("a report has a form in XML");
    assert!(text.contains("TSH-IN-01 ") && !text.contains("TSH-IN-02 "));
    let page = render(&report);
    assert!(page.contains("r-TSH-IN-01") && !page.contains("r-TSH-IN-02"));
}

#[test]
fn a_summary_of_thousands_of_findings_stays_below_the_limit() {
    let mut rows = Vec::new();
    for number in 0..3000 {
        let mut failed = row(&format!("TSH-IN-{number}"), Level::Must, Verdict::Fail);
        failed.findings = vec![failed.findings[0].clone(); 20];
        for finding in &mut failed.findings {
            finding.seen = EVIL.repeat(40);
        }
        rows.push(failed);
    }
    rows.insert(0, row("TSH-ADV-99", Level::Advisory, Verdict::Fail));
    let report = report(rows);
    let text = summary::render(&report, None, summary::LONGEST);
    assert!(text.len() <= 900_000, "{}", text.len());
    assert!(text.len() > 800_000, "the room is used: {}", text.len());
    assert!(text.contains("TSH\\_IN") || text.contains("TSH-IN-0 fail"));
    assert!(!text.contains("TSH-ADV-99"), "MUST failures come first");
    assert!(text.trim_end().ends_with("left out here; report.json holds them."), "{}", &text[text.len() - 200..]);
    for longest in [0, 50, 5_000] {
        assert!(summary::render(&report, None, longest).len() <= longest);
    }
    assert!(!text.contains("<script") && !text.contains("@team"));
}

#[test]
fn annotations_are_ten_at_most_and_failures_first() {
    let mut rows: Vec<_> =
        (0..9).map(|number| row(&format!("TSH-A-{number}"), Level::Must, Verdict::Inconclusive)).collect();
    rows.extend((0..30).map(|number| row(&format!("TSH-B-{number}"), Level::Must, Verdict::Fail)));
    rows.push(row("TSH-C-1", Level::Advisory, Verdict::Fail));
    rows[20].findings[0].seen = EVIL.to_owned();
    let text = annotations::render(&report(rows));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), annotations::MOST);
    assert!(lines.iter().all(|line| line.starts_with("::error title=")), "{text}");
    assert!(lines[9].contains("30 more MUST"), "{text}");
    assert!(!text.contains('\r') && !text.contains("\n::error::owned") && !text.contains("TSH-C-1"));
    let one = annotations::render(&report(vec![row("TSH-A-1", Level::Must, Verdict::Inconclusive)]));
    assert!(one.starts_with("::warning title=TSH-A-1 inconclusive (inbound.tls-version)::"), "{one}");
    assert_eq!(annotations::render(&report(vec![row("TSH-A-1", Level::Must, Verdict::Untested)])), "");
}

fn render(report: &Report) -> String {
    let logs = report.scenarios.iter().map(|_| None).collect();
    html::render(&Page { report, logs, difference: None, repeat: "thales-harness run" })
}

#[test]
fn notes_are_told_for_people_too() {
    let mut report = everything();
    assert!(!render(&report).contains("#notes"), "nothing leads to nowhere");
    let without = summary::render(&report, None, summary::LONGEST);
    report.notes = vec!["service `app` was started anew".to_owned()];
    let page = render(&report);
    assert!(page.contains("<li>service `app` was started anew</li>") && page.contains("href=\"#notes\""));
    let with = summary::render(&report, None, summary::LONGEST);
    assert!(with.contains("service \\`app\\` was started anew"), "{with}");
    assert!(with.len() > without.len() && !without.contains("started anew"));
}

#[test]
fn the_page_is_well_formed_whatever_it_shows() {
    let mut report = everything();
    report.integration.name = EVIL.to_owned();
    report.onboarding.customer_id = Some(EVIL.to_owned());
    report.notes = vec![EVIL.to_owned()];
    for row in &mut report.requirements {
        row.note = Some(EVIL.to_owned());
        for finding in &mut row.findings {
            finding.seen = EVIL.to_owned();
            finding.phase = EVIL.to_owned();
            finding.warnings = vec![EVIL.to_owned()];
        }
    }
    let page = render(&report);
    let document = Document::parse_with_options(&page, ParsingOptions { allow_dtd: true, ..Default::default() });
    let document = document.expect("the page is XML as well");
    let count = |name: &str| document.descendants().filter(|node| node.has_tag_name(name)).count();
    assert_eq!((count("script"), count("main"), count("h1"), count("img"), count("link")), (0, 1, 1, 0, 0));
    let html = document.root_element();
    assert_eq!(html.attribute("lang"), Some("en"));
    assert!(!page.contains('\u{202e}') && !page.contains('\u{1b}'));
    for node in document.descendants().filter(|node| node.is_element()) {
        for attribute in node.attributes() {
            assert!(!attribute.name().starts_with("on"), "{}", attribute.name());
            if ["href", "src", "action"].contains(&attribute.name()) {
                assert!(attribute.value().starts_with('#'), "{}", attribute.value());
            }
        }
        if node.has_tag_name("th") {
            assert!(matches!(node.attribute("scope"), Some("col" | "row")));
        }
    }
    let ids: Vec<_> = document.descendants().filter_map(|node| node.attribute("id")).collect();
    let unique: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len());
    for link in document.descendants().filter(|node| node.has_tag_name("a")) {
        let place = link.attribute("href").unwrap_or_default().trim_start_matches('#');
        assert!(ids.contains(&place), "no such place: {place}");
    }
}

/// Every state of an entry, told alike: which is a failure of its own, and that the row beside it is no pass.
#[test]
fn a_deviation_is_the_same_in_every_form() {
    use DeviationState::{Expired, Known, MatchesNothing, NotPlayed, OtherFailure, Passes, Undecided};
    for state in [Known, Undecided, NotPlayed, Passes, OtherFailure, MatchesNothing, Expired] {
        let is_stale = matches!(state, Passes | OtherFailure | MatchesNothing | Expired);
        let mut failed = row("TSH-IN-01", Level::Must, Verdict::Fail);
        failed.deviation = (state == Known).then(|| "known until 2026-12-31 (owner): reason".to_owned());
        let mut report = report(vec![failed, row("TSH-IN-02", Level::Must, Verdict::Pass)]);
        report.readiness = Readiness::NotReady;
        report.deviations = vec![Deviation {
            of: Deviant::Requirement("TSH-IN-01".parse().expect("an id")),
            part: None,
            reason: "reason".to_owned(),
            owner: "owner".to_owned(),
            expires: "2026-12-31".to_owned(),
            state,
        }];
        let known = report.requirements[0].deviation.is_some();
        assert_eq!(report.requirements[0].weight() == Weight::Known, known);
        let text = junit::render(&report, "x").expect("a report has a form in XML");
        let document = Document::parse(&text).expect("it is XML");
        let outcomes: Vec<_> =
            document.descendants().filter(|node| node.has_tag_name("testcase")).map(|case| outcome(&case)).collect();
        let mut wanted = vec![if known { "skipped" } else { "failure" }, "passed"];
        wanted.extend(is_stale.then_some("failure"));
        assert_eq!(outcomes, wanted, "{state}");
        let summary = summary::render(&report, None, summary::LONGEST);
        assert_eq!(summary.contains("stale deviation"), is_stale, "{state}");
        assert!(summary.contains("reason"), "{state}");
        let page = render(&report);
        assert_eq!(page.contains("Deviations that are stale"), is_stale, "{state}");
        assert!(page.contains(&state.to_string()), "{state}");
        assert_eq!(page.contains("A MUST failed"), !known, "{state}");
        let annotations = annotations::render(&report);
        assert_eq!(annotations.contains("title=deviation TSH-IN-01"), is_stale, "{state}");
        assert_eq!(annotations.contains("title=TSH-IN-01 fail"), !known, "{state}");
        assert!(summary.contains("Readiness: not-ready") && page.contains("Readiness: not-ready"), "{state}");
    }
}

#[test]
fn gaps_stand_first_and_gravest_first() {
    let page = render(&everything());
    let at = |words: &str| page.find(words).unwrap_or_else(|| panic!("`{words}` is missing"));
    assert!(at("A MUST failed") < at("A MUST that the wire"));
    assert!(at("A MUST that the wire") < at("A MUST that was not tested"));
    assert!(at("A MUST that was not tested") < at("Warnings: these do not decide"));
    assert!(at("Warnings: these do not decide") < at("id=\"onboarding\""));
}

#[test]
fn nothing_but_a_pass_has_the_weight_of_one() {
    for level in LEVELS {
        for verdict in VERDICTS {
            let weight = row("TSH-IN-01", level, verdict).weight();
            assert_eq!(weight == Weight::Passed, verdict == Verdict::Pass, "{level} {verdict}");
        }
    }
}
