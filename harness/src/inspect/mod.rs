//! What lies in a file before any connection is made: certificates, signing requests, keys and stores at rest.
//!
//! The readers turn bytes into what they are and judge nothing. `judgement` says what a file is for and judges it, by the
//! rules of `verdict` for what is shown on a wire. No private key is decrypted, and of a plain one nothing but its public
//! half's digest is kept.

mod ber;
mod contents;
mod decrypt;
mod der;
mod error;
mod file;
mod jks;
mod judgement;
mod key;
mod pem;
mod pkcs12;
mod pkcs7;
mod stranger;

pub use contents::{Contents, Entry, KeyEncoding, Kind, Remark};
pub use error::{ParseError, ReadError, ReadFault};
pub use file::{LONGEST, parse, read};
pub use judgement::{Conclusion, Expiry, FileFinding, Ground, InspectedFile, Inspection, Mark, Purpose, inspect};
