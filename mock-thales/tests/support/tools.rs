//! Tests that need a program of the machine: ignored by name where it is missing, so that a bare machine passes, and
//! failed where `CI=true` says that the machine was made ready for them.

use std::{env, fs};

use libtest_mimic::{Completion, Trial};

/// A test that starts these programs, which are looked for in the path.
pub(crate) fn trial(name: &'static str, tools: &[&'static str], test: impl FnOnce() + Send + 'static) -> Trial {
    let missing: Vec<_> = tools.iter().copied().filter(|tool| !is_in_path(tool)).collect();
    if missing.is_empty() {
        return Trial::test(name, || {
            test();
            Ok(())
        });
    }
    if env::var_os("CI").is_some_and(|value| value == "true") {
        return Trial::test(name, move || Err(format!("needs {}: required by CI=true", missing.join(" and ")).into()));
    }
    let needs = format!("needs {}", missing.join(" and "));
    // A runner that lists first and then starts a process for each test takes "ignored" from the list alone; the flag
    // in the run itself would hide the reason.
    let listed = env::args().any(|word| word == "--list");
    Trial::ignorable_test(name, || Ok(Completion::ignored_with(needs))).with_ignored_flag(listed)
}

fn is_in_path(tool: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|directory| directory.join(tool).is_file()))
}

/// Fails where a source file of that directory has a test for the standard harness. There is none here: the compiler
/// would drop the function without a word.
pub(crate) fn no_test_is_an_attribute(directory: &'static str) -> Trial {
    trial("no_test_is_an_attribute", &[], move || {
        for entry in fs::read_dir(directory).expect("the sources are there") {
            let path = entry.expect("the directory can be read").path();
            let source = fs::read_to_string(&path).expect("a source file");
            let attribute = source.lines().find(|line| {
                let path = line.trim_start().strip_prefix("#[").and_then(|rest| rest.split([']', '(']).next());
                path.is_some_and(|path| path.ends_with("test"))
            });
            assert_eq!(attribute, None, "{} has a test that never runs", path.display());
        }
    })
}
