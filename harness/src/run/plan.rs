//! From a scenario's words to plans: what is not said is the profile's, and what cannot be judged is said so.

use mock_thales::plan::{ClientPlan, EndpointPlan, OAuthPlan};

use crate::integration::Materials;
use crate::model::{
    CertificateAspect, Check, ClientConduct, CommonNameRule, EndpointConduct, Expectation, Millis, OAuth, OAuthAspect,
    PhaseKind, Profile, Script, Step, Topic, Unplanned,
};

/// An endpoint's plan: the scenario's words over Thales as it ought to be, which demands what the profile says.
pub(super) fn endpoint(conduct: &EndpointConduct, oauth: Option<&OAuth>) -> EndpointPlan {
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
        idle_close_ms: conduct.idle_close.map(|span| span.0),
        chain: conduct.chain.unwrap_or(ought.chain),
        tickets: conduct.tickets.unwrap_or(ought.tickets),
        alpn: conduct.alpn.unwrap_or(ought.alpn),
        oauth: oauth.map(|oauth| tokens(oauth, conduct.token_lifetime)),
        answers_status: ought.answers_status,
        extras: ought.extras,
        after_token: ought.after_token,
    }
}

/// Whole seconds, as they travel.
fn tokens(oauth: &OAuth, lifetime: Option<Millis>) -> OAuthPlan {
    let seconds = |span: Millis| u32::try_from(span.0 / 1000).unwrap_or(u32::MAX);
    OAuthPlan {
        token_path: oauth.token_path.clone(),
        lifetime_s: seconds(lifetime.unwrap_or(oauth.lifetime)),
        assertion_within_s: seconds(oauth.assertion_within),
        algorithm: oauth.algorithm.clone(),
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
        credentials: conduct.credentials.unwrap_or(ought.credentials),
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
pub(super) fn expect(script: &mut Script, profile: &Profile, materials: &Materials, expectation: Expectation) {
    let why = if profile.about(&expectation.topic).is_none() {
        Some("the profile has no such requirement")
    } else {
        match &expectation.check {
            Check::ClientCertificate(aspect)
                if materials.client_is_issued && *aspect != CertificateAspect::Presented =>
            {
                Some("the harness issued the client certificate: [identity] names the integration's own")
            }
            Check::ServerChain(_) if materials.server_is_issued => {
                Some("the harness issued the server certificate: [identity] names the integration's own")
            }
            Check::OAuth(OAuthAspect::Tolerant) if profile.oauth.is_none() => {
                Some("the wire does not show what an integration makes of an answer")
            }
            Check::OAuth(_) if profile.oauth.is_none() => Some("the profile demands no access tokens"),
            Check::Field(name) if !profile.fields.iter().any(|rule| rule.name == *name) => {
                Some("the profile says nothing of that header field")
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
pub(super) fn observe(script: &mut Script, profile: &Profile, materials: &Materials) {
    let scenario = script.scenario.clone();
    for requirement in &profile.requirements {
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
            expect(script, profile, materials, expectation);
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
