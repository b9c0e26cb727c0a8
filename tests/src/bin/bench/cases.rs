//! What many cases in one process cost: the CPU time of a thousand beside as many bare loops, of ten thousand beside a
//! thousand, and the memory that either takes on top of what the process had before.

use std::fs;

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

/// Two comparisons of time, two of memory.
pub(crate) fn measure(host: &Host) -> Result<Vec<Comparison>, Failure> {
    let (papers, _authorities) = Papers::new()?;
    let bare = Loop::new(&papers)?;
    let runtime = Runtime::new().map_err(|error| Failure::Io("start a runtime", error))?;
    let (exam, setup) = (exam(host, SCENARIO)?, setup()?);
    let plays = |count: usize| (0..count).try_for_each(|_| play(&runtime, &exam));
    // What the first one loads is no case's.
    plays(10)?;
    bare.turn(HANDSHAKES)?;
    let (few, few_mib) = cost(|| plays(FEW))?;
    let (many, many_mib) = cost(|| plays(MANY))?;
    let (networks, _) = cost(|| (0..FEW).try_for_each(|_| open_and_close(host, &setup)))?;
    let (loops, _) = cost(|| bare.turn(FEW * HANDSHAKES))?;
    let without = few - networks;
    let parts = |values: [(&str, f64); 3]| {
        values.map(|(name, value)| Part { name: name.to_owned(), values: vec![value] }).into_iter().collect()
    };
    let one = |title: String, measure, value, target, unit, parts| Comparison {
        title,
        measure,
        values: vec![value],
        target,
        unit,
        parts,
        missing: None,
    };
    Ok(vec![
        one(
            format!("{FEW} cases of `{SCENARIO}` in one process, without making their networks ÷ as many bare loops"),
            "CPU",
            without / loops,
            TARGET,
            "×",
            parts([
                ("a thousand cases, s CPU", few),
                ("– their networks alone, s CPU", networks),
                ("– as many bare loops, s CPU", loops),
            ]),
        ),
        one(format!("{MANY} cases ÷ {FEW} cases"), "CPU", many / few, 10.0, "×", Vec::new()),
        one(format!("{FEW} cases: peak over what was there before"), "memory", few_mib, MEMORY, "MiB", Vec::new()),
        one(format!("{MANY} cases: peak over what was there before"), "memory", many_mib, MEMORY, "MiB", Vec::new()),
    ])
}

/// Seconds of CPU time, and MiB of memory by which the peak lies over the beginning.
fn cost(work: impl FnOnce() -> Result<(), Failure>) -> Result<(f64, f64), Failure> {
    // The peak is counted from here (proc_pid_clear_refs(5)).
    fs::write("/proc/self/clear_refs", "5").map_err(|error| Failure::Io("reset the peak of memory", error))?;
    let (began, before) = (resident("VmRSS:")?, processor::own()?);
    work()?;
    let used = processor::own()?.saturating_sub(before);
    Ok((used.as_secs_f64(), resident("VmHWM:")? - began))
}

/// MiB of this process, by the name of a line in `/proc/self/status`.
fn resident(name: &str) -> Result<f64, Failure> {
    let status = fs::read_to_string("/proc/self/status").map_err(|error| Failure::Io("read the memory", error))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0).ok_or_else(|| Failure::Harness(format!("no {name} in /proc/self/status")))
}
