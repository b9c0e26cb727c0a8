//! From a profile's file to the model.

use std::collections::{BTreeMap, BTreeSet};

use super::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::model::{CommonNameRule, OAuth, Profile, Requirement};

/// Digits of a SHA-256 in hex.
const SHA256_DIGITS: usize = 64;

/// Reads one profile. `name` is what its path says.
pub(super) fn read(place: &Place, name: &str) -> Result<Profile, Diagnostics> {
    let profile: Profile = place.parse()?;
    let mut faults = Vec::new();
    if profile.id != name {
        faults.push(format!("the id is `{}`, expected `{name}` as in the file's name", profile.id));
    }
    environments(&profile, &mut faults);
    policy(&profile, &mut faults);
    requirements(&profile, &mut faults);
    let mut found = Diagnostics::default();
    for message in faults {
        found.push(Diagnostic::file(&place.path, message));
    }
    found.finish(profile)
}

fn environments(profile: &Profile, faults: &mut Vec<String>) {
    if profile.environments.is_empty() {
        faults.push("there is no `[[environment]]`, expected at least one".to_owned());
    }
    for environment in &profile.environments {
        let path = &environment.base_path;
        // Whoever appends a resource brings the slash between the two: with one at the end there would be two.
        if !path.starts_with('/') || (path.ends_with('/') && path != "/") {
            faults.push(format!(
                "environment `{}`: the base-path is `{path}`, expected a path that begins with a slash and ends with \
                 none, or `/`",
                environment.id
            ));
        }
    }
    let is_pattern = matches!(profile.client_certificate.common_name, CommonNameRule::Pattern { .. });
    for environment in &profile.environments {
        match (is_pattern, &environment.word) {
            (true, None) => faults.push(format!(
                "environment `{}` has no `word`, expected one as common-name is a pattern that names the environment",
                environment.id
            )),
            (false, Some(word)) => faults.push(format!(
                "environment `{}` has the word `{word}`, expected none as common-name is no pattern",
                environment.id
            )),
            _ => {}
        }
    }
    let words: Vec<_> = profile.environments.iter().filter_map(|environment| environment.word.as_ref()).collect();
    let different: BTreeSet<_> = words.iter().collect();
    if different.len() < words.len() {
        faults.push("two environments have the same `word`, expected one of its own for each".to_owned());
    }
}

fn policy(profile: &Profile, faults: &mut Vec<String>) {
    if profile.customer_id.length == Some(0) {
        faults
            .push("customer-id: the length is 0, expected at least 1, or no length where none is published".to_owned());
    }
    for published in &profile.server_authority.published {
        let is_digest = published.sha256.len() == SHA256_DIGITS
            && published.sha256.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if !is_digest {
            faults.push(format!(
                "server-authority: the sha256 of `{}` is `{}`, expected {SHA256_DIGITS} digits of lower-case hex",
                published.name, published.sha256
            ));
        }
    }
    if let Some(OAuth { token_path, .. }) = profile.oauth.as_ref().filter(|oauth| !oauth.token_path.starts_with('/')) {
        faults.push(format!("oauth: the token-path is `{token_path}`, expected a path that begins with a slash"));
    }
}

fn requirements(profile: &Profile, faults: &mut Vec<String>) {
    let mut ids = BTreeSet::new();
    let mut topics = BTreeSet::new();
    let mut groups: BTreeMap<&str, Vec<&Requirement>> = BTreeMap::new();
    for requirement in &profile.requirements {
        if !ids.insert(&requirement.id) {
            faults.push(format!("requirement `{}` stands twice", requirement.id));
        }
        for topic in [&requirement.topic].into_iter().chain(&requirement.also) {
            if !topics.insert(topic) {
                faults.push(format!("two requirements are about `{topic}`: a topic belongs to one"));
            }
        }
        if let Some(group) = &requirement.any_of {
            groups.entry(group).or_default().push(requirement);
        }
    }
    for (group, rows) in groups {
        if let [alone] = rows.as_slice() {
            faults.push(format!(
                "requirement `{}` is alone in any-of `{group}`, expected at least two rows of which one suffices",
                alone.id
            ));
        }
        if rows.iter().any(|row| row.level != rows[0].level) {
            faults.push(format!("the rows of any-of `{group}` differ in level, expected one level for all"));
        }
    }
}
