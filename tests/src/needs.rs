//! What a test needs of the machine. Where that is missing the test is ignored by name, and fails where `CI=true`.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use libtest_mimic::{Completion, Failed};

/// Runs a test where nothing is missing.
///
/// # Errors
/// Something is missing, and the environment says that everything has to be there.
pub fn met(missing: Option<String>, test: impl FnOnce()) -> Result<Completion, Failed> {
    tried(missing, || {
        test();
        Ok(())
    })
}

/// The same for a test that returns its failure.
///
/// # Errors
/// The test's, or as [`met`].
pub fn tried(missing: Option<String>, test: impl FnOnce() -> Result<(), Failed>) -> Result<Completion, Failed> {
    match missing {
        None => test().map(|()| Completion::Completed),
        Some(missing) if env::var_os("CI").is_some_and(|value| value == "true") => {
            Err(format!("needs {missing}: required by CI=true").into())
        }
        Some(missing) => Ok(Completion::ignored_with(format!("needs {missing}"))),
    }
}

/// A private network, asked of the program's own `doctor`, where it cannot be had.
pub fn private(harness: &str) -> Option<String> {
    let is_there = Command::new(harness).arg("doctor").output().is_ok_and(|doctor| doctor.status.success());
    (!is_there).then(|| "a private network".to_owned())
}

/// The programs that are in none of [`directories`].
pub fn programs(programs: &[&str]) -> Option<String> {
    let is_missing = |program: &&&str| !directories().iter().any(|directory| directory.join(program).is_file());
    listed(programs.iter().filter(is_missing).copied())
}

/// What is missing, in words.
pub fn listed(missing: impl IntoIterator<Item = impl ToString>) -> Option<String> {
    let missing: Vec<_> = missing.into_iter().map(|missing| missing.to_string()).collect();
    (!missing.is_empty()).then(|| missing.join(" and "))
}

/// Where programs are looked for. Servers lie in directories that an ordinary user's `PATH` may lack.
pub fn directories() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from)).collect()
}

/// The same as the value of a variable.
pub fn path() -> OsString {
    env::join_paths(directories()).unwrap_or_default()
}
