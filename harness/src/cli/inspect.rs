//! `inspect`: reads certificates, requests and stores, and says which requirements they break. Nothing is connected to.

use std::fs;
use std::path::Path;

use mock_thales::observe::CertificateDer;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::options::{InspectWords, PurposeWord};
use super::run::environment_of;
use super::{Exit, Refused, inspected, library, profile_of, say};
use crate::inspect::{Conclusion, Contents, Ground, ParseError, Purpose, ReadError, ReadFault, inspect, read};

/// The variable that holds a store's password: an argument would stand in the list of processes.
const PASSWORD: &str = "THALES_STORE_PASSWORD";
/// What stores of authorities are locked with where nobody chose, since they hold no secret.
const CUSTOMARY: &str = "changeit";

pub(super) fn run(words: &InspectWords) -> Result<Exit, Refused> {
    let library = library(words.scenarios.as_deref())?;
    let profile = profile_of(&words.profile, &library)?;
    let environment = environment_of(profile, Some(&words.environment))?;
    let at = match &words.at {
        Some(text) => OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|error| Refused::Words(format!("--at: `{text}` is no moment of RFC 3339: {error}")))?,
        None => OffsetDateTime::now_utc(),
    };
    let password = password(words)?;
    let open = |path: &Path| open(path, password.as_deref());
    let beside = |path: &Path| open(path).map_err(|error| Refused::Words(error.to_string()));
    let previous = words.previous.as_deref().map(beside).transpose()?;
    let trust_store = words.trust_store.as_deref().map(beside).transpose()?;
    let authority = words.authority.as_deref().map(beside).transpose()?;
    let ground = Ground {
        profile,
        profiles: library.profiles.values().map(|(profile, _)| profile).collect(),
        environment,
        common_name: words.common_name.as_deref(),
        cn_template: words.cn_template.as_deref(),
        customer_id: words.customer_id.as_deref(),
        host: words.host.as_deref(),
        authority: authority.map(|contents| certificates(&contents)).unwrap_or_default(),
        trust_store: trust_store.as_ref(),
        previous: previous.as_ref(),
        stated: words.purpose.map(purpose),
        at,
    };
    let files = words.files.iter().map(|path| (path.clone(), open(path))).collect();
    let inspection = inspect(&ground, files);
    let text = if words.json {
        match serde_json::to_string_pretty(&inspection) {
            Ok(text) => text + "\n",
            Err(_) => return Ok(Exit::Fault),
        }
    } else {
        inspected::text(&inspection)
    };
    say(&text);
    Ok(match inspection.conclusion() {
        Conclusion::Sound => Exit::Ready,
        Conclusion::Broken => Exit::NotReady,
        Conclusion::Unjudged => Exit::Usage,
    })
}

/// Reads a file with the password that was given, or else with none and with the customary one.
fn open(path: &Path, password: Option<&str>) -> Result<Contents, ReadError> {
    let found = read(path, password);
    match &found {
        Err(ReadError { fault: ReadFault::Parse(ParseError::PasswordNeeded { .. }), .. }) if password.is_none() => {
            read(path, Some(CUSTOMARY)).or(found)
        }
        _ => found,
    }
}

fn password(words: &InspectWords) -> Result<Option<String>, Refused> {
    let Some(path) = &words.password_file else {
        return match std::env::var(PASSWORD) {
            Ok(password) => Ok(Some(password)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(_) => Err(Refused::Words(format!("{PASSWORD} is no text"))),
        };
    };
    let text = fs::read_to_string(path)
        .map_err(|error| Refused::Words(format!("{}: cannot be read: {error}", path.display())))?;
    Ok(Some(text.lines().next().unwrap_or_default().to_owned()))
}

fn certificates(contents: &Contents) -> Vec<CertificateDer> {
    contents.certificates().map(|(_, der)| der.clone()).collect()
}

fn purpose(word: PurposeWord) -> Purpose {
    match word {
        PurposeWord::ClientCertificate => Purpose::ClientCertificate,
        PurposeWord::Request => Purpose::Request,
        PurposeWord::ServerChain => Purpose::ServerChain,
        PurposeWord::ServerTrust => Purpose::ServerTrust,
        PurposeWord::ClientTrust => Purpose::ClientTrust,
    }
}
