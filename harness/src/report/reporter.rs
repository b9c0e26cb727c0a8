//! Reporters: each reads the events of a run and what came of it, and keeps its own policy. One that fails is asked no
//! more; the run, the others and the verdict are none of its business.

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::document::Report;
use crate::run::{Event, Outcome};

/// Something that tells of a run.
pub trait Reporter: Send {
    /// What it writes, as an error names it: `report.html`.
    fn name(&self) -> &str;

    /// Something happened.
    ///
    /// # Errors
    /// It could not be told. This reporter is asked no more.
    fn event(&mut self, _event: &Event) -> Result<(), ReportError> {
        Ok(())
    }

    /// The run has ended.
    ///
    /// # Errors
    /// It could not be told.
    fn ended(&mut self, ended: &Ended<'_>) -> Result<(), ReportError>;
}

/// What came of a run.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    /// The outcome, with the logs.
    pub outcome: &'a Outcome,
    /// The same as a document that may be handed on.
    pub report: &'a Report,
    /// The command that repeats the run, without a selection.
    pub repeat: &'a str,
}

/// Why a reporter could not tell.
#[derive(Debug)]
pub enum ReportError {
    /// A file could not be written.
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// The report has no form in that format.
    Format {
        /// The format's words.
        why: String,
    },
    /// The reporter itself broke down.
    Panicked {
        /// The panic's words.
        why: String,
    },
}

impl ReportError {
    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Write { path, error }
    }
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { path, error } => write!(f, "write {}: {error}", path.display()),
            Self::Format { why } => write!(f, "put the report into its format: {why}"),
            Self::Panicked { why } => write!(f, "report at all: {why}"),
        }
    }
}

impl std::error::Error for ReportError {}

/// A reporter that failed.
#[derive(Debug)]
pub struct Failed {
    /// Which one.
    pub reporter: String,
    /// Why.
    pub error: ReportError,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: failed to {}", self.reporter, self.error)
    }
}

/// The reporters of a run, in the order in which they are told.
#[derive(Default)]
pub struct Reporters {
    all: Vec<Option<Box<dyn Reporter>>>,
    failed: Vec<Failed>,
}

impl Reporters {
    /// Adds one.
    pub fn add(&mut self, reporter: impl Reporter + 'static) {
        self.all.push(Some(Box::new(reporter)));
    }

    /// Tells everyone that something happened.
    pub fn event(&mut self, event: &Event) {
        self.each(|reporter| reporter.event(event));
    }

    /// Tells everyone what came of the run, and hands back who failed, now or before.
    pub fn ended(mut self, ended: &Ended<'_>) -> Vec<Failed> {
        self.each(|reporter| reporter.ended(ended));
        self.failed
    }

    fn each(&mut self, tell: impl Fn(&mut dyn Reporter) -> Result<(), ReportError>) {
        for place in &mut self.all {
            let Some(reporter) = place else { continue };
            // A reporter that panicked is dropped: nobody sees what it left half done.
            let told = catch_unwind(AssertUnwindSafe(|| tell(reporter.as_mut())));
            let told = told.unwrap_or_else(|panic| Err(ReportError::Panicked { why: words(panic.as_ref()) }));
            if let Err(error) = told {
                self.failed.push(Failed { reporter: reporter.name().to_owned(), error });
                *place = None;
            }
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    struct Scripted(&'static str, Arc<Mutex<Vec<&'static str>>>);

    impl Reporter for Scripted {
        fn name(&self) -> &str {
            self.0
        }

        fn event(&mut self, _: &Event) -> Result<(), ReportError> {
            self.1.lock().unwrap().push(self.0);
            match self.0 {
                "panics" => panic!("out of words"),
                "fails" => Err(ReportError::Format { why: "no".to_owned() }),
                _ => Ok(()),
            }
        }

        fn ended(&mut self, _: &Ended<'_>) -> Result<(), ReportError> {
            Ok(())
        }
    }

    #[test]
    fn one_that_fails_stops_no_other_and_is_asked_no_more() {
        let told = Arc::default();
        let mut reporters = Reporters::default();
        for name in ["fails", "panics", "tells"] {
            reporters.add(Scripted(name, Arc::clone(&told)));
        }
        reporters.event(&Event::Planned { scenarios: 2 });
        reporters.event(&Event::Planned { scenarios: 2 });
        assert_eq!(*told.lock().unwrap(), ["fails", "panics", "tells", "tells"]);
        let failed: Vec<_> = reporters.failed.iter().map(ToString::to_string).collect();
        assert_eq!(
            failed,
            ["fails: failed to put the report into its format: no", "panics: failed to report at all: out of words"]
        );
    }
}
