//! Connectivity conformance harness for integrations with Thales payment services. Unofficial.
//!
//! The counterpart (`mock_thales`) plays Thales, the scenarios drive an integration, the log of facts is judged
//! afterwards. Dependencies point one way: `model ← load ← run`; `verdict` uses `model` and `mock_thales::observe`
//! only; `report` reads verdicts; `cli` knows everything.

pub mod certify;
pub mod cli;
pub mod inspect;
pub mod integration;
pub mod libtest;
pub mod load;
pub mod model;
pub mod reference;
pub mod report;
pub mod run;
pub mod standing;
pub mod sweep;
pub mod verdict;
pub mod world;

pub use integration::{Integration, Portal, Reply, Request};
pub use libtest::conformance;
