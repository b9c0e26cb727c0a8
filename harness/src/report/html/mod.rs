//! `report.html`: one file for a person, without script and without anything from elsewhere, readable on a phone, by
//! keyboard and by a screen reader, light and dark. Gaps first, then what onboarding needs, then every requirement and
//! every scenario with a picture of what happened on the wire.

mod changes;
mod events;
mod exhibit;
mod markup;
mod overview;
mod page;
mod picture;
mod requirements;
mod scenarios;

pub use page::{Page, render};

use std::path::{Path, PathBuf};

use super::difference::{Difference, Earlier};
use super::files::write;
use super::reporter::{Ended, ReportError, Reporter};

/// Writes `report.html`.
#[derive(Debug)]
pub struct Html {
    path: PathBuf,
    earlier: Option<Earlier>,
}

impl Html {
    /// Into that file, with what changed since an earlier report.
    pub fn at(path: &Path, earlier: Option<Earlier>) -> Self {
        Self { path: path.to_owned(), earlier }
    }
}

impl Reporter for Html {
    fn name(&self) -> &str {
        "report.html"
    }

    fn ended(&mut self, ended: &Ended<'_>) -> Result<(), ReportError> {
        let page = Page {
            report: ended.report,
            logs: ended.outcome.scenarios.iter().map(|run| run.log.as_ref().ok()).collect(),
            difference: self.earlier.as_ref().map(|earlier| Difference::between(earlier, ended.report)),
            repeat: ended.repeat,
        };
        write(&self.path, render(&page))
    }
}
