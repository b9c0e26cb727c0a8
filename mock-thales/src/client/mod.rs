//! The mTLS client that plays Thales' outbound flow: one call to the integration's server, each step recorded.
//!
//! In TLS 1.3 a server judges the client's certificate after the client has finished its handshake. So this client
//! reads for a moment before it writes, reads on after a failed write, and counts nothing but an HTTP answer as one.

mod claims;
mod conversation;
mod notice;
mod response;

pub use claims::claims;
pub use conversation::{Answered, Call, Caller};
