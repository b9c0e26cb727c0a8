//! Every scenario that was played: what was ruled, and a picture of what happened.

use mock_thales::observe::Log;

use super::super::document::{Played, Scenario};
use super::super::words;
use super::events::{self, Told};
use super::markup::{Markup, place};
use super::page::Page;
use super::picture;
use super::requirements::write_finding;
use crate::model::Header;
use crate::verdict::{Finding, Outcome, Verdict};

pub(super) fn write(main: &mut Markup, page: &Page<'_>) {
    let findings: Vec<_> = page.report.rows().flat_map(|row| &row.findings).collect();
    main.element("section", &[("aria-labelledby", "scenarios")], |section| {
        section.fixed("<h2 id=\"scenarios\">Scenarios</h2>");
        section.say("p", "Lanes are the parts that took part. Time runs downwards and is not to scale. Every row bears its time after the beginning and the number of its fact in the log.");
        for (scenario, log) in page.report.scenarios.iter().zip(&page.logs) {
            let own: Vec<&Finding> = findings
                .iter()
                .copied()
                .filter(|finding| finding.scenario == scenario.id && finding.integration == scenario.integration)
                .collect();
            write_scenario(section, scenario, &own, *log);
        }
    });
}

fn write_scenario(section: &mut Markup, scenario: &Scenario, findings: &[&Finding], log: Option<&Log<Header>>) {
    let has_gap = findings.iter().any(|finding| finding.ruling != Outcome::Met) || scenario.fault.is_some();
    let open: &[(&str, &str)] = if has_gap { &[("open", "")] } else { &[] };
    let (class, sign) = match scenario.verdict {
        Played::Judged(Verdict::Pass) if has_gap => ("warn", "!"),
        Played::Judged(Verdict::Pass) => ("pass", "✓"),
        Played::Judged(Verdict::Fail) => ("fail", "✗"),
        Played::Judged(Verdict::Inconclusive) | Played::Fault => ("open", "?"),
        Played::Judged(Verdict::NotApplicable | Verdict::Declared | Verdict::Untested | Verdict::Informational) => {
            ("quiet", "–")
        }
    };
    section.element("details", open, |details| {
        details.element("summary", &[("class", class)], |summary| {
            summary.fixed("<h3>");
            summary.text(&format!("{sign} {} {} ({})", scenario.id, scenario.verdict, scenario.integration));
            summary.fixed("</h3>");
        });
        let place = place("s", &format!("{}-{}", scenario.id, scenario.integration));
        details.element("div", &[("class", "inside"), ("id", &place)], |inside| {
            if let Some(log) = log {
                inside.say("p", &format!("{}.", log.header.script.title));
            }
            if let Some(fault) = &scenario.fault {
                inside.say_as("p", "fail", &format!("The harness failed: {fault}"));
            }
            for finding in findings {
                write_finding(inside, finding, None);
            }
            for unplanned in log.iter().flat_map(|log| &log.header.script.unplanned) {
                inside.say("p", &format!("Not judged: {} [{}]: {}", unplanned.topic, unplanned.subject, unplanned.why));
            }
            if let Some(log) = log {
                let told = events::of(log);
                // Frames that scroll are landmarks, and no two of them may bear one name.
                let title = format!("What happened in {} ({})", scenario.id, scenario.integration);
                picture::write(inside, &title, &told);
                as_list(inside, &format!("{title}, as a table"), &told);
                inside.say_as(
                    "p",
                    "note",
                    &format!(
                        "Took {}; digest of the scenario: {}",
                        words::seconds(scenario.duration_ms),
                        log.header.scenario_digest
                    ),
                );
            }
        });
    });
}

/// The picture for those who do not see it.
fn as_list(inside: &mut Markup, caption: &str, told: &Told) {
    inside.element("details", &[("class", "list")], |details| {
        details.say("summary", "The same as a table");
        details.table(caption, &["time", "from", "to", "what", "fact"], |rows| {
            for event in &told.events {
                let (from, to) = told.ends(event);
                rows.row(&words::seconds(event.at_us / 1000), &[from, to, &event.what, &event.seq.to_string()]);
            }
        });
    });
}
