//! TLS on the wire against peers that nobody here wrote: curl, OpenSSL's own tools and Python of the machine, and
//! rustls.
//!
//! Each accident that looks like a refused version (and each refusal that looks like an accident) has its test.
#![cfg(feature = "legacy-tls")]

mod as_client;
mod as_server;
mod configuration;
mod directions;
mod endings;
mod forced;
mod hellos;
mod identities;
mod peers;
