//! What changed since an earlier report.

use super::super::difference::Difference;
use super::markup::Markup;
use crate::verdict::Verdict;

pub(super) fn write(main: &mut Markup, difference: &Difference) {
    main.element("section", &[("aria-labelledby", "changes")], |section| {
        section.fixed("<h2 id=\"changes\">Changes</h2>");
        section.say("p", &format!("Against the report of {}.", difference.earlier));
        if !difference.caveats.is_empty() {
            section.element("ul", &[], |list| {
                for caveat in &difference.caveats {
                    list.say_as("li", "warn", caveat);
                }
            });
        }
        if let Some((then, now)) = difference.readiness {
            section.say("p", &format!("Readiness: {then} then, {now} now."));
        }
        if difference.changed.is_empty() {
            section.say("p", "No verdict changed.");
            return;
        }
        section.table(
            "Verdicts that changed, worse ones first",
            &["requirement", "then", "now", "direction", "topic"],
            |rows| {
                for row in &difference.changed {
                    let direction = if row.is_worse() { "▼ worse" } else { "▲ better" };
                    rows.row(&row.id, &[&word(row.then), &word(row.now), direction, &row.topic]);
                }
            },
        );
    });
}

fn word(verdict: Option<Verdict>) -> String {
    verdict.map_or_else(|| "no such row".to_owned(), |known| known.to_string())
}
