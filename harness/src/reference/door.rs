//! Whom the reference's server lets in beside a good certificate: in Merchant Tokenization whoever shows its API key, in
//! D1 whoever shows an access token that its own token endpoint has issued. The values stand for those that a customer
//! would hand over in onboarding; they are good for nothing else.

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::integration::{Access, Secret};

const API_KEY: &str = "reference-notification-key";
const CLIENT_ID: &str = "thales";
const CLIENT_SECRET: &str = "reference-client-secret";
const TOKEN_PATH: &str = "/oauth2/token";
/// Life of a token in seconds.
const LIFE_S: u32 = 900;

/// What the reference hands over to Thales.
pub(super) fn access(profile: &str) -> Option<Access> {
    match profile {
        "merchant-tokenization" => Some(Access::ApiKey(Secret::new(API_KEY))),
        "d1-ecom" => Some(Access::OAuth {
            token_path: TOKEN_PATH.to_owned(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: Secret::new(CLIENT_SECRET),
            scope: None,
        }),
        _ => None,
    }
}

/// Decides on each request.
pub(super) struct Door {
    access: Option<Access>,
    /// Tokens that were issued; their number is that of a scenario.
    issued: Mutex<Vec<String>>,
}

impl Door {
    pub(super) fn new(profile: &str) -> Self {
        Self { access: access(profile), issued: Mutex::default() }
    }

    /// Status and body for a request, of which the head is enough.
    pub(super) fn answer(&self, request: &str) -> (u16, String) {
        let path = request.split_ascii_whitespace().nth(1).unwrap_or_default();
        let authorization = request.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("authorization").then(|| value.trim())
        });
        let is_let_in = match &self.access {
            None => true,
            Some(Access::OAuth { token_path, client_id, client_secret, .. }) if path == token_path => {
                let basic = format!("Basic {}", STANDARD.encode(format!("{client_id}:{}", client_secret.reveal())));
                return if authorization == Some(basic.as_str()) { self.issue() } else { refused("invalid_client") };
            }
            Some(Access::ApiKey(key)) => {
                authorization.and_then(|value| value.strip_prefix("APIKEY ")) == Some(key.reveal())
            }
            Some(Access::OAuth { .. }) => {
                let token = authorization.and_then(|value| value.strip_prefix("Bearer "));
                let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
                token.is_some_and(|token| issued.iter().any(|known| known == token))
            }
        };
        if is_let_in { (200, "{}".to_owned()) } else { refused("unauthorized") }
    }

    fn issue(&self) -> (u16, String) {
        let mut bytes = [0; 32];
        if aws_lc_rs::rand::fill(&mut bytes).is_err() {
            return (500, "{}".to_owned());
        }
        let token = URL_SAFE_NO_PAD.encode(bytes);
        self.issued.lock().unwrap_or_else(PoisonError::into_inner).push(token.clone());
        (200, json!({ "access_token": token, "token_type": "Bearer", "expires_in": LIFE_S }).to_string())
    }
}

fn refused(error: &str) -> (u16, String) {
    (401, json!({ "error": error }).to_string())
}
