//! What lies in a file before any connection is made: certificates, signing requests, keys and stores at rest.
//!
//! Reads bytes into what they are and judges nothing. Whether a certificate is allowed, or a store holds what it should,
//! is for others; what a certificate or a request says, they learn from `mock_thales::pki`. No private key is decrypted,
//! and of a plain one nothing but its public half's digest is kept.

mod ber;
mod contents;
mod decrypt;
mod der;
mod error;
mod file;
mod jks;
mod key;
mod pem;
mod pkcs12;
mod pkcs7;
mod stranger;

pub use contents::{Contents, Entry, KeyEncoding, Kind, Remark};
pub use error::{ParseError, ReadError, ReadFault};
pub use file::{LONGEST, parse, read};
