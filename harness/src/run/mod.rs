//! Runs scenarios: selection, planning, worlds, phases, waiting. No judgement: what was seen goes to `verdict`.

mod error;
mod event;
mod exam;
mod expand;
mod lag;
mod plan;
mod scene;
mod selection;
mod stage_caller;
mod stage_receiver;

pub use error::RunError;
pub use event::Event;
pub use exam::{Exam, ExamError, Outcome, ScenarioRun};
pub(crate) use selection::topics;
pub use selection::{Selection, SelectionError};
