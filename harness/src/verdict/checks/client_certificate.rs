//! `client-certificate`: what the caller shows, and whether it is what onboarding agreed on.

use mock_thales::observe::{CertificateDer, Connection};
use mock_thales::pki::{CertificateFacts, PublicKey, SignatureHash};
use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, OffsetDateTime};

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use crate::model::{CertificateAspect, Expectation, Header, KeyRule};

/// Days before the end at which a warning begins.
const SOON: i64 = 60;

pub(super) fn expected(header: &Header, aspect: CertificateAspect) -> String {
    let policy = &header.context.client_certificate;
    match aspect {
        CertificateAspect::Presented => "presents a certificate on every connection and proves its key".to_owned(),
        CertificateAspect::Endorsed => "the certificate is, byte by byte, the endorsed one".to_owned(),
        CertificateAspect::SelfSigned => "the certificate is self-signed".to_owned(),
        CertificateAspect::Key => {
            let keys: Vec<_> = policy.keys.iter().map(ToString::to_string).collect();
            format!("its key is one of {}", keys.join(", "))
        }
        CertificateAspect::EllipticCurve => "its key is on an elliptic curve".to_owned(),
        CertificateAspect::Hash => "its signature uses SHA-256".to_owned(),
        CertificateAspect::Validity => format!("it is valid now, and for at most {} years", policy.max_years),
        CertificateAspect::CommonName => match &header.context.common_name {
            Some(name) => format!("its CN is `{name}`"),
            None => "its CN is the one given in the portal".to_owned(),
        },
        CertificateAspect::Usage => "EKU, key usage and CA flag suit a client".to_owned(),
    }
}

pub(super) fn rule(view: &View<'_>, expectation: &Expectation, aspect: CertificateAspect) -> Ruling {
    let decided: Vec<_> = view
        .subjects(expectation)
        .into_iter()
        .filter(|connection| view.is_witness(connection) && connection.data.is_some())
        .collect();
    if decided.is_empty() {
        return Ruling::unwitnessed(Reason::NoConnection, "no request arrived", Vec::new());
    }
    let controls = match view.controls(expectation) {
        Ok(controls) => controls,
        Err(ruling) => return ruling,
    };
    if aspect == CertificateAspect::Presented {
        return presented(&decided, controls);
    }
    let Some((leaf, seq)) =
        decided.iter().find_map(|connection| Some((view.leaf(connection)?, connection.certificate.as_ref()?.seq)))
    else {
        return Ruling::unwitnessed(Reason::NotShown, "no certificate was presented", vec![decided[0].opened.seq]);
    };
    if aspect == CertificateAspect::Endorsed {
        return endorsed(view, leaf, seq);
    }
    match CertificateFacts::read(leaf) {
        Ok(facts) => judge(view.header, &facts, aspect, seq),
        Err(error) => Ruling::violated(format!("the certificate cannot be read: {error}"), vec![seq]),
    }
}

fn presented(decided: &[&Connection], controls: Vec<u64>) -> Ruling {
    let mut evidence = controls;
    let mut unverified = None;
    for connection in decided {
        match &connection.certificate {
            None => {
                return Ruling::violated("a request came without a client certificate", vec![connection.opened.seq]);
            }
            Some(shown) if shown.what.1 == Some(false) => {
                return Ruling::violated("a certificate was presented without proof of its key", vec![shown.seq]);
            }
            Some(shown) if shown.what.1.is_none() => {
                let seen = "a certificate was presented, and its proof of the key cannot be verified here";
                unverified.get_or_insert_with(|| Ruling::unwitnessed(Reason::NotShown, seen, vec![shown.seq]));
            }
            Some(shown) => evidence.push(shown.seq),
        }
    }
    let met = || Ruling::met(format!("presented on {} connection(s), key proven", decided.len()), evidence);
    unverified.unwrap_or_else(met)
}

fn endorsed(view: &View<'_>, leaf: &CertificateDer, seq: u64) -> Ruling {
    match &view.header.context.endorsed {
        Some(endorsed) if endorsed == leaf => Ruling::met("the same bytes", vec![seq]),
        Some(endorsed) => {
            let same_key = match (CertificateFacts::read(endorsed), CertificateFacts::read(leaf)) {
                (Ok(endorsed), Ok(shown)) => endorsed.public_key_sha256 == shown.public_key_sha256,
                _ => false,
            };
            let seen = if same_key { "another certificate with the same key" } else { "another certificate" };
            Ruling::violated(seen, vec![seq])
        }
        None => Ruling::unwitnessed(Reason::NotShown, "the integration file names no endorsed certificate", vec![seq]),
    }
}

fn judge(header: &Header, facts: &CertificateFacts, aspect: CertificateAspect, seq: u64) -> Ruling {
    let evidence = vec![seq];
    match aspect {
        CertificateAspect::SelfSigned => match facts.self_signed {
            Some(true) => Ruling::met("signed with its own key", evidence),
            Some(false) => Ruling::violated(format!("issued by `{}`", facts.issuer), evidence),
            None => {
                let seen = "subject and issuer are one, but the signature's algorithm cannot be verified here";
                Ruling::unwitnessed(Reason::NotShown, seen, evidence)
            }
        },
        CertificateAspect::Key => key(header, facts, evidence),
        CertificateAspect::EllipticCurve => match facts.key {
            PublicKey::Rsa { bits } => Ruling::violated(format!("an RSA key of {bits} bits"), evidence),
            _ => Ruling::met(describe(&facts.key), evidence),
        },
        CertificateAspect::Hash => hash(facts, evidence),
        CertificateAspect::Validity => validity(header, facts, evidence),
        CertificateAspect::CommonName => common_name(header, facts, evidence),
        CertificateAspect::Usage => usage(facts, evidence),
        CertificateAspect::Presented | CertificateAspect::Endorsed => {
            Ruling::unwitnessed(Reason::NotShown, "judged without reading the certificate", evidence)
        }
    }
}

fn key(header: &Header, facts: &CertificateFacts, evidence: Vec<u64>) -> Ruling {
    let rules = &header.context.client_certificate.keys;
    let listed = |rule: KeyRule| rules.contains(&rule);
    let fits = match &facts.key {
        PublicKey::Ec { curve } if curve == "P-256" => listed(KeyRule::P256),
        PublicKey::Ec { curve } if curve == "P-384" => listed(KeyRule::P384),
        PublicKey::Rsa { bits: 2048 } => listed(KeyRule::Rsa2048),
        PublicKey::Rsa { bits: 4096 } if listed(KeyRule::Rsa4096) => true,
        // Stronger than the one listed size: the documents do not say whether it is a minimum.
        PublicKey::Rsa { bits: 3072 | 4096 } if listed(KeyRule::Rsa2048) => {
            return Ruling::met(describe(&facts.key), evidence).warn("this size is not on the published list");
        }
        _ => false,
    };
    let seen = describe(&facts.key);
    if fits { Ruling::met(seen, evidence) } else { Ruling::violated(seen, evidence) }
}

fn describe(key: &PublicKey) -> String {
    match key {
        PublicKey::Ec { curve } => format!("EC {curve}"),
        PublicKey::Rsa { bits } => format!("RSA {bits}"),
        PublicKey::Ed25519 => "Ed25519".to_owned(),
        PublicKey::Other { oid } => format!("a key of kind {oid}"),
    }
}

fn hash(facts: &CertificateFacts, evidence: Vec<u64>) -> Ruling {
    let is_rsa = matches!(facts.key, PublicKey::Rsa { .. });
    match facts.signature_hash {
        SignatureHash::Sha256 => Ruling::met("SHA-256", evidence),
        // The documents tie SHA-256 to RSA; P-384 usually comes with SHA-384.
        SignatureHash::Sha384 if !is_rsa => {
            Ruling::met("SHA-384 with ECDSA", evidence).warn("the documents name SHA-256 only")
        }
        other => Ruling::violated(format!("{other:?}"), evidence),
    }
}

fn validity(header: &Header, facts: &CertificateFacts, evidence: Vec<u64>) -> Ruling {
    let years = header.context.client_certificate.max_years;
    let seen = format!("{} to {}", facts.not_before.date(), facts.not_after.date());
    // Two calendar years, so that a leap day is no breach. openssl counts `-days 730` within them.
    if facts.not_after > plus_years(facts.not_before, i32::from(years)) {
        return Ruling::violated(format!("{seen}: longer than {years} years"), evidence);
    }
    let Ok(now) = OffsetDateTime::parse(&header.started, &Rfc3339) else {
        return Ruling::unwitnessed(Reason::NotShown, "the log does not say when it was made", evidence);
    };
    if now > facts.not_after {
        return Ruling::violated(format!("{seen}: expired"), evidence);
    }
    if now < facts.not_before {
        return Ruling::violated(format!("{seen}: not yet valid"), evidence);
    }
    let left = (facts.not_after - now).whole_days();
    let ruling = Ruling::met(format!("{seen}, {left} days left"), evidence);
    if Duration::days(left) < Duration::days(SOON) {
        return ruling.warn(format!("expires in {left} days"));
    }
    ruling
}

fn plus_years(from: OffsetDateTime, years: i32) -> OffsetDateTime {
    let date = from.date();
    let later = Date::from_calendar_date(date.year() + years, date.month(), date.day())
        // 29 February: the first day after the month's end counts.
        .or_else(|_| Date::from_calendar_date(date.year() + years, time::Month::March, 1))
        .unwrap_or(date);
    from.replace_date(later)
}

fn common_name(header: &Header, facts: &CertificateFacts, evidence: Vec<u64>) -> Ruling {
    let Some(wanted) = &header.context.common_name else {
        return Ruling::unwitnessed(Reason::NotShown, "the integration file says no common-name", evidence);
    };
    match facts.common_names.as_slice() {
        [name] if name.as_slice() == wanted.as_bytes() => Ruling::met("the same bytes", evidence),
        [name] => Ruling::violated(format!("its CN is `{}`", String::from_utf8_lossy(name)), evidence),
        [] => Ruling::violated("it has no CN", evidence),
        names => Ruling::violated(format!("it has {} CNs", names.len()), evidence),
    }
}

fn usage(facts: &CertificateFacts, evidence: Vec<u64>) -> Ruling {
    let mut wrong = Vec::new();
    if facts.is_ca == Some(true) {
        wrong.push("basicConstraints say CA:TRUE");
    }
    if facts.extended_key_usage.is_some_and(|usage| !usage.allows_client()) {
        wrong.push("extended key usage lacks clientAuth");
    }
    if facts.key_usage.is_some_and(|usage| !usage.digital_signature) {
        wrong.push("key usage lacks digitalSignature");
    }
    if wrong.is_empty() {
        Ruling::met("suits a client", evidence)
    } else {
        Ruling::violated(wrong.join("; "), evidence)
    }
}
