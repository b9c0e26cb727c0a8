//! What the reference got in onboarding, by profile: identifiers, names, the calls that Thales makes to it; and what it
//! declares, since no run can prove it.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::model::{
    Declaration, Environment, HostPort, Issuance, PortalValues, Profile, RequestShape, RequirementId, Topic,
};

/// The reference's host.
pub(super) const ISSUER_HOST: &str = "issuer.reference.example";
/// Its CN in a profile's first environment, where the portal gives one.
const COMMON_NAME: &str = "reference.customer.example";
/// Its identifier, where the CN follows a pattern: of the published form.
const PATTERN_ID: &str = "MGW_000001";
/// Its identifier elsewhere.
const CUSTOMER_ID: &str = "REFERENCE1";
/// The form of the CN. The published one lacks its tail.
const CN_TEMPLATE: &str = "TLSMA-{algorithm}/{customer-id}-{environment}";

/// Its CN, where the portal gives one: another in each environment.
pub(super) fn common_name(profile: &Profile, environment: &Environment) -> String {
    match profile.environments.first() {
        Some(first) if first.id != environment.id => format!("reference.{}.customer.example", environment.id),
        _ => COMMON_NAME.to_owned(),
    }
}

/// Values that onboarding gave.
pub(super) fn portal(profile: &Profile, environment: &Environment) -> PortalValues {
    let issuer_host = Some(HostPort { host: ISSUER_HOST.to_owned(), port: 443 });
    match profile.client_certificate.issuance {
        Issuance::SelfSigned => PortalValues {
            customer_id: Some(CUSTOMER_ID.to_owned()),
            common_name: Some(common_name(profile, environment)),
            issuer_host,
            ..PortalValues::default()
        },
        Issuance::Thales => PortalValues {
            customer_id: Some(PATTERN_ID.to_owned()),
            cn_template: Some(CN_TEMPLATE.to_owned()),
            issuer_host,
            ..PortalValues::default()
        },
    }
}

/// The CN that follows the pattern, for a key on P-256.
pub(super) fn pattern_name(environment: &Environment) -> String {
    CN_TEMPLATE
        .replace("{algorithm}", "ECDSA")
        .replace("{customer-id}", PATTERN_ID)
        .replace("{environment}", environment.word.as_deref().unwrap_or_default())
}

/// The subject of its request.
pub(super) fn subject_of(common_name: &str) -> [(&str, &str); 6] {
    [
        ("C", "FR"),
        ("ST", "Ile-de-France"),
        ("L", "Meudon"),
        ("O", "TEST CUSTOMER"),
        ("OU", "Payments"),
        ("CN", common_name),
    ]
}

/// What Thales sends.
pub(crate) fn request(profile: &Profile) -> RequestShape {
    let path = match profile.id.as_str() {
        "merchant-tokenization" => "/notify-merchant-update".to_owned(),
        "d1-ecom" => format!("/merchant-gateways/{PATTERN_ID}/merchants/MERCHANT_01/tokens/token-1/notify-update"),
        _ => "/issuer/igwapi/v2.0/checkCardEligibility".to_owned(),
    };
    RequestShape {
        method: "POST".to_owned(),
        path,
        headers: BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]),
        body: "{}".to_owned(),
        status: vec![200],
    }
}

/// Topics that lie beyond a run, with the reference's grounds.
const GROUNDS: [(&str, &str); 7] = [
    ("general.customer", "one customer identifier, which stands in its source"),
    ("general.no-vpn", "it connects to whatever address the name has"),
    ("inbound.no-filtering", "it has no list of addresses"),
    ("inbound.store-independence", "it trusts the portal's file and no bundle of a machine"),
    ("inbound.certificate.renewal-request", "its subject stands in its source and does not change"),
    ("outbound.no-filtering", "it has no list of addresses"),
    ("outbound.change-notice", "its root lives as long as the run"),
];

/// What it declares: of these what the profile asks for.
pub(super) fn declarations(profile: &Profile) -> BTreeMap<RequirementId, Declaration> {
    let on = OffsetDateTime::now_utc().date().to_string().parse().ok();
    GROUNDS
        .into_iter()
        .filter_map(|(topic, grounds)| {
            let requirement = profile.about(&topic.parse::<Topic>().ok()?)?;
            let declaration = Declaration { by: "the reference".to_owned(), on: on?, grounds: grounds.to_owned() };
            Some((requirement.id.clone(), declaration))
        })
        .collect()
}
