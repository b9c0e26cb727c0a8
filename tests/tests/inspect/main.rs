//! `inspect` on files as OpenSSL and Java write them: a table of recipes, each with the exact findings and the exit code.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;
mod faults;
mod forge;
mod hostile;
mod request;
mod row;
mod server;
#[path = "../../../mock-thales/tests/support/tools.rs"]
mod tools;
mod trust;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let openssl = |name: &'static str, test: fn()| tools::trial(name, &["openssl"], test);
    let trials: Vec<Trial> = vec![
        openssl("client_certificates", client::certificates),
        openssl("client_certificates_are_valid_by_the_calendar", client::dates),
        openssl("requests", request::requests),
        openssl("requests_that_renew", request::renewals),
        openssl("server_chains", server::chains),
        openssl("server_chains_against_the_ones_before", server::previous),
        openssl("trust_stores", trust::stores),
        openssl("public_authorities", trust::public),
        openssl("authorities_known_by_their_fingerprint", trust::published),
        tools::trial("stores_of_java", &["openssl", "keytool"], trust::java),
        openssl("files_that_cannot_be_judged", faults::files),
        openssl("no_byte_that_is_wrong_makes_a_panic", hostile::bytes),
        openssl("nothing_secret_is_printed", faults::secrets),
        openssl("the_text_says_where_a_name_differs", faults::text),
        tools::no_test_is_an_attribute(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/inspect")),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
