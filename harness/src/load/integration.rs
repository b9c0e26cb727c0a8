//! From an integration file to the model, with its references to profile, requirements and assets checked.

use std::fs;
use std::path::Path;

use super::diagnostic::{Diagnostic, Diagnostics, Place};
use super::library::Library;
use super::{forward, service};
use crate::model::assets::{ASSETS, STORES};
use crate::model::{ChangeOver, IntegrationFile, Issuance, Profile, Receiver, RenewalKeys, StoreWord};

/// Reads an integration file.
///
/// # Errors
/// Every fault of the file: its syntax first; then unknown profiles, environments, requirements and assets.
pub fn load_integration(path: &Path, library: &Library) -> Result<IntegrationFile, Diagnostics> {
    let text = fs::read_to_string(path).map_err(|error| Diagnostic::file(path, format!("cannot be read: {error}")))?;
    parse_integration(path, text, library)
}

/// Reads the text of an integration file; `path` is what faults name.
///
/// # Errors
/// As [`load_integration`].
pub fn parse_integration(path: &Path, text: String, library: &Library) -> Result<IntegrationFile, Diagnostics> {
    let place = Place { path: path.to_owned(), text };
    let file: IntegrationFile = place.parse()?;
    let mut faults = Diagnostics::default();
    let mut fault = |message: String| faults.push(Diagnostic::file(path, message));
    match library.profiles.get(&file.profile) {
        None => {
            let known: Vec<_> = library.profiles.keys().map(|id| format!("`{id}`")).collect();
            fault(format!("no profile is called `{}`, expected {}", file.profile, known.join(", ")));
        }
        Some((profile, _)) => {
            if let Some(wanted) = &file.environment
                && profile.environment(wanted).is_none()
            {
                let known: Vec<_> = profile.environments.iter().map(|known| format!("`{}`", known.id)).collect();
                fault(format!("{} has no environment `{wanted}`, expected {}", profile.id, known.join(" or ")));
            }
            if profile.client_certificate.issuance == Issuance::SelfSigned {
                let own = "the customer signs its client certificate itself, expected `client-certificate`";
                if file.identity.client_csr.is_some() {
                    fault(format!("[identity] client-csr: with {} {own}", profile.id));
                }
                if file.portal.customer_authority.is_some() {
                    fault(format!("[portal] customer-authority: with {} {own}", profile.id));
                }
            }
            for id in file.declares.keys() {
                if profile.requirement(id).is_none() {
                    fault(format!("{} has no requirement `{id}` to declare", profile.id));
                }
            }
        }
    }
    if let Some((profile, _)) = library.profiles.get(&file.profile) {
        environments(&file, profile).into_iter().for_each(&mut fault);
    }
    if file.identity.client_csr.is_some() {
        if file.identity.client_certificate.is_some() {
            fault("[identity] has client-csr and client-certificate: expected one of them".to_owned());
        } else if file.portal.customer_authority.is_some() {
            fault(
                "[portal] customer-authority belongs to client-certificate: the run's own authority signs client-csr"
                    .to_owned(),
            );
        }
    }
    if file.portal.dir.is_some() && file.identity.client_csr.is_some() {
        fault(
            "[identity] client-csr: a run would sign it anew, and what runs already has its certificate: expected \
             `client-certificate`, as `thales-harness sign` writes it with the portal's authorities"
                .to_owned(),
        );
    }
    service::faults(&file).into_iter().for_each(&mut fault);
    let profile = library.profiles.get(&file.profile).map(|(profile, _)| profile);
    forward::faults(&file, profile).into_iter().for_each(&mut fault);
    for receiver in &file.receivers {
        if receiver.requests.is_empty() {
            fault(format!("receiver `{}`: expected at least one `[[receiver.request]]`", receiver.name));
        }
        if let Some((profile, _)) = library.profiles.get(&file.profile) {
            access(receiver, profile).into_iter().for_each(&mut fault);
        }
        for request in &receiver.requests {
            if request.status.is_empty() {
                fault(format!("receiver `{}`: a request says which statuses are good", receiver.name));
            }
        }
    }
    if file.callers.is_empty() && file.receivers.is_empty() {
        fault("nothing to test: expected a `[[caller]]` or a `[[receiver]]`".to_owned());
    }
    if let Some(renewal) = &file.renewal {
        for message in renewal_faults(&file, renewal) {
            fault(message);
        }
    }
    for (target, asset) in &file.files {
        if !target.is_absolute() {
            fault(format!("`{}` in [files] is no absolute path", target.display()));
        }
        if !ASSETS.contains(&asset.as_str()) {
            fault(format!("`{asset}` in [files] is no asset, expected one of {}", ASSETS.join(", ")));
        }
    }
    faults.finish(file)
}

/// What does not fit in what a receiver wants to hear from Thales beside its certificate.
fn access(receiver: &Receiver, profile: &Profile) -> Vec<String> {
    let name = &receiver.name;
    let mut faults = Vec::new();
    let has = |topic: &str| topic.parse().is_ok_and(|topic| profile.about(&topic).is_some());
    if receiver.api_key.is_some() && !has("supplement.receiver-api-key") {
        faults.push(format!("receiver `{name}`: with {} Thales sends no API key, expected no `api-key`", profile.id));
    }
    if let Some(oauth) = &receiver.oauth {
        if !has("supplement.outbound-oauth") {
            faults
                .push(format!("receiver `{name}`: with {} Thales asks for no token, expected no `oauth`", profile.id));
        }
        if !oauth.token_path.starts_with('/') {
            let path = &oauth.token_path;
            faults.push(format!("receiver `{name}`: token-path is `{path}`, expected a path that begins with a slash"));
        }
    }
    if receiver.api_key.is_some() && receiver.oauth.is_some() {
        faults.push(format!("receiver `{name}` has `api-key` and `oauth`: expected one of them"));
    }
    faults
}

/// What does not fit in `[renewal]`.
fn renewal_faults(file: &IntegrationFile, renewal: &RenewalKeys) -> Vec<String> {
    let mut faults = Vec::new();
    let has_former = file.identity.client_certificate.is_some() || file.identity.client_csr.is_some();
    let former = (has_former, file.identity.client_key.is_some());
    let has_renewed = renewal.client_certificate.is_some() || renewal.client_csr.is_some();
    match (former, (has_renewed, renewal.client_key.is_some())) {
        ((false, _), (true, _) | (_, true)) => faults.push(
            "[renewal] has a certificate and [identity] has none: it renews what the harness issues, or both are yours"
                .to_owned(),
        ),
        ((true, _), (false, _)) => {
            faults.push(
                "[renewal] needs `client-certificate` or `client-csr`: [identity] has one of your own, which it is to follow"
                    .to_owned(),
            );
        }
        ((true, true), (true, false)) => faults.push("[renewal] needs `client-key`, as [identity] has one".to_owned()),
        ((true, false), (true, true)) => faults.push(
            "[renewal] has a `client-key` and [identity] has none: the integration holds its key itself".to_owned(),
        ),
        _ => {}
    }
    match &renewal.by {
        ChangeOver::Command(words) if words.is_empty() => {
            faults.push("[renewal] by: the command is empty, expected a program and its arguments".to_owned());
        }
        ChangeOver::Signal(_)
            if file.callers.iter().all(|caller| caller.stdio.is_none() && caller.service.is_none()) =>
        {
            let why = "no caller is a driver (`stdio`) or a service, which run on between two calls";
            faults.push(format!("[renewal] by: there is no process to signal, {why}"));
        }
        _ => {}
    }
    faults
}

/// What is wrong with `[environments]` and `[stores]`.
fn environments(file: &IntegrationFile, profile: &Profile) -> Vec<String> {
    let mut faults = Vec::new();
    let own = file.environment.as_deref().or(profile.environments.first().map(|first| first.id.as_str()));
    let known: Vec<_> = profile.environments.iter().map(|known| format!("`{}`", known.id)).collect();
    let unknown = |id: &str| format!("{} has no environment `{id}`, expected {}", profile.id, known.join(" or "));
    for (id, tables) in &file.environments {
        if tables.portal.dir.is_some() {
            faults.push(format!("[environments.{id}.portal] dir: a run has one portal, expected it in [portal]"));
        }
        if profile.environment(id).is_none() {
            faults.push(format!("[environments.{id}]: {}", unknown(id)));
        } else if own == Some(id.as_str()) {
            faults.push(format!("[environments.{id}]: [portal] and [identity] are about it, expected another one"));
        }
    }
    let asset = |name: &str, table: &str| {
        (!STORES.contains(&name))
            .then(|| format!("`{name}` in {table} is no store, expected one of {}", STORES.join(", ")))
    };
    for (name, word) in &file.stores {
        match word {
            StoreWord::File(_) => faults.extend(asset(name, "[stores]")),
            StoreWord::Of(_) if profile.environment(name).is_none() => {
                faults.push(format!("[stores.{name}]: {}", unknown(name)));
            }
            StoreWord::Of(stores) => {
                let table = format!("[stores.{name}]");
                faults.extend(stores.keys().filter_map(|asset_name| asset(asset_name, &table)));
                let twice = |asset_name: &&String| own == Some(name.as_str()) && file.stores.contains_key(*asset_name);
                faults.extend(stores.keys().filter(twice).map(|asset_name| {
                    format!("`{asset_name}` stands in [stores] and in {table}, which are about the same environment")
                }));
            }
        }
    }
    faults
}
