//! The process's way into the place where private worlds can be made, before its first thread. Whether it can be had is
//! tried in a child process first, so that a refusal leaves the harness where it was: a process that is let into a user
//! namespace but not allowed to map itself there would be nobody from then on.

use super::refusal::{Refusal, Step};

/// What the run needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The integration runs in this process: then the whole process moves into an empty network, so that no stray
    /// thread of it reaches the real host.
    pub in_process: bool,
    /// Private networks are welcome. Otherwise the network is shared and nothing is tried.
    pub allow_private: bool,
}

/// The kind of network that worlds have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Namespaces: the real names, addresses, ports and paths, and no way out.
    Private,
    /// The machine's loopback: explicit addresses and ports.
    Shared,
}

/// The process's place, decided once a run.
#[derive(Clone, Debug)]
pub struct Host {
    /// The network of every world of this run.
    pub network: Network,
    /// Whether the process is in a user namespace of its own, where it has one user and one group: programs that change
    /// their user fail there.
    pub user_namespace: bool,
    /// The effective user.
    pub uid: u32,
    /// The effective group.
    pub gid: u32,
    /// Why the network is shared, unless that was wanted.
    pub refusal: Option<Refusal>,
    /// What the trial found.
    pub probe: Probe,
}

/// What a trial in a child process found. Nothing is known of what comes after a refused step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// Whether there was a trial.
    pub tried: bool,
    /// The step that was refused, with the kernel's number.
    pub refused: Option<(Step, i32)>,
    /// Whether folders can be extended by an overlay. Without it they are extended by binds.
    pub overlay: Option<bool>,
    /// Whether an ordinary user may listen on port 443 in a world.
    pub low_ports: Option<bool>,
}

/// Enters. To be called as the first thing in `main`, while the process has one thread; blocks for some milliseconds.
#[cfg(not(target_os = "linux"))]
pub fn enter(wanted: Wanted) -> Host {
    Host {
        network: Network::Shared,
        user_namespace: false,
        uid: nix::unistd::geteuid().as_raw(),
        gid: nix::unistd::getegid().as_raw(),
        refusal: wanted.allow_private.then_some(Refusal::NotLinux),
        probe: Probe::default(),
    }
}

#[cfg(target_os = "linux")]
pub use linux::enter;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::io::{self, Read as _, Write as _};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use nix::sched::{CloneFlags, unshare};
    use nix::sys::wait::waitpid;
    use nix::unistd::{ForkResult, fork, getegid, geteuid};

    use super::super::error::WorldError;
    use super::super::private::{PrivateWorld, raise_loopback};
    use super::super::refusal::Clues;
    use super::super::setup::Setup;
    use super::{Host, Network, Probe, Refusal, Step, Wanted};

    /// The capabilities that make a user namespace unnecessary (capabilities(7)): CAP_NET_ADMIN, CAP_SYS_CHROOT,
    /// CAP_SYS_ADMIN.
    const ENOUGH: u64 = 1 << 12 | 1 << 18 | 1 << 21;

    /// Enters. To be called as the first thing in `main`, while the process has one thread; blocks for some
    /// milliseconds.
    pub fn enter(wanted: Wanted) -> Host {
        let mut host = Host {
            network: Network::Shared,
            user_namespace: false,
            uid: geteuid().as_raw(),
            gid: getegid().as_raw(),
            refusal: None,
            probe: Probe::default(),
        };
        if !wanted.allow_private {
            return host;
        }
        host.probe = if threads() == 1 {
            probe(wanted)
        } else {
            Probe { tried: true, refused: Some((Step::OneThread, libc::EINVAL)), ..Probe::default() }
        };
        let entered = match host.probe.refused {
            None => namespaces(wanted).map_err(|error| numbered(&error)),
            Some(refused) => Err(refused),
        };
        match entered {
            Ok(user_namespace) => {
                host.network = Network::Private;
                host.user_namespace = user_namespace;
            }
            Err((step, errno)) => host.refusal = Some(Refusal::of(step, errno, Clues::read())),
        }
        host
    }

    /// Enters the namespaces of the process; says whether a user namespace is among them.
    fn namespaces(wanted: Wanted) -> Result<bool, WorldError> {
        let user_namespace = !is_privileged();
        if user_namespace {
            let (uid, gid) = (geteuid(), getegid());
            unshare(CloneFlags::CLONE_NEWUSER).map_err(WorldError::step(Step::UserNamespace))?;
            let write = |path: &str, text: String| fs::write(path, text).map_err(WorldError::step(Step::IdentityMap));
            // The kernel asks this of whoever maps a group without privilege (user_namespaces(7)).
            write("/proc/self/setgroups", "deny".into())?;
            write("/proc/self/uid_map", format!("{uid} {uid} 1"))?;
            write("/proc/self/gid_map", format!("{gid} {gid} 1"))?;
        }
        if wanted.in_process {
            unshare(CloneFlags::CLONE_NEWNET).map_err(WorldError::step(Step::NetworkNamespace))?;
            raise_loopback()?;
        }
        Ok(user_namespace)
    }

    fn is_privileged() -> bool {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
        let effective = effective.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
        geteuid().is_root() && effective & ENOUGH == ENOUGH
    }

    fn threads() -> usize {
        fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
    }

    /// Tries everything in a child process.
    fn probe(wanted: Wanted) -> Probe {
        let failed = |errno: i32| Probe { tried: true, refused: Some((Step::OneThread, errno)), ..Probe::default() };
        match in_child(move || record(trial(wanted))) {
            Ok(bytes) => read_record(&bytes).unwrap_or(failed(libc::EIO)),
            Err(error) => failed(error.raw_os_error().unwrap_or(libc::EIO)),
        }
    }

    /// The overlay's and the low ports' answers, or what was refused.
    fn trial(wanted: Wanted) -> Result<(bool, bool), WorldError> {
        namespaces(wanted)?;
        let world = PrivateWorld::open(&Setup::default())?;
        let found = (world.overlay_works(), world.low_ports());
        world.close()?;
        Ok(found)
    }

    fn record(trial: Result<(bool, bool), WorldError>) -> [u8; 7] {
        match trial {
            Ok((overlay, low_ports)) => [u8::MAX, 0, 0, 0, 0, overlay.into(), low_ports.into()],
            Err(error) => {
                let (step, errno) = numbered(&error);
                let [a, b, c, d] = errno.to_le_bytes();
                [step as u8, a, b, c, d, 0, 0]
            }
        }
    }

    fn read_record(bytes: &[u8]) -> Option<Probe> {
        let [step, a, b, c, d, overlay, low_ports] = *bytes else { return None };
        let tried = Probe { tried: true, ..Probe::default() };
        if step == u8::MAX {
            return Some(Probe { overlay: Some(overlay == 1), low_ports: Some(low_ports == 1), ..tried });
        }
        Some(Probe { refused: Some((Step::from_number(step)?, i32::from_le_bytes([a, b, c, d]))), ..tried })
    }

    /// The step and the kernel's number of a failure.
    fn numbered(error: &WorldError) -> (Step, i32) {
        let (step, source) = match error {
            WorldError::Refused { step, source } => (*step, Some(source)),
            WorldError::Path { source, .. } | WorldError::NoFolder { source, .. } => (Step::Mounts, Some(source)),
            WorldError::Route { source, .. } => (Step::Routes, Some(source)),
            _ => (Step::PidNamespace, None),
        };
        (step, source.and_then(io::Error::raw_os_error).unwrap_or(libc::EIO))
    }

    /// What the closure returns in a forked child.
    #[expect(unsafe_code, reason = "a trial that spoils the process needs a process of its own")]
    fn in_child(work: impl FnOnce() -> [u8; 7]) -> io::Result<Vec<u8>> {
        let (read, write) = io::pipe()?;
        // SAFETY: this process has one thread, as its only caller has made sure, so that the child may do anything.
        match unsafe { fork() }? {
            ForkResult::Child => {
                drop(read);
                if let Ok(record) = catch_unwind(AssertUnwindSafe(work)) {
                    let _ = { write }.write_all(&record);
                }
                // SAFETY: ends the child without running what the parent has registered for its own end.
                unsafe { libc::_exit(0) }
            }
            ForkResult::Parent { child } => {
                drop(write);
                let mut bytes = Vec::new();
                { read }.read_to_end(&mut bytes)?;
                waitpid(child, None)?;
                Ok(bytes)
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_refusal_survives_the_way_from_the_child() {
            let error = WorldError::Refused { step: Step::Cable, source: io::Error::from_raw_os_error(95) };
            let probe = read_record(&record(Err(error))).unwrap();
            assert_eq!(probe, Probe { tried: true, refused: Some((Step::Cable, 95)), ..Probe::default() });
            let probe = read_record(&record(Ok((true, false)))).unwrap();
            assert_eq!((probe.refused, probe.overlay, probe.low_ports), (None, Some(true), Some(false)));
            assert_eq!(read_record(&[]), None);
        }
    }
}
