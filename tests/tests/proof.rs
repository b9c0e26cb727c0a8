//! Every MUST that can be tested is broken by a defect, and `docs/proof.md` says by which.

use conformance_tests::{proof, zoo};
use thales_harness::load::Library;

#[test]
fn every_must_that_can_be_tested_is_broken_by_a_defect() {
    let library = Library::built_in().unwrap();
    let defects = zoo::all();
    let unproven: Vec<_> =
        library.profiles.values().flat_map(|(profile, _)| proof::unproven(&library, profile, &defects)).collect();
    assert!(unproven.is_empty(), "{}", unproven.join("\n"));
}

#[test]
fn every_topic_that_a_defect_names_is_one_of_a_profile() {
    let unknown = proof::unknown_topics(&Library::built_in().unwrap(), &zoo::all());
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_table_in_docs_is_the_zoos() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/proof.md");
    let written = std::fs::read_to_string(&path).unwrap();
    let table = proof::table(&Library::built_in().unwrap(), &zoo::all());
    assert!(
        written == table,
        "docs/proof.md is not what the zoo says; `cargo run -p conformance-tests --bin proof -- --write` rewrites it"
    );
}
