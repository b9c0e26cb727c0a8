//! The report on standard output. A reader that has gone is no fault.

use std::io::{Write, stdout};

use super::reporter::{Ended, ReportError, Reporter};
use super::terminal;

/// Prints the report when the run has ended.
#[derive(Debug, Default)]
pub struct Screen;

impl Reporter for Screen {
    fn name(&self) -> &str {
        "standard output"
    }

    fn ended(&mut self, ended: &Ended<'_>) -> Result<(), ReportError> {
        let _ = stdout().lock().write_all(terminal::report(ended.outcome, ended.repeat).as_bytes());
        Ok(())
    }
}
