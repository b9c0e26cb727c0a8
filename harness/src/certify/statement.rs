//! The two in-toto statements (v1) of a certificate: the result of a test for whoever knows only that, and what was
//! tested with which measure, in a predicate of this project's own. Both are made of the report and name the same files.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Flaw, Manifest};
use crate::model::Network;
use crate::report::document::Report;
use crate::report::row::Weight;
use crate::verdict::Readiness;

/// The type of an in-toto statement.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The predicate of a test's result.
pub const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// The predicate of this project. The name belongs to nobody (RFC 2606), and nothing is to be found there.
pub const CONFORMANCE: &str = "https://thales-harness.example/connectivity-conformance/v1";

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement<P> {
    /// [`STATEMENT`].
    #[serde(rename = "_type")]
    pub kind: String,
    /// What it is about: every file of the bundle.
    pub subject: Vec<Subject>,
    /// [`TEST_RESULT`] or [`CONFORMANCE`].
    pub predicate_type: String,
    /// What is said.
    pub predicate: P,
}

/// A file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its name, relative to the bundle.
    pub name: String,
    /// Digests by algorithm: `sha256` alone.
    pub digest: BTreeMap<String, String>,
}

/// The result of a test, as version 0.1 of that predicate has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestResult {
    /// `PASSED` where the integration is ready, `FAILED` otherwise.
    pub result: String,
    /// What was set up: the integration file.
    pub configuration: Vec<Subject>,
    /// Requirements that passed. What is declared has not passed.
    pub passed_tests: Vec<String>,
    /// Requirements below a MUST that failed or were not decided.
    pub warned_tests: Vec<String>,
    /// MUSTs that failed, were not decided or not tested.
    pub failed_tests: Vec<String>,
}

/// What was tested, with which measure, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Conformance {
    /// That this is no statement of Thales.
    pub unofficial: String,
    /// Version of the harness.
    pub harness: String,
    /// The profile.
    pub profile: String,
    /// SHA-256 of its file.
    pub profile_digest: String,
    /// SHA-256 of the scenario set.
    pub scenarios_digest: String,
    /// The environment.
    pub environment: String,
    /// The network.
    pub network: Network,
    /// Readiness.
    pub readiness: Readiness,
    /// Name of the integration.
    pub integration: String,
    /// Its version.
    pub version: String,
    /// Number of scenarios, counted once for each part that they drive; none was left out.
    pub planned: usize,
    /// Requirements by verdict.
    pub verdicts: BTreeMap<String, usize>,
    /// Requirements that persons answer for, with their words.
    pub declared: BTreeMap<String, String>,
    /// SHA-256 of what was tested: files and programs of the integration.
    pub artefacts: BTreeMap<String, String>,
    /// When the first scenario began, RFC 3339.
    pub started: String,
    /// When the statement was made, RFC 3339.
    pub created: String,
    /// What somebody wanted to see signed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub challenge: Option<String>,
    /// The certificate that came before this one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<After>,
}

/// A certificate of another environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct After {
    /// Its environment.
    pub environment: String,
    /// SHA-256 of its own statement's payload: its `Certificate::digest`.
    pub sha256: String,
    /// Whether the programs of the integration are those of then.
    pub same_programs: bool,
}

/// What a statement says that stands in no report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Occasion {
    pub(super) created: String,
    pub(super) challenge: Option<String>,
    pub(super) after: Option<After>,
}

impl Statement<TestResult> {
    pub(super) fn test_result(report: &Report, subject: &[Subject]) -> Self {
        let of = |weights: &[Weight]| {
            let rows = report.rows().filter(|row| weights.contains(&row.weight()));
            rows.map(|row| row.id.to_string()).collect()
        };
        let is_ready = report.readiness == Readiness::Ready;
        let predicate = TestResult {
            result: if is_ready { "PASSED" } else { "FAILED" }.to_owned(),
            configuration: subject.iter().filter(|file| file.name == super::bundle::INTEGRATION).cloned().collect(),
            passed_tests: of(&[Weight::Passed]),
            warned_tests: of(&[Weight::Warning]),
            failed_tests: of(&[Weight::Failed, Weight::Known, Weight::Open, Weight::Untested]),
        };
        Self::of(TEST_RESULT, subject, predicate)
    }
}

impl Statement<Conformance> {
    pub(super) fn conformance(report: &Report, manifest: &Manifest, subject: &[Subject], occasion: Occasion) -> Self {
        let mut verdicts = BTreeMap::new();
        for row in report.rows() {
            *verdicts.entry(row.verdict.to_string()).or_default() += 1;
        }
        let declared = report.rows().filter(|row| row.verdict == crate::verdict::Verdict::Declared);
        let predicate = Conformance {
            unofficial: report.unofficial.to_owned(),
            harness: report.harness.to_owned(),
            profile: report.profile.clone(),
            profile_digest: report.profile_digest.clone(),
            scenarios_digest: report.scenarios_digest.clone(),
            environment: report.environment.clone(),
            network: report.network,
            readiness: report.readiness,
            integration: report.integration.name.clone(),
            version: report.integration.version.clone(),
            planned: report.scenarios.len(),
            verdicts,
            declared: declared.map(|row| (row.id.to_string(), row.note.clone().unwrap_or_default())).collect(),
            artefacts: manifest.digests(),
            started: report.started.clone().unwrap_or_default(),
            created: occasion.created,
            challenge: occasion.challenge,
            after: occasion.after,
        };
        Self::of(CONFORMANCE, subject, predicate)
    }
}

impl<P> Statement<P> {
    fn of(predicate_type: &str, subject: &[Subject], predicate: P) -> Self {
        let (kind, predicate_type) = (STATEMENT.to_owned(), predicate_type.to_owned());
        Self { kind, subject: subject.to_vec(), predicate_type, predicate }
    }
}

impl<P: Serialize + DeserializeOwned> Statement<P> {
    /// As it is signed.
    pub(super) fn payload(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings, numbers and maps by string have a form in JSON")
    }

    /// Of a payload, as long as it is of these types.
    pub(super) fn parse(payload: &[u8], predicate_type: &str) -> Result<Self, Flaw> {
        let statement: Self =
            serde_json::from_slice(payload).map_err(|error| Flaw::Envelope { why: error.to_string() })?;
        for (found, expected) in [(&statement.kind, STATEMENT), (&statement.predicate_type, predicate_type)] {
            if found != expected {
                return Err(Flaw::Envelope { why: format!("a type is `{found}`, expected `{expected}`") });
            }
        }
        Ok(statement)
    }
}

impl Subject {
    pub(super) fn of(name: &str, content: &[u8]) -> Self {
        let digest = [("sha256".to_owned(), super::bundle::sha256(content))].into();
        Self { name: name.to_owned(), digest }
    }
}
