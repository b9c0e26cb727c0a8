//! What came of a run, and what the catalogue holds, for people and for programs. Reads verdicts; decides nothing.

pub mod catalogue;
pub mod files;
pub mod progress;
pub mod terminal;
