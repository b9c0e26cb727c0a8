//! What many cases in one process cost: the CPU time of a thousand beside as many bare loops, of ten thousand beside a
//! thousand, and the memory that either takes on top of what the process had before. A run of either begins with making
//! its authorities and everything else that it needs once.

use std::fs;

use thales_harness::run::Exam;
use thales_harness::world::Host;
use tokio::runtime::Runtime;

use crate::bare::Loop;
use crate::failure::Failure;
use crate::papers::Papers;
use crate::processor;
use crate::ratio::{Comparison, Part};
use crate::scenario::{HANDSHAKES, exam, open_and_close, play, setup};

/// A case without waiting: three handshakes, the middle one refused.
const SCENARIO: &str = "inbound/wrong-host";
const FEW: usize = 1_000;
const MANY: usize = 10_000;
/// The most that the few may cost, in bare loops; the many may cost as often as much as they are more.
const TARGET: f64 = 2.0;
/// The most memory that any number may take, in MiB.
const MEMORY: f64 = 30.0;

/// Runs of the few, between which the many go on.
const ROUNDS: usize = 5;

/// Two comparisons of time, two of memory.
pub(crate) fn measure(host: &Host) -> Result<Vec<Comparison>, Failure> {
    let (papers, _authorities) = Papers::new()?;
    let bare = Loop::new(&papers)?;
    let runtime = Runtime::new().map_err(|error| Failure::Io("start a runtime", error))?;
    let setup = setup()?;
    let plays = |exam: &Exam, count: usize| (0..count).try_for_each(|_| play(&runtime, exam));
    // What the first ones load is no run's.
    plays(&exam(host, SCENARIO)?, 10)?;
    bare.turn(HANDSHAKES)?;

    // What else a machine does changes from minute to minute: the few, what they are compared with, and a fifth of the
    // many take turns.
    let (began, mut many) = (resident("VmRSS:")?, Cost::default());
    let mut exam_of_many = None;
    let (mut few, mut networks, mut loops) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        few.push(cost(|| plays(&exam(host, SCENARIO)?, FEW))?);
        networks.push(cost(|| (0..FEW).try_for_each(|_| open_and_close(host, &setup)))?.seconds);
        loops.push(cost(|| bare.turn(FEW * HANDSHAKES))?.seconds);
        let part = cost(|| {
            let exam = match exam_of_many.take() {
                Some(exam) => exam,
                None => exam(host, SCENARIO)?,
            };
            plays(&exam, MANY / ROUNDS)?;
            exam_of_many = Some(exam);
            Ok(())
        })?;
        let over = resident("VmHWM:")? - began;
        many = Cost { seconds: many.seconds + part.seconds, mib: many.mib.max(over) };
    }
    let seconds: Vec<_> = few.iter().map(|cost| cost.seconds).collect();
    let mean = seconds.iter().sum::<f64>() / ROUNDS as f64;
    let ratios = (0..ROUNDS).map(|round| (seconds[round] - networks[round]) / loops[round]).collect();
    let comparison = |title, measure, values, target, unit, parts| Comparison {
        title,
        measure,
        values,
        target,
        unit,
        parts,
        missing: None,
    };
    let part = |name: &str, values: Vec<f64>| Part { name: name.to_owned(), values };
    Ok(vec![
        comparison(
            format!("{FEW} cases of `{SCENARIO}` in one process, without making their networks ÷ as many bare loops"),
            "CPU",
            ratios,
            TARGET,
            "×",
            vec![
                part("a thousand cases, s CPU", seconds),
                part("– their networks alone, s CPU", networks),
                part("– as many bare loops, s CPU", loops),
            ],
        ),
        comparison(
            format!("{MANY} cases ÷ {FEW} cases"),
            "CPU",
            vec![many.seconds / mean],
            (MANY / FEW) as f64,
            "×",
            vec![part("ten thousand cases, s CPU", vec![many.seconds])],
        ),
        comparison(
            format!("{FEW} cases: peak over what was there before"),
            "memory",
            few.iter().map(|cost| cost.mib).collect(),
            MEMORY,
            "MiB",
            Vec::new(),
        ),
        comparison(
            format!("{MANY} cases: peak over what was there before"),
            "memory",
            vec![many.mib],
            MEMORY,
            "MiB",
            Vec::new(),
        ),
    ])
}

/// What a piece of work took: seconds of CPU time, and MiB of memory by which the peak lies over the beginning.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    seconds: f64,
    mib: f64,
}

fn cost(work: impl FnOnce() -> Result<(), Failure>) -> Result<Cost, Failure> {
    // The peak is counted from here (proc_pid_clear_refs(5)).
    fs::write("/proc/self/clear_refs", "5").map_err(|error| Failure::Io("reset the peak of memory", error))?;
    let (began, before) = (resident("VmRSS:")?, processor::own()?);
    work()?;
    let used = processor::own()?.saturating_sub(before);
    Ok(Cost { seconds: used.as_secs_f64(), mib: resident("VmHWM:")? - began })
}

/// MiB of this process, by the name of a line in `/proc/self/status`.
fn resident(name: &str) -> Result<f64, Failure> {
    let status = fs::read_to_string("/proc/self/status").map_err(|error| Failure::Io("read the memory", error))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0).ok_or_else(|| Failure::Harness(format!("no {name} in /proc/self/status")))
}
