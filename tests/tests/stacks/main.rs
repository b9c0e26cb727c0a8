//! Real stacks that nobody here wrote, right and wrong configurations of each, run through the harness as a customer
//! would run it, and the verdict of every requirement compared with a written table (`table`).
//!
//! A stack whose program is missing is reported as ignored; where the environment says `CI=true` it fails. With
//! `--write` the runs write `docs/stacks.md`, which a test compares with the table. With `--right` only the right
//! configurations are played, which break no MUST: played over and over, they show that there is no false alarm.

mod built;
mod document;
mod report;
mod setting;
mod stack;
mod table;

use std::env;
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex};

use conformance_tests::needs;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::runtime::Builder;
use tokio::sync::Semaphore;

use built::Built;
use document::Row;
use report::Report;
use setting::Setting;
use stack::Stack;

/// The command line under test.
const HARNESS: &str = env!("CARGO_BIN_EXE_thales-harness-under-test");

/// Our own words of the command line.
const WRITE: &str = "--write";
const RIGHT: &str = "--right";

/// Stacks at once. Their scenarios about DNS wait for seconds, the processor's cores are busy with the others.
const THREADS: usize = 7;

/// Runs at once that start virtual machines. Each starts several at a time, which keep the cores busy until they are warm.
const MACHINES: usize = 2;

fn main() -> ExitCode {
    let (ours, theirs): (Vec<_>, Vec<_>) = env::args().partition(|word| word == WRITE || word == RIGHT);
    let [writes, only_right] = [WRITE, RIGHT].map(|word| ours.iter().any(|ours| ours == word));
    let mut arguments = Arguments::from_iter(theirs);
    arguments.test_threads.get_or_insert(THREADS);
    let common = Arc::new(Common {
        missing: needs::private(HARNESS),
        built: Built::default(),
        machines: Semaphore::new(MACHINES),
        rows: Mutex::default(),
    });
    let mut trials = vec![Trial::test("the_document_is_the_table", || Ok(document::compare()?))];
    if writes {
        trials.clear();
    }
    let stacks = if only_right { document::right(table::stacks()) } else { Ok(table::stacks()) };
    let stacks = match stacks {
        Ok(stacks) => stacks,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    trials.extend(in_order(stacks).into_iter().map(|stack| {
        let common = Arc::clone(&common);
        Trial::ignorable_test(stack.name, move || trial(&stack, &common))
    }));
    let conclusion = libtest_mimic::run(&arguments, trials);
    if writes {
        let rows = common.rows.lock().map(|mut rows| std::mem::take(&mut *rows)).unwrap_or_default();
        if let Err(why) = document::write(&rows) {
            eprintln!("docs/stacks.md: {why}");
            return ExitCode::FAILURE;
        }
    }
    conclusion.exit_code()
}

/// What all trials share.
struct Common {
    /// The verdicts of the table are those of a private network: what is said where none can be had.
    missing: Option<String>,
    built: Built,
    machines: Semaphore,
    /// What the runs showed.
    rows: Mutex<Vec<Row>>,
}

/// Those that mostly wait first, so that the processor has something to do beside them until the end; virtual machines
/// evenly among the others, so that nobody only waits for a turn.
fn in_order(stacks: Vec<Stack>) -> Vec<Stack> {
    let (machines, mut others): (Vec<_>, Vec<_>) = stacks.into_iter().partition(Stack::is_java);
    others.sort_by_key(|stack| if stack.is_caller() && stack.only != ["inbound/*"] { 0 } else { 1 });
    let between = others.len() * MACHINES / machines.len().max(1);
    let mut machines = machines.into_iter();
    let mut woven = Vec::new();
    for (index, other) in others.into_iter().enumerate() {
        if index % between.max(1) == 0 {
            woven.extend(machines.by_ref().take(MACHINES));
        }
        woven.push(other);
    }
    woven.extend(machines);
    woven
}

fn trial(stack: &Stack, common: &Common) -> Result<Completion, Failed> {
    let missing = needs::listed(stack.tools.iter().filter(|tool| !is_installed(tool)));
    let missing = missing.or_else(|| common.missing.clone());
    needs::tried(missing, || play(stack, common))
}

fn play(stack: &Stack, common: &Common) -> Result<(), Failed> {
    let built = stack.builds.map(|build| common.built.directory(build)).transpose()?;
    let setting = Setting::new(stack, built.as_deref())?;
    let waiting = Builder::new_current_thread().build()?;
    let machines = stack.is_java().then(|| waiting.block_on(common.machines.acquire())).transpose()?;
    let report = Report::of(&setting, stack)?;
    drop(machines);
    let faults = report.faults(stack);
    if let Ok(mut rows) = common.rows.lock() {
        rows.push(report.row(stack));
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(format!("{}\n{}", faults.join("\n"), setting.keep()).into())
}

fn is_installed(tool: &str) -> bool {
    match tool.strip_prefix("python:") {
        Some(module) => Command::new("/usr/bin/python3")
            .args(["-c", &format!("import {module}")])
            .output()
            .is_ok_and(|done| done.status.success()),
        None => needs::programs(&[tool]).is_none(),
    }
}
