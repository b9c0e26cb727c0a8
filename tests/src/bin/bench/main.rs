//! `make bench`: speed as ratios, each measured against something else in the same run, so that the machine cancels
//! out.
//!
//! Four questions: what a scenario costs beside its handshakes, what many of them cost, what the endpoint costs beside
//! nginx, and how long a run lasts beside its longest scenario. It prints tables; `--write FILE` puts them between the
//! marks of a document. What the numbers mean is told in `docs/performance.md`.

mod bare;
mod cases;
mod document;
mod endpoint;
mod failure;
mod machine;
mod nginx;
mod papers;
mod processor;
mod ratio;
mod run;
mod scenario;

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use failure::Failure;
use ratio::Comparison;
use thales_harness::load::Library;
use thales_harness::model::{Environment, Profile};
use thales_harness::world::{self, Host, Network, Wanted};

/// How this program is called by itself, to be the endpoint in a process of its own.
const SERVE: &str = "--serve-endpoint";
/// The profile of every exam here.
const PROFILE: &str = "classic-tokenization";
const USAGE: &str = "usage: bench [--only scenario|cases|endpoint|run] [--write FILE]";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words == [SERVE] {
        // Born in the network that its parent has entered.
        return report(endpoint::serve());
    }
    match Words::read(&words) {
        // Before any thread: a user namespace can be entered by a process of one thread only.
        Some(words) => report(measure(&words, &world::enter(Wanted { in_process: true, allow_private: true }))),
        None => report(Err(Failure::Usage(USAGE))),
    }
}

fn report(done: Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// The command line.
#[derive(Default)]
struct Words {
    only: Option<String>,
    write: Option<PathBuf>,
}

impl Words {
    fn read(words: &[String]) -> Option<Self> {
        let mut read = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match (word.as_str(), words.next()?) {
                ("--only", part) if ["scenario", "cases", "endpoint", "run"].contains(&part.as_str()) => {
                    read.only = Some(part.clone());
                }
                ("--write", path) => read.write = Some(path.into()),
                _ => return None,
            }
        }
        Some(read)
    }

    fn wants(&self, part: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == part)
    }
}

fn measure(words: &Words, host: &Host) -> Result<(), Failure> {
    if let Some(refusal) = &host.refusal {
        eprintln!("no private network: {refusal}");
    }
    let mut comparisons = Vec::new();
    if words.wants("scenario") {
        comparisons.extend(scenario::measure(host)?);
    }
    if words.wants("cases") {
        comparisons.extend(cases::measure(host)?);
    }
    if words.wants("endpoint") {
        comparisons.push(endpoint::measure()?);
    }
    if words.wants("run") {
        comparisons.push(run::measure(host)?);
    }
    show(&comparisons, host, words.write.as_deref())
}

fn show(comparisons: &[Comparison], host: &Host, document: Option<&Path>) -> Result<(), Failure> {
    let network = match host.network {
        Network::Private => "private networks",
        Network::Shared => "the shared network",
    };
    let text = format!("{}\n{}", machine::describe(network), ratio::tables(comparisons));
    // Whoever reads may have gone.
    let _ = stdout().lock().write_all(text.as_bytes());
    match document {
        Some(path) => document::replace(path, &text),
        None => Ok(()),
    }
}

/// The released scenarios with the profile and environment of every exam here.
fn setting() -> Result<(Library, Profile, Environment), Failure> {
    let library = Library::built_in().map_err(|faults| Failure::Harness(faults.to_string()))?;
    let (profile, _) = library
        .profiles
        .get(PROFILE)
        .cloned()
        .ok_or_else(|| Failure::Harness(format!("no profile is called `{PROFILE}`")))?;
    let environment = profile.environments.first().cloned();
    let environment = environment.ok_or_else(|| Failure::Harness(format!("{PROFILE} has no environment")))?;
    Ok((library, profile, environment))
}
