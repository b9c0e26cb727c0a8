//! The command line: words to configuration to one call of the library. Exit codes are mapped here and nowhere else.

mod certify;
mod doctor;
mod explain;
mod history;
mod init;
mod inspect;
mod inspected;
mod judge;
mod list;
mod options;
mod portal;
mod run;
mod serve;
mod sign;
mod stack;
mod starting_file;
mod sweep;
mod sweep_words;
mod verify;

use std::fmt;
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

use clap::Parser;

use options::{Options, Words};

pub use serve::mock_thales;

use crate::load::{Diagnostics, Library};
use crate::model::Profile;

/// Exit codes, the same for every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// Ready, or a selection that passed.
    Ready = 0,
    /// A MUST failed.
    NotReady = 1,
    /// A MUST is inconclusive or untested.
    Incomplete = 2,
    /// Bad usage or a bad file.
    Usage = 3,
    /// The harness failed.
    Fault = 4,
}

/// Why a command ends early: the user's to mend.
#[derive(Debug)]
enum Refused {
    Files(Diagnostics),
    Words(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(faults) => write!(f, "{faults}"),
            Self::Words(words) => write!(f, "error: {words}"),
        }
    }
}

impl From<Diagnostics> for Refused {
    fn from(faults: Diagnostics) -> Self {
        Self::Files(faults)
    }
}

/// Runs the command line of this process. To be called first in `main`: private networks want a process of one thread.
pub fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Ready };
            let _ = error.print();
            return ExitCode::from(exit as u8);
        }
    };
    let done = match options.words {
        Words::Run(words) => run::run(&words),
        Words::List(words) => list::list(&words),
        Words::Explain(words) => explain::explain(&words),
        Words::Judge(words) => judge::judge(&words),
        Words::Certify(words) => certify::certify(&words),
        Words::Verify(words) => verify::verify(&words),
        Words::Sweep(words) => sweep::sweep(&words),
        Words::History(words) => history::history(&words),
        Words::Sign(words) => sign::sign(&words),
        Words::Inspect(words) => inspect::run(&words),
        Words::Init(words) => init::init(&words),
        Words::Doctor => doctor::run(),
        Words::Portal(words) => portal::portal(&words),
        Words::Serve(words) => serve::serve(&words),
    };
    match done {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(refused) => {
            let _ = writeln!(stderr(), "{refused}");
            ExitCode::from(Exit::Usage as u8)
        }
    }
}

/// Writes a whole text to standard output. A reader that has gone is no fault.
fn say(text: &str) {
    let _ = stdout().lock().write_all(text.as_bytes());
}

fn library(directory: Option<&std::path::Path>) -> Result<Library, Diagnostics> {
    match directory {
        Some(directory) => Library::from_directory(directory),
        None => Library::built_in(),
    }
}

/// The profile of that id, or all of them.
fn chosen<'a>(library: &'a Library, only: Option<&str>) -> Result<Vec<&'a Profile>, Refused> {
    match only {
        None => Ok(library.profiles.values().map(|(profile, _)| profile).collect()),
        Some(id) => Ok(vec![profile_of(id, library)?]),
    }
}

fn profile_of<'a>(id: &str, library: &'a Library) -> Result<&'a Profile, Refused> {
    let known: Vec<_> = library.profiles.keys().map(|id| format!("`{id}`")).collect();
    let found = library.profiles.get(id).map(|(profile, _)| profile);
    found.ok_or_else(|| Refused::Words(format!("no profile is called `{id}`, expected {}", known.join(", "))))
}
