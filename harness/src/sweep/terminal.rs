//! A sweep as text: the pre-mortem, then what fails anyway, what changed, and what was not played.

use std::fmt::Write as _;

use super::document::Document;
use super::premortem::{Kind, Line};

/// Pieces of evidence shown of one line; the others stand in the report.
const SHOWN: usize = 4;
/// Cases named in one place.
const NAMED: usize = 12;

/// The whole sweep.
pub fn text(document: &Document) -> String {
    let mut text = String::new();
    line(
        &mut text,
        &format!(
            "{} against {}, {}: sweep {}, seed {}. Unofficial: this is no statement of Thales.",
            document.integration, document.profile, document.environment, document.run, document.seed
        ),
    );
    let counts: Vec<_> = document.counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    line(&mut text, &format!("{} cases: {}", document.cases.len(), counts.join(", ")));
    line(&mut text, "");
    line(&mut text, &heading(document));
    for told in &document.pre_mortem {
        premortem_line(&mut text, told);
    }
    if !document.failing.is_empty() {
        line(&mut text, "");
        line(&mut text, "what does not pass as Thales is today (`run` explains it):");
        for failing in &document.failing {
            let known = if failing.known { " (known deviation)" } else { "" };
            line(&mut text, &format!("  {}{known}", failing.case));
            for seen in failing.seen.iter().take(SHOWN) {
                line(&mut text, &format!("    {seen}"));
            }
        }
    }
    if !document.deviations.is_empty() {
        line(&mut text, "");
        named(&mut text, "deviations", &document.deviations);
    }
    for changes in &document.changes {
        line(&mut text, "");
        line(&mut text, &format!("since {}:", changes.since));
        named(&mut text, "new", &changes.new);
        named(&mut text, "fixed", &changes.fixed);
        let slower: Vec<_> =
            changes.slower.iter().map(|(case, then, now)| format!("{case}: {then} ms → {now} ms")).collect();
        named(&mut text, "slower", &slower);
        if changes.not_comparable > 0 {
            line(&mut text, &format!("  {} case(s) stand in one of both alone", changes.not_comparable));
        }
    }
    if !document.flaky.is_empty() {
        line(&mut text, "");
        named(&mut text, "flaky", &document.flaky);
    }
    if !document.not_played.is_empty() {
        line(&mut text, "");
        line(&mut text, &format!("{} case(s) did not fit into the budget:", document.not_played.len()));
        for case in &document.not_played {
            line(&mut text, &format!("  {case}"));
        }
    }
    text
}

/// How many sentences follow.
pub(super) fn heading(document: &Document) -> String {
    let of = |kind: Kind| document.pre_mortem.iter().filter(|line| line.kind == kind).count();
    match (of(Kind::Breaks) + of(Kind::LosesCalls), of(Kind::Undecided)) {
        (0, 0) => "pre-mortem: nothing that Thales leaves unspecified broke this integration".to_owned(),
        (broken, 0) => {
            format!("pre-mortem: {broken} thing(s) that Thales may do, and this integration does not survive")
        }
        (broken, open) => format!(
            "pre-mortem: {broken} thing(s) that Thales may do, and this integration does not survive; {open} undecided"
        ),
    }
}

/// The sentence of a line.
pub(super) fn sentence(told: &Line) -> String {
    match told.kind {
        Kind::Breaks => format!("you break if Thales {}", told.thales),
        Kind::LosesCalls => format!("you lose calls if Thales {}", told.thales),
        Kind::Undecided => format!("what holds today cannot be decided if Thales {}", told.thales),
    }
}

/// What breaks and what holds.
pub(super) fn values(told: &Line) -> String {
    let breaks: Vec<_> = told.breaks.iter().map(|(id, words)| format!("{id} = {}", words.join(", "))).collect();
    let holds = if told.holds.is_empty() { String::new() } else { format!("; holds with {}", told.holds.join(", ")) };
    format!("{}{holds}", breaks.join(" and "))
}

fn premortem_line(text: &mut String, told: &Line) {
    line(text, "");
    line(text, &format!("{} ({})", sentence(told), told.level));
    line(text, &format!("  values    {}", values(told)));
    for evidence in told.evidence.iter().take(SHOWN) {
        let facts: Vec<_> = evidence.facts.iter().map(ToString::to_string).collect();
        let facts = if facts.is_empty() { String::new() } else { format!(" (facts {})", facts.join(", ")) };
        line(
            text,
            &format!(
                "  evidence  {}, {} ({}) [{}]",
                evidence.case, evidence.requirement, evidence.level, evidence.place
            ),
        );
        line(text, &format!("    expected  {}", evidence.expected));
        line(text, &format!("    seen      {}{facts}", evidence.seen));
    }
    if told.evidence.len() > SHOWN {
        line(text, &format!("  and {} more", told.evidence.len() - SHOWN));
    }
    for change in &told.change {
        line(text, &format!("  change    {change}"));
    }
    for (stack, change) in &told.changes {
        line(text, &format!("    {stack:<9} {change}"));
    }
    for ask in &told.ask {
        line(text, &format!("  ask       {ask}"));
    }
}

fn named(text: &mut String, word: &str, cases: &[String]) {
    if cases.is_empty() {
        line(text, &format!("  {word}: none"));
        return;
    }
    line(text, &format!("  {word}: {}", cases.len()));
    for case in cases.iter().take(NAMED) {
        line(text, &format!("    {case}"));
    }
    if cases.len() > NAMED {
        line(text, &format!("    and {} more", cases.len() - NAMED));
    }
}

fn line(text: &mut String, words: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}", words.trim_end());
}
