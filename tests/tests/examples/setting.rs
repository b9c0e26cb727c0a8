//! A copy of an example, in a directory of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use tempfile::TempDir;

use super::EXAMPLES;
use super::tool::{search_path, undici};

pub(super) struct Setting {
    directory: Mutex<Option<TempDir>>,
    path: PathBuf,
}

impl Setting {
    /// A copy of an example as it is in a fresh clone.
    pub(super) fn new(example: &str) -> Self {
        let setting = Self::empty();
        copy(&Path::new(EXAMPLES).join(example), setting.path());
        setting
    }

    pub(super) fn empty() -> Self {
        let directory = tempfile::Builder::new().prefix("thales-example-").tempdir().unwrap();
        let path = directory.path().to_owned();
        Self { directory: Mutex::new(Some(directory)), path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A program, started in the directory.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.path).env("PATH", search_path());
        // Debian's packages of node find each other there.
        command.env("NODE_PATH", "/usr/share/nodejs");
        // Go builds without asking anybody, and keeps what it made here.
        command.env("GOFLAGS", "-mod=mod").env("GOPROXY", "off").env("GOTOOLCHAIN", "local");
        command.env("GOCACHE", self.path.join(".cache")).env("GOPATH", self.path.join(".go"));
        command
    }

    /// Starts a program that has to end well.
    pub(super) fn does(&self, program: &str, words: &[&str]) {
        let output = self.command(program).args(words).output().unwrap();
        assert!(output.status.success(), "{program} {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Makes the certificates.
    pub(super) fn identity(&self) {
        self.does("sh", &["identity.sh"]);
    }

    /// What `npm install` would do.
    pub(super) fn undici(&self) {
        let modules = self.path.join("node_modules");
        fs::create_dir(&modules).unwrap();
        std::os::unix::fs::symlink(undici().expect("the test needs it"), modules.join("undici")).unwrap();
    }

    /// Leaves the directory behind and says where it is.
    pub(super) fn keep(&self) -> String {
        let kept = self.directory.lock().unwrap().take().map_or_else(|| self.path.clone(), TempDir::keep);
        format!("report and logs: {}", kept.join("report").display())
    }
}

/// Copies what stands in the repository, and nothing that a README has made. A file that is the same stays as old as it
/// was.
pub(super) fn copy(from: &Path, to: &Path) {
    const MADE: [&str; 5] = ["certs", "classes", "bin", "node_modules", "target"];
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            if !MADE.iter().any(|made| path.ends_with(made)) {
                copy(&path, &target);
            }
        } else if fs::read(&target).ok() != fs::read(&path).ok() {
            fs::copy(&path, &target).unwrap();
        }
    }
}
