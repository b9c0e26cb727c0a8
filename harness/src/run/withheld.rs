//! What a caller did not show although it was there: nothing encrypted in any of its requests. Whether its requests would
//! have to carry any is not known, so that a check of payloads has nothing to judge and is taken out of the plan.

use mock_thales::observe::{Event, Fact};

use crate::model::{Check, Script, Unplanned};

const WHY: &str = "no request carried a payload that is encrypted: expected a call with one, or the row in [declares]";

/// Takes out what nothing was shown for. Where no request came at all, the check stays and says so.
pub(super) fn leave_out(script: &mut Script, facts: &[Fact]) {
    let (kept, left): (Vec<_>, Vec<_>) =
        std::mem::take(&mut script.expectations).into_iter().partition(|expectation| {
            let mut own =
                facts.iter().filter(|fact| fact.phase.is_some_and(|phase| expectation.phases.contains(&phase)));
            let came = own.clone().any(|fact| matches!(fact.event, Event::Marked(_)));
            let shows = own.any(|fact| match &fact.event {
                // One that was too long to be read may hold something.
                Event::BodyRead(body) => body.bytes.is_none() || !body.payloads.is_empty() || !body.clear.is_empty(),
                _ => false,
            });
            expectation.check != Check::Payload || shows || !came
        });
    script.expectations = kept;
    script.unplanned.extend(left.into_iter().map(|expectation| Unplanned {
        topic: expectation.topic,
        subject: expectation.subject,
        why: WHY.to_owned(),
    }));
}
