//! The structure of a JSON Web Encryption (RFC 7516).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::plain;
use crate::observe::Jwe;

/// A compact JWE, or what was meant for one: its first part is a header that speaks of an encryption.
pub(super) fn compact(text: &str) -> Option<Jwe> {
    let parts: Vec<&str> = text.split('.').collect();
    let header = header(parts.first().filter(|_| parts.len() > 1)?)?;
    // A signed token (RFC 7515) has three parts and no `enc`.
    if !header.contains_key("enc") && parts.len() != 5 {
        return None;
    }
    let length = |part: &&str| URL_SAFE_NO_PAD.decode(part).ok().and_then(|bytes| u32::try_from(bytes.len()).ok());
    Some(Jwe { compact: true, parts: parts.iter().take(8).map(length).collect(), ..told(&header) })
}

/// A JWE in JSON serialization (RFC 7516 section 7.2).
pub(super) fn in_json(members: &Map<String, Value>) -> Option<Jwe> {
    let has_header = members.contains_key("protected") || members.contains_key("recipients");
    if !members.contains_key("ciphertext") || !has_header {
        return None;
    }
    let protected = members.get("protected").and_then(Value::as_str).and_then(header).unwrap_or_default();
    Some(told(&protected))
}

/// With padding, or in the other alphabet, it is still told what it was meant to be.
fn header(part: &str) -> Option<Map<String, Value>> {
    let part = part.trim_end_matches('=');
    let bytes = URL_SAFE_NO_PAD.decode(part).or_else(|_| STANDARD_NO_PAD.decode(part)).ok()?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(header)) => Some(header),
        _ => None,
    }
}

fn told(header: &Map<String, Value>) -> Jwe {
    let word = |name: &str| header.get(name).and_then(Value::as_str).and_then(plain);
    let key_id = header.get("kid").and_then(Value::as_str).is_some_and(|kid| !kid.is_empty());
    let curve = header.get("epk").and_then(|key| key.get("crv")).and_then(Value::as_str).and_then(plain);
    Jwe {
        compact: false,
        parts: Vec::new(),
        algorithm: word("alg"),
        encryption: word("enc"),
        key_id,
        content_type: word("cty"),
        curve,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(header: &str, rest: &str) -> Option<Jwe> {
        compact(&format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header)))
    }

    #[test]
    fn reads_the_header_and_the_lengths() {
        let header = r#"{"alg":"ECDH-ES","enc":"A256GCM","kid":"1","epk":{"kty":"EC","crv":"P-256"}}"#;
        let read = with(header, ".AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA").expect("a JWE");
        assert_eq!(read.parts[1..], [Some(0), Some(12), Some(1), Some(16)]);
        assert_eq!((read.algorithm.as_deref(), read.encryption.as_deref()), (Some("ECDH-ES"), Some("A256GCM")));
        assert_eq!((read.key_id, read.curve.as_deref(), read.compact), (true, Some("P-256"), true));
    }

    #[test]
    fn what_was_meant_for_one_is_one() {
        let cut = with(r#"{"alg":"dir","enc":"A256GCM"}"#, "AA.AA").expect("meant for a JWE");
        assert_eq!(cut.parts.len(), 3);
        let padded = with(r#"{"alg":"dir","enc":"A256GCM","kid":""}"#, ".AA==.AA.AA").expect("meant for a JWE");
        assert_eq!((padded.parts[2], padded.key_id), (None, false));
    }

    #[test]
    fn other_texts_are_none() {
        assert_eq!(with(r#"{"alg":"ES256","kid":"1"}"#, "AA.AA"), None, "a signed token");
        assert_eq!(compact("a.b.c.d.e"), None);
        assert_eq!(compact(""), None);
        assert_eq!(compact("{\"enc\":1}"), None);
    }
}
