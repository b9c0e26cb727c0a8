//! Real stacks that nobody here wrote, right and wrong configurations of each, run through the harness as a customer
//! would run it, and the verdict of every requirement compared with a written table (`table.rs`).
//!
//! A stack whose program is missing is reported as ignored; where the environment says `CI=true` it fails.

mod report;
mod setting;
mod table;

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use report::Report;
use setting::Setting;
use table::Stack;

/// The command line under test.
const HARNESS: &str = env!("CARGO_BIN_EXE_thales-harness-under-test");

/// What the machines of `CI=true` may do without.
const OPTIONAL: [&str; 3] = ["go", "node", "wget"];

/// Stacks at once. Their scenarios about DNS wait for seconds, the processor's cores are busy with the others.
const THREADS: usize = 4;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let refusal = Arc::new(refused_network());
    let trials = table::stacks()
        .into_iter()
        .map(|stack| {
            let refusal = Arc::clone(&refusal);
            Trial::ignorable_test(stack.name, move || trial(&stack, refusal.as_deref()))
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(stack: &Stack, refusal: Option<&str>) -> Result<Completion, Failed> {
    let missing: Vec<_> = stack.tools.iter().filter(|tool| !is_installed(tool)).collect();
    if !missing.is_empty() || refusal.is_some() {
        let is_due = missing.iter().any(|tool| !OPTIONAL.contains(*tool)) || missing.is_empty();
        let why = match refusal {
            Some(refusal) if missing.is_empty() => refusal.to_owned(),
            _ => format!("needs {}", missing.iter().map(|tool| **tool).collect::<Vec<_>>().join(" and ")),
        };
        return if is_due && env::var_os("CI").is_some_and(|value| value == "true") {
            Err(format!("{why}: required by CI=true").into())
        } else {
            Ok(Completion::ignored_with(why))
        };
    }
    let setting = Setting::new(stack)?;
    let report = Report::of(&setting, stack)?;
    let faults = report.faults(stack);
    if faults.is_empty() {
        return Ok(Completion::Completed);
    }
    Err(format!("{}\n{}", faults.join("\n"), setting.keep()).into())
}

/// Why no private network can be had, if so: the verdicts of the table are those of a private one.
fn refused_network() -> Option<String> {
    let doctor = Command::new(HARNESS).arg("doctor").output();
    match doctor {
        Ok(doctor) if doctor.status.success() => None,
        Ok(doctor) => Some(format!("no private network: {}", String::from_utf8_lossy(&doctor.stdout).trim())),
        Err(error) => Some(format!("{HARNESS}: {error}")),
    }
}

/// Where programs are looked for. Servers lie in directories that an ordinary user's `PATH` may lack.
fn search_path() -> OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}

fn is_installed(tool: &str) -> bool {
    env::split_paths(&search_path()).any(|directory| directory.join(tool).is_file())
}
