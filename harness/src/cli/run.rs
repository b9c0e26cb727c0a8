//! `run`: plays the scenarios to an integration.

use std::io::{self, Write, stderr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use mock_thales::observe::KeyLog;

use time::OffsetDateTime;

use super::options::{NetworkWord, RunWords};
use super::{Exit, Refused, library, profile_of};
use crate::integration::{InProcess, Subject};
use crate::load::{Library, load_deviations, load_integration};
use crate::model::{Environment, Level, Profile};
use crate::reference;
use crate::report::annotations::Annotations;
use crate::report::difference::Earlier;
use crate::report::document::Report;
use crate::report::files::Files;
use crate::report::html::Html;
use crate::report::junit::Junit;
use crate::report::progress::Progress;
use crate::report::reporter::{Ended, Reporters};
use crate::report::screen::Screen;
use crate::report::summary::Summary;
use crate::run::{Exam, Outcome, Selection};
use crate::verdict::{Readiness, RequirementVerdict, Verdict};
use crate::world::{self, Network, Wanted};

pub(super) fn run(words: &RunWords) -> Result<Exit, Refused> {
    let library = library(words.scenarios.as_deref());
    let library = match (library, &words.integration) {
        (Ok(library), _) => library,
        // The integration file's faults are worth knowing at the same time.
        (Err(mut faults), Some(path)) => {
            if let Ok(built_in) = Library::built_in()
                && let Err(more) = load_integration(path, &built_in)
            {
                faults.0.extend(more.0);
            }
            return Err(faults.into());
        }
        (Err(faults), None) => return Err(faults.into()),
    };
    let selection = Selection::new(&words.only).map_err(|error| Refused::Words(error.to_string()))?;
    let subject = match &words.integration {
        Some(path) => from_file(path, words.environment.as_deref(), &library)?,
        None => reference(words, &library)?,
    };
    let subject = match &words.portal {
        Some(directory) => subject.with_portal(directory).map_err(|error| Refused::Words(error.to_string()))?,
        None => subject,
    };
    let today = OffsetDateTime::now_utc().date();
    let deviations = match &words.deviations {
        Some(path) => load_deviations(path, &library, today)?,
        None => Vec::new(),
    };
    let profile = words.profile.clone().unwrap_or_else(|| subject.profile.clone());
    let environment = environment(words, &subject, &profile, &library)?;
    // Before any thread: a user namespace can be entered by a process of one thread only.
    let allow_private = words.network != NetworkWord::Shared && subject.lasting.is_none();
    if subject.lasting.is_some() {
        if words.network == NetworkWord::Private {
            return Err(Refused::Words("a portal that lasts is reached in the shared network alone".to_owned()));
        }
        let why = "the portal lasts, and the network is the machine's: readiness is incomplete at best";
        let _ = writeln!(stderr(), "{why}");
    }
    let host = world::enter(Wanted { in_process: subject.is_in_process(), allow_private });
    if let (Some(refusal), true) = (&host.refusal, allow_private) {
        if words.network == NetworkWord::Private {
            return Err(Refused::Words(format!("no private network: {refusal}; {}", refusal.fix())));
        }
        let _ = writeln!(
            stderr(),
            "no private network, so that readiness is incomplete at best: {refusal}; {}",
            refusal.fix()
        );
    }
    if host.network == Network::Shared {
        world::sweep_stale();
        for service in subject.kept_services() {
            let _ = writeln!(
                stderr(),
                "service `{service}` is started anew for each scenario: keep = \"run\" needs a private network, since its \
                 addresses, its name server and its ports are to be the same for the run"
            );
        }
    }
    let jobs = words.jobs.map(usize::from);
    let exam = Exam::new(host, &library, subject, &profile, &environment, (&selection, &words.only), jobs)
        .map_err(|error| Refused::Words(error.to_string()))?;
    let reporters = reporters(words)?;
    let keys = words.key_log.as_deref().map(key_log).transpose()?;
    let exam = match &keys {
        Some(keys) => exam.logging_keys(Arc::clone(keys)),
        None => exam,
    };
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return Ok(Exit::Fault) };
    let reporters = Mutex::new(reporters);
    let mut outcome = runtime.block_on(exam.run(&|event| {
        reporters.lock().unwrap_or_else(PoisonError::into_inner).event(&event);
    }));
    runtime.shutdown_background();
    outcome.deviate(deviations, today);
    let ended = Ended { outcome: &outcome, report: &Report::of(&outcome), repeat: &repeat(words) };
    let unlogged = keys.and_then(|keys| keys.take_failure());
    if let Some(error) = &unlogged {
        let _ = writeln!(stderr(), "the key log: failed to write a secret: {error}");
    }
    let failed = reporters.into_inner().unwrap_or_else(PoisonError::into_inner).ended(&ended);
    for failed in &failed {
        let _ = writeln!(stderr(), "{failed}");
    }
    Ok(match exit(&outcome) {
        // The integration's failure stands, whatever became of a file about it.
        Exit::NotReady => Exit::NotReady,
        exit if failed.is_empty() && unlogged.is_none() => exit,
        _ => Exit::Fault,
    })
}

/// Everyone who tells of the run. What cannot be written at all is known here, before the run.
fn reporters(words: &RunWords) -> Result<Reporters, Refused> {
    let earlier = words
        .compare
        .as_ref()
        .map(|path| Earlier::read(path).map_err(|error| Refused::Words(format!("{}: {error}", path.display()))));
    let earlier = earlier.transpose()?;
    let mut reporters = Reporters::default();
    reporters.add(Progress::new());
    reporters.add(Screen);
    if let Some(directory) = &words.report {
        reporters.add(Files::below(directory).map_err(|error| unwritable(directory, &error))?);
        reporters.add(Junit::at(&directory.join("junit.xml")));
        reporters.add(Summary::at(&directory.join("summary.md"), earlier.clone()));
        reporters.add(Html::at(&directory.join("report.html"), earlier.clone()));
    }
    for path in [&words.junit, &words.html].into_iter().flatten() {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let known = std::fs::metadata(parent).map_err(|error| unwritable(path, &error))?;
        if !known.is_dir() {
            return Err(unwritable(path, &io::ErrorKind::NotADirectory.into()));
        }
    }
    if let Some(path) = &words.junit {
        reporters.add(Junit::at(path));
    }
    if let Some(path) = &words.html {
        reporters.add(Html::at(path, earlier.clone()));
    }
    if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
        reporters.add(Summary::appended(Path::new(&path), earlier));
    }
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|word| word == "true") {
        reporters.add(Annotations);
    }
    Ok(reporters)
}

/// Made before anything is played, with a word about what it is.
fn key_log(path: &Path) -> Result<Arc<KeyLog>, Refused> {
    let keys = KeyLog::create(path)
        .map_err(|error| Refused::Words(format!("{}: the key log cannot be made: {error}", path.display())))?;
    let _ = writeln!(
        stderr(),
        "warning: {} holds the session secrets of this run: with it, a capture of the run can be read. Delete it afterwards.",
        path.display()
    );
    Ok(keys)
}

fn unwritable(path: &Path, error: &io::Error) -> Refused {
    Refused::Words(format!("{}: the report cannot be written: {error}", path.display()))
}

pub(super) fn from_file(path: &Path, played: Option<&str>, library: &Library) -> Result<Subject, Refused> {
    let file = load_integration(path, library)?;
    Subject::from_file(file, path, played).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        Refused::Words(format!("{}: {}", path.display(), faults.join("\n       ")))
    })
}

fn reference(words: &RunWords, library: &Library) -> Result<Subject, Refused> {
    let profile = words.profile.as_deref().unwrap_or("classic-tokenization");
    let profile = profile_of(profile, library)?;
    let environment = environment_of(profile, words.environment.as_deref())?;
    reference::subject(profile, environment)
        .map(InProcess::into_subject)
        .map_err(|error| Refused::Words(format!("the reference integration: {error}")))
}

fn environment(words: &RunWords, subject: &Subject, profile: &str, library: &Library) -> Result<Environment, Refused> {
    let wanted = words.environment.as_ref().or(subject.environment.as_ref());
    environment_of(profile_of(profile, library)?, wanted.map(String::as_str)).cloned()
}

/// The environment of that id, or the profile's first.
pub(super) fn environment_of<'a>(profile: &'a Profile, wanted: Option<&str>) -> Result<&'a Environment, Refused> {
    let found = match wanted {
        Some(id) => profile.environment(id),
        None => profile.environments.first(),
    };
    let known: Vec<_> = profile.environments.iter().map(|known| format!("`{}`", known.id)).collect();
    found.ok_or_else(|| {
        let (profile, wanted, known) = (&profile.id, wanted.unwrap_or_default(), known.join(" or "));
        Refused::Words(format!("{profile} has no environment `{wanted}`, expected {known}"))
    })
}

/// The command that repeats this run, without its selection.
fn repeat(words: &RunWords) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "thales-harness".to_owned());
    let mut command = format!("{program} run");
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            command.push_str(&format!(" --{name} {value}"));
        }
    };
    option("integration", words.integration.as_ref().map(|path| path.display().to_string()));
    option("profile", words.profile.clone());
    option("environment", words.environment.clone());
    option("network", (words.network == NetworkWord::Shared).then(|| "shared".to_owned()));
    option("portal", words.portal.as_ref().map(|path| path.display().to_string()));
    option("scenarios", words.scenarios.as_ref().map(|path| path.display().to_string()));
    command
}

pub(super) fn exit(outcome: &Outcome) -> Exit {
    if outcome.scenarios.iter().any(|run| run.log.is_err()) {
        return Exit::Fault;
    }
    let has = |fits: &dyn Fn(&RequirementVerdict) -> bool| {
        outcome.requirements.iter().any(|row| row.requirement.level == Level::Must && fits(row))
    };
    let is_stale = outcome.deviations.iter().any(|(_, state)| state.is_stale());
    // A failure that is known fails no job, and makes nothing ready.
    if is_stale || has(&|row| row.verdict == Verdict::Fail && row.deviation.is_none()) {
        return Exit::NotReady;
    }
    let is_open = match outcome.readiness {
        Readiness::Ready => false,
        Readiness::Incomplete => true,
        Readiness::NotReady => {
            outcome.network == crate::model::Network::Shared
                || has(&|row| matches!(row.verdict, Verdict::Inconclusive | Verdict::Untested))
        }
        Readiness::Partial => has(&|row| row.verdict == Verdict::Inconclusive),
    };
    if is_open { Exit::Incomplete } else { Exit::Ready }
}
