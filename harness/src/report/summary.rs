//! `summary.md`, for a person who looks at a job: counts, then gaps, then the table. Never longer than GitHub takes for the
//! summary of a step (1 MiB, beyond which it drops the whole); what does not fit is counted.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::difference::{Difference, Earlier};
use super::document::{Report, Requirement};
use super::files::write;
use super::reporter::{Ended, ReportError, Reporter};
use super::row::{Weight, seen};
use super::words;

/// Longest summary, in bytes.
pub const LONGEST: usize = 900_000;
/// Findings shown of one requirement.
const SHOWN: usize = 4;
/// Longest piece of text in one place, in characters.
const PIECE: usize = 600;

/// Writes the summary.
#[derive(Debug)]
pub struct Summary {
    path: PathBuf,
    appends: bool,
    earlier: Option<Earlier>,
}

impl Summary {
    /// Into that file.
    pub fn at(path: &Path, earlier: Option<Earlier>) -> Self {
        Self { path: path.to_owned(), appends: false, earlier }
    }

    /// At the end of that file, which other commands of the same step may have written to.
    pub fn appended(path: &Path, earlier: Option<Earlier>) -> Self {
        Self { path: path.to_owned(), appends: true, earlier }
    }
}

impl Reporter for Summary {
    fn name(&self) -> &str {
        "summary.md"
    }

    fn ended(&mut self, ended: &Ended<'_>) -> Result<(), ReportError> {
        let difference = self.earlier.as_ref().map(|earlier| Difference::between(earlier, ended.report));
        if !self.appends {
            return write(&self.path, render(ended.report, difference.as_ref(), LONGEST));
        }
        let taken = std::fs::metadata(&self.path).map_or(0, |known| usize::try_from(known.len()).unwrap_or(LONGEST));
        let text = render(ended.report, difference.as_ref(), LONGEST.saturating_sub(taken));
        let file = OpenOptions::new().create(true).append(true).open(&self.path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(ReportError::write(&self.path))
    }
}

/// The summary, at most that many bytes long.
pub fn render(report: &Report, difference: Option<&Difference>, longest: usize) -> String {
    let mut page = Page { text: String::new(), longest, left_out: 0 };
    page.block(&head(report));
    for note in &report.notes {
        page.block(&format!("- ℹ️ {}\n", plain(note)));
    }
    if !report.notes.is_empty() {
        page.block("\n");
    }
    for deviation in &report.deviations {
        let mark = if deviation.state.is_stale() { "❌ stale deviation" } else { "📌 deviation" };
        page.block(&format!("- {mark}: {}\n", plain(&deviation.sentence())));
    }
    if !report.deviations.is_empty() {
        page.block("\n");
    }
    let mut rows: Vec<_> = report.shown().collect();
    rows.sort_by_key(|row| row.weight());
    let (gaps, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.weight() <= Weight::Warning);
    for row in &gaps {
        page.block(&gap(row));
    }
    if let Some(difference) = difference {
        page.block(&changes(difference));
    }
    if !others.is_empty() {
        page.block(
            "### The other requirements\n\n| requirement | level | verdict | reach | topic |\n|---|---|---|---|---|\n",
        );
        for row in others {
            page.block(&format!(
                "| {} | {} | {} | {} | {} |\n",
                plain(row.id.as_str()),
                row.level,
                row.verdict,
                plain(&row.reach),
                plain(row.topic.as_str())
            ));
        }
    }
    page.finish()
}

fn head(report: &Report) -> String {
    let faults = report.scenarios.iter().filter(|scenario| scenario.fault.is_some()).count();
    let faults =
        if faults == 0 { String::new() } else { format!("\n**{faults} scenario(s) ended with a harness fault.**\n") };
    format!(
        "## Readiness: {}\n\n{} {} against {}, {} ({}).\n\n{}\n\n{} scenarios, {} requirements: {}\n{faults}\n> {}\n\n",
        report.readiness,
        plain(&report.integration.name),
        plain(&report.integration.version),
        plain(&report.product),
        plain(&report.environment),
        words::network(report.network),
        words::readiness(report),
        report.scenarios.len(),
        report.counted().count(),
        words::counts(report),
        report.unofficial,
    )
}

fn gap(row: &Requirement) -> String {
    let mark = match row.weight() {
        Weight::Failed => "❌",
        Weight::Open => "❓",
        Weight::Untested => "⬜",
        Weight::Known => "📌",
        Weight::Warning => "⚠️",
        Weight::Passed | Weight::Quiet => "",
    };
    let mut text = format!(
        "### {mark} {} {} ({}), {}\n\n{}\n\n",
        plain(row.id.as_str()),
        row.verdict,
        row.level,
        plain(row.topic.as_str()),
        plain(&row.rule)
    );
    let telling = row.telling();
    for finding in telling.iter().take(SHOWN) {
        text.push_str(&format!(
            "- {} \\[{}\\]: expected {}; seen {}{}\n",
            plain(finding.scenario.as_str()),
            plain(&finding.phase),
            plain(&finding.expected),
            plain(&seen(finding)),
            finding.means.as_ref().map_or_else(String::new, |means| format!("; means {}", plain(means)))
        ));
    }
    if telling.len() > SHOWN {
        text.push_str(&format!("- and {} more, in report.json\n", telling.len() - SHOWN));
    }
    if let Some(known) = &row.deviation {
        text.push_str(&format!("\n**Known deviation,** {}\n", plain(known)));
    }
    match row.weight() {
        Weight::Untested => text.push_str(&format!("- {}\n", plain(&row.because()))),
        _ => text.push_str(&format!("\n**Remedy:** {}\n", plain(&row.remedy))),
    }
    text.push('\n');
    text
}

fn changes(difference: &Difference) -> String {
    let mut text = format!("### Changed since {}\n\n", plain(&difference.earlier));
    text.extend(difference.caveats.iter().map(|caveat| format!("- caution: {}\n", plain(caveat))));
    if let Some((then, now)) = difference.readiness {
        text.push_str(&format!("- readiness: {then} → {now}\n"));
    }
    for row in &difference.changed {
        let word = |verdict: Option<crate::verdict::Verdict>| {
            verdict.map_or_else(|| "–".to_owned(), |known| known.to_string())
        };
        let worse = if row.is_worse() { " (worse)" } else { "" };
        text.push_str(&format!("- {}: {} → {}{worse}\n", plain(&row.id), word(row.then), word(row.now)));
    }
    if difference.changed.is_empty() {
        text.push_str("- no verdict\n");
    }
    text.push('\n');
    text
}

struct Page {
    text: String,
    longest: usize,
    left_out: usize,
}

/// Room for the last line.
const TAIL: usize = 120;

impl Page {
    /// Adds a whole block, or counts it: half a table row would spoil what follows.
    fn block(&mut self, block: &str) {
        if self.left_out == 0 && self.text.len() + block.len() + TAIL <= self.longest {
            self.text.push_str(block);
        } else {
            self.left_out += 1;
        }
    }

    fn finish(mut self) -> String {
        let tail = format!("\n{} more part(s) are left out here; report.json holds them.\n\n", self.left_out);
        if self.left_out > 0 && self.text.len() + tail.len() <= self.longest {
            self.text.push_str(&tail);
        }
        self.text
    }
}

/// Text that is no mark-up, no link and no mention, bounded and on one line.
fn plain(text: &str) -> String {
    match text.char_indices().nth(PIECE) {
        Some((end, _)) => super::plain(&text[..end]) + "…",
        None => super::plain(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_mark_up() {
        assert_eq!(plain("a|b\n<img> @team [x](y)"), "a\\|b &lt;img&gt; &#64;team \\[x\\](y)");
        assert_eq!(plain(&"x".repeat(10_000)).chars().count(), PIECE + 1);
    }
}
