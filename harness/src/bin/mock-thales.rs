//! Thales standing by itself, as a program of its own: one command of the harness, under the name of what it plays.

use std::process::ExitCode;

fn main() -> ExitCode {
    thales_harness::cli::mock_thales()
}
