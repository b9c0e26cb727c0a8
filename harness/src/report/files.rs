//! `report.json` and the logs as JSON Lines, in a directory.

use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::document::{Report, log_path};
use super::reporter::{Ended, ReportError, Reporter};
use crate::run::Outcome;

/// Writes `report.json` and the logs below a directory.
#[derive(Debug)]
pub struct Files {
    directory: PathBuf,
}

impl Files {
    /// Into that directory, which is made here: what cannot be written at all is known before the run.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn below(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory.join("logs"))?;
        Ok(Self { directory: directory.to_owned() })
    }
}

impl Reporter for Files {
    fn name(&self) -> &str {
        "report.json and logs"
    }

    fn ended(&mut self, ended: &Ended<'_>) -> Result<(), ReportError> {
        logs(ended.outcome, &self.directory)?;
        let path = self.directory.join("report.json");
        json(ended.report, &path).map_err(ReportError::write(&path))
    }
}

fn logs(outcome: &Outcome, directory: &Path) -> Result<(), ReportError> {
    for run in &outcome.scenarios {
        if let Ok(log) = &run.log {
            let path = directory.join(log_path(run));
            let written = fs::File::create(&path).and_then(|file| log.write(BufWriter::new(file)));
            written.map_err(ReportError::write(&path))?;
        }
    }
    Ok(())
}

fn json(report: &Report, path: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(fs::File::create(path)?);
    serde_json::to_writer_pretty(&mut file, report)?;
    file.flush()
}

/// Writes a whole file.
pub(super) fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), ReportError> {
    fs::write(path, text).map_err(ReportError::write(path))
}
