//! What came of a run, for people and for programs. Reads verdicts; decides nothing.

pub mod files;
pub mod progress;
pub mod terminal;
