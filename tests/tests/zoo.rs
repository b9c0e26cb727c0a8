//! Every defective integration is played to the scenarios that its defect can touch, and what is said of it is compared
//! with what is written beside it: the rows that fail and the rows that are inconclusive, as sets, over all rows that
//! those scenarios judge.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use conformance_tests::zoo::{self, Defect};
use libtest_mimic::{Arguments, Failed, Trial};
use thales_harness::load::Library;
use thales_harness::model::Profile;
use thales_harness::run::{Exam, Outcome, Selection};
use thales_harness::verdict::Verdict;
use thales_harness::world::{self, Host, Network, Wanted};
use tokio::runtime::Runtime;

/// Defects at once: enough to fill the waits of the slow ones, few enough that nothing comes too late.
const THREADS: usize = 8;

/// Scenarios of one defect at once.
const JOBS: usize = 8;

struct Zoo {
    host: Host,
    library: Library,
    runtime: OnceLock<Runtime>,
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let host = world::enter(Wanted { in_process: true, allow_private: true });
    let is_private = host.network == Network::Private;
    let library = Library::built_in().unwrap();
    let zoo = Arc::new(Zoo { host, library, runtime: OnceLock::new() });
    arguments.test_threads.get_or_insert(THREADS);
    let trials = zoo::all()
        .into_iter()
        .map(Arc::new)
        .flat_map(|defect| defect.profiles.clone().into_iter().map(move |profile| (Arc::clone(&defect), profile)))
        .map(|(defect, profile)| {
            let zoo = Arc::clone(&zoo);
            let name = format!("{profile}::{}", defect.name);
            // The real port and the real name are part of what is expected.
            Trial::test(name, move || zoo.play(&defect, profile)).with_ignored_flag(!is_private)
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

impl Zoo {
    fn play(&self, defect: &Defect, id: &str) -> Result<(), Failed> {
        let (profile, _) = &self.library.profiles[id];
        let selection = Selection::new(&defect.only).map_err(|error| error.to_string())?;
        let exam = Exam::new(
            self.host.clone(),
            &self.library,
            defect.subject(id)?,
            id,
            &profile.environments[0],
            (&selection, &defect.only),
            Some(JOBS),
        )
        .map_err(|error| error.to_string())?;
        let runtime = self.runtime.get_or_init(|| Runtime::new().unwrap());
        let outcome = runtime.block_on(exam.run(&|_| {}));
        compare(defect, profile, &outcome)
    }
}

fn compare(defect: &Defect, profile: &Profile, outcome: &Outcome) -> Result<(), Failed> {
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
    // What a profile has no row for cannot fail there, and one row may stand for several topics.
    let about = |topics: &[&str]| -> BTreeSet<&str> {
        topics.iter().filter_map(|topic| Some(profile.about(&topic.parse().unwrap())?.id.as_str())).collect()
    };
    let fails = about(&defect.fails);
    let inconclusive = about(&defect.left_open(&profile.id)).difference(&fails).copied().collect();
    expect(Verdict::Fail, fails);
    expect(Verdict::Inconclusive, inconclusive);
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
