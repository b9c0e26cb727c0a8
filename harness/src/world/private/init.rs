//! The first process of a world's PID namespace. It is forked from a process with threads, so it makes raw system calls
//! only. Its end is the end of every process in the namespace, daemons that left their parents included.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use crate::world::error::WorldError;
use crate::world::lifeline;
use crate::world::refusal::Step;

/// The init process, seen from the harness. Dropping the lifeline ends it.
#[derive(Debug)]
pub(super) struct Init {
    pub(super) pid: Pid,
    /// The PID namespace.
    pub(super) processes: OwnedFd,
    /// The mount namespace of commands: the world's, with a `/proc` that shows the world's processes.
    pub(super) mounts: OwnedFd,
    _lifeline: OwnedFd,
}

impl Init {
    /// Forks it. Its mounts are a copy of the calling thread's.
    pub(super) fn start() -> Result<Self, WorldError> {
        let pipe = || io::pipe().map_err(WorldError::step(Step::PidNamespace));
        let ((hold, lifeline), (ready, report)) = (pipe()?, pipe()?);
        let pid = clone_init(hold.as_raw_fd(), report.as_raw_fd()).map_err(WorldError::step(Step::PidNamespace))?;
        drop(report);
        let opened = wait_until_ready(ready).and_then(|()| {
            let open = |kind: &str| File::open(format!("/proc/{pid}/ns/{kind}")).map(OwnedFd::from);
            Ok((open("pid")?, open("mnt")?))
        });
        match opened {
            Ok((processes, mounts)) => Ok(Self { pid, processes, mounts, _lifeline: lifeline.into() }),
            Err(source) => {
                let _ = kill(pid, Signal::SIGKILL);
                let _ = waitpid(pid, None);
                Err(WorldError::Refused { step: Step::PidNamespace, source })
            }
        }
    }

    /// Lets go of the lifeline, and with it of every process of the world; returns the process that is still to be
    /// waited for.
    pub(super) fn end(self) -> Pid {
        self.pid
    }
}

fn wait_until_ready(mut ready: io::PipeReader) -> io::Result<()> {
    let mut byte = [0];
    ready.read_exact(&mut byte)
}

#[expect(unsafe_code, reason = "no safe interface starts a process in a new PID namespace")]
fn clone_init(hold: RawFd, report: RawFd) -> io::Result<Pid> {
    let flags = libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::SIGCHLD;
    // SAFETY: without a stack of its own and without CLONE_VM this is a fork; the child only makes raw system calls.
    match unsafe { libc::syscall(libc::SYS_clone, flags as libc::c_long, 0, 0, 0, 0) } {
        -1 => Err(io::Error::last_os_error()),
        0 => run(hold, report),
        pid => Ok(Pid::from_raw(pid as libc::pid_t)),
    }
}

#[expect(unsafe_code, reason = "only raw system calls are allowed between fork and exec")]
fn run(hold: RawFd, report: RawFd) -> ! {
    // SAFETY: the calls concern this process alone and get constant strings.
    unsafe {
        // Away from the terminal's signals.
        libc::setsid();
        libc::prctl(libc::PR_SET_NAME, c"thales-world".as_ptr());
        // Whoever loses its parent becomes a child of this process; ignored, it leaves no zombie.
        libc::signal(libc::SIGCHLD, libc::SIG_IGN);
        // Best effort: where /proc is masked, as in containers, the machine's stays. It works, with other numbers.
        let flags = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
        libc::mount(c"proc".as_ptr(), c"/proc".as_ptr(), c"proc".as_ptr(), flags, std::ptr::null());
        libc::write(report, c"r".as_ptr().cast(), 1);
    }
    lifeline::outlive(hold);
    // SAFETY: ends this process, and with it the namespace.
    unsafe { libc::_exit(0) }
}

/// Waits for the end of the init process, which comes when every process of the world is gone and waited for.
pub(super) fn wait_for_end(pid: Pid) {
    let _ = waitpid(pid, None);
}

/// A descriptor of the process that turns readable at its end (Linux 5.3).
#[expect(unsafe_code, reason = "no safe interface opens a descriptor of a process")]
pub(super) fn descriptor_of(pid: Pid) -> io::Result<OwnedFd> {
    // SAFETY: the call has no effect on memory.
    match unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) } {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: the kernel just made this descriptor for us.
        fd => Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) }),
    }
}
