//! The page: its frame, its head, and the order of its parts.

use mock_thales::observe::Log;

use super::super::difference::Difference;
use super::super::document::Report;
use super::super::row::Weight;
use super::super::words;
use super::markup::{Markup, place};
use super::{changes, exhibit, overview, requirements, scenarios};
use crate::model::Header;
use crate::verdict::Readiness;

const STYLE: &str = include_str!("style.css");

/// What a page is made of.
#[derive(Debug)]
pub struct Page<'a> {
    /// The report.
    pub report: &'a Report,
    /// The log of each of its scenarios, in their order; `None` where the harness failed.
    pub logs: Vec<Option<&'a Log<Header>>>,
    /// What changed since an earlier report.
    pub difference: Option<Difference>,
    /// The command that repeats the run, without a selection.
    pub repeat: &'a str,
}

/// The page as one file.
pub fn render(page: &Page<'_>) -> String {
    let report = page.report;
    let mut markup = Markup::default();
    markup.fixed("<!DOCTYPE html>\n");
    markup.element("html", &[("lang", "en")], |html| {
        html.element("head", &[], |head| {
            head.fixed("<meta charset=\"utf-8\"/>");
            // Nothing is fetched and nothing runs, whatever might have slipped in.
            head.fixed("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\"/>");
            head.fixed("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>");
            head.fixed("<meta name=\"color-scheme\" content=\"light dark\"/>");
            head.say("title", &format!("{}: {} against {}", report.readiness, report.integration.name, report.product));
            head.fixed("<style>").fixed(STYLE).fixed("</style>");
        });
        html.element("body", &[], |body| {
            body.fixed("<a class=\"skip\" href=\"#main\">To the report</a>");
            body.element("header", &[], |head| masthead(head, report));
            contents(body, page);
            body.element("main", &[("id", "main")], |main| {
                gaps(main, report);
                notes(main, report);
                if let Some(difference) = &page.difference {
                    changes::write(main, difference);
                }
                exhibit::write(main, report);
                overview::write(main, report);
                requirements::write(main, page);
                scenarios::write(main, page);
            });
            body.element("footer", &[], |foot| {
                foot.say("p", &format!("{} thales-harness {}.", report.unofficial, report.harness));
            });
        });
    });
    markup.finish()
}

fn masthead(head: &mut Markup, report: &Report) {
    head.say("h1", &format!("{} {}", report.integration.name, report.integration.version));
    let network = words::network(report.network);
    head.say("p", &format!("against {}, {} ({network})", report.product, report.environment));
    let class = match report.readiness {
        Readiness::Ready => "badge pass",
        Readiness::NotReady => "badge fail",
        Readiness::Incomplete => "badge open",
        Readiness::Partial => "badge quiet",
    };
    head.element("p", &[], |line| {
        line.element("strong", &[("class", class)], |badge| {
            badge.text(&format!("Readiness: {}", report.readiness));
        });
        line.text(&format!(" {}", words::readiness(report)));
    });
    let scenarios = report.scenarios.len();
    head.say(
        "p",
        &format!("{scenarios} scenarios, {} requirements: {}", report.counted().count(), words::counts(report)),
    );
    let started = report.started.as_deref().map_or_else(|| "never".to_owned(), moment);
    head.say_as("p", "note", &format!("Unofficial, self-attested: no statement of Thales. Run begun {started}."));
}

/// A date of RFC 3339 in UTC as a person writes it, to the second.
fn moment(date: &str) -> String {
    let whole = date.split(['.', 'Z']).next().unwrap_or(date);
    format!("{} UTC", whole.replacen('T', " ", 1))
}

fn contents(body: &mut Markup, page: &Page<'_>) {
    body.element("nav", &[("aria-label", "Parts of this report")], |nav| {
        nav.element("ul", &[], |list| {
            let parts = [
                ("gaps", "Gaps"),
                ("notes", "Notes"),
                ("changes", "Changes"),
                ("onboarding", "Onboarding"),
                ("measured", "Measured"),
                ("declared", "Declared"),
                ("reach", "Reach"),
                ("requirements", "Requirements"),
                ("scenarios", "Scenarios"),
            ];
            let is_there = |place: &str| match place {
                "notes" => !page.report.notes.is_empty(),
                "changes" => page.difference.is_some(),
                _ => true,
            };
            for (place, name) in parts.into_iter().filter(|(place, _)| is_there(place)) {
                list.element("li", &[], |item| {
                    item.link(place, name);
                });
            }
        });
    });
}

/// What is not as it should be, gravest first.
fn gaps(main: &mut Markup, report: &Report) {
    main.element("section", &[("aria-labelledby", "gaps")], |section| {
        section.fixed("<h2 id=\"gaps\">Gaps</h2>");
        for (weight, title) in [
            (Weight::Failed, "A MUST failed"),
            (Weight::Open, "A MUST that the wire does not decide"),
            (Weight::Untested, "A MUST that was not tested"),
            (Weight::Known, "Known deviations: a person answers for each until a day"),
            (Weight::Warning, "Warnings: these do not decide readiness"),
        ] {
            let rows: Vec<_> = report.shown().filter(|row| row.weight() == weight).collect();
            if rows.is_empty() {
                continue;
            }
            section.say("h3", title);
            section.element("ul", &[("class", "gaps")], |list| {
                for row in rows {
                    list.element("li", &[("class", class(weight))], |item| {
                        item.link(&place("r", row.id.as_str()), row.id.as_str());
                        item.text(&format!(" {} ({}), {}: ", row.verdict, row.level, row.topic));
                        item.text(&row.because());
                        item.text(&row.deviation.as_ref().map_or_else(String::new, |known| format!(" [{known}]")));
                        let means = row.telling().into_iter().find_map(|finding| finding.means.clone());
                        item.text(&means.map_or_else(String::new, |means| format!(" ({means})")));
                    });
                }
            });
        }
        if report.stale().next().is_some() {
            section.say("h3", "Deviations that are stale");
            section.element("ul", &[("class", "gaps")], |list| {
                for stale in report.stale() {
                    list.say_as("li", "fail", &format!("✗ {}", stale.sentence()));
                }
            });
        }
        let faults: Vec<_> = report.scenarios.iter().filter(|scenario| scenario.fault.is_some()).collect();
        if !faults.is_empty() {
            section.say("h3", "The harness itself failed");
            section.element("ul", &[], |list| {
                for scenario in faults {
                    let fault = scenario.fault.as_deref().unwrap_or_default();
                    list.say("li", &format!("{} ({}): {fault}", scenario.id, scenario.integration));
                }
            });
        } else if report.shown().all(|row| row.weight() > Weight::Warning) && report.stale().next().is_none() {
            section.say("p", "None was found. What even this does not prove stands under Reach.");
        }
    });
}

/// What is to be known of the run as a whole.
fn notes(main: &mut Markup, report: &Report) {
    if report.notes.is_empty() {
        return;
    }
    main.element("section", &[("aria-labelledby", "notes")], |section| {
        section.fixed("<h2 id=\"notes\">Notes</h2>");
        section.element("ul", &[], |list| {
            for note in &report.notes {
                list.say("li", note);
            }
        });
    });
}

/// The class of what asks so much of its reader.
pub(super) fn class(weight: Weight) -> &'static str {
    match weight {
        Weight::Failed => "fail",
        Weight::Open => "open",
        Weight::Untested | Weight::Quiet => "quiet",
        Weight::Known | Weight::Warning => "warn",
        Weight::Passed => "pass",
    }
}

/// A sign beside the word, so that colour is never alone.
pub(super) fn sign(weight: Weight) -> &'static str {
    match weight {
        Weight::Failed => "✗",
        Weight::Open => "?",
        Weight::Untested | Weight::Quiet => "–",
        Weight::Known => "≈",
        Weight::Warning => "!",
        Weight::Passed => "✓",
    }
}
