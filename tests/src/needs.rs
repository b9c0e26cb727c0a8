//! What a test needs of the machine. Where that is missing the test is ignored by name, and fails where `CI=true`.

use std::env;
use std::process::Command;

use libtest_mimic::{Completion, Failed};

/// Runs a test where nothing is missing.
///
/// # Errors
/// Something is missing, and the environment says that everything has to be there.
pub fn met(missing: Option<String>, test: impl FnOnce()) -> Result<Completion, Failed> {
    match missing {
        None => {
            test();
            Ok(Completion::Completed)
        }
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

/// The first program that is not in the path.
pub fn program(programs: &[&str]) -> Option<String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &&&str| env::split_paths(&path).any(|folder| folder.join(program).is_file());
    programs.iter().find(|program| !is_there(program)).map(|program| (*program).to_owned())
}
