//! `renews`: once Thales endorses the renewed certificate alone, every call shows it. What was lost on the way, while
//! Thales took both, is counted.

use mock_thales::observe::{CallReading, Claim, Connection, Ending, Event, Fact};

use super::super::finding::{Reason, Ruling};
use super::super::view::View;
use crate::model::{Expectation, Renews};

/// A harness that was held up for so long may have lost the call itself.
const HELD_UP_US: u64 = 1_000_000;

/// What a caller showed on one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Former,
    Renewed,
    /// The renewed certificate, signed for with another key.
    WithoutItsKey,
    Another,
    Nothing,
}

impl Shown {
    fn words(self) -> &'static str {
        match self {
            Self::Former => "its former certificate",
            Self::Renewed => "its renewed certificate",
            Self::WithoutItsKey => "its renewed certificate without the key that belongs to it",
            Self::Another => "a certificate that is neither the former nor the renewed one",
            Self::Nothing => "no certificate",
        }
    }
}

pub(super) fn rule(view: &View<'_>, expectation: &Expectation, bounds: Renews) -> Ruling {
    let Some(changed) = view.facts.iter().find(|fact| matches!(fact.event, Event::FilesRenewed { .. })) else {
        return Ruling::unwitnessed(Reason::NotPlayed, "the certificate was not renewed", Vec::new());
    };
    let told = match told(view) {
        Ok(told) => told,
        Err(ruling) => return ruling,
    };
    let before = view.connections.iter().find(|connection| {
        connection.opened.seq < changed.seq
            && view.is_accepted(connection)
            && shown(view, connection) == Some(Shown::Former)
    });
    let Some(before) = before else {
        let seen = "no call went through with the former certificate";
        return Ruling::unwitnessed(Reason::Control, seen, vec![changed.seq]);
    };
    let is_after = |call: &&CallReading| call.phase.is_some_and(|phase| expectation.phases.contains(&phase));
    let (after, during): (Vec<_>, Vec<_>) =
        view.calls.iter().filter(|call| call.began.seq > changed.seq).partition(is_after);
    if after.is_empty() {
        let seen = "no call was made once Thales endorsed the renewed certificate alone";
        return Ruling::unwitnessed(Reason::NotPlayed, seen, vec![told.seq]);
    }
    let lost = |calls: &[&CallReading]| -> Vec<CallReading> {
        calls.iter().filter(|call| !is_through(view, call)).map(|call| (*call).clone()).collect()
    };
    let (lost_after, lost_during) = (lost(&after), lost(&during));
    let counted = format!(
        "{} of {} call(s) lost since, {} of {} while Thales took both",
        lost_after.len(),
        after.len(),
        lost_during.len(),
        during.len()
    );
    let evidence = |seq: u64| vec![before.opened.seq, changed.seq, told.seq, seq];
    let wrong = view.subjects(expectation).into_iter().find_map(|connection| {
        let shown = shown(view, connection).filter(|shown| *shown != Shown::Renewed)?;
        Some((connection.opened.seq, shown))
    });
    if let Some((seq, shown)) = wrong {
        let seen = format!("showed {} although Thales endorses the renewed one alone: {counted}", shown.words());
        return Ruling::violated(seen, evidence(seq));
    }
    for (lost, allowed) in [(&lost_after, Some(0)), (&lost_during, bounds.lost)] {
        let Some(first) = lost.first() else { continue };
        if allowed.is_none_or(|allowed| lost.len() <= allowed as usize) {
            continue;
        }
        let story = view.connections.iter().rfind(|connection| is_of(connection, first));
        let story = story.map_or("no connection came".to_owned(), |connection| view.story(connection));
        let seen = format!("{counted}; on the first: {story}");
        return match lost.iter().find_map(|call| excuse(view, call)) {
            Some(reason) => Ruling::unwitnessed(reason, seen, evidence(first.began.seq)),
            None => Ruling::violated(seen, evidence(first.began.seq)),
        };
    }
    let met = Ruling::met(format!("every call shows its renewed certificate: {counted}"), evidence(after[0].began.seq));
    if lost_during.is_empty() { met } else { met.warn("calls were lost while Thales took both certificates") }
}

fn told<'a>(view: &View<'a>) -> Result<&'a Fact, Ruling> {
    let told = view.facts.iter().find_map(|fact| match &fact.event {
        Event::ToldOfRenewal { failed, .. } => Some((fact, failed)),
        _ => None,
    });
    match told {
        Some((fact, None)) => Ok(fact),
        Some((fact, Some(why))) => {
            let seen = format!("the integration could not be told of its renewed certificate: {why}");
            Err(Ruling::unwitnessed(Reason::NotPlayed, seen, vec![fact.seq]))
        }
        None => {
            let seen = "the integration had not been told of its renewed certificate in time";
            Err(Ruling::unwitnessed(Reason::Deadline, seen, Vec::new()))
        }
    }
}

/// `None` where the connection ended before the caller had to show anything.
fn shown(view: &View<'_>, connection: &Connection) -> Option<Shown> {
    if !view.is_witness(connection) {
        return None;
    }
    let context = &view.header.context;
    let certificate = connection.certificate.as_ref().map(|certificate| &certificate.what);
    let leaf = certificate.and_then(|(chain, _)| chain.first());
    Some(match (leaf, certificate) {
        (Some(leaf), Some((_, proved))) if Some(leaf) == context.renewed.as_ref() => match proved {
            Some(false) => Shown::WithoutItsKey,
            _ => Shown::Renewed,
        },
        (Some(leaf), _) if Some(leaf) == context.endorsed.as_ref() => Shown::Former,
        (Some(_), _) => Shown::Another,
        (None, _) => {
            let refused = connection.local_error.is_some() || !connection.alerts_sent.is_empty();
            return (refused || connection.data.is_some()).then_some(Shown::Nothing);
        }
    })
}

/// Whether a connection came during a call: calls are made one after the other.
fn is_of(connection: &Connection, call: &CallReading) -> bool {
    connection.opened.seq > call.began.seq && call.ended.as_ref().is_none_or(|ended| connection.opened.seq < ended.seq)
}

fn is_through(view: &View<'_>, call: &CallReading) -> bool {
    view.connections.iter().any(|connection| is_of(connection, call) && view.is_accepted(connection))
}

/// Why a lost call need not be the change-over's doing.
fn excuse(view: &View<'_>, call: &CallReading) -> Option<Reason> {
    let until_us = call.ended.as_ref().map_or(u64::MAX, |ended| ended.at_us);
    if view.lag_us(call.began.at_us, until_us) >= HELD_UP_US {
        return Some(Reason::Timing);
    }
    let last = view.connections.iter().rfind(|connection| is_of(connection, call));
    let Some(last) = last else {
        return match call.ended.as_ref().map(|ended| &ended.what.0) {
            Some(Claim::Completed { .. } | Claim::Failed { .. }) => None,
            Some(Claim::Unsupported) => Some(Reason::NotPlayed),
            Some(Claim::TimedOut) | None => Some(Reason::Deadline),
        };
    };
    match (shown(view, last), last.ending()) {
        // Refused for what it showed.
        (Some(Shown::Former | Shown::WithoutItsKey | Shown::Another | Shown::Nothing), Ending::Counterpart) => None,
        (_, Ending::Counterpart) => Some(Reason::Counterpart),
        (_, Ending::Undecided) => Some(Reason::Deadline),
        (_, Ending::NotJudged) => Some(Reason::NoConnection),
        (_, Ending::Alert(_) | Ending::Silent | Ending::Accepted) => Some(Reason::OtherReason),
    }
}
