//! `list`: scenarios with what they verify, or the catalogue of one profile or of all.

use super::options::ListWords;
use super::{Exit, Refused, chosen, library, say};
use crate::load::Library;
use crate::model::Profile;
use crate::report::catalogue;
use crate::run::rows;

/// Whose requirements stand beside the scenarios where no profile is named: those of all would not fit into a line.
const PROFILE: &str = "classic-tokenization";

pub(super) fn list(words: &ListWords) -> Result<Exit, Refused> {
    let library = library(words.scenarios.as_deref())?;
    let text = match (words.requirements, &words.profile) {
        (true, only) => {
            let profiles = chosen(&library, only.as_deref())?;
            if words.markdown { catalogue::markdown(&profiles) } else { catalogue::table(&profiles) }
        }
        (false, only) => {
            let profiles = chosen(&library, Some(only.as_deref().unwrap_or(PROFILE)))?;
            profiles.into_iter().map(|profile| scenarios(&library, profile)).collect()
        }
    };
    say(&text);
    Ok(Exit::Ready)
}

fn scenarios(library: &Library, profile: &Profile) -> String {
    let mut text = String::new();
    for scenario in &library.scenarios {
        let ids: Vec<_> = rows(scenario, profile).into_iter().map(|requirement| requirement.id.to_string()).collect();
        text.push_str(&format!("{:<36} {:<24} {}\n", scenario.id, ids.join(" "), scenario.title));
    }
    text
}
