//! From an integration file to the model, with its references to profile, requirements and assets checked.

use std::fs;
use std::path::Path;

use super::diagnostic::{Diagnostic, Diagnostics, Place};
use super::library::Library;
use crate::model::assets::ASSETS;
use crate::model::{IntegrationFile, Issuance};

/// Reads an integration file.
///
/// # Errors
/// Every fault of the file: its syntax first; then unknown profiles, environments, requirements and assets.
pub fn load_integration(path: &Path, library: &Library) -> Result<IntegrationFile, Diagnostics> {
    let text = fs::read_to_string(path).map_err(|error| Diagnostic::file(path, format!("cannot be read: {error}")))?;
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
    for caller in &file.callers {
        if caller.command.is_some() == caller.stdio.is_some() {
            fault(format!("caller `{}`: expected either `command` or `stdio`", caller.name));
        }
        if caller.command.iter().chain(&caller.stdio).any(Vec::is_empty) {
            fault(format!("caller `{}`: the command is empty, expected a program and its arguments", caller.name));
        }
    }
    for receiver in &file.receivers {
        if receiver.command.is_empty() {
            fault(format!("receiver `{}`: the command is empty, expected a program and its arguments", receiver.name));
        }
        if receiver.requests.is_empty() {
            fault(format!("receiver `{}`: expected at least one `[[receiver.request]]`", receiver.name));
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
