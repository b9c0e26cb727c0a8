//! The command line under test, and where its histories lie.

use std::path::Path;
use std::process::{Command, Output};

use libtest_mimic::Failed;

/// The command line under test.
pub(crate) const HARNESS: &str = env!("CARGO_BIN_EXE_thales-harness-under-test");

/// A sweep with history and report in that directory.
pub(crate) fn sweep(directory: &Path, words: &[&str]) -> Result<Output, Failed> {
    let mut command = Command::new(HARNESS);
    command.current_dir(directory).args(["sweep", "--report", "out"]).args(words);
    Ok(command.output()?)
}

/// What was printed, where the exit is the expected one.
pub(crate) fn said(output: &Output, exit: i32) -> Result<String, Failed> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.code() == Some(exit) {
        return Ok(text);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("ended with {:?}, expected {exit}:\n{text}\n{errors}", output.status.code()).into())
}
