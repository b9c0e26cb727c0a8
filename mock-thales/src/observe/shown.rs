//! What a file holds that the integration file names, as a fact. How it is read is its reader's business.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::CertificateDer;

/// What a file holds that the integration file names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ShownFile {
    /// The environment that it is for.
    pub environment: String,
    /// What it is there: `client-certificate`, `client-csr`, `server-chain`, `store THALES_CLIENT_CA`.
    pub what: String,
    /// Its format: `PEM`, `DER`; empty where it is not understood.
    pub format: String,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Certificates that it holds, in its order.
    pub certificates: Vec<CertificateDer>,
    /// The certificate signing request that it holds (PKCS#10), in DER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestDer>,
    /// Why it is not understood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

/// A certificate signing request (PKCS#10) in DER; base64 in files.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestDer(pub Vec<u8>);

impl fmt::Debug for RequestDer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestDer({} bytes)", self.0.len())
    }
}

impl Serialize for RequestDer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for RequestDer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}
