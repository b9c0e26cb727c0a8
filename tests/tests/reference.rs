//! The reference integration as a customer would test theirs: one line, one test a scenario.

use std::process::ExitCode;

use thales_harness::{conformance, reference};

fn main() -> ExitCode {
    conformance(reference::subject("api.dbp-stg.thalescloud.io").expect("its certificates can be made"))
}
