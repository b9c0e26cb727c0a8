//! From a scenario's words to plans: what is not said is the profile's, and what cannot be judged is said so.

use mock_thales::plan::{ClientPlan, EndpointPlan};

use crate::integration::Materials;
use crate::model::{
    CertificateAspect, Check, ClientConduct, CommonNameRule, EndpointConduct, Expectation, PhaseKind, Profile,
    Requirement, Script, Step, Topic, Unplanned,
};

/// An endpoint's plan: the scenario's words over Thales as it ought to be.
pub(super) fn endpoint(conduct: &EndpointConduct) -> EndpointPlan {
    let ought = EndpointPlan::default();
    EndpointPlan {
        versions: conduct.versions.clone().unwrap_or(ought.versions),
        exchange: ought.exchange,
        certificate: conduct.certificate.unwrap_or(ought.certificate),
        leaf: conduct.leaf.unwrap_or(ought.leaf),
        client_certificate: conduct.client_certificate.unwrap_or(ought.client_certificate),
        ca_list: conduct.ca_list.unwrap_or(ought.ca_list),
        refuses: conduct.refuses,
        endorses: ought.endorses,
        sentinel: conduct.sentinel.unwrap_or(ought.sentinel),
        keep_alive: conduct.keep_alive.unwrap_or(ought.keep_alive),
    }
}

/// The client's plan.
pub(super) fn client(conduct: &ClientConduct) -> ClientPlan {
    let ought = ClientPlan::default();
    ClientPlan {
        versions: conduct.versions.clone().unwrap_or(ought.versions),
        exchange: ought.exchange,
        certificate: conduct.certificate.unwrap_or(ought.certificate),
        source: conduct.source,
    }
}

/// Topics whose scenarios judge their own control: trust and versions, for a caller and for a receiver.
const JUDGED_CONTROLS: [&str; 7] = [
    "inbound.server-trust",
    "inbound.server-authentication",
    "inbound.tls-version",
    "outbound.client-ca",
    "outbound.only-client-ca",
    "outbound.client-certificate",
    "outbound.tls-version",
];

/// What a control is itself an expectation of: a topic and a check each.
pub(super) fn control_expectations(verifies: Option<&Topic>) -> Vec<(Topic, Check)> {
    let Some(verifies) = verifies.filter(|topic| JUDGED_CONTROLS.contains(&topic.as_str())) else { return Vec::new() };
    let (trust, version) = if verifies.as_str().starts_with("inbound.") {
        ("inbound.server-trust", "inbound.tls-version")
    } else {
        ("outbound.client-ca", "outbound.tls-version")
    };
    [(trust, Check::ControlTrust), (version, Check::ControlVersion)]
        .into_iter()
        .filter_map(|(topic, check)| Some((topic.parse().ok()?, check)))
        .collect()
}

/// Whether a step's calls would show anything that the profile asks for. Where the CN follows no pattern, a certificate
/// says nothing of the customer's identifier.
pub(super) fn tells(step: &Step, profile: &Profile) -> bool {
    let has_topic = step.verifies.as_ref().is_none_or(|topic| profile.about(topic).is_some());
    let is_of_pattern = |check: &Check| *check == Check::ClientCertificate(CertificateAspect::CustomerId);
    let is_exact = profile.client_certificate.common_name == CommonNameRule::Exact;
    has_topic && !(is_exact && !step.expect.is_empty() && step.expect.iter().all(is_of_pattern))
}

/// Adds an expectation to a script, or says why it cannot be planned.
pub(super) fn expect(
    script: &mut Script,
    requirements: &[Requirement],
    materials: &Materials,
    expectation: Expectation,
) {
    let why = if !requirements.iter().any(|requirement| requirement.is_about(&expectation.topic)) {
        Some("the profile has no such requirement")
    } else {
        match expectation.check {
            Check::ClientCertificate(aspect)
                if materials.client_is_issued && aspect != CertificateAspect::Presented =>
            {
                Some("the harness issued the client certificate: [identity] names the integration's own")
            }
            Check::ServerChain(_) if materials.server_is_issued => {
                Some("the harness issued the server certificate: [identity] names the integration's own")
            }
            _ => None,
        }
    };
    match why {
        None => script.expectations.push(expectation),
        Some(why) => script.unplanned.push(Unplanned {
            topic: expectation.topic,
            subject: expectation.subject,
            why: why.to_owned(),
        }),
    }
}

/// Adds what the profile's rows judge on this scenario, whatever it is played for.
pub(super) fn observe(script: &mut Script, requirements: &[Requirement], materials: &Materials) {
    let scenario = script.scenario.clone();
    for requirement in requirements {
        for observed in requirement.observed.iter().filter(|observed| observed.scenario == scenario) {
            let expectation = Expectation {
                topic: requirement.topic.clone(),
                subject: "all that was seen".to_owned(),
                check: observed.check.clone(),
                phases: script.phases.iter().map(|phase| phase.id).collect(),
                controls: Vec::new(),
                means: None,
                any_of: None,
            };
            expect(script, requirements, materials, expectation);
        }
    }
}

/// The name of a phase.
pub(super) fn phase_name(kind: PhaseKind, words: &str) -> String {
    match kind {
        PhaseKind::Control => format!("control {words}"),
        PhaseKind::Row | PhaseKind::Step => words.to_owned(),
    }
}
