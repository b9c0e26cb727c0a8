//! Plays a scenario about files: shows what the integration file names, a phase for each environment, and opens no world.

use mock_thales::observe::{Actor, Event, Fact, Log, PhaseId, Recorder, ShownFile};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::ground::Setting;
use super::{held, scene};
use crate::integration::OwnIdentity;
use crate::model::{
    AnchorAspect, Check, Expectation, Header, Issuance, Phase, PhaseKind, Scenario, Script, Shape, Side, StoreAspect,
    Unplanned, assets,
};
use crate::verdict::{self, Outcome};

/// Shows the files and plans what they can show.
pub(super) fn play(setting: &Setting, scenario: &Scenario, started: OffsetDateTime) -> Log<Header> {
    let recorder = Recorder::new();
    let mut script = scene::blank(scenario, "files");
    let mut shown = Vec::new();
    for environment in &setting.materials.context.environments {
        let files = files_of(setting, &environment.id);
        let id = PhaseId(u32::try_from(script.phases.len()).unwrap_or(u32::MAX));
        recorder.begin_phase(id, &environment.id);
        script.phases.push(phase(id, &environment.id));
        let kinds = files.iter().map(|file| file.what.clone()).collect();
        shown.push(Shown { id, environment: environment.id.clone(), kinds });
        for file in files {
            recorder.record(Actor::Runner, Event::FileShown(file));
        }
        recorder.record(Actor::Runner, Event::PhaseEnded);
    }
    if let Shape::Steps { steps, .. } = &scenario.shape {
        for step in steps {
            let Some(topic) = &step.verifies else { continue };
            for check in step.expect.iter().filter(|check| !is_beside_the_point(check, setting)) {
                for (subject, phases) in subjects(check, &shown) {
                    let (topic, check, means) = (topic.clone(), check.clone(), step.means.clone());
                    expect(
                        &mut script,
                        setting,
                        Expectation { topic, subject, check, phases, controls: Vec::new(), means, any_of: None },
                    );
                }
            }
        }
    }
    let facts = recorder.snapshot();
    let mut header = scene::header(setting, scenario, script, started);
    leave_out(&mut header, &facts, &shown);
    // The requirements of what is left.
    Log { header: scene::header(setting, scenario, header.script, started), facts }
}

/// An environment with what was shown of it.
struct Shown {
    id: PhaseId,
    environment: String,
    kinds: Vec<String>,
}

/// The environments that a check is about: all at once, where it compares them; otherwise each one that shows what it
/// reads, or the one that is played where none does.
fn subjects(check: &Check, shown: &[Shown]) -> Vec<(String, Vec<PhaseId>)> {
    if let Check::EnvironmentsApart(aspect) = check {
        let subject = serde_json::to_value(aspect).ok().and_then(|word| word.as_str().map(str::to_owned));
        return vec![(subject.unwrap_or_default(), shown.iter().map(|shown| shown.id).collect())];
    }
    let reads = |kind: &String| match check {
        Check::ClientCertificate(_) => kind == "client-certificate",
        Check::ClientRequest(_) => kind == "client-csr",
        Check::RenewalRequest => kind == "previous-csr" || kind == "previous-client-certificate",
        Check::ServerChainKept => kind == "previous-server-chain",
        Check::ServerAnchor(AnchorAspect::TrustStore) => kind == "trust-store",
        Check::ServerAnchor(_) => kind == "server-chain",
        Check::Store(aspect) => {
            let is_server =
                matches!(aspect, StoreAspect::ServerAuthority | StoreAspect::Independent | StoreAspect::AllRoots);
            let of_server = kind.ends_with(assets::TRUST) || kind.ends_with(assets::TRUST_P12);
            kind.starts_with("store ") && of_server == is_server
        }
        _ => false,
    };
    let with: Vec<_> = shown.iter().filter(|shown| shown.kinds.iter().any(reads)).collect();
    let about = if with.is_empty() { shown.iter().take(1).collect() } else { with };
    about.into_iter().map(|shown| (shown.environment.clone(), vec![shown.id])).collect()
}

/// Where the customer signs its own certificate there is no CSR to speak of.
fn is_beside_the_point(check: &Check, setting: &Setting) -> bool {
    matches!(check, Check::ClientRequest(_) | Check::RenewalRequest)
        && setting.profile.client_certificate.issuance == Issuance::SelfSigned
}

/// Plans an expectation, unless the profile or the integration has nothing that it is about.
fn expect(script: &mut Script, setting: &Setting, expectation: Expectation) {
    let sides = setting.subject.sides();
    let is_for = |prefix: &str| expectation.topic.as_str().starts_with(prefix);
    let why = if setting.profile.about(&expectation.topic).is_none() {
        "the profile has no such requirement"
    } else if (is_for("inbound.") && !sides.contains(&Side::Caller))
        || (is_for("outbound.") && !sides.contains(&Side::Receiver))
    {
        "the integration has no such role"
    } else {
        script.expectations.push(expectation);
        return;
    };
    let Expectation { topic, subject, .. } = expectation;
    script.unplanned.push(Unplanned { topic, subject, why: why.to_owned() });
}

/// What has nothing to compare is not planned: a person may answer for it. Which that is, the checks know themselves. What
/// is right of another environment's own documents proves no row either, where those of the one that is played are not
/// there: the row is about both.
fn leave_out(header: &mut Header, facts: &[Fact], shown: &[Shown]) {
    let findings = verdict::judge(header, facts);
    let script = &mut header.script;
    let expectations = std::mem::take(&mut script.expectations);
    // Every expectation has a requirement, so that there is a finding for each, in their order.
    for (expectation, finding) in expectations.into_iter().zip(findings) {
        let why = match finding.ruling {
            Outcome::Unwitnessed => Some(finding.seen),
            Outcome::Met => missing(&expectation.check, shown),
            Outcome::Violated => None,
        };
        match why {
            Some(why) => {
                let Expectation { topic, subject, .. } = expectation;
                script.unplanned.push(Unplanned { topic, subject, why });
            }
            None => script.expectations.push(expectation),
        }
    }
}

/// Which of its own documents the environment that is played does not show.
fn missing(check: &Check, shown: &[Shown]) -> Option<String> {
    let (kinds, words): (&[&str], _) = match check {
        Check::ClientCertificate(_) | Check::ClientRequest(_) => {
            (&["client-certificate", "client-csr"], "client certificate or CSR")
        }
        Check::ServerAnchor(_) => (&["server-chain"], "server chain"),
        _ => return None,
    };
    let played = shown.first()?;
    let shows = kinds.iter().any(|kind| played.kinds.iter().any(|shown| shown == kind));
    (!shows).then(|| format!("the integration file names no {words} for {}", played.environment))
}

fn phase(id: PhaseId, environment: &str) -> Phase {
    Phase {
        id,
        name: environment.to_owned(),
        kind: PhaseKind::Step,
        endpoints: Default::default(),
        client: None,
        ttl_ms: 0,
        every_ms: 0,
    }
}

/// What the integration file names for an environment.
fn files_of(setting: &Setting, environment: &str) -> Vec<ShownFile> {
    let subject = &setting.subject;
    let identity = if setting.environment.id == environment {
        Some(&subject.identity)
    } else {
        subject.others.get(environment).map(|(_, identity)| identity)
    };
    let mut files: Vec<_> = identity.map(|identity| named(identity, environment)).unwrap_or_default();
    let stores = subject.stores.iter().filter(|store| store.environment.as_deref() == Some(environment));
    files.extend(stores.map(|store| show(environment, format!("store {}", store.asset), &store.content)));
    files
}

fn named(identity: &OwnIdentity, environment: &str) -> Vec<ShownFile> {
    [
        ("client-certificate", &identity.client_certificate),
        ("client-csr", &identity.client_csr),
        ("previous-csr", &identity.previous_csr),
        ("previous-client-certificate", &identity.previous_client_certificate),
        ("server-chain", &identity.server_chain),
        ("previous-server-chain", &identity.previous_server_chain),
        ("trust-store", &identity.trust_store),
        (assets::SERVER_AUTHORITY, &identity.server_authority),
        (assets::CLIENT_AUTHORITY, &identity.client_authority),
    ]
    .into_iter()
    .filter_map(|(what, content)| Some(show(environment, what.to_owned(), content.as_ref()?)))
    .collect()
}

fn show(environment: &str, what: String, content: &[u8]) -> ShownFile {
    let held = held::read(content, what.starts_with("store "));
    ShownFile {
        environment: environment.to_owned(),
        what,
        format: held.format,
        sha256: Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect(),
        certificates: held.certificates,
        request: held.request,
        unreadable: held.unreadable,
    }
}
