//! What the reference says of itself above TLS: access tokens by JWT bearer (RFC 7523), used until shortly before their
//! end, and the header fields that Thales' products ask for.

use std::time::{Duration, Instant};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mock_thales::pki::PkiError;
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;

use super::ReferenceError;
use crate::integration::Portal;

/// RFC 7523 section 2.1.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// An assertion is used at once.
const ASSERTION_LIFE_S: i64 = 5 * 60;
/// A token is not used any more in the last part of its life: a tenth, and at most this.
const MARGIN: Duration = Duration::from_secs(30);
/// The name under which Thales would know the key.
const KEY_ID: &str = "reference-1";
/// Stands for the key that TMG gives a customer.
const API_KEY: &str = "reference-api-key";

/// The key of assertions, EC P-256.
#[derive(Clone)]
pub struct SigningKey {
    pkcs8: Vec<u8>,
    public_pem: Vec<u8>,
}

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new() -> Result<Self, PkiError> {
        let made = || {
            let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
            let public: PublicKeyX509Der<'_> = key.public_key().as_der()?;
            let public_pem =
                format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(public.as_ref()));
            Ok(Self { pkcs8: key.to_pkcs8v1()?.as_ref().to_vec(), public_pem: public_pem.into_bytes() })
        };
        made().map_err(|_: aws_lc_rs::error::Unspecified| PkiError::Random)
    }

    /// The public half in PEM, as onboarding hands it over.
    pub fn public_pem(&self) -> &[u8] {
        &self.public_pem
    }
}

/// Access to Thales' API for one caller.
pub struct Access {
    key: SigningKey,
    profile: String,
    customer_id: String,
    token_url: Option<String>,
    token: Option<(String, Instant)>,
}

/// An answer of the token endpoint (RFC 6749 section 5.1); what else it holds does not matter.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: u64,
}

impl Access {
    /// Access with a key that signs the assertions.
    pub fn new(portal: &Portal, key: SigningKey) -> Self {
        Self {
            key,
            profile: portal.profile.clone(),
            customer_id: portal.customer_id.clone().unwrap_or_default(),
            token_url: portal.token_url.clone(),
            token: None,
        }
    }

    /// The header fields of an API request. `post` sends a form to a URL and returns status and body: it is called where
    /// a token is needed and none is at hand.
    ///
    /// # Errors
    /// Those of `post`; no token is granted.
    pub fn fields<E: From<ReferenceError>>(
        &mut self,
        post: impl FnOnce(&str, &str) -> Result<(u16, Vec<u8>), E>,
    ) -> Result<Vec<(&'static str, String)>, E> {
        let mut fields = vec![("x-correlation-id", correlation_id()?)];
        if self.profile == "classic-tokenization" {
            fields.push(("x-issuer-id", self.customer_id.clone()));
        }
        if self.profile == "merchant-tokenization" {
            fields.push(("authorization", format!("APIKEY {API_KEY}")));
        }
        if let Some(url) = self.token_url.clone() {
            fields.push(("authorization", format!("Bearer {}", self.token(&url, post)?)));
        }
        Ok(fields)
    }

    /// Thales has refused the token. `true`: a new one is worth a try.
    pub fn refused(&mut self) -> bool {
        self.token.take().is_some()
    }

    /// Where the product wants to be asked whether it is well (TMG), below its base URL.
    pub fn health(&self, base_url: &str) -> Option<String> {
        let asks = self.profile == "merchant-tokenization";
        asks.then(|| format!("{}/healthcheck", base_url.trim_end_matches('/')))
    }

    /// Whether an error may pass by itself (TMG: 429 and 503, never 500).
    pub fn may_pass(&self, status: u16) -> bool {
        self.profile == "merchant-tokenization" && matches!(status, 429 | 503)
    }

    fn token<E: From<ReferenceError>>(
        &mut self,
        url: &str,
        post: impl FnOnce(&str, &str) -> Result<(u16, Vec<u8>), E>,
    ) -> Result<String, E> {
        if let Some((token, _)) = self.token.as_ref().filter(|(_, until)| Instant::now() < *until) {
            return Ok(token.clone());
        }
        let form = format!("grant_type={}&assertion={}", GRANT.replace(':', "%3A"), self.assertion()?);
        let asked = Instant::now();
        let (status, body) = post(url, &form)?;
        if status != 200 {
            return Err(ReferenceError::Http(format!("no token: HTTP {status}")).into());
        }
        let granted: Granted = serde_json::from_slice(&body)
            .map_err(|error| ReferenceError::Http(format!("the token's answer is not understood: {error}")))?;
        let life = Duration::from_secs(granted.expires_in);
        self.token = Some((granted.access_token.clone(), asked + life - MARGIN.min(life / 10)));
        Ok(granted.access_token)
    }

    fn assertion(&self) -> Result<String, ReferenceError> {
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::ES256) };
        let now_s = OffsetDateTime::now_utc().unix_timestamp();
        let claims = json!({
            "iss": self.customer_id,
            "sub": self.customer_id,
            "iat": now_s,
            "exp": now_s + ASSERTION_LIFE_S,
        });
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ec_der(&self.key.pkcs8))
            .map_err(|error| ReferenceError::Http(format!("the assertion cannot be signed: {error}")))
    }
}

/// Another one for each request, 32 characters out of `0-9 a-f`.
fn correlation_id() -> Result<String, ReferenceError> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| ReferenceError::Http("no random numbers".to_owned()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
