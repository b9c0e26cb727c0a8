//! Verification from the bundle alone: signatures, files, challenge and age; then the measure; then everything that the
//! bundle says, made anew from its logs and compared byte for byte. The first thing that is wrong is named.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use mock_thales::observe::Log;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::bundle::{Bundle, INTEGRATION, MANIFEST, REPRODUCE, pretty, sha256};
use super::difference::difference;
use super::statement::{CONFORMANCE, Conformance, Occasion, Statement, Subject, TEST_RESULT, TestResult};
use super::{Certificate, Demands, Flaw, Manifest, PublicKey};
use crate::load::{Library, parse_integration};
use crate::model::{Header, IntegrationFile, LOG_FORMAT, Network};
use crate::report::document::{Report, log_of};
use crate::report::html::{Page, render};
use crate::run::{Again, Onboarding, scenarios_digest};

const REPORT: &str = "report.json";
const PAGE: &str = "report.html";
/// Two clocks that are kept differ by less.
const CLOCKS: time::Duration = time::Duration::minutes(5);

/// Verifies a bundle against the released scenarios.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(directory: &Path, library: &Library, demands: &Demands<'_>) -> Result<Certificate, Flaw> {
    let bundle = Bundle::read(directory)?;
    let keys = signatures(&bundle, demands)?;
    let payload = bundle.envelopes[1].payload()?;
    let statements = (
        Statement::<TestResult>::parse(&bundle.envelopes[0].payload()?, TEST_RESULT)?,
        Statement::<Conformance>::parse(&payload, CONFORMANCE)?,
    );
    files(&bundle, &statements.1.subject)?;
    let conformance = &statements.1.predicate;
    occasion(conformance, demands)?;
    measure(conformance, library)?;
    let manifest = told_again(&bundle, library, &statements)?;
    Ok(Certificate { conformance: statements.1.predicate, digest: sha256(&payload), keys, manifest })
}

/// Every signature is good, and everyone who has to has signed. The ids of the keys.
fn signatures(bundle: &Bundle, demands: &Demands<'_>) -> Result<Vec<String>, Flaw> {
    let broken = |why: &str| Flaw::Envelope { why: why.to_owned() };
    let [first, second] = bundle
        .envelopes
        .each_ref()
        .map(|envelope| envelope.signatures().iter().map(|signature| signature.keyid.clone()).collect::<Vec<_>>());
    if first.is_empty() || first.iter().collect::<BTreeSet<_>>().len() != first.len() {
        return Err(broken("expected one signature or more, each by a key of its own"));
    }
    if first != second {
        return Err(broken("its statements are not signed by the same keys"));
    }
    for keyid in &first {
        let key = bundle.key(keyid)?;
        for envelope in &bundle.envelopes {
            envelope.check(&key)?;
        }
    }
    if let Some(name) = bundle.idle_key(&first) {
        return Err(Flaw::Foreign { name });
    }
    match demands.keys.iter().map(PublicKey::id).find(|keyid| !first.contains(keyid)) {
        Some(keyid) => Err(Flaw::NotSignedBy { keyid }),
        None => Ok(first),
    }
}

/// The files are those that were signed, all and no others.
fn files(bundle: &Bundle, subject: &[Subject]) -> Result<(), Flaw> {
    for signed in subject {
        let name = || signed.name.clone();
        let content = bundle.files.get(&signed.name).ok_or_else(|| Flaw::Missing { name: name() })?;
        if *signed != Subject::of(&signed.name, content) {
            return Err(Flaw::Changed { name: name() });
        }
    }
    match bundle.files.keys().find(|name| !subject.iter().any(|signed| signed.name == **name)) {
        Some(name) => Err(Flaw::Foreign { name: name.clone() }),
        None => Ok(()),
    }
}

fn occasion(conformance: &Conformance, demands: &Demands<'_>) -> Result<(), Flaw> {
    if let Some(demanded) = demands.challenge
        && conformance.challenge.as_deref() != Some(demanded)
    {
        return Err(Flaw::Challenge { demanded: demanded.to_owned(), signed: conformance.challenge.clone() });
    }
    let (started, created) = (moment(&conformance.started)?, moment(&conformance.created)?);
    if created < started || created > demands.now + CLOCKS {
        let (started, created) = (&conformance.started, &conformance.created);
        return Err(Flaw::Time { why: format!("the run began at {started} and was signed at {created}") });
    }
    match demands.max_age.and_then(|age| time::Duration::try_from(age).ok()) {
        // From the run on, and not from the signature: an old run signed today is old.
        Some(age) if demands.now - started > age => {
            Err(Flaw::TooOld { started: conformance.started.clone(), hours: age.whole_hours() })
        }
        _ => Ok(()),
    }
}

fn moment(text: &str) -> Result<OffsetDateTime, Flaw> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|error| Flaw::Time { why: format!("`{text}`: {error}") })
}

/// Harness, scenario set and profile are those of this release.
fn measure(conformance: &Conformance, library: &Library) -> Result<(), Flaw> {
    if conformance.harness != env!("CARGO_PKG_VERSION") {
        return Err(Flaw::Harness { found: conformance.harness.clone() });
    }
    let expected = scenarios_digest(library);
    if conformance.scenarios_digest != expected {
        return Err(Flaw::ScenarioSet { found: conformance.scenarios_digest.clone(), expected });
    }
    match library.profiles.get(&conformance.profile) {
        Some((_, digest)) if *digest == conformance.profile_digest => Ok(()),
        _ => Err(Flaw::Profile { profile: conformance.profile.clone() }),
    }
}

/// Makes anew from the logs whatever the bundle says, and compares.
fn told_again(
    bundle: &Bundle,
    library: &Library,
    (result, statement): &(Statement<TestResult>, Statement<Conformance>),
) -> Result<Manifest, Flaw> {
    let conformance = &statement.predicate;
    let told = |name: &str| bundle.files.get(name).ok_or_else(|| Flaw::Missing { name: name.to_owned() });
    let file = integration(told(INTEGRATION)?, conformance, library)?;
    let unfit = |why: String| Flaw::Configuration { why };
    let again = Again::of(library, &file).map_err(|error| unfit(error.to_string()))?;
    let again = again.ok_or_else(|| unfit("no such profile".to_owned()))?;
    let report: Value = json(REPORT, told(REPORT)?)?;
    if let Some(of) = deviation(&report) {
        return Err(Flaw::Deviation { of });
    }
    let logs = logs(bundle, &again, &report, conformance, library)?;
    let mut onboarding = onboarding(&report, conformance);
    onboarding.context = logs.first().map(|(log, _)| log.header.context.clone()).unwrap_or_default();
    onboarding.configuration_digest = Some(sha256(told(INTEGRATION)?));
    let outcome = again.outcome(&conformance.environment, onboarding, logs);
    let judged = Report::of(&outcome);
    if pretty(&judged) != *told(REPORT)? {
        let place = serde_json::to_value(&judged).ok().and_then(|judged| difference(&report, &judged, ""));
        let place = place.unwrap_or_else(|| "its form".to_owned());
        return Err(Flaw::Judged { name: REPORT.to_owned(), place });
    }
    let manifest: Manifest = json(MANIFEST, told(MANIFEST)?)?;
    let page = Page {
        report: &judged,
        logs: outcome.scenarios.iter().map(|run| run.log.as_ref().ok()).collect(),
        difference: None,
        repeat: &manifest.repeat,
    };
    let papers = [(PAGE, render(&page).into_bytes()), (REPRODUCE, manifest.reproduction().into_bytes())];
    for (name, text) in papers.into_iter().chain([(MANIFEST, pretty(&manifest))]) {
        if text != *told(name)? {
            return Err(Flaw::Judged { name: name.to_owned(), place: "its text".to_owned() });
        }
    }
    let (created, challenge, after) =
        (conformance.created.clone(), conformance.challenge.clone(), conformance.after.clone());
    let occasion = Occasion { created, challenge, after };
    same(result, &Statement::test_result(&judged, &statement.subject))?;
    same(statement, &Statement::conformance(&judged, &manifest, &statement.subject, occasion))?;
    Ok(manifest)
}

/// What a report's first known deviation is about.
fn deviation(report: &Value) -> Option<String> {
    let entries = report["deviations"].as_array().into_iter().flatten();
    let rows = ["requirements", "optional"].into_iter().filter_map(|rows| report[rows].as_array()).flatten();
    let of = |entry: &Value| entry["of"].as_object()?.values().next()?.as_str().map(str::to_owned);
    let marked = |row: &Value| row.get("deviation").map(|_| row["id"].as_str().unwrap_or_default().to_owned());
    entries.map(|entry| of(entry).unwrap_or_default()).chain(rows.filter_map(marked)).next()
}

fn integration(text: &[u8], conformance: &Conformance, library: &Library) -> Result<IntegrationFile, Flaw> {
    let unfit = |why: String| Flaw::Configuration { why };
    let text = String::from_utf8(text.to_vec()).map_err(|error| unfit(error.to_string()))?;
    let file = parse_integration(Path::new(INTEGRATION), text, library).map_err(|faults| unfit(faults.to_string()))?;
    if (&file.name, &file.version, &file.profile)
        != (&conformance.integration, &conformance.version, &conformance.profile)
    {
        return Err(unfit("it is another integration, or of another version or profile".to_owned()));
    }
    Ok(file)
}

/// The logs of the plan, in its order, each with the time that it took.
fn logs(
    bundle: &Bundle,
    again: &Again<'_>,
    report: &Value,
    conformance: &Conformance,
    library: &Library,
) -> Result<Vec<(Log<Header>, Duration)>, Flaw> {
    let mut logs: Vec<(Log<Header>, Duration)> = Vec::new();
    let mut names: BTreeSet<String> = [REPORT, PAGE, INTEGRATION, MANIFEST, REPRODUCE].map(str::to_owned).into();
    for (index, (scenario, part)) in again.plan().iter().enumerate() {
        let name = log_of(scenario, part);
        let left_out = || Flaw::LeftOut { scenario: format!("{scenario} ({part})") };
        let text = bundle.files.get(&name).ok_or_else(left_out)?;
        let bad = |why: String| Flaw::Log { name: name.clone(), why };
        let log = Log::<Header>::read(text.as_slice()).map_err(|error| bad(error.to_string()))?;
        let header = &log.header;
        if header.format != LOG_FORMAT {
            return Err(bad(format!("its format is `{}`", header.format)));
        }
        let released = library.scenarios.iter().find(|known| known.id == *scenario);
        let first = logs.first().map_or(header, |(first, _)| &first.header);
        let who = (&conformance.integration, &conformance.version);
        // Authorities are made anew for each run, so that the context of no two runs is the same.
        let facts = [
            ("scenario", (&header.script.scenario, &header.script.subject) == (scenario, part)),
            ("scenario's text", released.is_some_and(|known| known.digest == header.scenario_digest)),
            ("profile", header.profile == conformance.profile && header.profile_digest == conformance.profile_digest),
            ("environment", header.environment == conformance.environment),
            ("integration", (&header.integration.0, &header.integration.1) == who),
            ("harness", header.harness == conformance.harness),
            ("network", header.network == Network::Private),
            ("exchange of assets", header.context == first.context),
            ("time", moment(&header.started)? <= moment(&conformance.created)?),
        ];
        if let Some((what, _)) = facts.into_iter().find(|(_, is_same)| !is_same) {
            return Err(Flaw::OtherRun { name, what });
        }
        let took = report["scenarios"][index]["duration_ms"].as_u64().unwrap_or_default();
        logs.push((log, Duration::from_millis(took)));
        names.insert(name);
    }
    match bundle.files.keys().find(|name| !names.contains(*name)) {
        Some(name) => Err(Flaw::Unplanned { name: name.clone() }),
        None => Ok(logs),
    }
}

/// What the report says of onboarding and no log does.
fn onboarding(report: &Value, conformance: &Conformance) -> Onboarding {
    let exchanged = &report["onboarding"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let assets = exchanged["assets"].as_array().into_iter().flatten();
    Onboarding {
        assets: assets.map(|asset| (text(&asset["name"]), text(&asset["sha256"]))).collect(),
        client_is_issued: exchanged["client-is-issued"] == true,
        server_is_issued: exchanged["server-is-issued"] == true,
        profile_digest: conformance.profile_digest.clone(),
        scenarios_digest: conformance.scenarios_digest.clone(),
        ..Onboarding::default()
    }
}

fn json<T: serde::de::DeserializeOwned>(name: &str, text: &[u8]) -> Result<T, Flaw> {
    serde_json::from_slice(text)
        .map_err(|error| Flaw::Judged { name: name.to_owned(), place: format!("its form: {error}") })
}

fn same<P: serde::Serialize + PartialEq>(found: &Statement<P>, expected: &Statement<P>) -> Result<(), Flaw> {
    if found == expected {
        return Ok(());
    }
    let values = (serde_json::to_value(found).ok(), serde_json::to_value(expected).ok());
    let place = if let (Some(found), Some(expected)) = values { difference(&found, &expected, "") } else { None };
    Err(Flaw::Statement { place: place.unwrap_or_else(|| "its form".to_owned()) })
}
