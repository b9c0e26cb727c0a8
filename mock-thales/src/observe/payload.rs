//! What the body of an API request holds, by its structure alone: whether parts of it are encrypted, and how. No value of
//! it, no plaintext and no ciphertext is ever among the facts.

use serde::{Deserialize, Serialize};

/// The body of an API request, as far as rules on encrypted payloads speak of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyRead {
    /// Length in bytes; `None` where it is too long to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Whether it is JSON.
    pub json: bool,
    /// What in it is encrypted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payloads: Vec<Payload>,
    /// Names of members that hold a card number which anybody can read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clear: Vec<String>,
}

/// Something encrypted in a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// The member of the JSON body that holds it, where its name is a plain word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// How it is made.
    pub envelope: Envelope,
}

/// How something is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Envelope {
    /// JSON Web Encryption (RFC 7516).
    Jwe(Jwe),
    /// Enveloped data of PKCS#7 or CMS (RFC 5652 section 6).
    Enveloped(Enveloped),
}

/// The structure of a JWE. Words of its header are shortened, and told only where they are plain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwe {
    /// Whether it is in compact serialization (RFC 7516 section 7.1); in JSON otherwise.
    pub compact: bool,
    /// Lengths in bytes of the parts of a compact one; `None` for one that is no base64url without padding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Option<u32>>,
    /// `alg`.
    pub algorithm: Option<String>,
    /// `enc`.
    pub encryption: Option<String>,
    /// Whether there is a `kid` that is a string and not empty.
    pub key_id: bool,
    /// `cty`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `crv` of the ephemeral key, `epk`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curve: Option<String>,
}

/// The structure of enveloped data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enveloped {
    /// How its bytes are written.
    pub encoding: Encoding,
    /// How many recipients it has.
    pub recipients: u32,
    /// Those of them to whom the key is transported under an RSA key, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transports: Vec<KeyTransport>,
    /// Algorithm of the content's encryption: its name where it is known here, its object identifier otherwise.
    pub content_encryption: Option<String>,
    /// Why the rest of it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// How the key of the content is encrypted for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyTransport {
    /// Its algorithm: `rsa-oaep`, `rsa-pkcs1`, or an object identifier.
    pub algorithm: String,
    /// The hash of OAEP (RFC 4055 section 4.1; SHA-1 where it says none).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The hash of its mask generation function (SHA-1 where it says none).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask_hash: Option<String>,
    /// Size of the RSA key in bits, by the length of what it encrypted.
    pub key_bits: u32,
}

/// How bytes are written in text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Two digits a byte.
    #[default]
    Hex,
    /// RFC 4648 section 4, or 5.
    Base64,
    /// RFC 7468.
    Pem,
}
