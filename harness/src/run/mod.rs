//! Runs scenarios: selection, planning, worlds, phases, waiting. No judgement: what was seen goes to `verdict`.

mod again;
mod caller;
mod conduct;
mod desk;
mod error;
mod event;
mod exam;
mod expand;
mod files;
mod ground;
mod held;
mod lag;
mod onboarding;
mod outcome;
mod plan;
mod probe;
mod receiver;
mod residence;
mod scene;
mod selection;
mod stay;
mod surroundings;
mod table;
mod withheld;

pub use again::Again;
pub(crate) use conduct::{conduct, others, ought};
pub use error::RunError;
pub use event::Event;
pub(crate) use exam::waits;
pub use exam::{Exam, ExamError};
pub use onboarding::{Onboarding, scenarios_digest};
pub use outcome::{Outcome, ScenarioRun};
pub use selection::{Selection, SelectionError};
pub(crate) use selection::{rows, topics};
