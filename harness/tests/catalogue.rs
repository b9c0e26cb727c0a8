//! The released profiles: how many rows they hold, the document that is generated from them, and what the loader says of a
//! broken one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use thales_harness::load::Library;
use thales_harness::model::{KeyRule, Level, Profile, Proof, Requirement};
use thales_harness::report::catalogue;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn built_in() -> Library {
    Library::built_in().expect("the built-in files are sound")
}

fn profile<'a>(library: &'a Library, id: &str) -> &'a Profile {
    &library.profiles.get(id).expect("a released profile").0
}

#[test]
fn the_document_is_what_the_profiles_say() {
    let library = built_in();
    let profiles: Vec<_> = library.profiles.values().map(|(profile, _)| profile).collect();
    let written = fs::read_to_string(Path::new(ROOT).join("docs/requirements.md")).unwrap();
    assert!(
        written == catalogue::markdown(&profiles),
        "docs/requirements.md is out of date; this rewrites it:\n  cargo run -p thales-harness -- list --requirements \
         --markdown > docs/requirements.md"
    );
}

#[test]
fn the_catalogues_are_whole() {
    let library = built_in();
    for (id, prefix, stated, musts) in [
        ("classic-tokenization", "TSH-", 31, 26),
        ("merchant-tokenization", "TMG-", 27, 22),
        ("d1-ecom", "D1E-", 35, 33),
    ] {
        let rows = &profile(&library, id).requirements;
        let of = |test: &dyn Fn(&Requirement) -> bool| rows.iter().filter(|row| test(row)).count();
        let is_own = |row: &Requirement| row.id.as_str().starts_with(prefix);
        let is_advice = |row: &Requirement| row.id.as_str().starts_with(&format!("{prefix}ADV-"));
        assert_eq!(of(&|row| is_own(row) && !is_advice(row)), stated, "{id}");
        assert_eq!(of(&|row| row.level == Level::Must), musts, "{id}");
        assert_eq!(of(&|row| is_advice(row) && !matches!(row.level, Level::Advisory | Level::Should)), 0, "{id}");
        // The optional pack has ids of its own, and nothing else has.
        assert_eq!(of(&|row| !is_own(row)), of(&|row| row.level == Level::Optional), "{id}");
        assert_eq!(of(&|row| !is_own(row) && !row.id.as_str().starts_with("SUP-")), 0, "{id}");
    }
    let pack: BTreeSet<_> = library
        .profiles
        .values()
        .flat_map(|(profile, _)| &profile.requirements)
        .filter(|row| row.level == Level::Optional)
        .map(|row| row.id.as_str())
        .collect();
    assert_eq!(pack.len(), 13, "{pack:?}");
}

#[test]
fn what_the_products_differ_in_stands_in_the_profiles() {
    let library = built_in();
    let d1 = profile(&library, "d1-ecom");
    let words: Vec<_> = d1.environments.iter().map(|environment| environment.word.as_deref()).collect();
    assert_eq!(words, [Some("PPR"), Some("PRD")]);
    assert_eq!(d1.client_certificate.keys, [KeyRule::P256, KeyRule::Rsa4096]);
    assert_eq!(d1.server_authority.published.iter().filter(|authority| authority.root).count(), 5);
    assert_eq!(d1.server_authority.roots, 5);
    for (id, own) in
        [("classic-tokenization", "TSH-OUT-06"), ("merchant-tokenization", "TMG-OUT-01"), ("d1-ecom", "D1E-OUT-06")]
    {
        // Whoever lets a foreign certificate in breaks a MUST in every product.
        let row = profile(&library, id).about(&"outbound.only-client-ca".parse().unwrap()).unwrap();
        assert_eq!((row.id.as_str(), row.level), (own, Level::Must));
    }
    for topic in ["dns.resolves", "dns.ttl", "dns.subdomains", "dns.pool"] {
        let row = profile(&library, "merchant-tokenization").about(&topic.parse().unwrap()).unwrap();
        assert_eq!((row.id.as_str(), row.level), ("TMG-DNS-01", Level::Advisory));
    }
    for (id, row) in [("classic-tokenization", "TSH-GEN-03"), ("d1-ecom", "D1E-IN-14")] {
        let row = profile(&library, id).requirement(&row.parse().unwrap()).unwrap();
        assert_eq!((row.level, row.proof), (Level::Informational, Proof::None));
    }
}

#[test]
fn the_table_is_aligned_and_has_the_optional_pack_last() {
    let library = built_in();
    let d1 = profile(&library, "d1-ecom");
    let text = catalogue::table(&[d1]);
    let column = |line: &str, row: &Requirement| line.find(row.topic.as_str()).expect("the topic");
    let columns: BTreeSet<_> = text.lines().zip(&d1.requirements).map(|(line, row)| column(line, row)).collect();
    assert_eq!((columns.len(), text.lines().count()), (1, d1.requirements.len()));

    let mut turned = d1.clone();
    turned.requirements.reverse();
    let text = catalogue::table(&[&turned]);
    let optional: Vec<_> = text.lines().map(|line| line.contains(" optional ")).collect();
    assert!(optional.is_sorted() && optional.contains(&true), "{text}");

    let all: Vec<_> = library.profiles.values().map(|(profile, _)| profile).collect();
    let text = catalogue::table(&all);
    for profile in all {
        assert!(text.contains(&format!("{}: {}\n", profile.id, profile.title)), "{text}");
    }
}

#[test]
fn mark_up_in_a_text_stands_for_itself() {
    let library = built_in();
    let mut d1 = profile(&library, "d1-ecom").clone();
    d1.requirements.truncate(1);
    d1.requirements[0].rule = "set $a_b to <HOST> | *".to_owned();
    assert!(catalogue::markdown(&[&d1]).contains(r"set \$a\_b to \<HOST> \| \*"));
}

/// What the loader says of the D1 profile with something replaced.
fn fault(from: &str, to: &str) -> String {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("profiles")).unwrap();
    let text = fs::read_to_string(Path::new(ROOT).join("scenarios/profiles/d1-ecom.toml")).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(root.path().join("profiles/d1-ecom.toml"), text.replacen(from, to, 1)).unwrap();
    Library::from_directory(root.path()).map_or_else(|faults| faults.to_string(), |_| "nothing".to_owned())
}

#[test]
fn a_broken_profile_is_refused() {
    assert_eq!(fault("word = \"PPR\"", "word = \"PPX\""), "nothing");
    for (from, to, says) in [
        (
            "topic = \"dns.ttl\"",
            "topic = \"dns.ttl\"\nalso = [\"dns.resolves\"]",
            "two requirements are about `dns.resolves`",
        ),
        ("any-of = \"server-anchor\"\n", "", "requirement `D1E-OUT-10` is alone in any-of `server-anchor`"),
        (
            "any-of = \"server-anchor\"\nlevel = \"must\"",
            "any-of = \"server-anchor\"\nlevel = \"should\"",
            "differ in level",
        ),
        ("8ecde688", "8ecde68", "the sha256 of `Amazon Root CA 1` is `8ecde68"),
        ("8ecde688", "8ECDE688", "expected 64 digits of lower-case hex"),
        ("8ecde688", "8ecde68g", "expected 64 digits of lower-case hex"),
        ("word = \"PRD\"\n", "", "environment `production` has no `word`"),
        ("word = \"PRD\"\n", "word = \"PPR\"\n", "two environments have the same `word`"),
        (
            "common-name = { pattern = { rsa = \"TLSMA-RSA/\", ecdsa = \"TLSMA-ECDSA/\" } }",
            "common-name = \"exact\"",
            "environment `pre-production` has the word `PPR`, expected none",
        ),
        ("token-path = \"/authz", "token-path = \"authz", "the token-path is `authz/v1/oauth2/token`, expected"),
        ("length = 10", "length = 0", "customer-id: the length is 0"),
        ("base-path = \"/\"", "base-path = \"/d1/\"", "environment `pre-production`: the base-path is `/d1/`"),
        ("base-path = \"/\"", "base-path = \"\"", "environment `pre-production`: the base-path is ``"),
    ] {
        let text = fault(from, to);
        assert!(text.contains(says) && text.contains("d1-ecom.toml"), "`{says}` is missing in:\n{text}");
    }
}
