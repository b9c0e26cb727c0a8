//! One Thales product's rules: environments, certificate policy, requirements.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Requirement, RequirementId, Topic};

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
    /// What the caller's certificate has to be.
    pub client_certificate: ClientCertificatePolicy,
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
        self.requirements.iter().find(|requirement| requirement.topic == *topic)
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
}

/// Rules for the caller's certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClientCertificatePolicy {
    /// Kinds of key that are listed.
    pub keys: Vec<KeyRule>,
    /// Longest validity, in calendar years.
    pub max_years: u8,
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
