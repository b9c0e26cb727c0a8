//! What `inspect` found, as text: a head for each file, a line for each finding, and the calendar at the end.

use std::fmt::Write as _;

use crate::inspect::{FileFinding, InspectedFile, Inspection, Mark};

/// Certificates of one file, and ends of the calendar, that are told apart; a machine's bundle has hundreds.
const ITEMS: usize = 12;

pub(super) fn text(inspection: &Inspection) -> String {
    let mut text = String::new();
    for file in &inspection.files {
        one(&mut text, file);
        text.push('\n');
    }
    calendar(&mut text, inspection);
    let count = |mark: Mark| {
        let all = inspection.files.iter().flat_map(|file| &file.findings);
        all.filter(|finding| finding.mark == mark).count()
    };
    let unjudged = inspection.files.iter().filter(|file| file.unjudged.is_some()).count();
    let _ = writeln!(
        text,
        "{} file(s): {} failed, {} warning(s), {} passed, {} note(s), {unjudged} file(s) not judged",
        inspection.files.len(),
        count(Mark::Fail),
        count(Mark::Warn),
        count(Mark::Pass),
        count(Mark::Note),
    );
    text
}

fn one(text: &mut String, file: &InspectedFile) {
    text.push_str(&printable(&file.path));
    if let Some(holds) = &file.holds {
        let _ = write!(text, ": {holds}");
    }
    if let (Some(purpose), Some(because)) = (file.purpose, file.because) {
        let _ = write!(text, "; {purpose}: {because}");
    }
    text.push('\n');
    for item in file.items.iter().take(ITEMS) {
        let _ = writeln!(text, "  {}", printable(item));
    }
    if file.items.len() > ITEMS {
        let _ = writeln!(text, "  and {} more", file.items.len() - ITEMS);
    }
    if let Some(why) = &file.unjudged {
        let _ = writeln!(text, "  not judged: {}", printable(why));
    }
    for finding in &file.findings {
        finding_lines(text, finding);
    }
}

fn finding_lines(text: &mut String, finding: &FileFinding) {
    let _ = write!(text, "  {:4} ", finding.mark);
    if let (Some(id), Some(level)) = (&finding.requirement, finding.level) {
        let _ = write!(text, "{id} ({level}) ");
    }
    let _ = write!(text, "{}: {}", printable(&finding.field), printable(&finding.seen));
    if let Some(expected) = &finding.expected {
        let _ = write!(text, "; expected: {}", printable(expected));
    }
    text.push('\n');
    for warning in &finding.warnings {
        let _ = writeln!(text, "         {}", printable(warning));
    }
    if let Some(remedy) = &finding.remedy {
        let _ = writeln!(text, "         remedy: {remedy}");
    }
}

fn calendar(text: &mut String, inspection: &Inspection) {
    if inspection.calendar.is_empty() {
        return;
    }
    text.push_str("calendar\n");
    for expiry in inspection.calendar.iter().take(ITEMS * 2) {
        let days = match expiry.days_left {
            left @ 0.. => format!("{left} days left"),
            gone => format!("ended {} days ago", -gone),
        };
        let _ = writeln!(
            text,
            "  {}  {days:>18}  {}  {}",
            expiry.date,
            printable(&expiry.subject),
            printable(&expiry.path)
        );
    }
    if inspection.calendar.len() > ITEMS * 2 {
        let _ = writeln!(text, "  and {} more", inspection.calendar.len() - ITEMS * 2);
    }
    text.push('\n');
}

/// What a file says must not drive the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}
