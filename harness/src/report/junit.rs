//! `junit.xml`: one test suite a profile and integration, one test case a requirement, and one for each scenario that the
//! harness could not play.
//!
//! JUnit knows four outcomes, and CI shows them as such: what counts against readiness is a failure (a MUST failed) or an
//! error (a MUST was not decided), a pass is a pass, and everything else is skipped with the reason in words, so that it
//! neither looks like a pass nor fails the job. Nothing here bears a time, which would make equal runs differ.

use std::path::{Path, PathBuf};

use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};

use super::document::{Report, Requirement};
use super::files::write;
use super::reporter::{Ended, ReportError, Reporter};
use super::row::{Weight, facts, seen};
use super::words;
use crate::verdict::Outcome;

/// Findings in the text of one test case; the others stand in `report.json`.
const SHOWN: usize = 20;

/// Writes `junit.xml`.
#[derive(Debug)]
pub struct Junit {
    path: PathBuf,
}

impl Junit {
    /// Into that file.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }
}

impl Reporter for Junit {
    fn name(&self) -> &str {
        "junit.xml"
    }

    fn ended(&mut self, ended: &Ended<'_>) -> Result<(), ReportError> {
        write(&self.path, render(ended.report, ended.repeat)?)
    }
}

/// The document.
///
/// # Errors
/// The report has no form in XML.
pub fn render(report: &Report, repeat: &str) -> Result<String, ReportError> {
    let mut suite = TestSuite::new(format!("{} {}", report.profile, report.integration.name));
    for (name, value) in [
        ("profile", report.profile.as_str()),
        ("environment", &report.environment),
        ("network", words::network(report.network)),
        ("integration", &report.integration.name),
        ("version", &report.integration.version),
        ("harness", report.harness),
        ("readiness", &report.readiness.to_string()),
        ("reach", &words::reaches(report)),
        ("unofficial", report.unofficial),
    ] {
        suite.add_property(Property::new(name, value));
    }
    suite.add_test_cases(report.shown().map(|row| case(report, row, repeat)));
    for stale in report.stale() {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type("stale-deviation").set_message(stale.sentence());
        let mut case = TestCase::new(format!("deviation {}", stale.of), status);
        case.set_classname(format!("{}.deviations", report.profile));
        suite.add_test_case(case);
    }
    for scenario in &report.scenarios {
        let Some(fault) = &scenario.fault else { continue };
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("harness-fault").set_message(format!("the harness failed: {fault}"));
        let mut case = TestCase::new(format!("{} ({})", scenario.id, scenario.integration), status);
        case.set_classname(format!("{}.harness", report.profile));
        suite.add_test_case(case);
    }
    let mut document = quick_junit::Report::new("thales-harness");
    document.add_test_suite(suite);
    document.to_string().map_err(|error| ReportError::Format { why: error.to_string() })
}

fn case(report: &Report, row: &Requirement, repeat: &str) -> TestCase {
    let weight = row.weight();
    let because = row.because();
    let (mut status, kind, message) = match weight {
        Weight::Passed => (TestCaseStatus::success(), String::new(), String::new()),
        Weight::Failed => (TestCaseStatus::non_success(NonSuccessKind::Failure), "must".to_owned(), because),
        Weight::Open => (TestCaseStatus::non_success(NonSuccessKind::Error), "inconclusive".to_owned(), because),
        Weight::Known => {
            let known = row.deviation.as_deref().unwrap_or_default();
            let message = format!("known deviation: {} ({}), {known}: {because}", row.verdict, row.level);
            (TestCaseStatus::skipped(), "known-deviation".to_owned(), message)
        }
        Weight::Warning => {
            let message = format!("warning: {} ({}): {because}", row.verdict, row.level);
            (TestCaseStatus::skipped(), "warning".to_owned(), message)
        }
        Weight::Untested | Weight::Quiet => {
            let message = format!("{} ({}): {because}", row.verdict, row.level);
            (TestCaseStatus::skipped(), row.verdict.to_string(), message)
        }
    };
    if weight != Weight::Passed {
        status.set_type(kind).set_message(message).set_description(description(row, repeat));
    }
    let mut case = TestCase::new(format!("{} {}", row.id, row.topic), status);
    let area = row.topic.as_str().split('.').next().unwrap_or_default();
    // The package and the class that Jenkins and GitLab group by.
    case.set_classname(format!("{}.{area}", report.profile));
    for (name, value) in [("level", row.level.to_string()), ("reach", row.reach.clone())] {
        case.add_property(Property::new(name, value));
    }
    let warnings: Vec<_> = row.findings.iter().flat_map(|finding| &finding.warnings).map(String::as_str).collect();
    if weight == Weight::Passed && !warnings.is_empty() {
        case.set_system_out(format!("warnings:\n{}", warnings.join("\n")));
    }
    case
}

fn description(row: &Requirement, repeat: &str) -> String {
    let mut text = format!("rule: {}\nsource: {}\n", row.rule, row.source);
    let telling = row.telling();
    for finding in telling.iter().take(SHOWN) {
        text.push_str(&format!("\nscenario: {} [{}] ({})\n", finding.scenario, finding.phase, finding.integration));
        text.push_str(&format!("expected: {}\nseen: {} (facts {})\n", finding.expected, seen(finding), facts(finding)));
        text.extend(finding.means.iter().map(|means| format!("means: {means}\n")));
        text.extend(finding.warnings.iter().map(|warning| format!("warning: {warning}\n")));
        if finding.ruling != Outcome::Met {
            text.push_str(&format!("repeat: {repeat} --only {}\n", finding.scenario));
        }
    }
    if telling.len() > SHOWN {
        text.push_str(&format!("\nand {} more, in report.json\n", telling.len() - SHOWN));
    }
    if matches!(row.weight(), Weight::Failed | Weight::Open | Weight::Known | Weight::Warning) {
        text.push_str(&format!("\nsymptom: {}\nremedy: {}\n", row.symptom, row.remedy));
        text.extend(row.remedies.iter().map(|(stack, remedy)| format!("  {stack}: {remedy}\n")));
    }
    text
}
