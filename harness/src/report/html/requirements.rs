//! Every requirement: a table of all, then each by itself.

use super::super::document::Requirement;
use super::super::row::{Weight, facts, seen};
use super::exhibit::ruling;
use super::markup::{Markup, place};
use super::page::{Page, class, sign};
use crate::verdict::{Finding, Outcome};

/// Findings shown of one requirement.
const SHOWN: usize = 200;

pub(super) fn write(main: &mut Markup, page: &Page<'_>) {
    main.element("section", &[("aria-labelledby", "requirements")], |section| {
        section.fixed("<h2 id=\"requirements\">Requirements</h2>");
        let columns = ["requirement", "level", "verdict", "reach", "topic", "scenarios"];
        section.table("All requirements", &columns, |rows| {
            for row in page.report.shown() {
                matrix_row(rows, row);
            }
        });
        for row in page.report.shown() {
            details(section, row, page.repeat);
        }
    });
}

fn matrix_row(rows: &mut Markup, row: &Requirement) {
    let weight = row.weight();
    rows.element("tr", &[], |line| {
        line.element("th", &[("scope", "row")], |cell| {
            cell.link(&place("r", row.id.as_str()), row.id.as_str());
        });
        line.say("td", &row.level.to_string());
        line.element("td", &[("class", class(weight))], |cell| {
            cell.text(&format!("{} {}", sign(weight), row.verdict));
        });
        line.say("td", &row.reach).say("td", row.topic.as_str());
        line.element("td", &[], |cell| {
            for (index, (scenario, integration, worst)) in scenarios(row).into_iter().enumerate() {
                cell.text(if index == 0 { "" } else { ", " });
                let word = ruling(worst);
                let mark = word.split(' ').next().unwrap_or_default();
                cell.text(&format!("{mark} "));
                cell.link(&place("s", &format!("{scenario}-{integration}")), scenario);
            }
        });
    });
}

/// The scenarios of a row with the gravest ruling of each.
fn scenarios(row: &Requirement) -> Vec<(&str, &str, Outcome)> {
    let mut scenarios: Vec<(&str, &str, Outcome)> = Vec::new();
    for finding in &row.findings {
        let (id, integration) = (finding.scenario.as_str(), finding.integration.as_str());
        match scenarios.iter_mut().find(|known| known.0 == id && known.1 == integration) {
            Some(known) => {
                let gravest = [Outcome::Violated, Outcome::Unwitnessed, Outcome::Met];
                let worst = gravest.into_iter().find(|outcome| [known.2, finding.ruling].contains(outcome));
                known.2 = worst.unwrap_or(known.2);
            }
            None => scenarios.push((id, integration, finding.ruling)),
        }
    }
    scenarios
}

fn details(section: &mut Markup, row: &Requirement, repeat: &str) {
    let weight = row.weight();
    let open: &[(&str, &str)] = if weight <= Weight::Warning { &[("open", "")] } else { &[] };
    section.element("details", open, |details| {
        details.element("summary", &[("class", class(weight))], |summary| {
            summary.fixed("<h3>");
            summary.text(&format!("{} {} {} ({}), {}", sign(weight), row.id, row.verdict, row.level, row.topic));
            summary.fixed("</h3>");
        });
        details.element("div", &[("class", "inside"), ("id", &place("r", row.id.as_str()))], |inside| {
            body(inside, row, repeat);
        });
    });
}

fn body(inside: &mut Markup, row: &Requirement, repeat: &str) {
    inside.element("dl", &[], |list| {
        if let Some(known) = &row.deviation {
            list.term("known deviation", known);
        }
        list.term("rule", &row.rule).term("source", &row.source).term("reach", &row.reach);
        if let Some(note) = &row.note {
            list.term("note", note);
        }
        for decision in &row.decisions {
            list.term("decision", decision);
        }
        if let Some(beyond) = &row.beyond {
            list.term("beyond", beyond);
        }
    });
    let telling = row.telling();
    for finding in telling.iter().take(SHOWN) {
        write_finding(inside, finding, Some(repeat));
    }
    if !row.explained.is_empty() {
        inside.element("dl", &[], |list| {
            for explanation in &row.explained {
                list.term("stack", explanation);
            }
        });
    }
    if telling.len() > SHOWN {
        inside.say("p", &format!("And {} more, in report.json.", telling.len() - SHOWN));
    }
    if matches!(row.weight(), Weight::Failed | Weight::Open | Weight::Known | Weight::Warning) {
        inside.say("h4", "Remedy");
        inside.element("dl", &[], |list| {
            list.term("symptom", &row.symptom).term("remedy", &row.remedy);
            for (stack, remedy) in &row.remedies {
                list.term(stack, remedy);
            }
        });
    }
}

/// One finding: expected, seen, what it means.
pub(super) fn write_finding(inside: &mut Markup, finding: &Finding, repeat: Option<&str>) {
    let class = match finding.ruling {
        Outcome::Met => "finding pass",
        Outcome::Violated => "finding fail",
        Outcome::Unwitnessed => "finding open",
    };
    inside.element("dl", &[("class", class)], |list| {
        list.element("dt", &[], |term| {
            term.text(ruling(finding.ruling));
        });
        list.element("dd", &[], |said| {
            said.link(&place("r", finding.requirement.as_str()), finding.requirement.as_str());
            said.text(" in ");
            said.link(&place("s", &format!("{}-{}", finding.scenario, finding.integration)), finding.scenario.as_str());
            said.text(&format!(" [{}] ({})", finding.phase, finding.integration));
        });
        list.term("expected", &finding.expected);
        let facts = facts(finding);
        let facts = if facts.is_empty() { String::new() } else { format!(" (facts {facts})") };
        list.term("seen", &format!("{}{facts}", seen(finding)));
        if let Some(means) = &finding.means {
            list.term("means", means);
        }
        if let (Some(remedy), None) = (&finding.remedy, repeat) {
            list.term("remedy", remedy);
        }
        for warning in &finding.warnings {
            list.term("warning", warning);
        }
        if let (Some(repeat), true) = (repeat, finding.ruling != Outcome::Met) {
            list.element("dt", &[], |term| {
                term.text("repeat");
            });
            list.element("dd", &[], |said| {
                said.say("code", &format!("{repeat} --only {}", finding.scenario));
            });
        }
    });
}
