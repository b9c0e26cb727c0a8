//! docs/stacks.md: written from what the runs showed, compared with what the table expects. Versions of the machine do
//! not stand in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use thales_harness::load::Library;
use thales_harness::model::{Level, Requirement};

use super::stack::Stack;
use super::table;

const HEAD: &str = "\
# What the harness says of real stacks

Programs and libraries that nobody here wrote, in right and wrong configurations, each run through the harness as a
customer would. Generated from those runs: `cargo test -p conformance-tests --test stacks -- --write` plays them and writes
their rows; without `--write` every verdict and every cell is compared with `tests/tests/stacks/table`, for
equality. Requirements are those of `classic-tokenization`. A wrong configuration fails the rows that it breaks and no
others; advisory rows warn and leave readiness alone. The last column is what the wire shows where the stack refuses
Thales' certificate; a dash where nothing is refused, or where only scenarios about DNS are played.
";

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    name: &'static str,
    is_caller: bool,
    family: &'static str,
    configuration: &'static str,
    /// Each with whether it is a MUST.
    fail: BTreeMap<String, bool>,
    open: BTreeMap<String, bool>,
    refuses: String,
}

impl Row {
    /// A row about a stack, with what fails and what stays open.
    pub(super) fn new(
        stack: &Stack,
        fail: BTreeMap<String, bool>,
        open: BTreeMap<String, bool>,
        refuses: String,
    ) -> Self {
        let Stack { name, family, configuration, .. } = *stack;
        Self { name, is_caller: stack.is_caller(), family, configuration, fail, open, refuses }
    }

    fn expected(stack: &Stack, requirements: &[Requirement]) -> Self {
        let with = |wanted: &str| {
            let rows = requirements.iter().filter(|row| stack.verdict(row.id.as_str(), row.topic.as_str()) == wanted);
            rows.map(|row| (row.id.as_str().to_owned(), row.level == Level::Must)).collect()
        };
        Self::new(stack, with("fail"), with("inconclusive"), stack.refuses.to_owned())
    }

    fn line(&self) -> String {
        format!("| {} |", self.cells().join(" | "))
    }

    /// What no other line begins with.
    fn begins(&self) -> String {
        format!("| {} | {} |", self.family, self.configuration)
    }

    fn cells(&self) -> [String; 6] {
        let ids = |rows: &BTreeMap<String, bool>, wanted: Option<bool>| {
            let fitting = rows.iter().filter(|(_, must)| wanted.is_none_or(|wanted| wanted == **must));
            shortened(&fitting.map(|(id, _)| id.as_str()).collect::<Vec<_>>())
        };
        [
            self.family.to_owned(),
            self.configuration.to_owned(),
            ids(&self.fail, Some(true)),
            ids(&self.fail, Some(false)),
            ids(&self.open, None),
            if self.refuses.is_empty() { "–".to_owned() } else { self.refuses.clone() },
        ]
    }
}

/// How many ids are listed before only their number is said.
const LISTED: usize = 12;

fn shortened(ids: &[&str]) -> String {
    match ids {
        [] => "–".to_owned(),
        ids if ids.len() > LISTED => "everything else".to_owned(),
        ids => ids.iter().map(|id| id.trim_start_matches("TSH-")).collect::<Vec<_>>().join(", "),
    }
}

/// Compares the file with the table.
pub(super) fn compare() -> Result<(), String> {
    let rows = expected()?;
    let written = fs::read_to_string(path()).map_err(|error| error.to_string())?;
    let expected = text(&rows);
    match written.lines().zip(expected.lines()).find(|(written, expected)| written != expected) {
        Some((written, expected)) => Err(format!("docs/stacks.md is not the table:\n{written}\n{expected}")),
        None if written != expected => Err("docs/stacks.md is longer or shorter than the table".to_owned()),
        None => Ok(()),
    }
}

/// Writes the file from what the runs showed. A row that was not played keeps its line, and has to have one.
pub(super) fn write(played: &[Row]) -> Result<(), String> {
    let written = fs::read_to_string(path()).unwrap_or_default();
    let mut text = text(&expected()?);
    for row in expected()? {
        let line = match played.iter().find(|played| played.name == row.name) {
            Some(played) => played.line(),
            None => {
                let begins = row.begins();
                let kept = written.lines().find(|line| line.starts_with(&begins));
                kept.ok_or_else(|| format!("{} was neither played nor written before", row.name))?.to_owned()
            }
        };
        text = text.replace(&row.line(), &line);
    }
    fs::write(path(), text).map_err(|error| error.to_string())
}

/// Those that break no MUST.
pub(super) fn right(stacks: Vec<Stack>) -> Result<Vec<Stack>, String> {
    let requirements = requirements()?;
    let is_right = |stack: &Stack| !Row::expected(stack, &requirements).fail.values().any(|is_must| *is_must);
    Ok(stacks.into_iter().filter(is_right).collect())
}

fn expected() -> Result<Vec<Row>, String> {
    let requirements = requirements()?;
    Ok(table::stacks().iter().map(|stack| Row::expected(stack, &requirements)).collect())
}

fn requirements() -> Result<Vec<Requirement>, String> {
    let mut library = Library::built_in().map_err(|faults| faults.to_string())?;
    let (profile, _) = library.profiles.remove("classic-tokenization").ok_or("no such profile")?;
    Ok(profile.requirements)
}

fn text(rows: &[Row]) -> String {
    let mut text = HEAD.to_owned();
    for (title, is_caller) in [("Callers: the integration calls Thales", true), ("Receivers: Thales calls", false)] {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n## {title}\n\n");
        let _ = writeln!(text, "| stack | configuration | MUST failed | advisory failed | not decided | refuses by |");
        let _ = writeln!(text, "|---|---|---|---|---|---|");
        for row in rows.iter().filter(|row| row.is_caller == is_caller) {
            let _ = writeln!(text, "{}", row.line());
        }
    }
    text
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/stacks.md")
}
