//! The catalogue of requirements as text: a table for the terminal, and the document `docs/requirements.md`. It shows
//! what the profiles hold and judges nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::{Level, Profile, Proof, Requirement};

/// How a row is proven, and how far the proof reaches.
pub fn proof(proof: Proof) -> &'static str {
    match proof {
        Proof::Scenario => "by what happens on the wire, in the network of a run",
        Proof::Shown => "by what happens on the wire, where the integration shows it; else declared by a person",
        Proof::File => {
            "by reading the files that the integration file names; where there is nothing to compare, by declaration"
        }
        Proof::Declaration => "tested as far as a network of this machine goes, then declared by a person",
        Proof::None => "nothing to prove: Thales' own conduct",
    }
}

/// All topics of a row, its own first.
pub fn topics(requirement: &Requirement) -> Vec<&str> {
    [&requirement.topic].into_iter().chain(&requirement.also).map(|topic| topic.as_str()).collect()
}

/// The rows of which one suffices, this one among them; empty where it stands alone.
pub fn group<'a>(requirement: &Requirement, profile: &'a Profile) -> Vec<&'a str> {
    let Some(group) = &requirement.any_of else { return Vec::new() };
    let is_in = |row: &&Requirement| row.any_of.as_ref() == Some(group);
    profile.requirements.iter().filter(is_in).map(|row| row.id.as_str()).collect()
}

/// One line a row, the optional pack last; with headings where there is more than one profile.
pub fn table(profiles: &[&Profile]) -> String {
    let rows = || profiles.iter().flat_map(|profile| &profile.requirements);
    let ids = rows().map(|row| row.id.as_str().len()).max().unwrap_or(0);
    let topics = rows().map(|row| row.topic.as_str().len()).max().unwrap_or(0);
    let mut text = String::new();
    for (index, profile) in profiles.iter().enumerate() {
        if profiles.len() > 1 {
            let gap = if index == 0 { "" } else { "\n" };
            put(&mut text, format_args!("{gap}{}: {}\n", profile.id, profile.title));
        }
        for row in optional_last(profile) {
            put(&mut text, format_args!("{:<ids$}  {:<9} {:<topics$}  {}\n", row.id, row.level, row.topic, row.rule));
        }
    }
    text
}

/// The catalogue as a document, with everything that the profiles say of each row.
pub fn markdown(profiles: &[&Profile]) -> String {
    let mut text = String::from(HEAD);
    for profile in profiles {
        overview(&mut text, profile);
    }
    decisions(&mut text, profiles);
    for profile in profiles {
        put(&mut text, format_args!("\n# {}: every row\n", escaped(&profile.title)));
        for row in optional_last(profile) {
            chapter(&mut text, row, profile);
        }
    }
    text
}

const HEAD: &str = "# Requirements

Generated from the profiles in `scenarios/profiles/` by `thales-harness list --requirements --markdown`; do not edit it
here. The rules are the project's own words for what Thales' documents say: unofficial, and no statement of Thales.

A MUST decides readiness. A SHOULD is preferred by Thales, an advisory row is stated by no document, an informational one
is Thales' own conduct, and the optional pack is stated on other pages of Thales than those about connectivity: none of
them decides readiness, and a breach is a warning.

| proof | reaches |
|---|---|
| scenario | what happens on the wire, in the network of a run |
| file | the files that the integration file names; where there is nothing to compare, a person declares it |
| declaration | beyond a run: tested as far as a network of one machine goes, then declared by a person |
| none | nothing to prove |
";

/// What a profile knows, and its rows in one table.
fn overview(text: &mut String, profile: &Profile) {
    put(text, format_args!("\n# {}\n\nProfile `{}`.\n", escaped(&profile.title), profile.id));
    put(text, format_args!("\n| environment | host | base path |\n|---|---|---|\n"));
    for environment in &profile.environments {
        let word = environment.word.as_ref().map_or_else(String::new, |word| format!(" ({word})"));
        let (id, host, path) = (&environment.id, &environment.host, &environment.base_path);
        put(text, format_args!("| {id}{word} | `{host}` | `{path}` |\n"));
    }
    put(text, format_args!("\n| row | level | topic | proof |\n|---|---|---|---|\n"));
    for row in optional_last(profile) {
        let topics: Vec<_> = topics(row).into_iter().map(|topic| format!("`{topic}`")).collect();
        let group = group(row, profile);
        let any = if group.is_empty() { String::new() } else { format!("; any of {}", group.join(", ")) };
        put(
            text,
            format_args!(
                "| [{}](#{}) | {} | {} | {}{any} |\n",
                row.id,
                anchor(row, profile),
                row.level,
                topics.join(", "),
                word(row.proof)
            ),
        );
    }
}

/// Which rows rest on which decision about the documents' contradictions and gaps.
fn decisions(text: &mut String, profiles: &[&Profile]) {
    let mut found: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for profile in profiles {
        for row in &profile.requirements {
            for number in row.decisions.iter().filter_map(|decision| number(decision)) {
                found.entry(number).or_default().push(format!("[{}](#{})", row.id, anchor(row, profile)));
            }
        }
    }
    if found.is_empty() {
        return;
    }
    text.push_str(
        "\n# Decisions\n\nWhere the documents contradict each other or leave a gap, somebody has to decide how a row is \
         read. Each such place\nhas a number; the decision stands with the rows that rest on it.\n\n\
         | place | rows |\n|---|---|\n",
    );
    for (number, rows) in found {
        put(text, format_args!("| A{number} | {} |\n", rows.join(", ")));
    }
}

/// The number of a decision: 7 of `A7: …`.
fn number(decision: &str) -> Option<u32> {
    decision.strip_prefix('A')?.split_once(':')?.0.parse().ok()
}

fn chapter(text: &mut String, row: &Requirement, profile: &Profile) {
    let name = anchor(row, profile);
    let topics: Vec<_> = topics(row).into_iter().map(|topic| format!("`{topic}`")).collect();
    put(text, format_args!("\n<a id=\"{name}\"></a>\n\n## {} ({})\n\n{}\n\n", row.id, row.level, escaped(&row.rule)));
    put(text, format_args!("- topic: {}\n", topics.join(", ")));
    put(text, format_args!("- source: {}\n", escaped(&row.source)));
    put(text, format_args!("- proof: {}\n", proof(row.proof)));
    if let Some(beyond) = &row.beyond {
        put(text, format_args!("- beyond: {}\n", escaped(beyond)));
    }
    let group = group(row, profile);
    if !group.is_empty() {
        put(text, format_args!("- any of {}: one suffices, and each shows the verdict of all\n", group.join(", ")));
    }
    for decision in &row.decisions {
        put(text, format_args!("- decided: {}\n", escaped(decision)));
    }
    put(text, format_args!("- symptom: {}\n", escaped(&row.symptom)));
    put(text, format_args!("- remedy: {}\n", escaped(&row.remedy)));
    if !row.remedies.is_empty() {
        let stacks: Vec<_> = row.remedies.keys().map(String::as_str).collect();
        put(text, format_args!("\n<details><summary>By stack: {}</summary>\n\n", stacks.join(", ")));
        for (stack, remedy) in &row.remedies {
            put(text, format_args!("- **{stack}**: {}\n", escaped(remedy)));
        }
        text.push_str("\n</details>\n");
    }
}

/// The rows in the profile's order, the optional pack last.
fn optional_last(profile: &Profile) -> impl Iterator<Item = &Requirement> {
    let is_optional = |row: &&Requirement| row.level == Level::Optional;
    let required = profile.requirements.iter().filter(move |row| !is_optional(row));
    required.chain(profile.requirements.iter().filter(is_optional))
}

/// Where a row's chapter can be found. An id may stand in several profiles.
fn anchor(row: &Requirement, profile: &Profile) -> String {
    format!("{}-{}", profile.id, row.id.as_str().to_ascii_lowercase())
}

fn word(proof: Proof) -> &'static str {
    match proof {
        Proof::Scenario => "scenario",
        Proof::Shown => "shown",
        Proof::File => "file",
        Proof::Declaration => "declaration",
        Proof::None => "none",
    }
}

/// Plain text as Markdown: letters that would be read as mark-up stand for themselves.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '\\' | '`' | '*' | '_' | '<' | '[' | '$' | '|' | '~') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

fn put(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(words);
}
