//! `explain`: everything that is known about one requirement or one scenario.

use super::options::ExplainWords;
use super::{Exit, Refused, chosen, library, say};
use crate::load::Library;
use crate::model::{Profile, Requirement, Scenario, Shape};
use crate::report::catalogue;
use crate::run::{rows, topics};

pub(super) fn explain(words: &ExplainWords) -> Result<Exit, Refused> {
    let library = library(words.scenarios.as_deref())?;
    let profiles = chosen(&library, words.profile.as_deref())?;
    let requirements = requirements(&profiles, &words.id);
    let scenario = library.scenarios.iter().find(|scenario| scenario.id.as_str() == words.id);
    let text = match scenario {
        _ if !requirements.is_empty() => {
            let texts: Vec<_> = requirements
                .iter()
                .map(|(requirement, profiles)| explain_requirement(requirement, profiles, &library))
                .collect();
            texts.join("\n")
        }
        Some(scenario) => explain_scenario(scenario, &profiles),
        None => {
            let place = words.profile.as_ref().map_or_else(String::new, |profile| format!(" of profile `{profile}`"));
            return Err(Refused::Words(format!(
                "`{}` is neither a requirement{place} nor a scenario; `list` and `list --requirements` print them",
                words.id
            )));
        }
    };
    say(&text);
    Ok(Exit::Ready)
}

/// The rows of that id, each with the profiles in which it stands: an id may stand in several, with the same text or not.
fn requirements<'a>(profiles: &[&'a Profile], id: &str) -> Vec<(&'a Requirement, Vec<&'a Profile>)> {
    let mut found: Vec<(&Requirement, Vec<&Profile>)> = Vec::new();
    for &profile in profiles {
        for requirement in profile.requirements.iter().filter(|row| row.id.as_str().eq_ignore_ascii_case(id)) {
            match found.iter_mut().find(|(same, _)| *same == requirement) {
                Some((_, profiles)) => profiles.push(profile),
                None => found.push((requirement, vec![profile])),
            }
        }
    }
    found
}

fn explain_requirement(requirement: &Requirement, profiles: &[&Profile], library: &Library) -> String {
    let ids: Vec<_> = profiles.iter().map(|profile| profile.id.as_str()).collect();
    let topics_of: Vec<_> = catalogue::topics(requirement);
    let mut text = format!(
        "{} ({}), {}\n{}\n\n{}\n\nsource    {}\nproof     {}\n",
        requirement.id,
        requirement.level,
        topics_of.join(", "),
        ids.join(", "),
        requirement.rule,
        requirement.source,
        catalogue::proof(requirement.proof)
    );
    if let Some(beyond) = &requirement.beyond {
        text.push_str(&format!("beyond    {beyond}\n"));
    }
    let group = profiles.iter().flat_map(|profile| catalogue::group(requirement, profile)).collect::<Vec<_>>();
    if !group.is_empty() {
        text.push_str(&format!("any of    {}: one suffices, and each shows the verdict of all\n", group.join(", ")));
    }
    for decision in &requirement.decisions {
        text.push_str(&format!("decided   {decision}\n"));
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

fn explain_scenario(scenario: &Scenario, profiles: &[&Profile]) -> String {
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
    for profile in profiles {
        for requirement in rows(scenario, profile) {
            text.push_str(&format!("  {} ({}) {}\n", requirement.id, requirement.level, requirement.rule));
        }
    }
    text
}
