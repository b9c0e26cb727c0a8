//! Authorities and certificates: whatever a run shows and is to be trusted with, made at run time from one captured
//! moment, and the reading of certificates that others show.
//!
//! Making: [`Authorities`] issues every [`Identity`] from a recipe of the plan, once a run. Reading:
//! [`CertificateFacts`], [`RequestFacts`] and [`chain_verifies`] say what a certificate or a request is;
//! whether that is allowed is for others to judge.

mod applicant;
mod authorities;
mod authority;
mod authority_directory;
mod chain;
mod client;
mod customer;
mod customer_authority;
mod dates;
mod der;
mod encoded;
mod error;
mod facts;
mod identity;
mod kept;
mod key;
mod leaf;
mod name;
mod names;
mod pem;
mod pkcs12;
mod request;
mod server;
mod signature;

pub use applicant::Applicant;
pub use authorities::Authorities;
pub use chain::{ChainFault, chain_verifies};
pub use customer_authority::{CUSTOMER_DAYS, CustomerAuthority};
pub use encoded::{certificates_der, certificates_pem, request_der};
pub use error::PkiError;
pub use facts::{CertificateFacts, ExtendedKeyUsage, KeyUsage, PublicKey, SignatureHash};
pub use identity::Identity;
pub use kept::LASTING_DAYS;
pub use name::{issuer_der, request_subject_der, rfc4514, subject_der};
pub use names::Names;
pub use pkcs12::{pkcs12, pkcs12_trust};
pub use request::RequestFacts;
pub use signature::issued_by;
