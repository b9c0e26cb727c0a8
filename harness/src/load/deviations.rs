//! From `deviations.toml` to the model: one subject each, with reason, owner, last day and signature.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use time::{Date, Month};
use toml::Spanned;
use toml::value::Datetime;

use super::diagnostic::{Diagnostic, Diagnostics, Place};
use super::library::Library;
use crate::model::{Deviant, Deviation, LONGEST_DEVIATION_DAYS, RequirementId, ScenarioId};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct DeviationsFile {
    #[serde(default, rename = "deviation")]
    deviations: Vec<Spanned<DeviationKeys>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct DeviationKeys {
    #[serde(default)]
    requirement: Option<Spanned<RequirementId>>,
    #[serde(default)]
    scenario: Option<Spanned<ScenarioId>>,
    #[serde(default)]
    part: Option<String>,
    reason: Spanned<String>,
    owner: Spanned<String>,
    expires: Spanned<Datetime>,
    signature: Spanned<Vec<String>>,
}

/// Reads known deviations. `today` bounds how long they may still last.
///
/// # Errors
/// Every fault of the file.
pub fn load_deviations(path: &Path, library: &Library, today: Date) -> Result<Vec<Deviation>, Diagnostics> {
    let text = fs::read_to_string(path).map_err(|error| Diagnostic::file(path, format!("cannot be read: {error}")))?;
    let place = Place { path: path.to_owned(), text };
    let file: DeviationsFile = place.parse()?;
    let mut faults = Diagnostics::default();
    let mut deviations: Vec<Deviation> = Vec::new();
    for entry in file.deviations {
        let mut fault = |span: std::ops::Range<usize>, message: &str| faults.push(place.fault(Some(span), message));
        let span = entry.span();
        let keys = entry.into_inner();
        let of = match (keys.requirement, keys.scenario) {
            (Some(id), None) => {
                let is_known = |(profile, _): &(crate::model::Profile, String)| {
                    profile.requirements.iter().any(|requirement| requirement.id == *id.as_ref())
                };
                if !library.profiles.values().any(is_known) {
                    fault(id.span(), "no profile has this requirement; `list --requirements` prints them");
                }
                Deviant::Requirement(id.into_inner())
            }
            (None, Some(id)) => {
                if !library.scenarios.iter().any(|scenario| scenario.id == *id.as_ref()) {
                    fault(id.span(), "there is no such scenario; `list` prints them");
                }
                Deviant::Scenario(id.into_inner())
            }
            _ => {
                fault(span, "a deviation is about one thing: expected either `requirement` or `scenario`");
                continue;
            }
        };
        for words in [&keys.reason, &keys.owner] {
            if words.as_ref().trim().is_empty() {
                fault(words.span(), "somebody answers for a deviation and says why: expected words");
            }
        }
        if keys.signature.as_ref().iter().all(|piece| piece.trim().is_empty()) {
            fault(keys.signature.span(), "a failure is known by what is seen of it: expected a piece of that text");
        }
        let Some(expires) = date(keys.expires.as_ref()) else {
            fault(keys.expires.span(), "expected a date such as 2026-12-31");
            continue;
        };
        if (expires - today).whole_days() > LONGEST_DEVIATION_DAYS {
            fault(keys.expires.span(), "a deviation lasts for 180 days from today at most");
        }
        if deviations.iter().any(|known| known.of == of && (known.part == keys.part)) {
            fault(span, "another deviation is about the same");
        }
        deviations.push(Deviation {
            of,
            part: keys.part,
            reason: keys.reason.into_inner(),
            owner: keys.owner.into_inner(),
            expires,
            signature: keys.signature.into_inner(),
        });
    }
    faults.finish(deviations)
}

fn date(datetime: &Datetime) -> Option<Date> {
    let date = datetime.date.filter(|_| datetime.time.is_none())?;
    Date::from_calendar_date(date.year.into(), Month::try_from(date.month).ok()?, date.day).ok()
}
