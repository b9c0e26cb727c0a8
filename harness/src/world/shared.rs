//! A world on the machine's own loopback, for where namespaces are refused: every published address has a stand-in in a
//! block of 127.0.0.0/8, every well-known port one of the kernel's choice, and the resolver is explicit. The assets lie
//! in a locked directory. Nothing here keeps the integration from the rest of the network.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, setpgid};
use std::os::fd::{AsRawFd as _, OwnedFd};
use tokio::process::Command;

use super::error::WorldError;
use super::lifeline;
use super::refusal::Step;
use super::setup::{Asset, Setup, Standing};
use super::sockets;
use super::stale::LockedDirectory;

/// How often a port is drawn anew when an address of the block has it in use.
const DRAWS: usize = 16;

/// The first and the last host of a block that stand for published addresses; those below are the world's own.
const HOSTS: std::ops::RangeInclusive<u8> = 10..=250;

/// A world on loopback.
#[derive(Debug)]
pub(super) struct SharedWorld {
    directory: LockedDirectory,
    portal: PathBuf,
    unplaced: Vec<PathBuf>,
    block: [u8; 3],
    names: (Vec<UdpSocket>, TcpListener),
    map: Mutex<Map>,
    /// Made before the first command.
    group: OnceLock<ProcessGroup>,
    /// What outlives the world.
    standing: Option<Standing>,
}

/// What stands for what. A port's guard is a bound socket that keeps it from the kernel's next choice.
#[derive(Debug, Default)]
struct Map {
    hosts: HashMap<IpAddr, u8>,
    ports: HashMap<u16, (u16, socket2::Socket)>,
    customer: HashMap<u16, u16>,
}

impl SharedWorld {
    pub(super) fn open(setup: &Setup) -> Result<Self, WorldError> {
        let directory = LockedDirectory::make()?;
        let block = random_block();
        let names = match &setup.standing {
            Some(standing) => name_server_at(standing.name_server)?,
            None => name_server(block)?,
        };
        let portal = directory.subdirectory("portal")?;
        for asset in &setup.assets {
            write_new(&portal.join(&asset.name), &asset.content, asset.mode())?;
        }
        let world = Self {
            directory,
            portal,
            unplaced: setup.files.keys().cloned().collect(),
            block,
            names,
            map: Mutex::default(),
            group: OnceLock::new(),
            standing: setup.standing.clone(),
        };
        if !setup.threads_only {
            world.group()?;
        }
        Ok(world)
    }

    /// Replaces files of the portal directory, each in one step.
    pub(super) fn replace(&self, assets: &[Asset]) -> Result<(), WorldError> {
        assets.iter().try_for_each(|asset| asset.replace(&self.portal.join(&asset.name)))
    }

    pub(super) fn portal(&self) -> &Path {
        &self.portal
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn unplaced(&self) -> &[PathBuf] {
        &self.unplaced
    }

    pub(super) fn published(&self, address: IpAddr, port: u16) -> Result<SocketAddr, WorldError> {
        if let Some(standing) = &self.standing {
            return Ok(SocketAddr::from((standing.address, standing.listen.port())));
        }
        let mut map = self.map();
        let ip = self.stand_in(&mut map, address)?;
        if let Some((real, _)) = map.ports.get(&port) {
            return Ok(SocketAddr::new(ip, *real));
        }
        let (real, guard) = self.guard()?;
        map.ports.insert(port, (real, guard));
        Ok(SocketAddr::new(ip, real))
    }

    pub(super) fn thales_listeners(&self, addresses: &[IpAddr], port: u16) -> Result<Vec<TcpListener>, WorldError> {
        if let Some(Standing { listen: address, .. }) = self.standing {
            return Ok(vec![sockets::listener(address).map_err(|source| WorldError::Socket { address, source })?]);
        }
        let mut map = self.map();
        let stand_ins =
            addresses.iter().map(|address| self.stand_in(&mut map, *address)).collect::<Result<Vec<_>, _>>()?;
        let listen = |real: u16| {
            stand_ins
                .iter()
                .map(|ip| {
                    let address = SocketAddr::new(*ip, real);
                    sockets::listener(address).map_err(|source| WorldError::Socket { address, source })
                })
                .collect::<Result<Vec<_>, _>>()
        };
        // A port that was told to somebody cannot be drawn anew.
        if let Some((real, _)) = map.ports.get(&port) {
            return listen(*real);
        }
        let mut draws = 0;
        loop {
            let (real, guard) = self.guard()?;
            draws += 1;
            match listen(real) {
                Err(WorldError::Socket { source, .. })
                    if source.kind() == io::ErrorKind::AddrInUse && draws < DRAWS => {}
                Err(error) => return Err(error),
                Ok(listeners) => {
                    map.ports.insert(port, (real, guard));
                    return Ok(listeners);
                }
            }
        }
    }

    pub(super) fn name_server(&self) -> Result<(Vec<UdpSocket>, TcpListener), WorldError> {
        let source = |source| WorldError::Socket { address: self.resolver(), source };
        let udp = self.names.0.iter().map(UdpSocket::try_clone).collect::<Result<_, _>>().map_err(source)?;
        Ok((udp, self.names.1.try_clone().map_err(source)?))
    }

    pub(super) fn resolver(&self) -> SocketAddr {
        self.names.1.local_addr().unwrap_or(SocketAddr::from((own(self.block), 0)))
    }

    /// The stand-in of a source address, so that different sources stay different.
    pub(super) fn source(&self, address: IpAddr) -> Result<IpAddr, WorldError> {
        self.stand_in(&mut self.map(), address)
    }

    pub(super) fn customer_listen(&self, port: u16) -> Result<SocketAddr, WorldError> {
        let mut map = self.map();
        let real = match map.customer.get(&port) {
            Some(real) => *real,
            None => {
                let (real, _) = bound(Ipv4Addr::LOCALHOST)?;
                map.customer.insert(port, real);
                real
            }
        };
        Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, real)))
    }

    /// Makes the command a member of the world's process group.
    pub(super) fn adopt(&self, command: &mut Command) -> Result<(), WorldError> {
        command.process_group(self.group()?.leader.as_raw());
        Ok(())
    }

    fn group(&self) -> Result<&ProcessGroup, WorldError> {
        if self.group.get().is_none() {
            // Of two that are made at once the second one is dropped, and ended by that.
            let _ = self.group.set(ProcessGroup::make()?);
        }
        self.group.get().ok_or(WorldError::Ended)
    }

    fn map(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stand_in(&self, map: &mut Map, address: IpAddr) -> Result<IpAddr, WorldError> {
        let next = HOSTS.clone().nth(map.hosts.len());
        let host = match map.hosts.get(&address) {
            Some(host) => *host,
            None => *map.hosts.entry(address).or_insert(next.ok_or(WorldError::TooManyAddresses)?),
        };
        let [a, b, c] = self.block;
        Ok(Ipv4Addr::new(a, b, c, host).into())
    }

    fn guard(&self) -> Result<(u16, socket2::Socket), WorldError> {
        bound(own(self.block))
    }
}

/// A block of 256 addresses for this world, away from those that resolvers and distributions use (127.0.0.53,
/// 127.0.1.1).
fn random_block() -> [u8; 3] {
    let [x, y, ..] = RandomState::new().hash_one(std::process::id()).to_ne_bytes();
    [127, 64 | (x & 0x7f), y]
}

/// The world's own address: its name server's, and that of the ports' guards.
fn own(block: [u8; 3]) -> Ipv4Addr {
    Ipv4Addr::new(block[0], block[1], block[2], 1)
}

/// A port of the kernel's choice, and the socket that holds it.
fn bound(ip: Ipv4Addr) -> Result<(u16, socket2::Socket), WorldError> {
    let address = SocketAddr::from((ip, 0));
    let bind = || {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        socket.bind(&address.into())?;
        let port = socket.local_addr()?.as_socket().map_or(0, |bound| bound.port());
        Ok((port, socket))
    };
    bind().map_err(|source| WorldError::Socket { address, source })
}

/// UDP and TCP on a port that was chosen before.
fn name_server_at(address: SocketAddr) -> Result<(Vec<UdpSocket>, TcpListener), WorldError> {
    let at = |source| WorldError::Socket { address, source };
    Ok((vec![sockets::udp(address).map_err(at)?], sockets::listener(address).map_err(at)?))
}

/// UDP and TCP on one port of the kernel's choice.
fn name_server(block: [u8; 3]) -> Result<(Vec<UdpSocket>, TcpListener), WorldError> {
    let any = SocketAddr::from((own(block), 0));
    let at = |address| move |source| WorldError::Socket { address, source };
    let mut draws = 0;
    loop {
        let tcp = sockets::listener(any).map_err(at(any))?;
        let address = tcp.local_addr().map_err(at(any))?;
        draws += 1;
        match sockets::udp(address) {
            Ok(udp) => return Ok((vec![udp], tcp)),
            Err(source) if draws < DRAWS && source.kind() == io::ErrorKind::AddrInUse => {}
            Err(source) => return Err(WorldError::Socket { address, source }),
        }
    }
}

fn write_new(path: &Path, content: &[u8], mode: u32) -> Result<(), WorldError> {
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        io::Write::write_all(&mut file, content)?;
        // The mode of `open` is subject to the umask.
        file.set_permissions(fs::Permissions::from_mode(mode))
    };
    write().map_err(WorldError::path("create", path))
}

/// The process group of a world's children. Its leader is a process that does nothing but wait for the end of the
/// harness and then kills its group; as long as it is not reaped, the group's number belongs to nobody else.
#[derive(Debug)]
struct ProcessGroup {
    leader: Pid,
    _lifeline: OwnedFd,
}

impl ProcessGroup {
    #[expect(unsafe_code, reason = "a process that outlives a SIGKILL of the harness has to be forked")]
    fn make() -> Result<Self, WorldError> {
        let (read, write) = io::pipe().map_err(WorldError::step(Step::Thread))?;
        // SAFETY: the child makes raw system calls only and never returns.
        match unsafe { fork() }.map_err(WorldError::step(Step::Thread))? {
            ForkResult::Child => {
                let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
                lifeline::outlive(read.as_raw_fd());
                // SAFETY: these calls end this process and its group.
                unsafe {
                    libc::kill(0, libc::SIGKILL);
                    libc::_exit(0)
                }
            }
            ForkResult::Parent { child } => {
                // Whichever of the two comes first makes the group.
                let _ = setpgid(child, child);
                Ok(Self { leader: child, _lifeline: write.into() })
            }
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        let _ = killpg(self.leader, Signal::SIGKILL);
        let _ = waitpid(self.leader, None);
    }
}

/// The program of a command, for messages.
pub(super) fn program(command: &Command) -> OsString {
    command.as_std().get_program().to_owned()
}
