//! What has to be compiled before a stack can be tried: once in a run of the tests, for all configurations of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use conformance_tests::needs;
use tempfile::TempDir;

use super::stack::Build;

const JAVA: [(&str, &str); 2] =
    [("Caller.java", include_str!("files/Caller.java")), ("Issuer.java", include_str!("files/Issuer.java"))];
const GO: [(&str, &str); 2] =
    [("caller.go", include_str!("files/caller.go")), ("issuer.go", include_str!("files/issuer.go"))];

/// The programs of each language, removed when the tests have ended.
#[derive(Default)]
pub(super) struct Built {
    java: OnceLock<Made>,
    go: OnceLock<Made>,
}

type Made = Result<TempDir, String>;

impl Built {
    /// Where the programs of a language lie. They are made when first asked for.
    pub(super) fn directory(&self, build: Build) -> Result<PathBuf, String> {
        let made = match build {
            Build::Java => self.java.get_or_init(|| made(&JAVA, classes)),
            Build::Go => self.go.get_or_init(|| made(&GO, programs)),
        };
        made.as_ref().map(|directory| directory.path().to_owned()).map_err(Clone::clone)
    }
}

fn made(sources: &[(&str, &str)], compile: fn(&Path) -> Vec<Command>) -> Made {
    let failed = |error: std::io::Error| error.to_string();
    let directory = tempfile::Builder::new().prefix("thales-built-").tempdir().map_err(failed)?;
    for (name, text) in sources {
        fs::write(directory.path().join(name), text).map_err(failed)?;
    }
    for mut command in compile(directory.path()) {
        let done = command.current_dir(directory.path()).env("PATH", needs::path()).output().map_err(failed)?;
        if !done.status.success() {
            return Err(format!("{command:?}: {}", String::from_utf8_lossy(&done.stderr)));
        }
    }
    Ok(directory)
}

fn classes(_: &Path) -> Vec<Command> {
    let mut compiler = Command::new("javac");
    compiler.args(["-d", "."]).args(JAVA.map(|(name, _)| name));
    vec![compiler]
}

fn programs(directory: &Path) -> Vec<Command> {
    GO.iter()
        .map(|(name, _)| {
            let mut compiler = Command::new("go");
            compiler.args(["build", "-o", name.trim_end_matches(".go"), name]);
            // Without a module, and without a home where there is none.
            compiler.env("GO111MODULE", "off").env("GOCACHE", directory.join("cache")).env("GOFLAGS", "");
            compiler
        })
        .collect()
}
