//! CPU time: of this process by the kernel's accounts, of another by `/proc`, which counts in hundredths of a second.

use std::fs;
use std::time::Duration;

use nix::sys::resource::{Usage, UsageWho, getrusage};

use crate::failure::Failure;

/// CPU time of this process and of its children that have ended, in user and kernel mode.
pub(crate) fn own() -> Result<Duration, Failure> {
    let of = |who| getrusage(who).map_err(|error| Failure::Kernel("read the CPU time", error));
    Ok(total(&of(UsageWho::RUSAGE_SELF)?) + total(&of(UsageWho::RUSAGE_CHILDREN)?))
}

fn total(usage: &Usage) -> Duration {
    [usage.user_time(), usage.system_time()]
        .map(|time| {
            let micros = time.tv_sec() * 1_000_000 + time.tv_usec();
            Duration::from_micros(u64::try_from(micros).unwrap_or_default())
        })
        .iter()
        .sum()
}

/// A hundredth of a second: the unit that the kernel shows to programs on every architecture this runs on.
const TICK: Duration = Duration::from_millis(10);

/// CPU time of a process and its living descendants.
pub(crate) fn tree(root: u32) -> Result<Duration, Failure> {
    let stats = all_stats()?;
    let mut found = Duration::ZERO;
    let mut wanted = vec![root];
    while let Some(id) = wanted.pop() {
        for stat in &stats {
            if stat.id == id {
                found += stat.used;
            }
            if stat.parent == id {
                wanted.push(stat.id);
            }
        }
    }
    Ok(found)
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    id: u32,
    parent: u32,
    used: Duration,
}

fn all_stats() -> Result<Vec<Stat>, Failure> {
    let entries = fs::read_dir("/proc").map_err(|error| Failure::Io("list the processes", error))?;
    // A process may end between the listing and the reading.
    Ok(entries
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok())
        .filter_map(|line| parse(&line))
        .collect())
}

/// A line of `/proc/PID/stat` (proc_pid_stat(5)). The name in parentheses may hold blanks and parentheses.
fn parse(line: &str) -> Option<Stat> {
    let (id, rest) = line.split_once(' ')?;
    let fields: Vec<_> = rest.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u32>().ok();
    Some(Stat { id: id.parse().ok()?, parent: number(4)?, used: TICK * (number(14)? + number(15)?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_parentheses_is_skipped() {
        let line = "42 (a) b (c) S 7 42 42 0 -1 4194560 100 0 0 0 12 34 5 6 20 0 1 0 999 0 0";
        let stat = Stat { id: 42, parent: 7, used: Duration::from_millis(460) };
        assert_eq!(parse(line), Some(stat));
    }

    #[test]
    fn work_is_counted() {
        let before = own().expect("the kernel keeps accounts");
        let mut number = 1_u64;
        while own().expect("the kernel keeps accounts") < before + Duration::from_millis(5) {
            number = std::hint::black_box(number.wrapping_mul(3));
        }
        assert!(tree(std::process::id()).is_ok());
    }
}
