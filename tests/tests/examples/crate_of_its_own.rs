//! The example in Rust: a crate outside the workspace, whose tests are the scenarios.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::EXAMPLES;
use super::setting::copy;

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Whether cargo knows every crate without asking the network.
pub(super) fn is_at_hand() -> bool {
    cargo("metadata").args(["--format-version", "1"]).output().is_ok_and(|output| output.status.success())
}

pub(super) fn passes_under_cargo_test() {
    let list = cargo("test").args(["--test", "connectivity", "--", "--list"]).output().unwrap();
    let listed = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(list.status.success(), "{listed}{}", String::from_utf8_lossy(&list.stderr));
    for scenario in ["inbound/expired", "dns/address-change", "outbound/client-certificate"] {
        assert!(
            listed.contains(&format!("acme-issuer-backend::{scenario}: test\n")),
            "{scenario} is missing:\n{listed}"
        );
    }
    let played = cargo("test").args(["--test", "connectivity"]).output().unwrap();
    let text = String::from_utf8_lossy(&played.stdout);
    assert!(played.status.success(), "{text}{}", String::from_utf8_lossy(&played.stderr));
    let passed = text.lines().filter(|line| line.starts_with("test ") && line.ends_with(" ok")).count();
    assert!(passed >= 42, "only {passed} scenarios passed:\n{text}");
}

/// cargo, without a network, on a copy of the example.
fn cargo(word: &str) -> Command {
    static COPIED: OnceLock<PathBuf> = OnceLock::new();
    let target = target();
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.current_dir(COPIED.get_or_init(|| copied(&target))).args([word, "--offline"]);
    if word == "test" {
        // What the workspace has compiled does not have to be compiled again.
        command.arg("--target-dir").arg(&target);
    }
    command
}

/// A copy that finds the harness, with the versions of the workspace. It always lies in the same place: cargo would
/// compile the one of another place anew.
fn copied(target: &Path) -> PathBuf {
    let copied = target.join("examples-rust");
    fs::create_dir_all(&copied).unwrap();
    copy(&Path::new(EXAMPLES).join("rust"), &copied);
    let manifest = copied.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let harness = Path::new(WORKSPACE).join("harness").canonicalize().unwrap();
    let found = text.replace("\"../../harness\"", &format!("{:?}", harness.to_str().unwrap()));
    assert_ne!(found, text, "the harness is no dependency by its path");
    fs::write(&manifest, found).unwrap();
    fs::copy(Path::new(WORKSPACE).join("Cargo.lock"), copied.join("Cargo.lock")).unwrap();
    copied
}

/// The directory that this test was built in: of `target/debug/deps/examples-…`.
fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.ancestors().nth(3).unwrap().to_owned()
}
