//! One Thales product's rules: environments, certificate policy, requirements.

use std::fmt;

use mock_thales::observe::Scheme;
use serde::{Deserialize, Serialize};

use super::{Millis, Requirement, RequirementId, Topic};

/// A profile, as its file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Profile {
    /// Its id, equal to the file's name.
    pub id: String,
    /// The product.
    pub title: String,
    /// Environments; the first is the default.
    #[serde(rename = "environment")]
    pub environments: Vec<Environment>,
    /// The identifier that Thales gives a customer.
    pub customer_id: CustomerId,
    /// What the caller's certificate has to be.
    pub client_certificate: ClientCertificatePolicy,
    /// Who issues Thales' server certificates.
    pub server_authority: ServerAuthority,
    /// OAuth 2.0 on API calls, where the product demands it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth: Option<OAuth>,
    /// Header fields of API requests, where they are stated; outside the connectivity documents, hence never a MUST.
    #[serde(default, rename = "request-field", skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldRule>,
    /// How sensitive parts of API requests are encrypted, where it is stated; never a MUST, as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<PayloadRule>,
    /// What a green run does not prove.
    pub not_proven: Vec<String>,
    /// The catalogue.
    #[serde(rename = "requirement")]
    pub requirements: Vec<Requirement>,
}

impl Profile {
    /// The environment of that id.
    pub fn environment(&self, id: &str) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.id == id)
    }

    /// The requirement of that id.
    pub fn requirement(&self, id: &RequirementId) -> Option<&Requirement> {
        self.requirements.iter().find(|requirement| requirement.id == *id)
    }

    /// The requirement about that topic.
    pub fn about(&self, topic: &Topic) -> Option<&Requirement> {
        self.requirements.iter().find(|requirement| requirement.is_about(topic))
    }
}

/// One isolated environment of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Environment {
    /// `pre-production`.
    pub id: String,
    /// Host name of Thales, where the portal gave none.
    pub host: String,
    /// Base path of the API, beginning with a slash; published outside the connectivity documents, hence never a MUST.
    pub base_path: String,
    /// The word that stands for it in a certificate's CN: `PPR`, `PRD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
}

/// The identifier that Thales gives a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CustomerId {
    /// What the product calls it: `merchantGatewayId`.
    pub name: String,
    /// Its length in characters out of `A-Z a-z 0-9 _ -`, where a length is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u8>,
}

/// Rules for the caller's certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClientCertificatePolicy {
    /// Who signs it.
    pub issuance: Issuance,
    /// Kinds of key that are listed.
    pub keys: Vec<KeyRule>,
    /// Whether an RSA key longer than the one listed is borne with a warning: the documents do not say whether the
    /// listed size is a minimum (A7).
    pub longer_rsa: bool,
    /// Whether SHA-384 with ECDSA is borne with a warning: the documents tie SHA-256 to RSA (A6).
    pub sha384_with_ecdsa: bool,
    /// Longest validity, in calendar years (A8), where it is the customer's to choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_years: Option<u8>,
    /// What its CN has to be.
    pub common_name: CommonNameRule,
    /// Attributes that the subject of a CSR has to carry, each once, in this order: `["C", "ST", "L", "O", "OU", "CN"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subject: Vec<String>,
}

/// Who signs the caller's certificate.
#[derive(Debug, Clone, Default, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Issuance {
    /// The customer itself; Thales endorses that certificate and no other.
    #[default]
    SelfSigned,
    /// Thales' authority for customers, from a CSR.
    Thales,
}

/// What the CN of the caller's certificate has to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum CommonNameRule {
    /// The portal's value, byte by byte.
    #[default]
    Exact,
    /// A beginning that names the algorithm of the key; then the customer's id and the environment's word, in an order
    /// and with separators that are not published.
    Pattern {
        /// The beginning for an RSA key: `TLSMA-RSA/`.
        rsa: String,
        /// The beginning for an EC key: `TLSMA-ECDSA/`.
        ecdsa: String,
    },
}

/// Who issues Thales' server certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ServerAuthority {
    /// As the documents name it.
    pub name: String,
    /// How many roots the run plays: the one in use, and others that may be used without notice.
    pub roots: u8,
    /// Certificates of the real authority that are public.
    #[serde(default, rename = "published", skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<PublishedAuthority>,
}

/// A public certificate of the real authority behind Thales' servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PublishedAuthority {
    /// Its CN.
    pub name: String,
    /// Whether it is a root; an intermediate otherwise.
    pub root: bool,
    /// SHA-256 of its DER, in hex.
    pub sha256: String,
}

/// OAuth 2.0 on API calls, by JWT bearer (RFC 7523).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OAuth {
    /// Path of the token endpoint on Thales' host.
    pub token_path: String,
    /// Life of an access token.
    pub lifetime: Millis,
    /// How far ahead the assertion may end.
    pub assertion_within: Millis,
    /// Signature algorithm of the assertion (RFC 7518): `ES256`.
    pub algorithm: String,
}

/// What a header field of an API request has to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FieldRule {
    /// Its lower-case name: `x-correlation-id`, `x-issuer-id`, or `authorization`.
    pub name: String,
    /// Least length in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortest: Option<u32>,
    /// Greatest length in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest: Option<u32>,
    /// Whether it consists of `A-Z a-z 0-9 _ -` alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plain: bool,
    /// Whether it differs from request to request. A constant one is worth a warning where `unique` is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique: Option<bool>,
    /// The scheme of `authorization`: `api-key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Scheme>,
}

/// How sensitive parts of API requests are encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum PayloadRule {
    /// As compact JWE (RFC 7516), with a `kid`.
    Jwe(JweRule),
    /// As enveloped data of PKCS#7, in hex.
    Pkcs7(Pkcs7Rule),
}

/// How a JWE is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct JweRule {
    /// `alg`.
    pub algorithm: String,
    /// `enc`.
    pub encryption: String,
    /// Curve of the ephemeral key, where keys are agreed upon: `P-256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curve: Option<String>,
    /// Size of the recipient's RSA key in bits, where keys are encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_bits: Option<u32>,
}

/// How enveloped data is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pkcs7Rule {
    /// How the key is encrypted: `rsa-oaep`.
    pub key_encryption: String,
    /// Hash of OAEP and of its mask generation function: `sha-256`.
    pub hash: String,
    /// Sizes of the recipient's RSA key in bits.
    pub key_bits: Vec<u32>,
    /// How the content is encrypted: `aes-256-cbc`.
    pub content_encryption: String,
}

/// A kind of key that the documents list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyRule {
    /// ECDSA on P-256.
    #[serde(rename = "p256")]
    P256,
    /// ECDSA on P-384.
    #[serde(rename = "p384")]
    P384,
    /// RSA of 2048 bits.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    /// RSA of 4096 bits.
    #[serde(rename = "rsa-4096")]
    Rsa4096,
}

impl fmt::Display for KeyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P256 => "EC P-256",
            Self::P384 => "EC P-384",
            Self::Rsa2048 => "RSA 2048",
            Self::Rsa4096 => "RSA 4096",
        })
    }
}
