//! `moves`: after the address changed, new connections go to the new one within the TTL.
//!
//! The window counts from the last answer that named an old address: ttl, 5 s of grace, one interval between calls.

use mock_thales::observe::{CallReading, Connection, Event, PhaseId};

use super::super::finding::{Reason, Ruling};
use super::super::view::{View, addresses};
use crate::model::{EndpointName, Expectation};

/// Beyond the TTL: resolvers count whole seconds, and a look-up under way may still bring the old answer.
pub(super) const GRACE_MS: u64 = 5_000;

/// When the change took effect, and until when a new connection may still go to an old address.
pub(super) struct Window {
    pub(super) changed_seq: u64,
    pub(super) changed_us: u64,
    pub(super) limit_us: u64,
}

pub(super) fn rule(view: &View<'_>, expectation: &Expectation, wanted: &EndpointName) -> Ruling {
    let Some(window) = window(view, expectation, wanted) else {
        return Ruling::unwitnessed(Reason::NoConnection, "the address never changed", Vec::new());
    };
    let (came, nameless) = view.for_thales(view.connections.iter().collect());
    let was_there = came.iter().any(|connection| {
        connection.opened.seq < window.changed_seq
            && view.endpoint_of(connection).is_none_or(|endpoint| endpoint != *wanted)
    });
    if !was_there {
        let seen = "no connection came before the change: nothing could be cached";
        return Ruling::unwitnessed(Reason::Control, seen, vec![window.changed_seq]);
    }
    let later = came.into_iter().filter(|connection| connection.opened.seq > window.changed_seq);
    let (new, old): (Vec<_>, Vec<_>) =
        later.partition(|connection| view.endpoint_of(connection).as_ref() == Some(wanted));
    // The last one is the latest: the harness's own lag excuses the first ones only.
    if let Some(late) = old.iter().rfind(|connection| begun_us(view, connection) > window.limit_us) {
        return late_ruling(view, &window, late);
    }
    if let Some(nameless) = nameless.iter().rfind(|connection| begun_us(view, connection) > window.limit_us) {
        return view.nameless(nameless);
    }
    let asked_again =
        view.questions().find(|(fact, question)| fact.seq > window.changed_seq && !addresses(question).is_empty());
    let arrived = new.iter().find(|connection| view.is_accepted(connection));
    match (arrived, asked_again) {
        (Some(arrived), Some((question, _))) if arrived.opened.at_us <= window.limit_us => Ruling::met(
            format!(
                "asked again and reached endpoint {wanted} {} after the change",
                seconds(arrived.opened.at_us.saturating_sub(window.changed_us))
            ),
            vec![window.changed_seq, question.seq, arrived.opened.seq],
        ),
        // Asked in time: what took so long afterwards is no cache.
        (Some(arrived), Some((question, _))) if question.at_us <= window.limit_us => Ruling::met(
            format!("asked again in time, and reached endpoint {wanted} later"),
            vec![window.changed_seq, question.seq, arrived.opened.seq],
        )
        .warn(format!(
            "the first connection came {} after the change",
            seconds(arrived.opened.at_us.saturating_sub(window.changed_us))
        )),
        (Some(arrived), Some((question, _))) if begun_us(view, arrived) <= window.limit_us => Ruling::met(
            format!("asked again and reached endpoint {wanted} in a call that began in time"),
            vec![window.changed_seq, question.seq, arrived.opened.seq],
        )
        .warn(format!(
            "the first connection came {} after the change",
            seconds(arrived.opened.at_us.saturating_sub(window.changed_us))
        )),
        (Some(arrived), Some(_)) => {
            let seen = format!(
                "reached endpoint {wanted} only {} after the change, {} after the window had ended",
                seconds(arrived.opened.at_us - window.changed_us),
                seconds(arrived.opened.at_us - window.limit_us)
            );
            let span = (window.changed_us, arrived.opened.at_us);
            late_by(view, &window, span, seen, vec![window.changed_seq, arrived.opened.seq])
        }
        (Some(arrived), None) => Ruling::unwitnessed(
            Reason::OtherReason,
            format!("reached endpoint {wanted} without asking for its address"),
            vec![window.changed_seq, arrived.opened.seq],
        ),
        (None, _) => {
            let seen = match old.last() {
                Some(_) => "new connections went to the old address within the window, none to the new one".to_owned(),
                None => "no new connection came after the change".to_owned(),
            };
            Ruling::unwitnessed(Reason::NoConnection, seen, vec![window.changed_seq])
        }
    }
}

/// When the call began during which a connection came; its own time where there was none. What a call does is later than
/// its beginning, and a caller that is slow since its machine is busy is not late.
fn begun_us(view: &View<'_>, connection: &Connection) -> u64 {
    let opened_us = connection.opened.at_us;
    let is_around = |call: &&CallReading| {
        call.began.at_us <= opened_us && call.ended.as_ref().is_none_or(|ended| ended.at_us >= opened_us)
    };
    view.calls.iter().rfind(is_around).map_or(opened_us, |call| call.began.at_us)
}

fn late_ruling(view: &View<'_>, window: &Window, late: &Connection) -> Ruling {
    let at_us = late.opened.at_us;
    let asked = view.questions().filter(|(fact, _)| (window.changed_us..at_us).contains(&fact.at_us)).count();
    let why = if asked == 0 {
        "and had not asked again: an address is cached"
    } else {
        "although it had asked again: the answer is not used"
    };
    let did = if late.dial_failed.is_some() { "dialled" } else { "connected to" };
    let seen = format!(
        "{did} {} {} after the change, {} after TTL and grace had ended, {why}",
        late.opened.what.ip(),
        seconds(at_us - window.changed_us),
        seconds(at_us - window.limit_us)
    );
    // What held the harness up before the call began explains nothing.
    let begun_us = begun_us(view, late);
    let from_us = if begun_us < at_us { begun_us } else { window.limit_us };
    late_by(view, window, (from_us, at_us), seen, vec![window.changed_seq, late.opened.seq])
}

/// Violated, unless the harness itself was late by about as much in that span.
fn late_by(view: &View<'_>, window: &Window, (from_us, at_us): (u64, u64), seen: String, evidence: Vec<u64>) -> Ruling {
    if view.lag_us(from_us, at_us) >= at_us - window.limit_us {
        return Ruling::unwitnessed(Reason::Timing, seen, evidence);
    }
    Ruling::violated(seen, evidence)
}

/// The window of the change that the expectation's phase began with.
pub(super) fn window(view: &View<'_>, expectation: &Expectation, wanted: &EndpointName) -> Option<Window> {
    let phase_id: PhaseId = *expectation.phases.first()?;
    let phase = view.phase(phase_id)?;
    let new = view.header.script.endpoints.get(wanted)?;
    let changed = view
        .facts
        .iter()
        .find(|fact| fact.phase == Some(phase_id) && matches!(fact.event, Event::ZoneChanged { .. }))?;
    // Answers that were under way count, too.
    let last_old = view
        .questions()
        .filter(|(_, question)| addresses(question).iter().any(|address| address != new))
        .map(|(fact, _)| fact.at_us)
        .max();
    let from_us = last_old.unwrap_or(changed.at_us);
    let limit_us = from_us + (phase.ttl_ms + GRACE_MS + phase.every_ms) * 1000;
    Some(Window { changed_seq: changed.seq, changed_us: changed.at_us, limit_us })
}

pub(super) fn seconds(us: u64) -> String {
    format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000)
}
