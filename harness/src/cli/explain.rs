//! `explain`: everything that is known about one requirement or one scenario.

use super::options::ExplainWords;
use super::{Exit, Refused, library, say};
use crate::load::Library;
use crate::model::{Proof, Requirement, Scenario, Shape};
use crate::run::{rows, topics};

pub(super) fn explain(words: &ExplainWords) -> Result<Exit, Refused> {
    let library = library(words.scenarios.as_deref())?;
    let requirement = library
        .profiles
        .values()
        .flat_map(|(profile, _)| &profile.requirements)
        .find(|requirement| requirement.id.as_str().eq_ignore_ascii_case(&words.id));
    let scenario = library.scenarios.iter().find(|scenario| scenario.id.as_str() == words.id);
    let text = match (requirement, scenario) {
        (Some(requirement), _) => explain_requirement(requirement, &library),
        (None, Some(scenario)) => explain_scenario(scenario, &library),
        (None, None) => {
            return Err(Refused::Words(format!(
                "`{}` is neither a requirement nor a scenario; `list` and `list --requirements` print them",
                words.id
            )));
        }
    };
    say(&text);
    Ok(Exit::Ready)
}

fn explain_requirement(requirement: &Requirement, library: &Library) -> String {
    let mut text = format!(
        "{} ({}), {}\n\n{}\n\nsource    {}\n",
        requirement.id, requirement.level, requirement.topic, requirement.rule, requirement.source
    );
    let proof = match requirement.proof {
        Proof::Scenario => "by what happens on the wire",
        Proof::File => "by reading files; ships later, until then untested or declared",
        Proof::Declaration => "tested as far as a network of this machine goes, then declared by a person",
        Proof::None => "nothing to prove: Thales' own conduct",
    };
    text.push_str(&format!("proof     {proof}\n"));
    if let Some(beyond) = &requirement.beyond {
        text.push_str(&format!("beyond    {beyond}\n"));
    }
    text.push_str(&format!("symptom   {}\nremedy    {}\n", requirement.symptom, requirement.remedy));
    for (stack, remedy) in &requirement.remedies {
        text.push_str(&format!("  {stack:<8} {remedy}\n"));
    }
    let scenarios: Vec<_> = library
        .scenarios
        .iter()
        .filter(|scenario| {
            topics(scenario).iter().any(|topic| requirement.is_about(topic))
                || requirement.observed.iter().any(|observed| observed.scenario == scenario.id)
        })
        .map(|scenario| format!("  {:<36} {}\n", scenario.id, scenario.title))
        .collect();
    if !scenarios.is_empty() {
        text.push_str(&format!("\nscenarios\n{}", scenarios.concat()));
    }
    text
}

fn explain_scenario(scenario: &Scenario, library: &Library) -> String {
    let mut text = format!("{}\n{}\n", scenario.id, scenario.title);
    if !scenario.about.is_empty() {
        text.push_str(&format!("\n{}\n", scenario.about.trim()));
    }
    match &scenario.shape {
        Shape::Table { rows, .. } => {
            text.push_str("\nrows, each played between two controls\n");
            for row in rows {
                let means = row.means.as_ref().map_or_else(String::new, |means| format!(": a violation {means}"));
                text.push_str(&format!("  {} ({}){means}\n", row.difference, row.verifies));
            }
        }
        Shape::Steps { steps, .. } => {
            text.push_str(&format!("\n{} step(s) in time\n", steps.len()));
        }
    }
    text.push_str("\nverifies\n");
    for (profile, _) in library.profiles.values() {
        for requirement in rows(scenario, profile) {
            text.push_str(&format!("  {} ({}) {}\n", requirement.id, requirement.level, requirement.rule));
        }
    }
    text
}
