//! Rules for the customer's client certificate and its CSR: what a profile asks for, compared with what a document
//! says, wherever it was found: on the wire, in a file, in a request to sign.

mod common_name;
mod difference;
mod document;
mod renewal;
mod rows;
mod validity;

pub use document::Document;
pub use renewal::{Holder, renewal};
pub use rows::{CERTIFICATE_ROWS, RENEWAL, REQUEST_ROWS, Row, SIGNED, signed};

use mock_thales::observe::CertificateDer;
use mock_thales::pki::{PublicKey, SignatureHash};
use time::OffsetDateTime;

use super::finding::{Reason, Ruling};
use crate::model::{CertificateAspect, ClientCertificatePolicy, CommonNameRule, CustomerId, KeyRule};

/// What a profile, an environment and onboarding say of the customer's certificate.
#[derive(Debug, Clone)]
pub struct Rules<'a> {
    /// The profile's policy.
    pub policy: &'a ClientCertificatePolicy,
    /// The profile's form of the customer's identifier.
    pub customer_id_form: &'a CustomerId,
    /// The identifier that Thales gave, if the integration file says it.
    pub customer_id: Option<&'a str>,
    /// The CN that the portal gave, if the integration file says it.
    pub common_name: Option<&'a str>,
    /// The full form of the CN, where the customer was given one.
    pub cn_template: Option<&'a str>,
    /// The word of the environment in a CN.
    pub word: Option<&'a str>,
    /// The words of all environments.
    pub words: Vec<&'a str>,
    /// Thales' authority for customers, and intermediates below it.
    pub authority: &'a [CertificateDer],
    /// The moment of judging.
    pub at: Option<OffsetDateTime>,
}

/// What an aspect asks for, in words.
pub fn expected(rules: &Rules<'_>, aspect: CertificateAspect) -> String {
    match aspect {
        CertificateAspect::Presented => "presents a certificate on every connection and proves its key".to_owned(),
        CertificateAspect::Endorsed => "the certificate is, byte by byte, the endorsed one".to_owned(),
        CertificateAspect::SelfSigned => "the certificate is self-signed".to_owned(),
        CertificateAspect::Issued => "the certificate is signed by Thales' authority for customers".to_owned(),
        CertificateAspect::Key => {
            let keys: Vec<_> = rules.policy.keys.iter().map(ToString::to_string).collect();
            format!("its key is one of {}", keys.join(", "))
        }
        CertificateAspect::NotRsa2048 => "its key is not RSA 2048".to_owned(),
        CertificateAspect::EllipticCurve => "its key is on an elliptic curve".to_owned(),
        CertificateAspect::Hash => "its signature uses SHA-256".to_owned(),
        CertificateAspect::Validity => match rules.policy.max_years {
            Some(years) => format!("it is valid now, and for at most {years} years"),
            None => "it is valid now".to_owned(),
        },
        CertificateAspect::CommonName => common_name::expected(rules),
        CertificateAspect::EnvironmentWord => match rules.word {
            Some(word) => format!("its CN names the environment once, by `{word}`"),
            None => "its CN names no environment".to_owned(),
        },
        CertificateAspect::AlgorithmWord => "its CN names the algorithm of its key".to_owned(),
        CertificateAspect::CustomerId => match rules.customer_id_form.length {
            Some(length) => format!(
                "{} is {length} characters out of A-Z a-z 0-9 _ -, and the CN bears it",
                rules.customer_id_form.name
            ),
            None => format!("the CN bears the {}", rules.customer_id_form.name),
        },
        CertificateAspect::Subject => format!("its subject is {}, each once", rules.policy.subject.join(", ")),
        CertificateAspect::Usage => "EKU, key usage and CA flag suit a client".to_owned(),
    }
}

/// Judges a document; the ruling carries no evidence yet. What only a connection can show (that it is presented, that it
/// is the endorsed one) is not judged here.
pub fn judge(rules: &Rules<'_>, document: &Document, aspect: CertificateAspect) -> Ruling {
    match aspect {
        CertificateAspect::Presented | CertificateAspect::Endorsed => {
            Ruling::unwitnessed(Reason::NotShown, "judged without reading the certificate", Vec::new())
        }
        CertificateAspect::SelfSigned => self_signed(document),
        CertificateAspect::Issued => issued(rules, document),
        CertificateAspect::Key => key(rules.policy, &document.key),
        CertificateAspect::NotRsa2048 => match document.key {
            PublicKey::Rsa { bits: 2048 } => violated("RSA 2048"),
            _ => met(describe(&document.key)),
        },
        CertificateAspect::EllipticCurve => match document.key {
            PublicKey::Rsa { bits } => violated(format!("an RSA key of {bits} bits")),
            _ => met(describe(&document.key)),
        },
        CertificateAspect::Hash => hash(rules.policy, document),
        CertificateAspect::Validity => validity::judge(rules, document),
        CertificateAspect::CommonName => common_name::judge(rules, document),
        CertificateAspect::EnvironmentWord => common_name::environment(rules, document),
        CertificateAspect::AlgorithmWord => common_name::algorithm(rules, document),
        CertificateAspect::CustomerId => common_name::customer_id(rules, document),
        CertificateAspect::Subject => subject(rules.policy, document),
        CertificateAspect::Usage => usage(document),
    }
}

fn met(seen: impl Into<String>) -> Ruling {
    Ruling::met(seen, Vec::new())
}

fn violated(seen: impl Into<String>) -> Ruling {
    Ruling::violated(seen, Vec::new())
}

fn not_shown(seen: impl Into<String>) -> Ruling {
    Ruling::unwitnessed(Reason::NotShown, seen, Vec::new())
}

fn self_signed(document: &Document) -> Ruling {
    match document.self_signed {
        Some(true) => met("signed with its own key"),
        Some(false) => match &document.issuer {
            Some(issuer) => violated(format!("issued by `{issuer}`")),
            None => violated("its signature is not by its own key"),
        },
        None => not_shown("subject and issuer are one, but the signature's algorithm cannot be verified here"),
    }
}

fn issued(rules: &Rules<'_>, document: &Document) -> Ruling {
    if document.self_signed == Some(true) {
        return violated("it is self-signed");
    }
    let issuer = document.issuer.as_deref().unwrap_or("nobody");
    if rules.authority.is_empty() {
        return not_shown(format!("issued by `{issuer}`; the integration file names no authority to compare with"));
    }
    match document.is_issued_under(rules.authority) {
        Some(true) => met(format!("issued by `{issuer}`")),
        Some(false) => violated(format!("issued by `{issuer}`, which is not Thales' authority for customers")),
        None => not_shown(format!("issued by `{issuer}`, whose signature cannot be verified here")),
    }
}

fn key(policy: &ClientCertificatePolicy, key: &PublicKey) -> Ruling {
    let listed = |rule: KeyRule| policy.keys.contains(&rule);
    let fits = match key {
        PublicKey::Ec { curve } if curve == "P-256" => listed(KeyRule::P256),
        PublicKey::Ec { curve } if curve == "P-384" => listed(KeyRule::P384),
        PublicKey::Rsa { bits: 2048 } => listed(KeyRule::Rsa2048),
        PublicKey::Rsa { bits: 4096 } if listed(KeyRule::Rsa4096) => true,
        PublicKey::Rsa { bits: 2049.. } if policy.longer_rsa && listed(KeyRule::Rsa2048) => {
            return met(describe(key)).warn("this size is not on the published list");
        }
        _ => false,
    };
    if fits { met(describe(key)) } else { violated(describe(key)) }
}

/// A key in words.
pub fn describe(key: &PublicKey) -> String {
    match key {
        PublicKey::Ec { curve } => format!("EC {curve}"),
        PublicKey::Rsa { bits } => format!("RSA {bits}"),
        PublicKey::Ed25519 => "Ed25519".to_owned(),
        PublicKey::Other { oid } => format!("a key of kind {oid}"),
    }
}

fn hash(policy: &ClientCertificatePolicy, document: &Document) -> Ruling {
    let is_rsa = matches!(document.key, PublicKey::Rsa { .. });
    match document.signature_hash {
        SignatureHash::Sha256 => met("SHA-256"),
        SignatureHash::Sha384 if policy.sha384_with_ecdsa && !is_rsa => {
            met("SHA-384 with ECDSA").warn("the documents name SHA-256 only")
        }
        other => violated(format!("{other:?}")),
    }
}

fn subject(policy: &ClientCertificatePolicy, document: &Document) -> Ruling {
    let names: Vec<_> = document.subject.iter().map(|(name, _)| name.as_str()).collect();
    let seen = names.join(", ");
    for wanted in &policy.subject {
        let values: Vec<_> =
            document.subject.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value).collect();
        match values.as_slice() {
            [] => return violated(format!("{wanted} is missing: {seen}")),
            [value] if value.trim().is_empty() => return violated(format!("{wanted} is empty")),
            // X.520: two letters of ISO 3166, upper case.
            [value] if wanted == "C" && !(value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_uppercase())) => {
                return violated(format!("C is `{value}`, expected two upper-case letters"));
            }
            [_] => {}
            values => return violated(format!("{wanted} stands {} times: {seen}", values.len())),
        }
    }
    let is_in_order =
        names.iter().filter(|name| policy.subject.iter().any(|wanted| wanted == *name)).eq(&policy.subject);
    let mut ruling = met(seen);
    if !is_in_order {
        ruling = ruling.warn(format!("the order in the document is {}", policy.subject.join(", ")));
    }
    if names.iter().any(|name| !policy.subject.iter().any(|wanted| wanted == name)) {
        ruling = ruling.warn("it holds attributes that the document does not name");
    }
    ruling
}

fn usage(document: &Document) -> Ruling {
    let mut wrong = Vec::new();
    if document.is_ca == Some(true) {
        wrong.push("basicConstraints say CA:TRUE");
    }
    if document.extended_key_usage.is_some_and(|usage| !usage.allows_client()) {
        wrong.push("extended key usage lacks clientAuth");
    }
    if document.key_usage.is_some_and(|usage| !usage.digital_signature) {
        wrong.push("key usage lacks digitalSignature");
    }
    if wrong.is_empty() { met("suits a client") } else { violated(wrong.join("; ")) }
}

/// The beginnings of a CN by algorithm, where the profile has a pattern.
fn beginnings(rules: &ClientCertificatePolicy) -> Option<(&str, &str)> {
    match &rules.common_name {
        CommonNameRule::Exact => None,
        CommonNameRule::Pattern { rsa, ecdsa } => Some((rsa, ecdsa)),
    }
}
