//! What changed against an earlier report: read leniently, so that a report of another version of the harness compares.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Deserialize;

use super::document::{REPORT_FORMAT, Report};
use crate::model::Level;
use crate::verdict::{Readiness, Verdict};

/// What is read of an earlier report.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Earlier {
    format: String,
    harness: String,
    #[serde(default)]
    started: Option<String>,
    readiness: Readiness,
    profile: String,
    environment: String,
    integration: EarlierIntegration,
    #[serde(default)]
    scenarios_digest: Option<String>,
    requirements: Vec<EarlierRow>,
    #[serde(default)]
    optional: Vec<EarlierRow>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct EarlierIntegration {
    name: String,
    version: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct EarlierRow {
    id: String,
    verdict: Verdict,
}

/// Why a file is no earlier report.
#[derive(Debug)]
pub enum EarlierError {
    /// It cannot be read.
    Unreadable(std::io::Error),
    /// It holds something else.
    NoReport(serde_json::Error),
    /// It is of a format that this version does not know.
    Format(String),
}

impl fmt::Display for EarlierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "the earlier report cannot be read: {error}"),
            Self::NoReport(error) => write!(f, "this is no report: {error}"),
            Self::Format(format) => write!(f, "the report's format is `{format}`, expected `{REPORT_FORMAT}`"),
        }
    }
}

impl std::error::Error for EarlierError {}

impl Earlier {
    /// Reads a `report.json`.
    ///
    /// # Errors
    /// It cannot be read, or is no report.
    pub fn read(path: &Path) -> Result<Self, EarlierError> {
        Self::parse(&std::fs::read(path).map_err(EarlierError::Unreadable)?)
    }

    fn parse(text: &[u8]) -> Result<Self, EarlierError> {
        let earlier: Self = serde_json::from_slice(text).map_err(EarlierError::NoReport)?;
        if earlier.format == REPORT_FORMAT { Ok(earlier) } else { Err(EarlierError::Format(earlier.format)) }
    }
}

/// What changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// What the earlier report was about, in words.
    pub earlier: String,
    /// Why both are hardly comparable.
    pub caveats: Vec<String>,
    /// Readiness then and now, where it changed.
    pub readiness: Option<(Readiness, Readiness)>,
    /// Rows whose verdict changed, worse ones first.
    pub changed: Vec<Changed>,
}

/// A row whose verdict changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// The requirement.
    pub id: String,
    /// What it is about; empty where the row is gone.
    pub topic: String,
    /// How much it weighs now.
    pub level: Option<Level>,
    /// Then; `None` where the row is new.
    pub then: Option<Verdict>,
    /// Now; `None` where the row is gone.
    pub now: Option<Verdict>,
}

impl Changed {
    /// Whether something that held does not hold any more, or is not known to.
    pub fn is_worse(&self) -> bool {
        rank(self.now) > rank(self.then)
    }
}

/// How much is left to do: for the order of the rows only.
fn rank(verdict: Option<Verdict>) -> u8 {
    match verdict {
        Some(Verdict::Pass) => 0,
        Some(Verdict::Declared) => 1,
        Some(Verdict::NotApplicable | Verdict::Informational) | None => 2,
        Some(Verdict::Untested) => 3,
        Some(Verdict::Inconclusive) => 4,
        Some(Verdict::Fail) => 5,
    }
}

impl Difference {
    /// Between an earlier report and this one. Of a selection only what it touched is compared.
    pub fn between(earlier: &Earlier, report: &Report) -> Self {
        let mut caveats = Vec::new();
        let mut unlike = |what: &str, then: &str, now: &str| {
            if then != now {
                caveats.push(format!("another {what}: {then} then, {now} now"));
            }
        };
        unlike("profile", &earlier.profile, &report.profile);
        unlike("environment", &earlier.environment, &report.environment);
        unlike("integration", &earlier.integration.name, &report.integration.name);
        unlike("version of the harness", &earlier.harness, report.harness);
        if earlier.scenarios_digest.as_ref().is_some_and(|digest| *digest != report.scenarios_digest) {
            caveats
                .push("another scenario set: a verdict may have changed although the integration has not".to_owned());
        }
        let before = earlier.requirements.iter().chain(&earlier.optional);
        let then: BTreeMap<_, _> = before.map(|row| (row.id.as_str(), row.verdict)).collect();
        let mut changed: Vec<_> = report
            .shown()
            .map(|row| Changed {
                id: row.id.to_string(),
                topic: row.topic.to_string(),
                level: Some(row.level),
                then: then.get(row.id.as_str()).copied(),
                now: Some(row.verdict),
            })
            .filter(|row| row.then != row.now)
            .collect();
        let is_gone = |id: &str| report.rows().all(|row| row.id.as_str() != id);
        changed.extend(then.iter().filter(|(id, _)| is_gone(id)).map(|(id, verdict)| Changed {
            id: (*id).to_owned(),
            topic: String::new(),
            level: None,
            then: Some(*verdict),
            now: None,
        }));
        changed.sort_by_key(|row| (!row.is_worse(), row.level));
        let started = earlier.started.as_ref().map_or_else(String::new, |started| format!(", {started}"));
        Self {
            earlier: format!("{} {}{started}", earlier.integration.name, earlier.integration.version),
            caveats,
            readiness: (earlier.readiness != report.readiness).then_some((earlier.readiness, report.readiness)),
            changed,
        }
    }
}
