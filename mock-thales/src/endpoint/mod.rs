//! The mTLS endpoint that plays Thales' server.
//!
//! A [`Stage`] takes every connection of a network and gives it to the [`Endpoint`] that lives at the address dialled.
//! An endpoint records before it answers; it asks for client certificates and insists on nothing, unless its plan is
//! to refuse as Thales would.

mod admission;
mod conduct;
mod connection;
mod http;
mod refusals;
mod shown;
mod stage;

pub use conduct::{Answers, Conduct, ConductError};
pub use stage::{Endpoint, Stage};
