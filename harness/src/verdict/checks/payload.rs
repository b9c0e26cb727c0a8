//! `payload`: what is encrypted in the caller's API requests is so in the way that the profile wants. Only its structure is
//! known here: nobody has decrypted it, and no value was kept.

use mock_thales::observe::{BodyRead, Envelope, Enveloped, Jwe, KeyTransport, Payload, Seen};

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use crate::model::{Expectation, Header, JweRule, PayloadRule, Pkcs7Rule};

/// Parts of a compact JWE (RFC 7516 section 7.1), as they are counted here.
const ENCRYPTED_KEY: usize = 1;

pub(super) fn expected(header: &Header) -> String {
    match &header.context.payload {
        Some(PayloadRule::Jwe(rule)) => {
            let key = match (&rule.curve, rule.key_bits) {
                (Some(curve), _) => format!(" on {curve}"),
                (None, Some(bits)) => format!(" under an RSA key of {bits} bits"),
                (None, None) => String::new(),
            };
            format!("sensitive parts travel as compact JWE: {}{key}, {}, with a kid", rule.algorithm, rule.encryption)
        }
        Some(PayloadRule::Pkcs7(rule)) => format!(
            "sensitive parts travel as enveloped data of PKCS#7 in hex: {} with {} in both places, {}",
            rule.key_encryption, rule.hash, rule.content_encryption
        ),
        None => "sensitive parts are encrypted as the product wants it".to_owned(),
    }
}

pub(super) fn rule(view: &View<'_>, expectation: &Expectation) -> Ruling {
    let subjects = view.subjects(expectation);
    let witnesses = || subjects.iter().filter(|connection| view.is_witness(connection));
    if witnesses().all(|connection| connection.marks.is_empty()) {
        return view.no_api_request(&subjects);
    }
    let Some(rule) = &view.header.context.payload else {
        return Ruling::unwitnessed(Reason::NotPlayed, "the profile says nothing of it", Vec::new());
    };
    let bodies: Vec<&Seen<BodyRead>> = witnesses().flat_map(|connection| &connection.bodies).collect();
    for body in &bodies {
        if let Some(member) = body.what.clear.first() {
            let words = format!("a card number stands in the clear in the member `{member}`");
            return Ruling::violated(words, vec![body.seq]);
        }
        for payload in &body.what.payloads {
            if let Err(words) = judge(payload, rule) {
                let place = place(payload);
                return Ruling::violated(format!("what is encrypted{place} {words}"), vec![body.seq]);
            }
        }
    }
    let encrypted: Vec<_> = bodies.iter().filter(|body| !body.what.payloads.is_empty()).collect();
    match encrypted.first() {
        Some(first) => {
            let words = format!(
                "{} of {} request(s) with a body carry what is encrypted as the product wants it{}",
                encrypted.len(),
                bodies.len(),
                first.what.payloads.first().map(place).unwrap_or_default()
            );
            Ruling::met(words, encrypted.iter().map(|body| body.seq).collect())
        }
        None if bodies.iter().any(|body| body.what.bytes.is_none()) => {
            let long = bodies.iter().map(|body| body.seq).collect();
            Ruling::unwitnessed(Reason::NotShown, "a body is too long to be looked through", long)
        }
        None => Ruling::unwitnessed(Reason::NotShown, "no request carried anything encrypted", Vec::new()),
    }
}

fn place(payload: &Payload) -> String {
    payload.member.as_ref().map_or_else(String::new, |member| format!(" in the member `{member}`"))
}

fn judge(payload: &Payload, rule: &PayloadRule) -> Result<(), String> {
    match (&payload.envelope, rule) {
        (Envelope::Jwe(jwe), PayloadRule::Jwe(rule)) => of_jwe(jwe, rule),
        (Envelope::Enveloped(enveloped), PayloadRule::Pkcs7(rule)) => of_enveloped(enveloped, rule),
        (Envelope::Jwe(_), PayloadRule::Pkcs7(_)) => Err("is a JWE, where enveloped data is expected".to_owned()),
        (Envelope::Enveloped(_), PayloadRule::Jwe(_)) => Err("is enveloped data, where a JWE is expected".to_owned()),
    }
}

fn of_jwe(jwe: &Jwe, rule: &JweRule) -> Result<(), String> {
    if !jwe.compact {
        return Err("is a JWE in JSON serialization, expected the compact one".to_owned());
    }
    if jwe.parts.len() != 5 {
        return Err(format!("has {} parts, a compact JWE has five", jwe.parts.len()));
    }
    if let Some(wrong) = jwe.parts.iter().position(Option::is_none) {
        return Err(format!("is no compact JWE: its part {} is no base64url without padding", wrong + 1));
    }
    let length = |part: usize| jwe.parts.get(part).copied().flatten().unwrap_or(0);
    is("alg", jwe.algorithm.as_deref(), &rule.algorithm)?;
    is("enc", jwe.encryption.as_deref(), &rule.encryption)?;
    if !jwe.key_id {
        return Err("names no key: `kid` is missing, or empty".to_owned());
    }
    if let Some(curve) = &rule.curve {
        is("epk.crv", jwe.curve.as_deref(), curve)?;
        // RFC 7518 section 4.6: the agreed key encrypts the content itself.
        if length(ENCRYPTED_KEY) > 0 {
            return Err(format!("has an encrypted key of {} bytes, expected none", length(ENCRYPTED_KEY)));
        }
    }
    if let Some(bits) = rule.key_bits
        && length(ENCRYPTED_KEY) * 8 != bits
    {
        return Err(format!("is for an RSA key of {} bits, expected {bits}", length(ENCRYPTED_KEY) * 8));
    }
    // RFC 7518 section 5.3: a nonce of 96 bits and a tag of 128.
    if rule.encryption.ends_with("GCM") && (length(2), length(4)) != (12, 16) {
        return Err(format!("has a nonce of {} bytes and a tag of {}, expected 12 and 16", length(2), length(4)));
    }
    Ok(())
}

fn of_enveloped(enveloped: &Enveloped, rule: &Pkcs7Rule) -> Result<(), String> {
    use mock_thales::observe::Encoding;
    match enveloped.encoding {
        Encoding::Hex => {}
        Encoding::Base64 => return Err("is written in base64, expected hex".to_owned()),
        Encoding::Pem => return Err("is written as PEM, expected hex".to_owned()),
    }
    if let Some(fault) = &enveloped.fault {
        return Err(format!("is no readable enveloped data: {fault}"));
    }
    if enveloped.transports.is_empty() {
        return Err(format!("has {} recipient(s), none of them with an RSA key", enveloped.recipients));
    }
    enveloped.transports.iter().try_for_each(|transport| of_transport(transport, rule))?;
    is("content encryption", enveloped.content_encryption.as_deref(), &rule.content_encryption)
}

fn of_transport(transport: &KeyTransport, rule: &Pkcs7Rule) -> Result<(), String> {
    is("key encryption", Some(&transport.algorithm), &rule.key_encryption)?;
    is("hash of OAEP", transport.hash.as_deref(), &rule.hash)?;
    is("hash of the mask generation function", transport.mask_hash.as_deref(), &rule.hash)?;
    if !rule.key_bits.contains(&transport.key_bits) {
        return Err(format!("is for an RSA key of {} bits, which is not listed", transport.key_bits));
    }
    Ok(())
}

fn is(what: &str, found: Option<&str>, wanted: &str) -> Result<(), String> {
    match found {
        Some(found) if found == wanted => Ok(()),
        Some(found) => Err(format!("has {found} for {what}, expected {wanted}")),
        None => Err(format!("says nothing for {what}, expected {wanted}")),
    }
}
