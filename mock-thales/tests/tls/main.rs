//! TLS on the wire against peers that nobody here wrote: curl, OpenSSL's own tools and Python of the machine, and
//! rustls.
//!
//! Each accident that looks like a refused version (and each refusal that looks like an accident) has its test.

mod as_client;
mod as_server;
mod configuration;
mod directions;
mod endings;
mod forced;
mod hellos;
mod identities;
mod peers;
#[path = "../support/tools.rs"]
mod tools;
#[path = "../support/trials.rs"]
mod trials;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let mut trials = trials::trials! {
        as_client::python_that_allows_old_versions_completes_them.await: python3;
        as_client::python_from_tls_1_2_up_refuses_by_version.await: python3;
        as_client::s_server_fails_by_accident_and_accepts_at_level_0.await: openssl;
        as_client::a_server_that_insists_refuses_the_missing_certificate_and_not_the_version.await: openssl;
        as_client::a_request_without_names_is_still_a_request.await: openssl;
        as_client::rustls_refuses_with_handshake_failure.await;
        as_client::the_hello_offers_one_old_version_and_names_the_host.await;
        as_client::an_old_server_hello_without_renegotiation_info_is_taken.await;
        as_client::a_close_without_close_notify_is_told_from_one_with_it.await: python3;
        as_client::a_newer_version_is_not_spoken_here;
        as_server::curl_completes_with_static_rsa_and_sends_its_request.await: curl;
        as_server::curl_ends_ecdhe_by_accident_with_internal_error.await: curl;
        as_server::curl_withholds_its_certificate_and_sends_its_request_all_the_same.await: curl;
        as_server::a_client_that_does_not_offer_the_version_is_refused_by_us.await: python3;
        as_server::a_client_certificate_arrives_with_its_proof.await: openssl;
        as_server::no_session_is_offered_or_resumed.await: openssl;
        as_server::the_server_hello_has_neither_sentinel_nor_session.await: curl;
        as_server::common_foretells_the_handshake.await: openssl;
        as_server::what_can_never_work_is_said_at_once.await;
        as_server::a_weak_certificate_is_shown.await;
        configuration::a_hostile_configuration_changes_nothing.await: openssl;
        configuration::a_handshake_in_this_process.await;
        directions::of_tls_1_3;
        directions::of_tls_1_3_after_a_retry;
        directions::of_tls_1_2;
        directions::of_refused_certificates;
        endings::before_the_handshake_is_done.await;
        endings::an_unread_alert_is_found_when_our_write_fails.await;
        endings::after_the_handshake.await;
        endings::an_encrypted_alert_is_the_peers_and_our_failure_is_ours.await;
        forced::python_that_does_not_offer_the_version_answers_by_version.await: python3;
        forced::python_without_old_suites_minds_the_version_first.await: python3;
        forced::curl_takes_an_offered_version_without_a_word.await: curl;
        forced::curl_rejects_the_sentinel_and_not_the_version.await: curl;
        hellos::curl_offers_everything_down_to_1_0.await: curl;
        hellos::python_offers_1_2_and_1_3.await: python3;
        hellos::s_client_offers_what_it_is_told.await: openssl;
        hellos::our_own_old_client_is_read.await;
        hellos::a_long_hello_of_rustls_is_read;
        hellos::any_bytes_are_survived;
    };
    trials.push(tools::no_test_is_an_attribute(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls")));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
