//! Files as OpenSSL and Java write them, and as people break them, read by `thales_harness::inspect`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod faults;
mod hostile;
mod samples;
mod single;
mod stores;
#[path = "../../../mock-thales/tests/support/tools.rs"]
mod tools;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let mut trials: Vec<Trial> = single::trials();
    trials.extend(stores::trials());
    trials.extend(faults::trials());
    trials.extend(hostile::trials());
    trials.push(tools::no_test_is_an_attribute(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/inspect")));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn openssl(name: &'static str, test: fn()) -> Trial {
    tools::trial(name, &["openssl"], test)
}

fn keytool(name: &'static str, test: fn()) -> Trial {
    tools::trial(name, &["openssl", "keytool"], test)
}
