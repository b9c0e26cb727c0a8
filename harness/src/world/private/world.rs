//! A private world as the rest of the harness holds it: the keeper's address, and the descriptors to enter by.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::chdir;
use tokio::process::{Child, Command};
use tokio::runtime::Handle;

use super::keeper::{Keeper, Opened};
use super::mounts::PORTAL;
use super::place::Places;
use crate::world::error::WorldError;
use crate::world::refusal::Step;
use crate::world::setup::{Asset, Setup};

type Job = Box<dyn FnOnce(&mut Keeper) + Send>;

/// A world in namespaces of its own.
#[derive(Debug)]
pub(in crate::world) struct PrivateWorld {
    jobs: mpsc::Sender<Job>,
    keeper: JoinHandle<Result<(), WorldError>>,
    view: OwnedFd,
    customer: OwnedFd,
    low_ports: bool,
}

impl PrivateWorld {
    pub(in crate::world) fn open(setup: &Setup) -> Result<Self, WorldError> {
        let current = current_directory()?;
        let setup = setup.clone();
        let (jobs, work) = mpsc::channel();
        let (opened, opening) = mpsc::sync_channel(1);
        let keeper = thread::Builder::new()
            .name("world".into())
            .spawn(move || keep(&setup, &current, &opened, &work))
            .map_err(WorldError::step(Step::Thread))?;
        match opening.recv() {
            Ok(Ok(Opened { view, customer, low_ports })) => Ok(Self { jobs, keeper, view, customer, low_ports }),
            Ok(Err(error)) => {
                // The caller may count its threads next.
                let _ = keeper.join();
                Err(error)
            }
            Err(mpsc::RecvError) => Err(WorldError::Ended),
        }
    }

    /// Whether an ordinary user may listen on port 443 on the customer's side.
    pub(in crate::world) fn low_ports(&self) -> bool {
        self.low_ports
    }

    /// Whether a folder of this machine can be extended by an overlay.
    pub(in crate::world) fn overlay_works(&self) -> bool {
        thread::scope(|scope| {
            let trial = scope.spawn(|| self.enter_current_thread().is_ok() && overlay_trial().is_ok());
            trial.join().unwrap_or(false)
        })
    }

    /// Makes a socket on Thales' side.
    pub(in crate::world) fn in_thales<T: Send + 'static>(
        &self,
        address: SocketAddr,
        make: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, WorldError> {
        self.ask(move |keeper| keeper.in_thales(|_| make()).and_then(|made| made))?
            .map_err(|source| WorldError::Socket { address, source })
    }

    /// Makes a socket on the customer's side.
    pub(in crate::world) fn in_customer<T: Send + 'static>(
        &self,
        address: SocketAddr,
        make: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, WorldError> {
        self.ask(move |_| make())?.map_err(|source| WorldError::Socket { address, source })
    }

    pub(in crate::world) fn listening(&self) -> Result<Vec<SocketAddr>, WorldError> {
        self.ask(|keeper| keeper.listening())?.map_err(WorldError::Table)
    }

    pub(in crate::world) fn route(&self, address: Ipv4Addr, unreachable: bool) -> Result<(), WorldError> {
        self.ask(move |keeper| keeper.in_thales(|networks| networks.route(address, unreachable)))?
            .map_err(|source| WorldError::Route { address: address.into(), source })?
    }

    pub(in crate::world) fn replace(&self, assets: &[Asset]) -> Result<(), WorldError> {
        let assets = assets.to_vec();
        let mounts = self.ask(move |keeper| keeper.replace(&assets))??;
        if mounts.is_empty() {
            return Ok(());
        }
        // Commands have a copy of the world's mounts, where the keeper stands; threads of this process have the world's
        // own.
        thread::scope(|scope| {
            let mounting = scope.spawn(|| self.enter_current_thread().and_then(|()| mounts.raise()));
            mounting.join().unwrap_or(Err(WorldError::Ended))
        })
    }

    pub(in crate::world) fn spawn(&self, command: Command) -> Result<Child, WorldError> {
        let runtime = Handle::try_current().map_err(|error| WorldError::Spawn {
            program: command.as_std().get_program().into(),
            source: io::Error::other(error.to_string()),
        })?;
        self.ask(move |keeper| keeper.spawn(command, &runtime))?
    }

    pub(in crate::world) fn enter_current_thread(&self) -> Result<(), WorldError> {
        let current = current_directory()?;
        unshare(CloneFlags::CLONE_FS).map_err(WorldError::step(Step::MountNamespace))?;
        setns(&self.view, CloneFlags::CLONE_NEWNS).map_err(WorldError::step(Step::MountNamespace))?;
        setns(&self.customer, CloneFlags::CLONE_NEWNET).map_err(WorldError::step(Step::NetworkNamespace))?;
        chdir(&current).map_err(|errno| WorldError::path("enter", &current)(errno.into()))
    }

    pub(in crate::world) fn close(self) -> Result<(), WorldError> {
        drop(self.jobs);
        self.keeper.join().unwrap_or(Err(WorldError::Ended))
    }

    /// Has the keeper do something and waits for it.
    fn ask<T: Send + 'static>(&self, job: impl FnOnce(&mut Keeper) -> T + Send + 'static) -> Result<T, WorldError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let job = move |keeper: &mut Keeper| {
            // Who asked waits below.
            let _ = answer.send(job(keeper));
        };
        self.jobs.send(Box::new(job)).map_err(|_| WorldError::Ended)?;
        answered.recv().map_err(|_| WorldError::Ended)
    }
}

/// The keeper's life.
fn keep(
    setup: &Setup,
    current: &Path,
    opened: &mpsc::SyncSender<Result<Opened, WorldError>>,
    work: &mpsc::Receiver<Job>,
) -> Result<(), WorldError> {
    let mut keeper = match Keeper::raise(setup, current) {
        Ok((keeper, facts)) => {
            let _ = opened.send(Ok(facts));
            keeper
        }
        Err(error) => {
            let _ = opened.send(Err(error));
            return Ok(());
        }
    };
    while let Ok(job) = work.recv() {
        job(&mut keeper);
    }
    keeper.end()
}

/// Mounts an overlay in the calling thread's world.
fn overlay_trial() -> io::Result<()> {
    let part = |name: &str| {
        let path = Path::new(PORTAL).join(name);
        fs::create_dir(&path).map(|()| path)
    };
    let (store, point) = (part(".store")?, part(".point")?);
    let mut places = Places::new(fs::File::open(&store)?.into());
    places.extend_by_overlay(&point, &fs::File::open("/etc")?.into(), 0o755)
}

fn current_directory() -> Result<PathBuf, WorldError> {
    std::env::current_dir().map_err(WorldError::path("find", "."))
}
