//! The issuer's backend: a client for Thales, and a server that Thales calls.

pub mod issuer;
pub mod thales;
