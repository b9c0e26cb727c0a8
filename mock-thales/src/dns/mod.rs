//! The name server: authoritative for every name that anybody in a world may ask for.
//!
//! A [`Zone`] holds what is answered and may change at any moment; a [`NameServer`] answers from it on sockets that
//! others bound, and records each question before its answer leaves. Whether a question came too late is for others to
//! judge.

mod error;
mod server;
mod udp;
mod zone;

pub use error::DnsError;
pub use server::NameServer;
pub use zone::Zone;
