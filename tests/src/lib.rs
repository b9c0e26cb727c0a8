//! What the tests of the whole product share: integrations that are wrong on purpose.
//!
//! The tests themselves stand in `tests/`: the reference, the zoo, the command line, sudden death, real stacks.

mod directory;
pub mod needs;
pub mod proof;
pub mod zoo;

pub use directory::Directory;
