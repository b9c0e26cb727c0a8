//! Runs scenarios: selection, planning, worlds, phases, waiting. No judgement: what was seen goes to `verdict`.

mod caller;
mod error;
mod event;
mod exam;
mod expand;
mod files;
mod ground;
mod held;
mod lag;
mod onboarding;
mod plan;
mod receiver;
mod scene;
mod selection;
mod table;

pub use error::RunError;
pub use event::Event;
pub use exam::{Exam, ExamError, Outcome, ScenarioRun};
pub use onboarding::Onboarding;
pub use selection::{Selection, SelectionError};
pub(crate) use selection::{rows, topics};
