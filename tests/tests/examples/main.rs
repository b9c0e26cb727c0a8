//! The examples, each run through the harness as its README says, and held to what that promises: readiness, and the
//! exact requirements that fail or stay open.
//!
//! An example whose tool is missing is reported as ignored; where the environment says `CI=true` it fails.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod crate_of_its_own;
mod setting;
mod table;
mod tool;

use std::collections::BTreeSet;
use std::fs;
use std::process::ExitCode;
use std::thread::available_parallelism;

use conformance_tests::needs;
use libtest_mimic::{Arguments, Trial};
use serde_json::Value;

use setting::Setting;
use table::Example;
use tool::Tool;

/// The command line under test.
const HARNESS: &str = env!("CARGO_BIN_EXE_thales-harness-under-test");

/// The examples of the repository.
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // A run keeps the cores busy by itself: virtual machines and interpreters start for every scenario.
    arguments.test_threads.get_or_insert(available_parallelism().map_or(1, usize::from));
    let trials = table::examples()
        .into_iter()
        .map(|example| trial(example.name, example.tools, move || runs_as_promised(&example)))
        .chain([
            trial("rust", &[Tool::Crates], crate_of_its_own::passes_under_cargo_test),
            trial("init", &[Tool::Program("curl")], what_init_writes_runs_at_once),
            trial("every_example_is_in_the_table", &[], every_example_is_in_the_table),
        ])
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &str, tools: &'static [Tool], test: impl FnOnce() + Send + 'static) -> Trial {
    Trial::ignorable_test(name, move || {
        let missing = needs::listed(tools.iter().filter(|tool| !tool.is_there()));
        // What needs nothing of the machine plays nothing.
        let network = || needs::private(HARNESS).filter(|_| !tools.is_empty());
        needs::met(missing.or_else(network), test)
    })
}

fn runs_as_promised(example: &Example) {
    let setting = Setting::new(example.directory);
    (example.prepare)(&setting);
    let report = setting.path().join("report");
    let mut command = setting.command(HARNESS);
    command.env_remove("GITHUB_STEP_SUMMARY").env_remove("GITHUB_ACTIONS");
    command.args(["run", "--network", "private", "--integration", "integration.toml", "--report", "report"]);
    command.args(example.only.iter().flat_map(|only| ["--only", only]));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let text = fs::read(report.join("report.json")).unwrap_or_else(|error| panic!("{error}: {said}"));
    let found: Value = serde_json::from_slice(&text).unwrap();
    let of = |verdict: &str| -> BTreeSet<&str> {
        let rows = found["requirements"].as_array().unwrap().iter();
        rows.filter(|row| row["verdict"] == verdict).map(|row| row["id"].as_str().unwrap()).collect()
    };
    let expected = (example.readiness, example.fail.iter().copied().collect(), BTreeSet::new(), Some(0));
    let seen = (found["readiness"].as_str().unwrap(), of("fail"), of("inconclusive"), output.status.code());
    assert_eq!(seen, expected, "readiness, failed, inconclusive, exit code\n{}\n{said}", setting.keep());
    assert!(of("pass").len() >= example.passes, "only {:?} pass\n{said}", of("pass"));
}

/// A file as it was written, with nothing filled in: a real stack passes with what the harness issues to it.
fn what_init_writes_runs_at_once() {
    let setting = Setting::empty();
    let mut init = setting.command(HARNESS);
    let words = ["init", "--role", "caller", "--stack", "curl", "--profile", "classic-tokenization"];
    let written = init.args(words).output().unwrap();
    assert_eq!(written.status.code(), Some(0), "{written:?}");
    let mut run = setting.command(HARNESS);
    run.args(["run", "--integration", "integration.toml", "--network", "private", "--only", "inbound/control"]);
    let ran = run.output().unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stdout));
    assert!(String::from_utf8_lossy(&ran.stdout).contains("TSH-IN-03    MUST      pass"));
    let mut again = setting.command(HARNESS);
    let refused = again.args(words).output().unwrap();
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("integration.toml exists, and is left as it is"));
}

/// Examples that other tests play: how a driver is written, in `tests/tests/ways/`.
const ELSEWHERE: [&str; 1] = ["stdio-python"];

fn every_example_is_in_the_table() {
    let tested = table::examples().into_iter().map(|example| example.directory);
    let tested: BTreeSet<_> = tested.chain(ELSEWHERE).map(str::to_owned).collect();
    let there: BTreeSet<_> = fs::read_dir(EXAMPLES)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("integration.toml").is_file())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(there, tested);
    for example in there.iter().map(String::as_str).chain(["rust"]) {
        assert!(fs::exists(format!("{EXAMPLES}/{example}/README.md")).unwrap(), "{example} has no README.md");
    }
}
