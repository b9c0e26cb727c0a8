//! Every defective integration is played, and what is said of it is compared with what is written beside it: the rows
//! that fail and the rows that are inconclusive, as sets, over the whole catalogue.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use conformance_tests::zoo::{self, Defect};
use libtest_mimic::{Arguments, Failed, Trial};
use thales_harness::load::Library;
use thales_harness::model::Environment;
use thales_harness::run::{Exam, Outcome, Selection};
use thales_harness::verdict::Verdict;
use thales_harness::world::{self, Host, Network, Wanted};
use tokio::runtime::Runtime;

/// Defects at once: enough to fill the waits of the slow ones, few enough that nothing comes too late.
const THREADS: usize = 6;

/// Scenarios of one defect at once.
const JOBS: usize = 8;

const PROFILE: &str = "classic-tokenization";

struct Zoo {
    host: Host,
    library: Library,
    environment: Environment,
    runtime: OnceLock<Runtime>,
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let host = world::enter(Wanted { in_process: true, allow_private: true });
    let is_private = host.network == Network::Private;
    let library = Library::built_in().unwrap();
    let environment = library.profiles[PROFILE].0.environments[0].clone();
    let zoo = Arc::new(Zoo { host, library, environment, runtime: OnceLock::new() });
    arguments.test_threads.get_or_insert(THREADS);
    let trials = zoo::all()
        .into_iter()
        .map(|defect| {
            let zoo = Arc::clone(&zoo);
            // The real port and the real name are part of what is expected.
            Trial::test(defect.name, move || zoo.play(&defect)).with_ignored_flag(!is_private)
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

impl Zoo {
    fn play(&self, defect: &Defect) -> Result<(), Failed> {
        let selection = Selection::new(&defect.only).map_err(|error| error.to_string())?;
        let exam = Exam::new(
            self.host.clone(),
            &self.library,
            defect.subject()?,
            PROFILE,
            &self.environment,
            (&selection, &defect.only),
            Some(JOBS),
        )
        .map_err(|error| error.to_string())?;
        let runtime = self.runtime.get_or_init(|| Runtime::new().unwrap());
        let outcome = runtime.block_on(exam.run(&|_| {}));
        compare(defect, &outcome)
    }
}

fn compare(defect: &Defect, outcome: &Outcome) -> Result<(), Failed> {
    let mut faults = Vec::new();
    for run in &outcome.scenarios {
        if let Err(error) = &run.log {
            faults.push(format!("{}: the harness failed: {error}", run.id));
        }
    }
    let rows = |verdict| -> BTreeSet<&str> {
        outcome
            .requirements
            .iter()
            .filter(|row| row.verdict == verdict)
            .map(|row| row.requirement.id.as_str())
            .collect()
    };
    let mut expect = |verdict: Verdict, expected: BTreeSet<&str>| {
        let found = rows(verdict);
        for row in found.difference(&expected) {
            faults.push(format!("{row} is {verdict}, unexpectedly:{}", findings(outcome, row)));
        }
        for row in expected.difference(&found) {
            faults.push(format!("{row} is not {verdict}:{}", findings(outcome, row)));
        }
    };
    expect(Verdict::Fail, defect.fails.iter().copied().collect());
    expect(Verdict::Inconclusive, defect.inconclusive.iter().copied().collect());
    if defect.passes_nothing {
        expect(Verdict::Pass, BTreeSet::new());
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n").into()) }
}

fn findings(outcome: &Outcome, id: &str) -> String {
    let row = outcome.requirements.iter().find(|row| row.requirement.id.as_str() == id);
    let Some(row) = row else { return " no such row".to_owned() };
    let findings: Vec<_> = row
        .findings
        .iter()
        .map(|finding| {
            let reason = finding.reason.map_or_else(String::new, |reason| format!(" ({reason})"));
            format!("\n    {:?}{reason} {} [{}]: {}", finding.ruling, finding.scenario, finding.phase, finding.seen)
        })
        .collect();
    format!(" {}{}", row.verdict, findings.concat())
}
