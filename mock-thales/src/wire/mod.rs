//! TLS on the wire, as bytes: reading a ClientHello, forging a ServerHello, watching records.
//!
//! No cryptography happens here. What an engine does not tell is read from the bytes.

pub mod ciphers;
mod distinguished_name;
mod ending;
pub mod frames;
pub mod hello;
mod plain;
mod reader;
pub mod records;
pub mod server_hello;
mod tap;

pub use distinguished_name::distinguished_name;
#[cfg(feature = "legacy-tls")]
pub use ending::classify_legacy;
pub use ending::{Broken, classify_rustls};
pub use plain::Plain;
pub(crate) use reader::Reader;
pub use tap::Tap;
