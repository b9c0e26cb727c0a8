//! The pre-mortem as markdown, for a person and for the letter to Thales.

use super::document::Document;
use super::terminal::{heading, sentence, values};
use crate::report::plain;

/// Cases named in one place.
const NAMED: usize = 50;

/// The document.
pub fn markdown(document: &Document) -> String {
    let mut text = format!(
        "# Pre-mortem of {}\n\n{}, {}; sweep {}, seed {}, {} cases.\n\n> {}\n\n{}.\n\n",
        plain(&document.integration),
        plain(&document.profile),
        plain(&document.environment),
        document.run,
        document.seed,
        document.cases.len(),
        document.unofficial,
        capital(&heading(document)),
    );
    for told in &document.pre_mortem {
        text.push_str(&format!("## {} ({})\n\n", capital(&plain(&sentence(told))), told.level));
        for unspecified in &told.unspecified {
            text.push_str(&format!("{}\n\n", plain(unspecified)));
        }
        text.push_str(&format!("- values: {}\n", plain(&values(told))));
        for evidence in told.evidence.iter().take(NAMED) {
            let facts: Vec<_> = evidence.facts.iter().map(ToString::to_string).collect();
            text.push_str(&format!(
                "- evidence: {}, {} ({}): expected {}; seen {}{}\n",
                plain(&evidence.case),
                evidence.requirement,
                evidence.level,
                plain(&evidence.expected),
                plain(&evidence.seen),
                if facts.is_empty() { String::new() } else { format!(" (facts {})", facts.join(", ")) }
            ));
        }
        text.push('\n');
        for change in &told.change {
            text.push_str(&format!("**Change:** {}\n\n", plain(change)));
        }
        for (stack, change) in &told.changes {
            text.push_str(&format!("- {stack}: {}\n", plain(change)));
        }
        for ask in &told.ask {
            text.push_str(&format!("\n**Ask Thales:** {}\n", plain(ask)));
        }
        text.push('\n');
    }
    list(&mut text, "What does not pass as Thales is today", document.failing.iter().map(|failing| &failing.case));
    list(&mut text, "Known deviations", &document.deviations);
    for changes in &document.changes {
        let since = plain(&changes.since);
        list(&mut text, &format!("New since {since}"), &changes.new);
        list(&mut text, &format!("Fixed since {since}"), &changes.fixed);
        let slower: Vec<_> =
            changes.slower.iter().map(|(case, then, now)| format!("{case}: {then} → {now} ms")).collect();
        list(&mut text, &format!("Slower since {since}"), &slower);
    }
    list(&mut text, "Flaky", &document.flaky);
    list(&mut text, "No time was left for", &document.not_played);
    text
}

fn list<'a>(text: &mut String, heading: &str, cases: impl IntoIterator<Item = &'a String>) {
    let cases: Vec<_> = cases.into_iter().collect();
    if cases.is_empty() {
        return;
    }
    text.push_str(&format!("## {heading}\n\n"));
    for case in cases.iter().take(NAMED) {
        text.push_str(&format!("- {}\n", plain(case)));
    }
    if cases.len() > NAMED {
        text.push_str(&format!("- and {} more, in report.json\n", cases.len() - NAMED));
    }
    text.push('\n');
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
