//! What a standing counterpart writes down while it stands: every fact and every order as a line of JSON.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mock_thales::observe::Recorder;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A log of lines, on standard error or in a file. A reader that has gone is no fault.
pub struct Log(Mutex<Box<dyn Write + Send>>);

impl Log {
    /// On standard error.
    pub fn on_stderr() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Box::new(io::stderr()))))
    }

    /// At the end of a file.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn at(path: &Path) -> io::Result<Arc<Self>> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Arc::new(Self(Mutex::new(Box::new(file)))))
    }

    /// Writes a line: when, what, and the members of an object.
    pub(super) fn line(&self, what: &str, members: Value) {
        let at = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
        let mut line = json!({ "at": at, "what": what });
        if let (Value::Object(line), Value::Object(members)) = (&mut line, members) {
            line.extend(members);
        }
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }

    /// Writes each fact when it comes, until it is dropped.
    pub async fn follow(self: Arc<Self>, recorder: Arc<Recorder>) {
        /// Nothing is waited for so long; the wait begins again.
        const LONG: Duration = Duration::from_secs(3600);
        let mut told = 0;
        loop {
            let is_new = |last: Option<u64>| last.is_some_and(|last| last > told);
            recorder.wait_for(Instant::now() + LONG, |facts| is_new(facts.last().map(|fact| fact.seq))).await;
            let fresh = recorder.read(|facts| facts.iter().filter(|fact| fact.seq > told).cloned().collect::<Vec<_>>());
            for fact in fresh {
                told = fact.seq;
                self.line("fact", json!({ "fact": fact }));
            }
        }
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").finish_non_exhaustive()
    }
}
