//! The thread that keeps a world. It stands on the customer's side, makes sockets and starts commands when it is asked,
//! and ends when nobody can ask any more. It can start no thread itself: a thread cannot be in two PID namespaces.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, open, openat};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::stat::Mode;
use nix::unistd::chdir;
use tokio::process::{Child, Command};
use tokio::runtime::Handle;

use super::init::{Init, descriptor_of, wait_for_end};
use super::launch::Children;
use super::mounts;
use super::network::Networks;
use super::renewal::{Mounts, Renewable};
use crate::world::error::WorldError;
use crate::world::refusal::Step;
use crate::world::setup::{Asset, Setup};
use crate::world::table;

const PORTS: &str = "/proc/sys/net/ipv4/ip_unprivileged_port_start";

/// How long the processes of an ended world may take to be waited for by their own runtime, and after that by the
/// keeper, in milliseconds.
const WAITED_FOR_WITHIN: u16 = 2_000;
const REAPED_WITHIN: u16 = 3_000;

/// What the keeper stands in.
pub(super) struct Keeper {
    networks: Networks,
    /// Absent while only threads have come in.
    init: Option<Init>,
    children: Children,
    files: Renewable,
    /// Where a command without a directory of its own starts: where the harness stands.
    current: PathBuf,
    /// `/proc/thread-self` of the machine's own `/proc`: the world's does not know this thread.
    this_thread: OwnedFd,
}

/// What others need to enter the world, and what it lacks.
pub(super) struct Opened {
    /// The world's mounts, with the machine's `/proc`: for threads of the harness's process.
    pub(super) view: OwnedFd,
    pub(super) customer: OwnedFd,
    /// Whether an ordinary user may listen on port 443 there.
    pub(super) low_ports: bool,
}

impl Keeper {
    /// Sets the world up around the calling thread.
    pub(super) fn raise(setup: &Setup, current: &Path) -> Result<(Self, Opened), WorldError> {
        unshare(CloneFlags::CLONE_FS | CloneFlags::CLONE_NEWNS).map_err(WorldError::step(Step::MountNamespace))?;
        let networks = Networks::raise()?;
        setns(&networks.customer, CloneFlags::CLONE_NEWNET).map_err(WorldError::step(Step::NetworkNamespace))?;
        let files = Renewable::new(mounts::raise(setup, current)?, setup);
        let low_ports = open_low_ports().is_ok();
        let view = File::open("/proc/thread-self/ns/mnt").map_err(WorldError::step(Step::MountNamespace))?.into();
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let this_thread =
            open("/proc/thread-self", flags, Mode::empty()).map_err(WorldError::step(Step::MountNamespace))?;
        let customer = networks.customer.try_clone().map_err(WorldError::step(Step::NetworkNamespace))?;
        let current = current.to_owned();
        let mut keeper = Self { networks, init: None, children: Children::default(), files, current, this_thread };
        if !setup.threads_only {
            keeper.make_way_for_processes()?;
        }
        Ok((keeper, Opened { view, customer, low_ports }))
    }

    /// Starts a command on the customer's side, for the given runtime.
    pub(super) fn spawn(&mut self, command: Command, runtime: &Handle) -> Result<Child, WorldError> {
        self.make_way_for_processes()?;
        self.children.spawn(command, runtime)
    }

    /// Makes the PID namespace, unless there is one, and moves there: what this thread forks from then on is in it.
    fn make_way_for_processes(&mut self) -> Result<(), WorldError> {
        if self.init.is_some() {
            return Ok(());
        }
        let init = Init::start()?;
        setns(&init.mounts, CloneFlags::CLONE_NEWNS).map_err(WorldError::step(Step::MountNamespace))?;
        setns(&init.processes, CloneFlags::CLONE_NEWPID).map_err(WorldError::step(Step::PidNamespace))?;
        // Entering mounts leads to "/".
        chdir(&self.current).map_err(|errno| WorldError::path("enter", &self.current)(errno.into()))?;
        self.init = Some(init);
        Ok(())
    }

    /// Replaces files of the world; returns what the other mount namespace of the world still needs.
    pub(super) fn replace(&mut self, assets: &[Asset]) -> Result<Mounts, WorldError> {
        self.files.replace(assets)
    }

    /// Does something on Thales' side.
    pub(super) fn in_thales<T>(&self, act: impl FnOnce(&Networks) -> T) -> io::Result<T> {
        setns(&self.networks.thales, CloneFlags::CLONE_NEWNET)?;
        let done = act(&self.networks);
        setns(&self.networks.customer, CloneFlags::CLONE_NEWNET)?;
        Ok(done)
    }

    /// The sockets that listen on the customer's side.
    pub(super) fn listening(&self) -> io::Result<Vec<SocketAddr>> {
        let read = |path: &str| {
            let file = openat(&self.this_thread, path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
            let mut text = String::new();
            File::from(file).read_to_string(&mut text).map(|_| text)
        };
        table::listening(read)
    }

    /// Ends every process of the world and waits until they are gone.
    pub(super) fn end(self) -> Result<(), WorldError> {
        let Self { init, children, .. } = self;
        let Some(pid) = init.map(Init::end) else { return Ok(()) };
        // Without a descriptor (Linux before 5.3) there is no wait with an end.
        let gone = |within: u16| descriptor_of(pid).map_or(Ok(true), |process| ends(&process, within));
        let refused = WorldError::step::<io::Error>;
        if !gone(WAITED_FOR_WITHIN).map_err(refused(Step::PidNamespace))? {
            children.reap();
            if !gone(REAPED_WITHIN).map_err(refused(Step::PidNamespace))? {
                return Err(WorldError::Lingering);
            }
        }
        wait_for_end(pid);
        Ok(())
    }
}

fn ends(process: &OwnedFd, within: u16) -> io::Result<bool> {
    let mut wait = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
    loop {
        match poll(&mut wait, PollTimeout::from(within)) {
            Ok(ready) => return Ok(ready > 0),
            Err(nix::errno::Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Lets an ordinary user listen on port 443 in the calling thread's network. Where `/proc/sys` is read-only, as in
/// containers, a fresh `/proc` may be had instead.
fn open_low_ports() -> io::Result<()> {
    if fs::write(PORTS, "0").is_ok() {
        return Ok(());
    }
    let mut fresh = PathBuf::from(mounts::PORTAL);
    fresh.push(".proc");
    fs::create_dir(&fresh)?;
    let none: Option<&str> = None;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let written = mount(Some("proc"), &fresh, Some("proc"), flags, none).map_err(io::Error::from).and_then(|()| {
        let path = fresh.join(PORTS.strip_prefix("/proc/").unwrap_or(PORTS));
        let written = fs::write(path, "0");
        umount2(&fresh, MntFlags::MNT_DETACH)?;
        written
    });
    fs::remove_dir(&fresh)?;
    written
}
