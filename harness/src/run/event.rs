//! What a run tells while it goes on.

use std::time::Duration;

use crate::model::ScenarioId;
use crate::verdict::Verdict;

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The plan is fixed.
    Planned {
        /// Number of scenarios, counted once for each part that they drive.
        scenarios: usize,
    },
    /// A scenario ended.
    Ended {
        /// The scenario.
        scenario: ScenarioId,
        /// The part that it drove.
        subject: String,
        /// Its verdict; `None` where the harness failed.
        verdict: Option<Verdict>,
        /// How long it took.
        took: Duration,
    },
}
