//! The token endpoint: a grant by JWT bearer (RFC 7523) is answered with an access token (RFC 6749 section 5).
//!
//! It refuses what can be no such grant. What is only against a product's rules for assertions is told and let through,
//! so that the rest of the integration shows.

use std::time::Duration;

use hyper::{HeaderMap, Method};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::assertion;
use super::tokens::Tokens;
use crate::observe::{Assertion, BodyForm, SignatureState, TokenOutcome, TokenRequest};
use crate::plan::OAuthPlan;

/// RFC 7523 section 2.1.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A request for a token, and what it comes with.
pub(super) struct Asking<'a> {
    pub(super) method: &'a Method,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    /// The connection showed a client certificate.
    pub(super) certificate: bool,
}

/// Answers a request for a token: what is recorded, the status, the body.
pub(super) fn answer(asking: &Asking<'_>, plan: &OAuthPlan, tokens: &Tokens) -> (TokenRequest, u16, Value) {
    let (form, parameters) = parameters(asking.headers, asking.body);
    let mut told = TokenRequest {
        certificate: asking.certificate,
        form,
        assertion: None,
        faults: Vec::new(),
        outcome: TokenOutcome::Refused { error: "invalid_grant".to_owned() },
    };
    let decided = decide(asking.method, &parameters, &mut told, tokens).and_then(|()| {
        let lifetime = Duration::from_secs(u64::from(plan.lifetime_s));
        tokens.issue(lifetime).map_err(|_| ("server_error", "the counterpart has no random numbers"))
    });
    match decided {
        Ok((token, digest)) => {
            told.outcome = TokenOutcome::Issued { digest, lifetime_s: plan.lifetime_s };
            let body = json!({
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": plan.lifetime_s,
                "scope": "test",
            });
            (told, 200, body)
        }
        Err((error, why)) => {
            told.faults.push(why.to_owned());
            told.outcome = TokenOutcome::Refused { error: error.to_owned() };
            (told, 400, json!({ "error": error, "error_description": why }))
        }
    }
}

type Refusal = (&'static str, &'static str);

fn decide(method: &Method, given: &Parameters, told: &mut TokenRequest, tokens: &Tokens) -> Result<(), Refusal> {
    if method != Method::POST {
        return Err(("invalid_request", "a token is asked for by POST"));
    }
    match given.grant.as_deref() {
        Some(GRANT) => {}
        Some(_) => return Err(("unsupported_grant_type", "the grant type is not that of a JWT bearer")),
        None => return Err(("invalid_request", "grant_type is missing")),
    }
    let Some(token) = &given.assertion else { return Err(("invalid_request", "assertion is missing")) };
    let now_s = OffsetDateTime::now_utc().unix_timestamp();
    let assertion = assertion::read(token, tokens.key(), now_s).map_err(|why| ("invalid_grant", why))?;
    let fault = fault(&assertion);
    told.assertion = Some(assertion);
    fault.map_or(Ok(()), |why| Err(("invalid_grant", why)))
}

/// What RFC 7523 section 3 lets nobody accept.
fn fault(assertion: &Assertion) -> Option<&'static str> {
    if assertion.signature == SignatureState::Bad {
        return Some("the assertion's signature does not verify with the customer's key");
    }
    if assertion.algorithm.as_deref().is_none_or(|name| name.eq_ignore_ascii_case("none")) {
        return Some("the assertion is not signed");
    }
    match assertion.expires_in_s {
        None => Some("the assertion has no `exp`"),
        Some(..=0) => Some("the assertion has expired"),
        Some(_) => None,
    }
}

#[derive(Default)]
struct Parameters {
    grant: Option<String>,
    assertion: Option<String>,
}

/// The parameters of a body, whatever it says of its form: some stacks label a form as text.
fn parameters(headers: &HeaderMap, body: &[u8]) -> (BodyForm, Parameters) {
    let kind = headers.get(hyper::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let text = String::from_utf8_lossy(body);
    if kind.to_ascii_lowercase().contains("json") || text.trim_start().starts_with('{') {
        let word = |value: &Value, name: &str| Some(value.get(name)?.as_str()?.to_owned());
        return match serde_json::from_slice::<Value>(body) {
            Ok(value) => {
                let found = Parameters { grant: word(&value, "grant_type"), assertion: word(&value, "assertion") };
                (BodyForm::Json, found)
            }
            Err(_) => (BodyForm::Other, Parameters::default()),
        };
    }
    let mut found = Parameters::default();
    for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
        match name {
            "grant_type" => found.grant = Some(decoded(value)),
            "assertion" => found.assertion = Some(decoded(value)),
            _ => {}
        }
    }
    let form = if found.grant.is_some() || found.assertion.is_some() { BodyForm::Form } else { BodyForm::Other };
    (form, found)
}

/// The value of a form's field: `+` is a space, `%` begins a byte in hex.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.trim_end().bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits: Vec<u8> = rest.by_ref().take(2).collect();
                let hex = std::str::from_utf8(&digits).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
                bytes.push(hex.unwrap_or(b'%'));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
