//! What Thales' client shows of itself above TLS to a receiver: the API key that it was given, or an access token that it
//! has asked for. Neither is ever a fact.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mock_thales::client::{Answered, Call};
use mock_thales::observe::TokenFetch;
use mock_thales::plan::Credentials;
use serde_json::Value;
use tokio::time::Instant;

use crate::integration::Access;

/// Why nothing can be said of a receiver's own checks.
pub(super) const NOTHING_GIVEN: &str =
    "the integration file gives Thales nothing to show: expected `api-key` or `oauth` in [[receiver]]";

/// Has the form of a key and of a token, and is neither.
const FORGED: &str = "forged-by-the-counterpart-0000000000000000";
/// A token is not used any more so long before its end.
const MARGIN: Duration = Duration::from_secs(5);
/// Life of a token whose answer says none (RFC 6749 section 5.1 leaves it open).
const LIFE_S: u64 = 900;

/// Keeps what Thales shows.
pub(super) struct Desk {
    access: Option<Access>,
    token: Option<(String, Instant)>,
}

impl Desk {
    pub(super) fn new(access: Option<Access>) -> Self {
        Self { access, token: None }
    }

    /// The receiver gave nothing.
    pub(super) fn is_idle(&self) -> bool {
        self.access.is_none()
    }

    /// Whether a token has to be asked for first.
    pub(super) fn needs_token(&self) -> bool {
        let is_good = self.token.as_ref().is_some_and(|(_, until)| Instant::now() < *until);
        matches!(self.access, Some(Access::OAuth { .. })) && !is_good
    }

    /// The value of the Authorization field.
    pub(super) fn authorization(&self, credentials: Credentials) -> Option<String> {
        match (self.access.as_ref()?, credentials) {
            (_, Credentials::None) => None,
            (Access::ApiKey(_), Credentials::Forged) => Some(format!("APIKEY {FORGED}")),
            (Access::ApiKey(key), Credentials::Given) => Some(format!("APIKEY {}", key.reveal())),
            (Access::OAuth { .. }, Credentials::Forged) => Some(format!("Bearer {FORGED}")),
            (Access::OAuth { .. }, Credentials::Given) => {
                self.token.as_ref().map(|(token, _)| format!("Bearer {token}"))
            }
        }
    }

    /// The fields of a request. Where Thales shows something, what the request says itself does not count.
    pub(super) fn headers(
        &self,
        given: &BTreeMap<String, String>,
        authorization: Option<&str>,
    ) -> Vec<(String, String)> {
        let is_kept = |name: &str| self.is_idle() || !name.eq_ignore_ascii_case("authorization");
        let given = given.iter().filter(|(name, _)| is_kept(name));
        let own = authorization.map(|value| ("authorization".to_owned(), value.to_owned()));
        given.map(|(name, value)| (name.clone(), value.clone())).chain(own).collect()
    }

    /// The question for a token: a form, with the client's credentials by Basic (RFC 6749 sections 2.3.1 and 4.4.2).
    pub(super) fn question(&self, host: String) -> Option<Call> {
        let Some(Access::OAuth { token_path, client_id, client_secret, scope }) = &self.access else { return None };
        let pair = format!("{}:{}", encoded(client_id), encoded(client_secret.reveal()));
        let scope = scope.as_ref().map_or_else(String::new, |scope| format!("&scope={}", encoded(scope)));
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Some(Call {
            method: "POST".to_owned(),
            path: token_path.clone(),
            host,
            headers: vec![
                field("authorization", &format!("Basic {}", STANDARD.encode(pair))),
                field("content-type", "application/x-www-form-urlencoded"),
                field("accept", "application/json"),
            ],
            body: format!("grant_type=client_credentials{scope}").into_bytes(),
        })
    }

    /// Keeps the token of an answer (RFC 6749 section 5.1), and tells what came of it.
    pub(super) fn take(&mut self, answered: Option<Answered>) -> TokenFetch {
        self.token = None;
        let mut told = TokenFetch { answered: answered.is_some(), fault: None, lifetime_s: None };
        match answered.ok_or_else(|| "no answer came".to_owned()).and_then(granted) {
            Ok((token, lifetime_s)) => {
                told.lifetime_s = lifetime_s;
                let life = Duration::from_secs(lifetime_s.unwrap_or(LIFE_S).min(24 * 3600));
                self.token = Some((token, Instant::now() + life.saturating_sub(MARGIN)));
            }
            Err(why) => told.fault = Some(why),
        }
        told
    }
}

fn granted(answered: Answered) -> Result<(String, Option<u64>), String> {
    if answered.status != 200 {
        return Err(format!("HTTP {}", answered.status));
    }
    let answer: Value = serde_json::from_slice(&answered.body).map_err(|_| "the answer is no JSON".to_owned())?;
    let word = |name: &str| answer.get(name).and_then(Value::as_str).filter(|word| !word.is_empty());
    let token = word("access_token").ok_or_else(|| "the answer has no access_token".to_owned())?;
    if !token.bytes().all(|byte| (0x21..0x7f).contains(&byte)) {
        return Err("the access_token has characters that fit in no header field".to_owned());
    }
    if !word("token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
        return Err("the answer's token_type is not Bearer".to_owned());
    }
    Ok((token.to_owned(), answer.get("expires_in").and_then(Value::as_u64)))
}

/// As in a form (RFC 6749 appendix B).
fn encoded(word: &str) -> String {
    let letter = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        other => format!("%{other:02X}"),
    };
    word.bytes().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integration::Secret;

    fn desk() -> Desk {
        let (token_path, client_id) = ("/oauth2/token".to_owned(), "thales:1".to_owned());
        Desk::new(Some(Access::OAuth { token_path, client_id, client_secret: Secret::new("a b%"), scope: None }))
    }

    fn answered(status: u16, body: &str) -> Option<Answered> {
        Some(Answered { status, body: body.as_bytes().to_vec() })
    }

    #[test]
    fn credentials_are_encoded_before_they_are_joined() {
        let call = desk().question("issuer.example".to_owned()).expect("a question");
        let (_, basic) = &call.headers[0];
        let pair = STANDARD.decode(basic.strip_prefix("Basic ").expect("Basic")).expect("base64");
        assert_eq!(pair, b"thales%3A1:a+b%25");
        assert_eq!(call.body, b"grant_type=client_credentials");
    }

    #[test]
    fn a_token_is_kept_until_shortly_before_its_end() {
        let mut desk = desk();
        let good = r#"{"access_token":"t","token_type":"bearer","expires_in":60}"#;
        assert_eq!(desk.take(answered(200, good)).fault, None);
        assert!(!desk.needs_token());
        assert_eq!(desk.authorization(Credentials::Given).as_deref(), Some("Bearer t"));
        assert_eq!(desk.authorization(Credentials::None), None);
        let short = r#"{"access_token":"t","token_type":"Bearer","expires_in":1}"#;
        assert_eq!(desk.take(answered(200, short)).fault, None);
        assert!(desk.needs_token());
        for (status, body) in
            [(415, good), (200, "{}"), (200, "<html>"), (200, r#"{"access_token":"t\n","token_type":"Bearer"}"#)]
        {
            assert!(desk.take(answered(status, body)).fault.is_some(), "{status} {body}");
        }
        assert_eq!(desk.authorization(Credentials::Given), None);
        assert!(!desk.take(None).answered);
    }
}
