//! From a profile's file to the model.

use std::collections::BTreeSet;

use super::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::model::Profile;

/// Reads one profile. `name` is what its path says.
pub(super) fn read(place: &Place, name: &str) -> Result<Profile, Diagnostics> {
    let profile: Profile = place.parse()?;
    let mut faults = Diagnostics::default();
    let mut fault = |message: String| faults.push(Diagnostic::file(&place.path, message));
    if profile.id != name {
        fault(format!("the id is `{}`, expected `{name}` as in the file's name", profile.id));
    }
    if profile.environments.is_empty() {
        fault("there is no `[[environment]]`, expected at least one".to_owned());
    }
    let mut ids = BTreeSet::new();
    let mut topics = BTreeSet::new();
    for requirement in &profile.requirements {
        if !ids.insert(&requirement.id) {
            fault(format!("requirement `{}` stands twice", requirement.id));
        }
        for topic in [&requirement.topic].into_iter().chain(&requirement.also) {
            if !topics.insert(topic) {
                fault(format!("two requirements are about `{topic}`: a topic belongs to one"));
            }
        }
    }
    faults.finish(profile)
}
