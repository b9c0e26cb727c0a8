//! What came of a run, for people and for programs: one stream of events and one document, many readers. Decides nothing.

pub mod annotations;
pub mod catalogue;
pub mod difference;
pub mod document;
pub mod files;
pub mod html;
pub mod junit;
pub mod measured;
mod notes;
mod plain;
pub mod progress;
pub mod reporter;
pub mod row;
pub mod screen;
pub mod shown;
pub mod stack;
pub mod summary;
pub mod terminal;
mod words;

pub(crate) use plain::plain;
