//! Certificates of readiness: a whole run as a bundle that speaks for itself, signed with the customer's key, and its
//! verification from the bundle alone. It plays nothing and rules on nothing: runs come from `run`, verdicts from
//! `verdict`, and verification asks both again.

mod bundle;
mod certificate;
mod difference;
mod envelope;
mod flaw;
mod key;
mod manifest;
mod statement;
mod verify;

pub use bundle::{Bundle, SealError, Sealing, countersign, seal};
pub use certificate::{Certificate, Demands};
pub use envelope::{Envelope, PAYLOAD_TYPE, Signature, pae};
pub use flaw::Flaw;
pub use key::{KeyError, PublicKey, SigningKey};
pub use manifest::{Artefact, Manifest, artefacts};
pub use statement::{After, CONFORMANCE, Conformance, STATEMENT, Statement, Subject, TEST_RESULT, TestResult};
pub use verify::verify;
