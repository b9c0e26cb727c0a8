//! `report.json` and the logs as JSON Lines, in a directory.

use std::fs;
use std::io::{self, BufWriter};
use std::path::Path;

use serde::Serialize;

use crate::model::{Level, Network, RequirementId, ScenarioId, Topic};
use crate::run::Outcome;
use crate::verdict::{Finding, Readiness, RequirementVerdict, Verdict};

#[derive(Serialize)]
struct Report<'a> {
    format: &'static str,
    harness: &'static str,
    unofficial: &'static str,
    readiness: Readiness,
    profile: &'a str,
    environment: &'a str,
    network: Network,
    integration: Integration<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    requirements: Vec<Requirement<'a>>,
    /// The optional pack: rows that never decide readiness.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    optional: Vec<Requirement<'a>>,
    scenarios: Vec<Scenario<'a>>,
    #[serde(rename = "not-proven")]
    not_proven: &'a [String],
}

#[derive(Serialize)]
struct Integration<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct Requirement<'a> {
    id: &'a RequirementId,
    topic: &'a Topic,
    level: Level,
    verdict: Verdict,
    reach: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    findings: &'a [Finding],
}

#[derive(Serialize)]
struct Scenario<'a> {
    id: &'a ScenarioId,
    integration: &'a str,
    /// `fault`: the harness failed.
    verdict: String,
    duration_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

/// Writes the report's files.
///
/// # Errors
/// The directory cannot be made or written.
pub fn write(outcome: &Outcome, directory: &Path) -> io::Result<()> {
    let logs = directory.join("logs");
    fs::create_dir_all(&logs)?;
    let mut scenarios = Vec::new();
    for run in &outcome.scenarios {
        let mut entry = Scenario {
            id: &run.id,
            integration: &run.subject,
            verdict: "fault".to_owned(),
            duration_ms: u64::try_from(run.took.as_millis()).unwrap_or(u64::MAX),
            log: None,
            fault: None,
        };
        match &run.log {
            Ok(log) => {
                let name = format!("{}.{}.jsonl", run.id.as_str().replace('/', "."), file_name(&run.subject));
                log.write(BufWriter::new(fs::File::create(logs.join(&name))?))?;
                entry.log = Some(format!("logs/{name}"));
                if let Some(verdict) = run.verdict {
                    entry.verdict = word(verdict);
                }
            }
            Err(error) => entry.fault = Some(error.to_string()),
        }
        scenarios.push(entry);
    }
    let (optional, requirements): (Vec<_>, Vec<_>) =
        outcome.requirements.iter().map(requirement).partition(|row| row.level == Level::Optional);
    let report = Report {
        format: "thales-harness-report/1",
        harness: env!("CARGO_PKG_VERSION"),
        unofficial: "This report is unofficial and self-attested; it is no statement of Thales.",
        readiness: outcome.readiness,
        profile: &outcome.profile.id,
        environment: &outcome.environment,
        network: outcome.network,
        integration: Integration { name: &outcome.integration.0, version: &outcome.integration.1 },
        notes: super::terminal::unplaced(outcome).into_iter().collect(),
        requirements,
        optional,
        scenarios,
        not_proven: &outcome.profile.not_proven,
    };
    let file = BufWriter::new(fs::File::create(directory.join("report.json"))?);
    serde_json::to_writer_pretty(file, &report)?;
    Ok(())
}

fn requirement(row: &RequirementVerdict) -> Requirement<'_> {
    Requirement {
        id: &row.requirement.id,
        topic: &row.requirement.topic,
        level: row.requirement.level,
        verdict: row.verdict,
        reach: &row.reach,
        note: row.note.as_deref(),
        findings: &row.findings,
    }
}

/// A verdict as the report's JSON says it.
fn word(verdict: Verdict) -> String {
    serde_json::to_value(verdict).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn file_name(subject: &str) -> String {
    subject.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect()
}
