//! The command line of the harness.

use std::process::ExitCode;

fn main() -> ExitCode {
    thales_harness::cli::main()
}
