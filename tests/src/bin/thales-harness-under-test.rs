//! The command line as its users have it, for the tests that start it.

use std::process::ExitCode;

fn main() -> ExitCode {
    thales_harness::cli::main()
}
