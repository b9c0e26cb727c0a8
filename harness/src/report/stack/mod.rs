//! Which stack a run probably saw, and what its refusals look like there: explains findings, and decides none.

mod entry;
mod seen;
mod shape;

pub use seen::{SeenStack, SeenStacks};
