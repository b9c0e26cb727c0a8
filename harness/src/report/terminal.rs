//! The report as text: the table of requirements and, apart from it, of the optional pack; then what did not pass and what
//! to do about it; then what even a green run does not prove.

use std::fmt::Write as _;

use super::document::Deviation;
use super::notes::notes;
use super::stack::SeenStacks;
use crate::model::{Level, Network, Requirement};
use crate::run::Outcome;
use crate::verdict::{Finding, Readiness, RequirementVerdict, Verdict};

/// Findings of one requirement that are shown; the others stand in the report's files.
const SHOWN: usize = 4;

/// The whole report. `repeat` is the command that ran it, without a selection.
pub fn report(outcome: &Outcome, repeat: &str) -> String {
    let mut text = String::new();
    let (name, version) = &outcome.integration;
    let network = match outcome.network {
        Network::Private => "private network",
        Network::Shared => "shared network",
    };
    line(
        &mut text,
        &format!(
            "{name} {version} against {}, {} ({network}). Unofficial: this is no statement of Thales.",
            outcome.profile.title, outcome.environment
        ),
    );
    for note in notes(outcome) {
        line(&mut text, &format!("note: {note}"));
    }
    line(&mut text, "");
    // Of a selection only what it touched.
    let selected = |row: &&RequirementVerdict| outcome.readiness != Readiness::Partial || !row.findings.is_empty();
    let rows: Vec<_> = outcome.requirements.iter().filter(selected).collect();
    let (optional, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.requirement.level == Level::Optional);
    table(&mut text, &rows);
    if !optional.is_empty() {
        line(&mut text, "");
        line(&mut text, "optional pack: stated on other public pages of Thales; it never decides readiness");
        table(&mut text, &optional);
    }
    let stacks = SeenStacks::of(outcome);
    for row in rows.iter().chain(&optional) {
        details(&mut text, row, &stacks, repeat);
    }
    faults(&mut text, outcome);
    deviations(&mut text, outcome);
    summary(&mut text, outcome, &rows, &optional);
    text
}

fn table(text: &mut String, rows: &[&RequirementVerdict]) {
    let heading = "requirement";
    let width = rows.iter().map(|row| row.requirement.id.as_str().len()).max().unwrap_or(0).max(heading.len());
    line(text, &format!("{heading:<width$}  {:<9} {:<15} {:<21} {}", "level", "verdict", "reach", "topic"));
    for row in rows {
        let requirement = &row.requirement;
        let mark = match row.verdict {
            Verdict::Fail if row.deviation.is_some() => " (known deviation)",
            Verdict::Fail if requirement.level > Level::Must => " (warning)",
            _ => "",
        };
        line(
            text,
            &format!(
                "{:<width$}  {:<9} {:<15} {:<21} {}{mark}",
                requirement.id, requirement.level, row.verdict, row.reach, requirement.topic
            ),
        );
    }
}

fn details(text: &mut String, row: &RequirementVerdict, stacks: &SeenStacks, repeat: &str) {
    let requirement = &row.requirement;
    let warned = row.findings.iter().any(|finding| !finding.warnings.is_empty());
    let quiet = matches!(row.verdict, Verdict::Pass | Verdict::Informational | Verdict::NotApplicable);
    if quiet && !warned {
        return;
    }
    line(text, "");
    line(text, &format!("{} {} ({}), {}", requirement.id, row.verdict, requirement.level, requirement.topic));
    line(text, &format!("  rule      {}", requirement.rule));
    line(text, &format!("  source    {}", requirement.source));
    if let Some(note) = &row.note {
        line(text, &format!("  note      {note}"));
    }
    if let Some(known) = &row.deviation {
        line(text, &format!("  deviation {known}"));
    }
    if row.verdict == Verdict::Declared {
        return;
    }
    findings(text, &row.findings, Some(repeat));
    for explanation in stacks.explain(&row.findings) {
        line(text, &format!("  stack     {explanation}"));
    }
    if matches!(row.verdict, Verdict::Fail | Verdict::Inconclusive) {
        remedies(text, requirement);
    }
}

fn findings(text: &mut String, findings: &[Finding], repeat: Option<&str>) {
    use crate::verdict::Outcome::{Met, Unwitnessed, Violated};
    let mut shown = Vec::new();
    for wanted in [Violated, Unwitnessed, Met] {
        shown.extend(
            findings
                .iter()
                .filter(|finding| finding.ruling == wanted && (wanted != Met || !finding.warnings.is_empty())),
        );
    }
    for finding in shown.iter().take(SHOWN) {
        line(text, &format!("  scenario  {} [{}] ({})", finding.scenario, finding.phase, finding.integration));
        line(text, &format!("    expected  {}", finding.expected));
        let facts: Vec<_> = finding.evidence.iter().map(ToString::to_string).collect();
        let facts = if facts.is_empty() { String::new() } else { format!(" (facts {})", facts.join(", ")) };
        let reason = finding.reason.map_or_else(String::new, |reason| format!("{reason}: "));
        line(text, &format!("    seen      {reason}{}{facts}", finding.seen));
        if let Some(means) = &finding.means {
            line(text, &format!("    means     {means}"));
        }
        for warning in &finding.warnings {
            line(text, &format!("    warning   {warning}"));
        }
        if let Some(repeat) = repeat.filter(|_| finding.ruling != Met) {
            line(text, &format!("    repeat    {repeat} --only {}", finding.scenario));
        }
    }
    if shown.len() > SHOWN {
        line(text, &format!("  and {} more; `--report DIR` writes them all", shown.len() - SHOWN));
    }
}

fn remedies(text: &mut String, requirement: &Requirement) {
    line(text, &format!("  symptom   {}", requirement.symptom));
    line(text, &format!("  remedy    {}", requirement.remedy));
    for (stack, remedy) in &requirement.remedies {
        line(text, &format!("    {stack:<9} {remedy}"));
    }
    if let Some(beyond) = &requirement.beyond {
        line(text, &format!("  beyond    {beyond}"));
    }
}

fn faults(text: &mut String, outcome: &Outcome) {
    for run in &outcome.scenarios {
        if let Err(error) = &run.log {
            line(text, "");
            line(text, &format!("harness fault in {} ({}): {error}", run.id, run.subject));
        }
    }
}

fn deviations(text: &mut String, outcome: &Outcome) {
    for (index, (entry, state)) in outcome.deviations.iter().enumerate() {
        if index == 0 {
            line(text, "");
        }
        let stale = if state.is_stale() { "stale deviation" } else { "deviation" };
        line(text, &format!("{stale}: {}", Deviation::of(entry, *state).sentence()));
    }
}

fn summary(text: &mut String, outcome: &Outcome, rows: &[&RequirementVerdict], optional: &[&RequirementVerdict]) {
    line(text, "");
    line(text, &format!("{} scenarios, {} requirements: {}", outcome.scenarios.len(), rows.len(), counts(rows)));
    if !optional.is_empty() {
        line(text, &format!("optional pack, {} rows: {}", optional.len(), counts(optional)));
    }
    let gaps: Vec<_> = outcome
        .requirements
        .iter()
        .filter(|row| row.requirement.level == Level::Must)
        .filter(|row| matches!(row.verdict, Verdict::Fail | Verdict::Inconclusive | Verdict::Untested))
        .map(|row| format!("{} {}", row.requirement.id, row.verdict))
        .collect();
    let why = match outcome.readiness {
        Readiness::Partial => " (a selection is judged by itself)".to_owned(),
        Readiness::Incomplete if gaps.is_empty() => " (the shared network proves less)".to_owned(),
        _ if gaps.is_empty() => String::new(),
        _ => format!(": {}", gaps.join(", ")),
    };
    line(text, &format!("readiness: {}{why}", outcome.readiness));
    line(text, "");
    line(text, "What this run does not prove:");
    for sentence in &outcome.profile.not_proven {
        line(text, &format!("  - {sentence}"));
    }
}

/// How many rows have which verdict.
fn counts(rows: &[&RequirementVerdict]) -> String {
    let states = [
        Verdict::Pass,
        Verdict::Fail,
        Verdict::Inconclusive,
        Verdict::Untested,
        Verdict::Declared,
        Verdict::NotApplicable,
        Verdict::Informational,
    ];
    let counts: Vec<_> = states
        .into_iter()
        .map(|verdict| (verdict, rows.iter().filter(|row| row.verdict == verdict).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    counts.join(", ")
}

/// The findings about one requirement that did not pass, for the message of a failed test.
pub fn explain_findings(requirement: &Requirement, all: &[Finding]) -> String {
    let own: Vec<_> = all
        .iter()
        .filter(|finding| finding.requirement == requirement.id && finding.ruling != crate::verdict::Outcome::Met)
        .cloned()
        .collect();
    let mut text = String::new();
    if !own.is_empty() {
        line(&mut text, &format!("{} ({}): {}", requirement.id, requirement.level, requirement.rule));
        findings(&mut text, &own, None);
        remedies(&mut text, requirement);
    }
    text
}

fn line(text: &mut String, words: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}", words.trim_end());
}
