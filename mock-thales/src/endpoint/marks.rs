//! What an API request says above TLS, read off its header without keeping a value.

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderValue};

use super::tokens::Tokens;
use crate::observe::{Authorization, Mark, Marks, Scheme};

/// Header fields that identify a request or its sender. A customer may have put personal data there.
const IDENTIFYING: [&str; 2] = ["x-correlation-id", "x-issuer-id"];

/// Reads a header.
pub(super) fn read(headers: &HeaderMap, tokens: &Tokens) -> Marks {
    Marks {
        authorization: headers.get(AUTHORIZATION).map(|value| {
            let further = count(headers.get_all(AUTHORIZATION).iter().count() - 1);
            Authorization { further, ..authorization(value, tokens) }
        }),
        fields: IDENTIFYING.iter().filter_map(|name| mark(name, headers, tokens)).collect(),
    }
}

fn authorization(value: &HeaderValue, tokens: &Tokens) -> Authorization {
    let text = String::from_utf8_lossy(value.as_bytes());
    let (word, credentials) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let credentials = credentials.trim();
    let scheme = match word.to_ascii_lowercase().as_str() {
        "bearer" => Scheme::Bearer,
        "apikey" => Scheme::ApiKey,
        "basic" => Scheme::Basic,
        _ => Scheme::Other,
    };
    let known = !credentials.is_empty() && scheme != Scheme::Other;
    Authorization {
        scheme,
        credentials: !credentials.is_empty(),
        token: (known && scheme == Scheme::Bearer).then(|| tokens.state(credentials)),
        digest: known.then(|| tokens.digest(credentials.as_bytes())),
        further: 0,
    }
}

fn mark(name: &str, headers: &HeaderMap, tokens: &Tokens) -> Option<Mark> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    Some(Mark {
        name: name.to_owned(),
        times: count(values.count() + 1),
        length: count(std::str::from_utf8(value).map_or(value.len(), |text| text.chars().count())),
        plain: value.iter().all(is_plain),
        digest: tokens.digest(value),
    })
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
