//! The reference integration as a customer would test theirs: one line, one test a scenario.

use std::process::ExitCode;

use thales_harness::load::Library;
use thales_harness::{conformance, reference};

fn main() -> ExitCode {
    let library = Library::built_in().expect("the built-in files are right");
    let (profile, _) = &library.profiles["classic-tokenization"];
    let environment = &profile.environments[0];
    conformance(reference::subject(profile, environment).expect("its certificates can be made"))
}
