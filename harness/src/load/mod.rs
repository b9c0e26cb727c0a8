//! Files to model: reads, checks cross-references, and says where and what is wrong. Every bad file is reported at
//! once.

mod deviations;
mod diagnostic;
mod dimensions;
mod forward;
mod integration;
mod library;
mod profile;
mod scenario;
mod scenario_file;
mod service;

pub use deviations::load_deviations;
pub use diagnostic::{Diagnostic, Diagnostics, Place};
pub use integration::{load_integration, parse_integration};
pub use library::Library;
