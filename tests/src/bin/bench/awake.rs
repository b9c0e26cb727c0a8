//! Keeps the processors from going to sleep while CPU time is taken.
//!
//! A scene's threads wait for each other all the time, and the bare loop's only one never waits. On an idle virtual
//! machine each such wait puts a processor to sleep and takes the hypervisor to wake it, and the clock counts that as
//! work; on a machine with other scenarios to play it does not happen. So a loop at the kernel's lowest priority,
//! which gives way to everything at once, runs on each processor for both sides of a ratio.

use std::io::{Read, stdin};
use std::process::{Child, Command, Stdio};

use crate::failure::Failure;

/// How this program is called by itself, to do nothing with all its might.
pub(crate) const SPIN: &str = "--spin";

/// Ends its loops when dropped.
pub(crate) struct Awake(Vec<Child>);

impl Awake {
    /// A loop for each processor, with the policy `SCHED_IDLE` (sched(7)), which takes the program chrt.
    pub(crate) fn keep() -> Result<Self, Failure> {
        let own = std::env::current_exe().map_err(|error| Failure::Io("find this program", error))?;
        let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let mut loops = Self(Vec::new());
        for _ in 0..count {
            let mut command = Command::new("chrt");
            command.args(["--idle", "0"]).arg(&own).arg(SPIN).stdin(Stdio::piped());
            loops.0.push(command.spawn().map_err(|error| Failure::Io("start chrt, of util-linux", error))?);
        }
        Ok(loops)
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // One that has ended already is no loss.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Spins until the pipe from who started it ends.
pub(crate) fn spin() {
    let ended = std::thread::spawn(|| stdin().read(&mut [0]));
    while !ended.is_finished() {
        for _ in 0..1_000_000 {
            std::hint::black_box(0);
        }
    }
}
