//! What a reader has to know of the run as a whole, read from its logs: files that lay nowhere, services that were started
//! anew, drivers that do wrong, successes that nobody saw, and what the integration wanted and did not find.

use std::collections::{BTreeMap, BTreeSet};

use mock_thales::observe::{Actor, Answer, CallReading, Claim, Event, Fact, Log};

use crate::model::{Header, Side};
use crate::run::Outcome;

/// Names and addresses that one note lists; a program may try thousands.
const LISTED: usize = 12;

/// The notes, each a sentence.
pub(super) fn notes(outcome: &Outcome) -> Vec<String> {
    let logs: Vec<_> = outcome.scenarios.iter().filter_map(|run| run.log.as_ref().ok()).collect();
    let mut notes: Vec<_> = unplaced(outcome).into_iter().collect();
    notes.extend(started_anew(outcome));
    notes.extend(probed(&logs));
    notes.extend(unseen(&logs));
    notes.extend(nowhere(&logs));
    notes
}

/// What the integration did not find where it finds it in Production.
fn unplaced(outcome: &Outcome) -> Option<String> {
    let paths: Vec<_> = outcome.unplaced().into_iter().map(|path| path.display().to_string()).collect();
    (!paths.is_empty())
        .then(|| format!("a shared network binds no [files]: the machine's own, or none, lay at {}", paths.join(", ")))
}

/// Services that were to go on, and did not.
fn started_anew(outcome: &Outcome) -> Vec<String> {
    let anew = outcome.started_anew();
    let words = |((service, why), scenarios): (&(String, String), &Vec<String>)| {
        let before = match scenarios.as_slice() {
            [] | [_] | [_, _] | [_, _, _] => scenarios.join(", "),
            many => format!("{} scenarios", many.len()),
        };
        format!("service `{service}` was started anew before {before}: {why}")
    };
    anew.iter().map(words).collect()
}

/// What drivers do wrong.
fn probed(logs: &[&Log<Header>]) -> Vec<String> {
    let facts = logs.iter().flat_map(|log| &log.facts);
    let faults = facts.filter_map(|fact| match (&fact.actor, &fact.event) {
        (Actor::Integration(name), Event::Probed { faults }) if !faults.is_empty() => Some((name, faults)),
        _ => None,
    });
    faults.map(|(name, faults)| format!("driver `{name}` {}", faults.join("; "))).collect()
}

/// Calls that are claimed to have succeeded although no request arrived while they lasted.
fn unseen(logs: &[&Log<Header>]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for log in logs.iter().filter(|log| log.header.script.side == Side::Caller) {
        // Of a call that is one by its connection, the request may have come before.
        let is_request = |fact: &&Fact| matches!(fact.event, Event::Request(_) | Event::Answered { .. });
        let requests: Vec<_> = log.facts.iter().filter(is_request).map(|fact| fact.seq).collect();
        let is_unseen = |call: &CallReading| {
            call.ended.as_ref().is_some_and(|ended| {
                matches!(ended.what.0, Claim::Completed { .. })
                    && !requests.iter().any(|seq| (call.began.seq..ended.seq).contains(seq))
            })
        };
        let count = CallReading::all(&log.facts).iter().filter(|call| is_unseen(call)).count();
        *counts.entry(log.header.script.subject.as_str()).or_default() += count;
    }
    let claimed = counts.into_iter().filter(|(_, count)| *count > 0);
    let sentence = |(name, count)| {
        format!("`{name}` claims success of {count} call(s) during which no request arrived; nothing rests on it")
    };
    claimed.map(sentence).collect()
}

/// Names and addresses beside Thales' that the integration tried.
fn nowhere(logs: &[&Log<Header>]) -> Option<String> {
    let mut tried = BTreeSet::new();
    for log in logs {
        let own = log.header.context.inbound_host.to_ascii_lowercase();
        for fact in &log.facts {
            match &fact.event {
                Event::WentNowhere { to } => {
                    tried.insert(to.to_string());
                }
                Event::Asked(question) if question.answer == Answer::NoSuchName && question.kind == "A" => {
                    let name = question.name.trim_end_matches('.');
                    let is_own =
                        name.strip_suffix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                    let is_address = name.ends_with(".in-addr.arpa") || name.ends_with(".ip6.arpa");
                    if !is_own && !is_address {
                        tried.insert(name.to_owned());
                    }
                }
                _ => {}
            }
        }
    }
    let more = tried.len().saturating_sub(LISTED);
    let listed: Vec<_> = tried.into_iter().take(LISTED).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!listed.is_empty()).then(|| {
        format!(
            "the integration also wanted {}{more}, which went nowhere: a private network leads to Thales and to \
             each [[forward]]",
            listed.join(", ")
        )
    })
}
