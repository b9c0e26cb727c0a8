//! Commands on the customer's side. They are started by the world's own thread, which stands in the customer's network,
//! mounts and PID namespace: so the harness is their parent, and exit codes, signals, pipes and the errors of exec are
//! the kernel's own, without a relay in between.

use std::os::fd::{AsFd as _, OwnedFd};

use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{Pid, setsid};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;

use super::init::descriptor_of;
use crate::world::error::WorldError;

/// The children of a world that may not have been waited for yet.
#[derive(Debug, Default)]
pub(super) struct Children(Vec<OwnedFd>);

impl Children {
    /// Starts a command from the calling thread, for the given runtime.
    pub(super) fn spawn(&mut self, mut command: Command, runtime: &Handle) -> Result<Child, WorldError> {
        let program = command.as_std().get_program().to_owned();
        own_session(&mut command);
        let child = {
            let _entered = runtime.enter();
            command.spawn().map_err(|source| WorldError::Spawn { program: program.into(), source })?
        };
        self.0.retain(is_unreaped);
        // Nobody else has the child yet, so that its number is still its own.
        let pid = child.id().map(|id| Pid::from_raw(id.cast_signed()));
        self.0.extend(pid.and_then(|pid| descriptor_of(pid).ok()));
        Ok(child)
    }

    /// Reaps those that ended and that nobody waited for: an unreaped process keeps its PID namespace.
    pub(super) fn reap(&self) {
        for child in &self.0 {
            let _ = waitid(Id::PIDFd(child.as_fd()), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG);
        }
    }
}

fn is_unreaped(child: &OwnedFd) -> bool {
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    waitid(Id::PIDFd(child.as_fd()), look).is_ok()
}

/// A session of its own: no signal from the harness's terminal reaches it, and a program that would ask the terminal
/// for a password fails at once instead of being stopped.
#[expect(unsafe_code, reason = "a hook between fork and exec is unsafe by its nature")]
fn own_session(command: &mut Command) {
    // SAFETY: setsid is async-signal-safe, and the closure allocates nothing.
    unsafe {
        command.pre_exec(|| {
            // Refused only where the caller has made the command lead a process group already, which will do.
            let _ = setsid();
            Ok(())
        });
    }
}
