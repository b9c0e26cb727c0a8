//! `list`: scenarios with what they verify, or the catalogue of a profile.

use super::options::ListWords;
use super::{Exit, Refused, library, say};
use crate::run::rows;

pub(super) fn list(words: &ListWords) -> Result<Exit, Refused> {
    let library = library(words.scenarios.as_deref())?;
    let known: Vec<_> = library.profiles.keys().map(|id| format!("`{id}`")).collect();
    let (profile, _) = library.profiles.get(&words.profile).ok_or_else(|| {
        Refused::Words(format!("no profile is called `{}`, expected {}", words.profile, known.join(", ")))
    })?;
    let mut text = String::new();
    if words.requirements {
        for requirement in &profile.requirements {
            text.push_str(&format!(
                "{:<12} {:<9} {:<38} {}\n",
                requirement.id, requirement.level, requirement.topic, requirement.rule
            ));
        }
    } else {
        for scenario in &library.scenarios {
            let ids: Vec<_> =
                rows(scenario, profile).into_iter().map(|requirement| requirement.id.to_string()).collect();
            text.push_str(&format!("{:<36} {:<24} {}\n", scenario.id, ids.join(" "), scenario.title));
        }
    }
    say(&text);
    Ok(Exit::Ready)
}
