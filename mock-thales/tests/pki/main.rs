//! Certificates as the `openssl` command line sees and makes them, and stores as a JVM does.

mod issued;
mod openssl;
mod reading;
mod setting;
mod signing;
#[path = "../support/tools.rs"]
mod tools;
#[path = "../support/trials.rs"]
mod trials;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let mut trials = trials::trials! {
        issued::each_server_recipe_fails_for_its_one_reason: openssl;
        issued::each_wrong_server_recipe_is_wrong_in_one_thing_only: openssl;
        issued::root_alone_and_intermediate_alone_are_enough_to_trust: openssl;
        issued::each_client_recipe_fails_for_its_one_reason: openssl;
        issued::rotations_change_what_they_say_and_nothing_else: openssl;
        issued::a_renewed_server_leaf_keeps_the_subject_and_no_key_of_any_kind: openssl;
        issued::keys_belong_to_their_leaves: openssl;
        issued::leaves_and_authorities_carry_the_extensions_of_their_role: openssl;
        issued::customer_identities_are_what_onboarding_asks_for: openssl;
        issued::an_rsa_leaf_under_these_authorities_serves_static_rsa_in_old_versions: openssl;
        issued::stores_open_in_openssl: openssl;
        issued::stores_open_in_a_jvm: openssl keytool;
        issued::other_intermediates_and_roots_differ_in_what_they_stand_under_only: openssl;
        signing::a_certificate_carries_the_request_and_a_clients_extensions: openssl;
        signing::a_subject_is_copied_byte_by_byte: openssl;
        signing::every_kind_of_key_is_certified: openssl;
        signing::what_is_no_request_of_its_key_is_refused: openssl;
        signing::requests_are_read_from_every_common_encoding: openssl;
        signing::an_authority_is_kept_in_a_directory;
        signing::of_many_that_make_one_all_get_the_same;
        reading::keys_hashes_and_own_signatures_of_every_kind_are_recognised: openssl;
        reading::a_request_reads_as_openssl_made_it: openssl;
        reading::a_signature_that_does_not_fit_is_no_own_signature: openssl;
        reading::facts_agree_with_what_openssl_prints: openssl;
        reading::the_customers_certificate_reads_as_endorsed;
        reading::keys_are_read_from_every_common_encoding: openssl;
        reading::identities_load_into_the_tls_library;
        reading::no_key_shows_in_debug_output;
        reading::an_identity_is_the_same_all_run_and_another_in_the_next;
    };
    trials.push(tools::no_test_is_an_attribute(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pki")));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
