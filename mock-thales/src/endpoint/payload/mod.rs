//! Looks for what is encrypted in the body of an API request, and keeps its structure: [`crate::observe::BodyRead`].
//!
//! No document says in which member an encrypted payload stands, so that every string is looked at: what has the form of
//! a JWE or of enveloped data is one. Nothing is decrypted, and no value is kept.

mod ber;
mod enveloped;
mod jwe;

use serde_json::Value;

use crate::observe::{BodyRead, Envelope, Payload};

/// Payloads of one body that are kept.
const MOST_PAYLOADS: usize = 32;
/// Names of members in which Thales' pages put a card number before they encrypt it.
const CARD_NUMBERS: [&str; 2] = ["pan", "fpan"];
/// Characters of a word that is kept.
const KEPT: usize = 40;

/// Reads a body that is complete.
pub(super) fn read(body: &[u8]) -> BodyRead {
    let mut found = BodyRead { bytes: u64::try_from(body.len()).ok(), ..BodyRead::default() };
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => {
            found.json = true;
            look(None, &value, &mut found);
        }
        Err(_) => {
            if let Ok(text) = std::str::from_utf8(body) {
                take(None, envelope(text), &mut found);
            }
        }
    }
    found
}

/// A body that is too long to be read.
pub(super) fn unread() -> BodyRead {
    BodyRead::default()
}

fn look(member: Option<&str>, value: &Value, found: &mut BodyRead) {
    match value {
        Value::String(text) => {
            if let Some(name) = member.filter(|name| CARD_NUMBERS.contains(name) && is_card_number(text)) {
                clear(name, found);
            }
            take(member, envelope(text), found);
        }
        Value::Number(number) => {
            if let Some(name) = member.filter(|name| CARD_NUMBERS.contains(name) && is_card_number(&number.to_string()))
            {
                clear(name, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| look(member, value, found)),
        Value::Object(members) => match jwe::in_json(members) {
            Some(jwe) => take(member, Some(Envelope::Jwe(jwe)), found),
            None => members.iter().for_each(|(name, value)| look(Some(name), value, found)),
        },
        Value::Null | Value::Bool(_) => {}
    }
}

fn clear(name: &str, found: &mut BodyRead) {
    if !found.clear.iter().any(|known| known == name) {
        found.clear.push(name.to_owned());
    }
}

fn take(member: Option<&str>, envelope: Option<Envelope>, found: &mut BodyRead) {
    if let Some(envelope) = envelope.filter(|_| found.payloads.len() < MOST_PAYLOADS) {
        // A map may have somebody's number for a name.
        let is_word = |name: &&str| name.starts_with(|first: char| first.is_ascii_alphabetic());
        let member = member.filter(is_word).and_then(plain);
        found.payloads.push(Payload { member, envelope });
    }
}

fn envelope(text: &str) -> Option<Envelope> {
    let text = text.trim();
    jwe::compact(text).map(Envelope::Jwe).or_else(|| enveloped::read(text).map(Envelope::Enveloped))
}

/// ISO/IEC 7812: 12 to 19 digits, perhaps in groups.
fn is_card_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (12..=19).contains(&digits) && text.bytes().all(|byte| byte.is_ascii_digit() || b" -".contains(&byte))
}

/// A word that may be told: letters, digits and what stands in names of algorithms.
fn plain(word: &str) -> Option<String> {
    let is_plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+./".contains(&byte));
    (is_plain && word.len() <= KEPT && !is_card_number(word)).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_number_in_the_clear_is_told_by_the_name_of_its_member() {
        let clear = |body: &str| read(body.as_bytes()).clear;
        assert_eq!(clear(r#"{"card":{"pan":"4111111111111111"}}"#), ["pan"]);
        assert_eq!(clear(r#"{"cards":[{"fpan":4111111111111111},{"fpan":"4111 1111 1111 1111"}]}"#), ["fpan"]);
        assert!(clear(r#"{"pan":"411111******1111"}"#).is_empty(), "a masked one is none");
        assert!(clear(r#"{"pan":"eyJhbGciOiJFQ0RILUVTIn0"}"#).is_empty());
        assert!(clear(r#"{"orderNumber":"4111111111111111"}"#).is_empty(), "it may be anything");
    }

    #[test]
    fn no_value_is_told() {
        let found = read(br#"{"pan":"4111111111111111","name":"Jane Doe","4111111111111111":"x"}"#);
        let told = serde_json::to_string(&found).expect("facts are JSON");
        assert!(!told.contains("4111") && !told.contains("Jane"), "{told}");
        assert!(!read(b"not json").json);
        assert_eq!(read(b"not json").payloads, Vec::new());
    }
}
