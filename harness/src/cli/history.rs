//! `history`: the sweeps so far, and how cases went over them.

use std::fs;

use globset::Glob;

use super::sweep_words::HistoryWords;
use super::{Exit, Refused, say};
use crate::sweep::{History, State, Trend, drawing, signs, sparkline};

pub(super) fn history(words: &HistoryWords) -> Result<Exit, Refused> {
    let refused = |error: &dyn std::fmt::Display| Refused::Words(error.to_string());
    if !words.history.is_file() {
        return Err(Refused::Words(format!("{}: there is no such history", words.history.display())));
    }
    let history = History::open(&words.history).map_err(|error| refused(&error))?;
    let glob = match &words.case {
        Some(glob) => Some(Glob::new(glob).map_err(|error| refused(&format!("--case: {error}")))?.compile_matcher()),
        None => None,
    };
    let runs = history.runs().map_err(|error| refused(&error))?;
    let mut looked_at = Vec::new();
    for row in runs.iter().skip(runs.len().saturating_sub(words.runs)) {
        let records = history.records(row.id).map_err(|error| refused(&error))?;
        looked_at.push((row.clone(), records));
    }
    let trend = Trend::of(looked_at);
    let is_shown = |name: &str| glob.as_ref().is_some_and(|glob| glob.is_match(name));
    say(&text(&trend, &is_shown));
    if let Some(path) = &words.html {
        let is_drawn = |name: &str| glob.is_none() || is_shown(name);
        fs::write(path, drawing(&trend, &is_drawn))
            .map_err(|error| refused(&format!("{}: {error}", path.display())))?;
    }
    Ok(Exit::Ready)
}

fn text(trend: &Trend, is_shown: &dyn Fn(&str) -> bool) -> String {
    let mut text = String::new();
    for (run, counts) in trend.runs.iter().zip(trend.counts()) {
        let began = &run.began;
        let counts: Vec<_> = State::ALL
            .iter()
            .zip(counts)
            .filter(|(_, count)| *count > 0)
            .map(|(state, count)| format!("{count} {}", state.word()))
            .collect();
        let end = if run.ended.is_some() { "" } else { ", unfinished" };
        let name = began.name.as_ref().map_or_else(String::new, |name| format!(" `{name}`"));
        let started = began.started.get(..19).unwrap_or(&began.started);
        text.push_str(&format!(
            "{:<4}{name} {started} {} {}, {}: {} of {} cases{end}: {}\n",
            run.id.to_string(),
            began.integration,
            began.version,
            began.profile,
            trend.cases.values().filter(|states| states_of(trend, run, states)).count(),
            began.planned,
            counts.join(", ")
        ));
    }
    let of = |state: State| {
        let place = State::ALL.iter().position(|known| *known == state).unwrap_or_default();
        sparkline(&trend.counts().iter().map(|counts| Some(counts[place] as u64)).collect::<Vec<_>>())
    };
    text.push_str(&format!("\npass {}\nfail {}\nopen {}\n", of(State::Pass), of(State::Fail), of(State::Inconclusive)));
    let flaky: Vec<_> = trend.flaky().into_iter().map(ToString::to_string).collect();
    if !flaky.is_empty() {
        text.push_str(&format!("flaky: {}\n", flaky.join(", ")));
    }
    for (key, states) in &trend.cases {
        let name = key.to_string();
        if is_shown(&name) {
            let took: Vec<_> = states.iter().map(|state| state.map(|(_, took_ms)| took_ms)).collect();
            let last = took.iter().rev().flatten().next().copied().unwrap_or_default();
            text.push_str(&format!("{} {} {last:>7} ms  {name}\n", signs(states), sparkline(&took)));
        }
    }
    text
}

/// Whether a case was played in a run.
fn states_of(trend: &Trend, run: &crate::sweep::RunRow, states: &[Option<(State, u64)>]) -> bool {
    let place = trend.runs.iter().position(|known| known.id == run.id);
    place.is_some_and(|place| states[place].is_some())
}
