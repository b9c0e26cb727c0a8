//! Real handshakes of TLS 1.0 and 1.1 in both roles, by an OpenSSL that is built in.
//!
//! The engine accepts every certificate, insists on none, resumes nothing, and reads no configuration file: so that
//! whatever ends a handshake is the peer's decision, and [`Failure`] says where it was not. The distribution's OpenSSL,
//! with its security levels and its least version, has no part in this.

mod certificate_request;
mod client;
mod engine;
mod established;
mod failure;
mod server;
mod watched;

pub use client::Client;
pub use engine::{LegacyError, ignore_configuration};
pub use established::{Established, Stream};
pub use failure::{Failure, classify};
pub use server::Server;
