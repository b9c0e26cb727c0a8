//! Services that failed: what they leave open names them. A failure never decides, since the wire alone does.

use mock_thales::observe::Event;

use super::finding::{Outcome, Ruling};
use super::view::View;
use crate::model::Expectation;

/// Says of an open ruling which service failed where it was to be seen: before the first phase, or in its own phases and
/// controls. What was not played at all has none, and the last failure is why.
pub(super) fn named(view: &View<'_>, expectation: &Expectation, mut ruling: Ruling) -> Ruling {
    if ruling.outcome != Outcome::Unwitnessed {
        return ruling;
    }
    let concerns = |phase| expectation.phases.contains(&phase) || expectation.controls.contains(&phase);
    let failed = view.facts.iter().rev().find_map(|fact| match &fact.event {
        Event::ServiceFailed { service, why } if expectation.phases.is_empty() || fact.phase.is_none_or(concerns) => {
            Some((fact.seq, service, why))
        }
        _ => None,
    });
    if let Some((seq, service, why)) = failed {
        ruling.seen = format!("{}; service `{service}` {why}", ruling.seen);
        ruling.evidence.push(seq);
    }
    ruling
}
