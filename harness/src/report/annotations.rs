//! Annotations as workflow commands of GitHub, which shows ten of a kind a step and silently drops the others: MUST
//! failures first, and the last one says how many have no place.

use std::io::{Write, stdout};

use super::document::{Report, Requirement};
use super::reporter::{Ended, ReportError, Reporter};
use super::row::Weight;

/// Most annotations of a run.
pub const MOST: usize = 10;

/// Prints annotations on standard output, where GitHub looks for them.
#[derive(Debug, Default)]
pub struct Annotations;

impl Reporter for Annotations {
    fn name(&self) -> &str {
        "annotations"
    }

    fn ended(&mut self, ended: &Ended<'_>) -> Result<(), ReportError> {
        // A reader that has gone is no fault.
        let _ = stdout().lock().write_all(render(ended.report).as_bytes());
        Ok(())
    }
}

/// The commands, one a line.
pub fn render(report: &Report) -> String {
    let mut rows: Vec<_> = report.shown().filter(|row| row.weight() <= Weight::Open).collect();
    rows.sort_by_key(|row| row.weight());
    let gravity = |row: &&Requirement| (row.weight(), annotation(row));
    let stale = report.stale().map(|stale| {
        let title = format!("deviation {}", stale.of);
        (Weight::Failed, command(Weight::Failed, &title, &stale.sentence()))
    });
    let mut all: Vec<_> = rows.iter().map(gravity).chain(stale).collect();
    all.sort_by_key(|(weight, _)| *weight);
    let shown = if all.len() > MOST { MOST - 1 } else { all.len() };
    let mut text: String = all[..shown].iter().map(|(_, command)| command.as_str()).collect();
    if all.len() > shown {
        let more = format!(
            "{} more MUST failed or were not decided; summary.md and report.json name them.",
            all.len() - shown
        );
        text.push_str(&command(all[shown].0, "And more", &more));
    }
    text
}

fn annotation(row: &Requirement) -> String {
    let title = format!("{} {} ({})", row.id, row.verdict, row.topic);
    let message = format!("{}\nseen: {}\nremedy: {}", row.rule, row.because(), row.remedy);
    command(row.weight(), &title, &message)
}

fn command(weight: Weight, title: &str, message: &str) -> String {
    let kind = if weight == Weight::Failed { "error" } else { "warning" };
    format!("::{kind} title={}::{}\n", property(title), data(message))
}

/// The escaping of a command's message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The escaping of a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_stays_one_command() {
        assert_eq!(
            command(Weight::Failed, "a: b, 5%", "line\r\n::error::x 100%"),
            "::error title=a%3A b%2C 5%25::line%0D%0A::error::x 100%25\n"
        );
    }
}
