//! `cargo test` against an integration in Rust: one test a scenario. A customer's own crate writes one line:
//!
//! ```no_run
//! # use thales_harness::{Integration, Portal, Reply, Request, conformance, integration::InProcess};
//! # struct Acme;
//! # impl Acme { fn new(_: &Portal) -> Result<Self, String> { Ok(Self) } }
//! # impl Integration for Acme {
//! #     fn call(&mut self, _: &Request) -> Result<Reply, String> { Ok(Reply { status: 200 }) }
//! # }
//! fn main() -> std::process::ExitCode { conformance(InProcess::new("acme", Acme::new)) }
//! ```
//!
//! The test is declared with `harness = false`. It works under `cargo test` and under cargo-nextest.

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::runtime::Runtime;

use crate::integration::InProcess;
use crate::load::Library;
use crate::report::terminal;
use crate::run::{Exam, ScenarioRun, Selection};
use crate::verdict::Verdict;
use crate::world::{self, Wanted};

/// Trials at once. Most of them wait; the processor's cores say nothing about that.
const THREADS: usize = 16;

/// Runs every scenario that fits the integration as a test of its own.
pub fn conformance(integration: InProcess) -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Before any thread: a user namespace can be entered by a process of one thread only.
    let host = world::enter(Wanted { in_process: true, allow_private: true });
    if let Some(refusal) = &host.refusal {
        eprintln!("no private network: {refusal}");
    }
    let exam = Library::built_in().map_err(|faults| faults.to_string()).and_then(|library| {
        let subject = integration.into_subject();
        let profile = subject.profile.clone();
        let (rules, _) = library.profiles.get(&profile).ok_or_else(|| format!("no profile is called `{profile}`"))?;
        let environment = match &subject.environment {
            Some(id) => rules.environment(id),
            None => rules.environments.first(),
        };
        let environment = environment.cloned().ok_or_else(|| format!("{profile} has no such environment"))?;
        let everything = Selection::new(&[]).map_err(|error| error.to_string())?;
        Exam::new(host, &library, subject, &profile, &environment, (&everything, &[]), None)
            .map_err(|error| error.to_string())
    });
    let exam = match exam {
        Ok(exam) => Arc::new(exam),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(3);
        }
    };
    arguments.test_threads.get_or_insert(THREADS);
    let runtime: Arc<OnceLock<Runtime>> = Arc::default();
    let trials = exam
        .plan()
        .into_iter()
        .enumerate()
        .map(|(index, (scenario, part))| {
            let (exam, runtime) = (Arc::clone(&exam), Arc::clone(&runtime));
            Trial::ignorable_test(format!("{part}::{scenario}"), move || {
                let runtime = runtime
                    .get_or_init(|| Runtime::new().expect("a process that may start threads can start a runtime"));
                verdict(&runtime.block_on(exam.play(index)))
            })
        })
        .chain(exam.left_out().iter().map(|(scenario, why)| {
            let why = *why;
            Trial::ignorable_test(format!("{scenario}"), move || Ok(Completion::ignored_with(why)))
        }))
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Inconclusive is a failed test; a failed advisory row is a note.
fn verdict(run: &ScenarioRun) -> Result<Completion, Failed> {
    match (&run.log, run.verdict) {
        (Err(error), _) => Err(format!("the harness failed: {error}").into()),
        (Ok(_), Some(Verdict::Pass)) => Ok(Completion::Completed),
        (Ok(log), Some(Verdict::Untested)) => {
            let why = log.header.script.unplanned.first().map_or("nothing is planned", |unplanned| &unplanned.why);
            Ok(Completion::ignored_with(why))
        }
        (Ok(log), _) => {
            let text: Vec<_> = log
                .header
                .requirements
                .iter()
                .map(|requirement| terminal::explain_findings(requirement, &run.findings))
                .filter(|text| !text.is_empty())
                .collect();
            Err(text.join("\n").into())
        }
    }
}
