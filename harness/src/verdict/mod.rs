//! Verdicts: a pure function of what was expected and what the log holds. No clock, no I/O, no async.
//!
//! [`judge`] rules on every expectation of one log, [`fold`] makes requirements and readiness of the findings.

pub mod certificate;
pub mod chain;
mod checks;
mod claims;
pub mod deviations;
mod finding;
mod fold;
mod services;
pub mod store;
mod view;

pub use deviations::DeviationState;
pub use finding::{Finding, Outcome, Reason, Ruling};
pub use fold::{Readiness, RequirementVerdict, Run, ScenarioVerdict, Verdict, fold, scenario_verdict};

use mock_thales::observe::Fact;

use crate::model::Header;

/// Rules on every expectation of a log, in their order.
pub fn judge(header: &Header, facts: &[Fact]) -> Vec<Finding> {
    let view = view::View::new(header, facts);
    header
        .script
        .expectations
        .iter()
        .filter_map(|expectation| {
            let requirement =
                header.requirements.iter().find(|requirement| requirement.is_about(&expectation.topic))?;
            let ruling = claims::compare(&view, expectation, checks::rule(&view, expectation));
            let ruling = services::named(&view, expectation, ruling);
            Some(Finding::new(header, requirement, expectation, ruling))
        })
        .collect()
}
