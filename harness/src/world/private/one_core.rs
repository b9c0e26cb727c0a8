//! One core for a thread and for those that it starts.

use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

/// The calling thread, always: zero stands for it.
const SELF: Pid = Pid::from_raw(0);

/// Keeps the calling thread, and every thread that it starts, on the core where it runs, until it is dropped: then the
/// calling thread may run where it might before.
pub(crate) struct OneCore(Option<CpuSet>);

impl OneCore {
    pub(crate) fn here() -> Self {
        Self(Self::try_here().ok())
    }

    fn try_here() -> nix::Result<CpuSet> {
        let before = sched_getaffinity(SELF)?;
        let mut here = CpuSet::new();
        here.set(sched_getcpu()?)?;
        sched_setaffinity(SELF, &here)?;
        Ok(before)
    }
}

impl Drop for OneCore {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // Who could leave may return.
            let _ = sched_setaffinity(SELF, before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cores(set: &CpuSet) -> usize {
        (0..CpuSet::count()).filter(|core| set.is_set(*core) == Ok(true)).count()
    }

    #[test]
    fn a_thread_stays_on_one_core_and_may_leave_it_afterwards() {
        let before = sched_getaffinity(SELF).unwrap();
        let pinned = OneCore::here();
        assert_eq!(cores(&sched_getaffinity(SELF).unwrap()), 1);
        let child = std::thread::spawn(|| sched_getaffinity(SELF).unwrap()).join().unwrap();
        assert_eq!(cores(&child), 1);
        drop(pinned);
        assert_eq!(cores(&sched_getaffinity(SELF).unwrap()), cores(&before));
    }
}
