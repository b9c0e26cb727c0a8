//! The mTLS endpoint that plays Thales' server.
//!
//! A [`Stage`] takes every connection of a network and gives it to the [`Endpoint`] that lives at the address dialled.
//! An endpoint records before it answers; it asks for client certificates and insists on nothing, unless its plan is
//! to refuse as Thales would. Above TLS it may demand access tokens, which it issues itself.

mod admission;
mod assertion;
mod conduct;
mod connection;
mod exchange;
mod grant;
mod http;
mod http2;
mod marks;
mod payload;
mod refusals;
mod shown;
mod stage;
mod tokens;

pub use assertion::{AssertionKey, AssertionKeyError};
pub use conduct::{Answers, Conduct, ConductError};
pub use refusals::watch_strays;
pub use stage::{Endpoint, Stage};
pub use tokens::{RandomError, Tokens};
