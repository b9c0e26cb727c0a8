//! Files to model: reads, checks cross-references, and says where and what is wrong. Every bad file is reported at
//! once.

mod diagnostic;
pub(crate) mod integration;
mod library;
mod profile;
pub(crate) mod scenario;
mod scenario_file;

pub use diagnostic::{Diagnostic, Diagnostics, Place};
pub use integration::load_integration;
pub use library::Library;
