//! `sweep`: the scenarios with what Thales leaves unspecified, their pre-mortem, and the history.

use std::fs;
use std::io::{self, BufWriter, Write, stderr};
use std::path::Path;
use std::sync::Arc;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::options::NetworkWord;
use super::run::{environment_of, from_file};
use super::sweep_words::SweepWords;
use super::{Exit, Refused, library, profile_of, say};
use crate::integration::{InProcess, Subject};
use crate::load::{Library, load_deviations};
use crate::reference;
use crate::run::{Exam, ScenarioRun, Selection};
use crate::sweep::{
    self, About, Case, CaseKey, Changes, Document, History, Known, LOOKED_AT, Plan, Progress, Record, RunId, RunRow,
    Sifting, Started, Trend,
};
use crate::verdict::Verdict;
use crate::world::{self, Network, Wanted};

/// A key that no other run of the machine has at the same time.
fn fresh_seed() -> u64 {
    u64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() & i128::from(u32::MAX)).unwrap_or_default()
}

pub(super) fn sweep(words: &SweepWords) -> Result<Exit, Refused> {
    let library = library(words.scenarios.as_deref())?;
    let known: Vec<_> = library.dimensions.iter().map(|dimension| dimension.id.as_str()).collect();
    if let Some(unknown) = words.dimension.iter().find(|id| !known.contains(&id.as_str())) {
        return Err(refused(format!("no dimension is called `{unknown}`, expected one of {}", known.join(", "))));
    }
    let today = OffsetDateTime::now_utc().date();
    let deviations = match &words.deviations {
        Some(path) => load_deviations(path, &library, today)?,
        None => Vec::new(),
    };
    let (exam, jobs) = exam(words, &library)?;
    let exam = Arc::new(exam);
    let sifting = Sifting { dimensions: words.dimension.clone() };
    if words.list {
        let plan = Plan::new(&exam, &library, &sifting, words.seed.unwrap_or_else(fresh_seed));
        let cases: String = plan.cases.iter().map(|case| format!("{}\n", case.key)).collect();
        say(&format!("{cases}{} cases, seed {}\n", plan.cases.len(), plan.seed));
        return Ok(Exit::Ready);
    }
    if let Some(directory) = &words.report {
        let made = fs::create_dir_all(directory.join("logs"));
        made.map_err(|error| refused(format!("{}: the report cannot be written: {error}", directory.display())))?;
    }
    let history = History::open(&words.history).map_err(refused)?;
    history.claim().map_err(refused)?;
    let since = match &words.since {
        Some(name) => {
            let found = history.named(name).map_err(refused)?;
            Some(found.ok_or_else(|| refused(format!("{}: no sweep is called `{name}`", words.history.display())))?)
        }
        None => None,
    };
    let (run, plan) = begin(words, &exam, &library, &sifting, &history)?;
    let done = history.recorded(run).map_err(refused)?;
    let _ =
        writeln!(stderr(), "sweep {run}: {} cases, {} of them known, seed {}", plan.cases.len(), done.len(), plan.seed);
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return Ok(Exit::Fault) };
    let mut keep = |case: &Case, played: ScenarioRun, progress: Progress| {
        let record = Record::of(case.key.clone(), &played);
        if let (Some(directory), true, Ok(log)) = (&words.report, record.keeps_log(), &played.log) {
            let path = directory.join(sweep::log_of(&record.key));
            // A log that cannot be written takes no verdict away; the report says where it would be.
            let written = fs::File::create(&path).and_then(|file| log.write(BufWriter::new(file)));
            if let Err(error) = written {
                let _ = writeln!(stderr(), "{}: {error}", path.display());
            }
        }
        tell(&record, progress);
        history.record(run, &record)
    };
    let late = runtime.block_on(sweep::play(&exam, &plan, &done, (jobs, words.budget), &mut keep)).map_err(refused)?;
    runtime.shutdown_background();
    history.end(run, &now()).map_err(refused)?;
    let records = history.records(run).map_err(refused)?;
    let known = Known::new(deviations, &records, today, !words.only.is_empty() || !late.is_empty());
    let compared = compared(&history, run, &records, since.as_ref())?;
    let (name, version) = exam.integration();
    let about = About {
        run: run.to_string(),
        seed: plan.seed,
        profile: exam.profile().id.clone(),
        environment: exam.environment().to_owned(),
        integration: format!("{name} {version}").trim_end().to_owned(),
    };
    let lines = sweep::premortem(&library.dimensions, &records);
    let document = Document::of(about, &records, lines, compared, &known, &late, words.report.is_some());
    say(&sweep::text(&document));
    if let Some(directory) = &words.report {
        write(directory, &document)
            .map_err(|error| refused(format!("{}: the report cannot be written: {error}", directory.display())))?;
    }
    Ok(exit(&records, &known, &late))
}

fn refused(error: impl std::fmt::Display) -> Refused {
    Refused::Words(error.to_string())
}

fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}

/// Plans the scenarios as `run` does. To be called while the process has one thread.
fn exam(words: &SweepWords, library: &Library) -> Result<(Exam, usize), Refused> {
    let selection = Selection::new(&words.only).map_err(refused)?;
    let subject = match &words.integration {
        Some(path) => from_file(path, words.environment.as_deref(), library)?,
        None => built_in(words, library)?,
    };
    let profile = words.profile.clone().unwrap_or_else(|| subject.profile.clone());
    let wanted = words.environment.as_ref().or(subject.environment.as_ref());
    let environment = environment_of(profile_of(&profile, library)?, wanted.map(String::as_str))?.clone();
    let allow_private = words.network != NetworkWord::Shared;
    let host = world::enter(Wanted { in_process: subject.is_in_process(), allow_private });
    if let (Some(refusal), true) = (&host.refusal, allow_private) {
        let said = format!("no private network: {refusal}; {}", refusal.fix());
        if words.network == NetworkWord::Private {
            return Err(refused(said));
        }
        let _ = writeln!(stderr(), "{said}");
    }
    if host.network == Network::Shared {
        world::sweep_stale();
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = words.jobs.map_or(2 * cores, usize::from);
    let exam = Exam::new(host, library, subject, &profile, &environment, (&selection, &words.only), Some(jobs));
    Ok((exam.map_err(refused)?, jobs))
}

fn built_in(words: &SweepWords, library: &Library) -> Result<Subject, Refused> {
    let profile = profile_of(words.profile.as_deref().unwrap_or("classic-tokenization"), library)?;
    let environment = environment_of(profile, words.environment.as_deref())?;
    reference::subject(profile, environment)
        .map(InProcess::into_subject)
        .map_err(|error| refused(format!("the reference integration: {error}")))
}

/// Begins a run, or finds the one that goes on.
fn begin(
    words: &SweepWords,
    exam: &Exam,
    library: &Library,
    sifting: &Sifting,
    history: &History,
) -> Result<(RunId, Plan), Refused> {
    let (integration, version) = exam.integration();
    let mut started = Started {
        name: words.name.clone(),
        started: now(),
        seed: 0,
        plan: String::new(),
        planned: 0,
        harness: env!("CARGO_PKG_VERSION").to_owned(),
        profile: exam.profile().id.clone(),
        environment: exam.environment().to_owned(),
        integration: integration.to_owned(),
        version: version.to_owned(),
    };
    let unfinished = if words.resume { history.unfinished(&started).map_err(refused)? } else { None };
    if let Some(RunRow { id, began, .. }) = unfinished {
        if words.seed.is_some_and(|seed| seed != began.seed) {
            return Err(refused(format!("--seed: the sweep that goes on, {id}, has the seed {}", began.seed)));
        }
        let plan = Plan::new(exam, library, sifting, began.seed);
        if plan.digest != began.plan {
            return Err(refused(format!(
                "--resume: sweep {id} was planned otherwise; scenarios, integration file, selection, network or version \
                 of the harness have changed since. Without --resume another one begins"
            )));
        }
        return Ok((id, plan));
    }
    if words.resume {
        let _ = writeln!(stderr(), "nothing to resume: a new sweep begins");
    }
    let plan = Plan::new(exam, library, sifting, words.seed.unwrap_or_else(fresh_seed));
    started.seed = plan.seed;
    started.plan.clone_from(&plan.digest);
    started.planned = plan.cases.len() as u64;
    Ok((history.begin(&started).map_err(refused)?, plan))
}

/// Progress that nobody can read is no reason to stop.
fn tell(record: &Record, progress: Progress) {
    let Progress { played, planned } = progress;
    let _ = writeln!(
        stderr(),
        "{played}/{planned} {:<12} {} {:.1} s",
        record.state.word(),
        record.key,
        std::time::Duration::from_millis(record.took_ms).as_secs_f64()
    );
}

/// What changed since the sweep before and since a named one, and what goes to and fro.
fn compared(
    history: &History,
    run: RunId,
    records: &[Record],
    since: Option<&RunRow>,
) -> Result<(Vec<Changes>, Vec<String>), Refused> {
    let mut changes = Vec::new();
    let before = history.before(run).map_err(refused)?;
    for row in before.iter().chain(since) {
        changes.push(Changes::between(row, &history.records(row.id).map_err(refused)?, records));
    }
    let rows = history.runs().map_err(refused)?;
    let Some(own) = rows.iter().find(|row| row.id == run) else { return Err(refused("the run is gone")) };
    let alike: Vec<_> = rows.iter().filter(|row| row.is_like(own)).collect();
    let mut looked_at = Vec::new();
    for row in alike.iter().skip(alike.len().saturating_sub(LOOKED_AT)) {
        looked_at.push(((*row).clone(), history.records(row.id).map_err(refused)?));
    }
    let flaky = Trend::of(looked_at).flaky().into_iter().map(ToString::to_string).collect();
    Ok((changes, flaky))
}

fn write(directory: &Path, document: &Document) -> io::Result<()> {
    let mut file = BufWriter::new(fs::File::create(directory.join("report.json"))?);
    serde_json::to_writer_pretty(&mut file, document)?;
    file.flush()?;
    fs::write(directory.join("pre-mortem.md"), sweep::markdown(document))
}

/// What Thales does not do today decides nothing.
fn exit(records: &[Record], known: &Known, late: &[CaseKey]) -> Exit {
    let bases: Vec<_> = records.iter().filter(|record| record.key.variation.is_base()).collect();
    let has = |verdict| bases.iter().any(|record| record.verdict == Some(verdict));
    if records.iter().any(|record| record.fault.is_some()) {
        Exit::Fault
    } else if known.is_stale()
        || bases.iter().any(|record| record.verdict == Some(Verdict::Fail) && !known.knows(record))
    {
        Exit::NotReady
    } else if has(Verdict::Inconclusive) || late.iter().any(|key| key.variation.is_base()) {
        Exit::Incomplete
    } else {
        Exit::Ready
    }
}
