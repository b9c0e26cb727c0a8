//! What a request says above TLS, told without a secret: which credentials, which identifiers, of what form. Values stay
//! out of the log; equal ones have equal digests within one log, and no two logs share the key of the digest.

use serde::{Deserialize, Serialize};

/// What an API request says of its sender.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// The Authorization header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Authorization>,
    /// Identifying header fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Mark>,
}

/// An Authorization header (RFC 9110 section 11.6.2), without its credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    /// The scheme.
    pub scheme: Scheme,
    /// Whether anything follows the scheme.
    pub credentials: bool,
    /// What is known of a Bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenState>,
    /// Digest of the credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// How many more of them stand in the request; the rest is about the first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub further: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A scheme of the Authorization header. Others are not told: without a scheme, a secret would stand in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// RFC 6750.
    Bearer,
    /// `APIKEY`, in whatever case.
    ApiKey,
    /// RFC 7617.
    Basic,
    /// Any other, or none.
    Other,
}

/// What is known of a token that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenState {
    /// Issued in this log, and good.
    Known,
    /// Issued in this log; its life was over.
    Expired,
    /// Issued in this log, within its life, and not known any more.
    Forgotten,
    /// Never issued in this log.
    Unknown,
}

/// An identifying header field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Lower-case name.
    pub name: String,
    /// How many times it stands in the request; the rest is about the first.
    pub times: u32,
    /// Length of the value in characters; bytes that are no UTF-8 count as one each.
    pub length: u32,
    /// Whether it consists of `A-Z a-z 0-9 _ -` alone.
    pub plain: bool,
    /// Digest of the value.
    pub digest: String,
}

/// A request for an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRequest {
    /// Whether the connection showed a client certificate.
    pub certificate: bool,
    /// Form of its body.
    pub form: BodyForm,
    /// The assertion, where one could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assertion: Option<Assertion>,
    /// What is wrong with it, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    /// What came of it.
    pub outcome: TokenOutcome,
}

/// Form of a token request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyForm {
    /// `application/x-www-form-urlencoded` (RFC 7523 section 2.1).
    Form,
    /// JSON.
    Json,
    /// Neither.
    Other,
}

/// Header and claims of an assertion (RFC 7515, RFC 7519), as far as rules speak of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assertion {
    /// `alg`, shortened.
    pub algorithm: Option<String>,
    /// Whether there is a `kid`.
    pub key_id: bool,
    /// `iss`, shortened.
    pub issuer: Option<String>,
    /// `sub`, shortened.
    pub subject: Option<String>,
    /// `exp`, in seconds from now.
    pub expires_in_s: Option<i64>,
    /// Its signature.
    pub signature: SignatureState,
}

/// What is known of an assertion's signature.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureState {
    /// Nobody said with which key it is to verify.
    #[default]
    NotChecked,
    /// It verifies with the customer's key.
    Good,
    /// It does not.
    Bad,
}

/// What came of a request for a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenOutcome {
    /// A token was issued.
    Issued {
        /// Its digest.
        digest: String,
        /// Its life, in seconds.
        lifetime_s: u32,
    },
    /// It was refused.
    Refused {
        /// Error code of RFC 6749 section 5.2.
        error: String,
    },
}

/// What came of an access token that Thales' client asked a receiver's token endpoint for, by client credentials
/// (RFC 6749 section 4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFetch {
    /// Whether anything was answered.
    pub answered: bool,
    /// Why there is no token, in the counterpart's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// Its life in seconds, where the answer says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_s: Option<u64>,
}
