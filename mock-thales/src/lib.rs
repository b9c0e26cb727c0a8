//! The counterpart of a conformance run: everything that plays Thales.
//!
//! An mTLS endpoint that the customer calls, an mTLS client that calls the customer, a name server and the authorities
//! behind them. They do what a [`plan`] says and write what they see into one log of facts ([`observe`]). This crate
//! knows no scenario, no requirement and no verdict.

pub mod client;
pub mod dns;
pub mod endpoint;
#[cfg(feature = "legacy-tls")]
pub mod legacy;
pub mod observe;
pub mod pki;
pub mod plan;
pub mod wire;
