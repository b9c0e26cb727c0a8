//! Progress while a run goes on: a bar on a terminal, plain lines elsewhere. On standard error, so that standard output
//! is the report alone.

use std::io::{IsTerminal, Write, stderr};

use indicatif::{ProgressBar, ProgressStyle};

use super::reporter::{Ended, ReportError, Reporter};
use crate::run::Event;

/// Shows the events of a run.
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// A bar where standard error is a terminal.
    pub fn new() -> Self {
        let bar = stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}");
            ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar }
    }
}

impl Reporter for Progress {
    fn name(&self) -> &str {
        "progress"
    }

    fn event(&mut self, event: &Event) -> Result<(), ReportError> {
        match (&self.bar, event) {
            (Some(bar), Event::Planned { scenarios }) => bar.set_length(*scenarios as u64),
            (Some(bar), Event::Ended { scenario, .. }) => {
                bar.set_message(scenario.to_string());
                bar.inc(1);
            }
            (None, Event::Planned { scenarios }) => line(&format!("{scenarios} scenarios")),
            (None, Event::Ended { scenario, subject, verdict, took }) => {
                let verdict = verdict.map_or("harness fault".to_owned(), |verdict| verdict.to_string());
                line(&format!("{verdict:<14} {scenario} ({subject}) {:.1} s", took.as_secs_f64()));
            }
        }
        Ok(())
    }

    /// Takes the bar away.
    fn ended(&mut self, _: &Ended<'_>) -> Result<(), ReportError> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        Ok(())
    }
}

/// Progress that nobody can read is no reason to stop.
fn line(text: &str) {
    let _ = writeln!(stderr(), "{text}");
}
