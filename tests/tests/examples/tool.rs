//! What an example needs of the machine, and where that is.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::crate_of_its_own;
use conformance_tests::needs;

/// A thing that a machine may lack.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tool {
    /// A program in `PATH`.
    Program(&'static str),
    /// A python3 that has requests.
    Requests,
    /// The package of node.
    Undici,
    /// cargo, with the crates of the example in Rust at hand.
    Crates,
}

impl Tool {
    pub(super) fn is_there(&self) -> bool {
        match self {
            Self::Program(program) => needs::programs(&[program]).is_none(),
            Self::Requests => python().is_some(),
            Self::Undici => undici().is_some(),
            Self::Crates => crate_of_its_own::is_at_hand(),
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Program(program) => program,
            Self::Requests => "python3 with requests",
            Self::Undici => "undici for node",
            Self::Crates => "`cargo fetch --manifest-path examples/rust/Cargo.toml`",
        })
    }
}

/// Where programs are looked for: first where a python3 has requests.
pub(super) fn search_path() -> OsString {
    let first = python().map(Path::to_path_buf);
    env::join_paths(first.into_iter().chain(needs::directories())).expect("they come from a list of paths")
}

/// The directory of a python3 that has requests.
fn python() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let has_requests = |directory: &PathBuf| {
        let asked = Command::new(directory.join("python3")).args(["-c", "import requests"]).output();
        asked.is_ok_and(|output| output.status.success())
    };
    FOUND.get_or_init(|| needs::directories().into_iter().find(has_requests)).as_deref()
}

/// The directory of node's package undici: Debian's, one that npm installed for all, or npm's own.
pub(super) fn undici() -> Option<PathBuf> {
    let roots = ["/usr/share/nodejs", "/usr/lib/node_modules", "/usr/local/lib/node_modules"];
    let nested = ["undici", "npm/node_modules/undici"];
    let mut found = roots.into_iter().flat_map(|root| nested.map(|nested| Path::new(root).join(nested)));
    found.find(|directory| directory.join("package.json").is_file())
}
