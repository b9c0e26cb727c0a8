//! `verify`: whether a bundle is a certificate, from the bundle alone.

use std::io::{Write, stderr};
use std::time::Duration;

use time::OffsetDateTime;

use super::options::VerifyWords;
use super::{Exit, Refused, library, say};
use crate::certify::{self, Certificate, Demands, PublicKey};
use crate::verdict::Readiness;

pub(super) fn verify(words: &VerifyWords) -> Result<Exit, Refused> {
    let library = library(None)?;
    let keys = words.public_key.iter().map(|path| PublicKey::read(path)).collect::<Result<Vec<_>, _>>();
    let keys = keys.map_err(|error| Refused::Words(error.to_string()))?;
    let (challenge, max_age) = (words.challenge.as_deref(), words.max_age);
    let demands = Demands { keys: &keys, challenge, max_age, now: OffsetDateTime::now_utc() };
    match certify::verify(&words.bundle, &library, &demands) {
        Ok(certificate) => {
            let mut text = describe(&certificate);
            for keyid in &certificate.keys {
                let is_known = keys.iter().any(|key| key.id() == *keyid);
                let known = if is_known { "the key given" } else { "whose it is, only --public-key tells" };
                text.push_str(&format!("signed by   {keyid} ({known})\n"));
            }
            say(&text);
            Ok(match certificate.conformance.readiness {
                Readiness::Ready => Exit::Ready,
                Readiness::NotReady => Exit::NotReady,
                Readiness::Incomplete | Readiness::Partial => Exit::Incomplete,
            })
        }
        Err(flaw) => {
            let _ = writeln!(stderr(), "{}: refused: {flaw}", words.bundle.display());
            Ok(Exit::NotReady)
        }
    }
}

/// What a certificate says, for a person.
pub(super) fn describe(certificate: &Certificate) -> String {
    let said = &certificate.conformance;
    let mut text = format!(
        "readiness   {}\nintegration {} {}\nagainst     {}, {} ({} scenarios, none left out)\nbegan       {}\n\
         certificate sha256:{}\n",
        said.readiness,
        said.integration,
        said.version,
        said.profile,
        said.environment,
        said.planned,
        said.started,
        certificate.digest
    );
    if let Some(challenge) = &said.challenge {
        text.push_str(&format!("challenge   {challenge}\n"));
    }
    if let Some(after) = &said.after {
        let programs = if after.same_programs { "the same programs" } else { "other programs" };
        text.push_str(&format!("after       {} sha256:{} ({programs})\n", after.environment, after.sha256));
    }
    text.push_str(&format!("unofficial  {}\n", said.unofficial));
    text
}

/// A span such as `90d`, `12h` or `30m`.
pub(super) fn span(word: &str) -> Result<Duration, String> {
    let digits = word.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &word[digits.len()..] {
        "d" => Some(86_400),
        "h" => Some(3600),
        "m" => Some(60),
        _ => None,
    };
    unit.and_then(|unit| digits.parse::<u64>().ok()?.checked_mul(unit))
        .map(Duration::from_secs)
        .ok_or_else(|| "expected a span of time such as `90d`, `12h` or `30m`".to_owned())
}
