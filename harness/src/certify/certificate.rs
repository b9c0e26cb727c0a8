//! What is demanded of a certificate, and what a good one says.

use std::time::Duration;

use time::OffsetDateTime;

use super::{After, Conformance, Manifest, PublicKey};
use crate::verdict::Readiness;

/// What is demanded of a certificate beside its being true.
#[derive(Debug, Clone)]
pub struct Demands<'a> {
    /// Keys of which each has to have signed.
    pub keys: &'a [PublicKey],
    /// What has to have been signed with it.
    pub challenge: Option<&'a str>,
    /// Longest time since the run began.
    pub max_age: Option<Duration>,
    /// The time of now.
    pub now: OffsetDateTime,
}

/// A certificate in which nothing is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// What was tested, and what came of it.
    pub conformance: Conformance,
    /// SHA-256 of that statement: a signature that is added later leaves it as it is.
    pub digest: String,
    /// Ids of the keys that signed, the customer's first.
    pub keys: Vec<String>,
    /// Digests of the integration's programs, for comparison with another certificate.
    pub manifest: Manifest,
}

impl Certificate {
    /// Whether the integration was ready.
    pub fn is_ready(&self) -> bool {
        self.conformance.readiness == Readiness::Ready
    }

    /// This certificate as the one before another, whose programs are these.
    pub fn before(&self, manifest: &Manifest) -> After {
        After {
            environment: self.conformance.environment.clone(),
            sha256: self.digest.clone(),
            same_programs: self.manifest.programs() == manifest.programs(),
        }
    }
}
