//! Declarations, how far the verdicts reach, what no run proves, and what was the measure.

use std::collections::BTreeMap;

use super::super::document::Report;
use super::super::words;
use super::markup::Markup;
use crate::verdict::Verdict;

pub(super) fn write(main: &mut Markup, report: &Report) {
    main.element("section", &[("aria-labelledby", "declared")], |section| {
        section.fixed("<h2 id=\"declared\">Declared</h2>");
        declared(section, report);
    });
    main.element("section", &[("aria-labelledby", "reach")], |section| {
        section.fixed("<h2 id=\"reach\">Reach</h2>");
        reach(section, report);
    });
}

fn declared(section: &mut Markup, report: &Report) {
    if !report.deviations.is_empty() {
        let columns = ["about", "state", "until", "owner", "reason"];
        section.table("Known deviations", &columns, |table| {
            for entry in &report.deviations {
                let (state, of) = (entry.state.to_string(), entry.of.to_string());
                let part = entry.part.as_ref().map_or_else(String::new, |part| format!(" ({part})"));
                table.row(&format!("{of}{part}"), &[&state, &entry.expires, &entry.owner, &entry.reason]);
            }
        });
    }
    let rows: Vec<_> = report.requirements.iter().filter(|row| row.verdict == Verdict::Declared).collect();
    if rows.is_empty() {
        section.say("p", "Nobody declares anything.");
        return;
    }
    section.say("p", "No run proves these; a person answers for them.");
    section.table("Declarations", &["requirement", "by, since, on what grounds", "rule"], |table| {
        for row in rows {
            table.row(row.id.as_str(), &[row.note.as_deref().unwrap_or_default(), &row.rule]);
        }
    });
}

fn reach(section: &mut Markup, report: &Report) {
    section.element("dl", &[], |list| {
        let mut reaches: BTreeMap<&str, usize> = BTreeMap::new();
        for row in report.shown() {
            *reaches.entry(&row.reach).or_default() += 1;
        }
        for (reach, count) in reaches {
            let reach = if reach == "none" { "no reach: nothing was played" } else { reach };
            list.term(reach, &format!("{count} requirements"));
        }
        list.term("network", words::network(report.network));
        list.term("profile", &format!("{}, SHA-256 {}", report.profile, report.profile_digest));
        let file = report.configuration_digest.as_ref().map(|digest| format!("SHA-256 {digest}"));
        list.term("integration file", file.as_deref().unwrap_or("none: the integration is part of a program"));
        list.term("scenario set", &format!("SHA-256 {}", report.scenarios_digest));
    });
    section.say("h3", "What this run does not prove");
    section.element("ul", &[], |list| {
        for sentence in &report.not_proven {
            list.say("li", sentence);
        }
    });
}
