//! Where two JSON documents first differ, so that a reader finds what was changed.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Where two documents first differ, as a JSON pointer (RFC 6901).
pub(super) fn difference(found: &Value, expected: &Value, place: &str) -> Option<String> {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            let keys: BTreeSet<_> = found.keys().chain(expected.keys()).collect();
            keys.into_iter().find_map(|key| {
                let value = |of: &Map<String, Value>| of.get(key).cloned().unwrap_or_default();
                difference(&value(found), &value(expected), &format!("{place}/{key}"))
            })
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            let pairs = found.iter().zip(expected).enumerate();
            pairs.into_iter().find_map(|(index, (one, other))| difference(one, other, &format!("{place}/{index}")))
        }
        _ => (found != expected).then(|| place.to_owned()),
    }
}
