//! What an endpoint demands above TLS: OAuth 2.0 by JWT bearer (RFC 7523).

use serde::{Deserialize, Serialize};

/// Every request but one for a token has to carry an access token (RFC 6750) that the endpoint's side has issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OAuthPlan {
    /// Path of the token endpoint.
    pub token_path: String,
    /// Life of an access token, in seconds.
    pub lifetime_s: u32,
    /// How far ahead an assertion may end, in seconds. It is told and never insisted upon.
    pub assertion_within_s: u32,
    /// Signature algorithm of an assertion (RFC 7518). It is told and never insisted upon.
    pub algorithm: String,
}
