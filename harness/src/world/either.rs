//! A world: the same words over a private and a shared network, so that whoever plays a scenario need not care which of
//! the two it runs in.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

use tokio::net::TcpSocket;
use tokio::process::{Child, Command};

use super::addresses::{CUSTOMER, DOMAIN, THALES};
use super::enter::{Host, Network};
use super::error::WorldError;
#[cfg(target_os = "linux")]
use super::private::PrivateWorld;
use super::setup::{Asset, Setup};
use super::shared::{SharedWorld, program};
use super::{sockets, table};

/// Variables that would send a command's traffic to a proxy, which no private network reaches and no shared one should.
const PROXIES: [&str; 6] = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// What one scenario runs in. Its end ends the processes that were started in it, and its files.
#[derive(Debug)]
pub struct World(Ground);

#[derive(Debug)]
enum Ground {
    #[cfg(target_os = "linux")]
    Private(PrivateWorld),
    Shared(Box<SharedWorld>),
}

/// The sockets of a name server. All are nonblocking.
#[derive(Debug)]
pub struct NameServerSockets {
    /// One socket an address that answers must come from.
    pub udp: Vec<UdpSocket>,
    /// For questions over TCP (RFC 7766).
    pub tcp: TcpListener,
}

macro_rules! on {
    ($world:expr, $private:ident => $a:expr, $shared:ident => $b:expr) => {
        match &$world.0 {
            #[cfg(target_os = "linux")]
            Ground::Private($private) => $a,
            Ground::Shared($shared) => $b,
        }
    };
}

impl World {
    /// Opens a world in the network that the host allows. Blocks for some milliseconds.
    ///
    /// # Errors
    /// [`WorldError::Refused`] where the machine refuses a step, [`WorldError::NoFolder`] and its neighbours where a
    /// file cannot lie where it is asked for.
    pub fn open(host: &Host, setup: &Setup) -> Result<Self, WorldError> {
        for (target, name) in &setup.files {
            if !setup.assets.iter().any(|asset| asset.name == *name) {
                return Err(WorldError::UnknownAsset { target: target.clone(), name: name.clone() });
            }
        }
        let ground = match host.network {
            #[cfg(target_os = "linux")]
            Network::Private => Ground::Private(PrivateWorld::open(setup)?),
            _ => Ground::Shared(Box::new(SharedWorld::open(setup)?)),
        };
        Ok(Self(ground))
    }

    /// Which kind of network this is, for the report.
    pub fn network(&self) -> Network {
        on!(self, _p => Network::Private, _s => Network::Shared)
    }

    /// The directory of the assets, as the customer's side sees it. In a private network it exists only there.
    pub fn portal(&self) -> &Path {
        on!(self, _p => Path::new(super::private::PORTAL), s => s.portal())
    }

    /// The paths of [`Setup::files`] that hold no asset, since the network is shared.
    pub fn unplaced(&self) -> &[PathBuf] {
        on!(self, _p => &[], s => s.unplaced())
    }

    /// Puts later assets in the place of former ones of the same name: in the portal directory and at the paths of
    /// [`Setup::files`], in the order given. Each file changes in one step, for whoever opens its path from then on: a
    /// reader sees the former whole or the later whole, and who has the former open goes on reading it. All files
    /// together do not change in one step.
    ///
    /// # Errors
    /// A file cannot be written or mounted.
    pub fn replace(&self, assets: &[Asset]) -> Result<(), WorldError> {
        on!(self, p => p.replace(assets), s => s.replace(assets))
    }

    /// Where a published address is really reached from the customer's side.
    pub fn published(&self, address: Ipv4Addr, port: u16) -> Result<SocketAddr, WorldError> {
        on!(self, _p => Ok(SocketAddr::from((address, port))), s => s.published(address.into(), port))
    }

    /// The listeners of Thales' endpoints on a port. In a private network there is one, for every address that may be
    /// dialled, published or not, and `local_addr` of a connection says which it was; in a shared one there is one a
    /// published address.
    pub fn thales_listeners(&self, addresses: &[Ipv4Addr], port: u16) -> Result<Vec<TcpListener>, WorldError> {
        on!(self,
            p => {
                let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
                Ok(vec![p.in_thales(any, move || sockets::listener_beside(any))?])
            },
            s => s.thales_listeners(&addresses.iter().copied().map(IpAddr::from).collect::<Vec<_>>(), port))
    }

    /// A listener of Thales' side at one address, as [`published`](Self::published) names it: for what is left when an
    /// endpoint has died and its address is to refuse connections, and for a declared forward.
    pub fn thales_listener_at(&self, at: SocketAddr) -> Result<TcpListener, WorldError> {
        on!(self,
            p => p.in_thales(at, move || sockets::listener_beside(at)),
            _s => sockets::listener(at).map_err(|source| WorldError::Socket { address: at, source }))
    }

    /// A socket that sees the packets which arrive at an address and answers none, for who wants to know who dials an
    /// address that refuses. `None` in a shared network, whose packets are not only the world's.
    pub fn packets_at(&self, address: Ipv4Addr) -> Result<Option<UdpSocket>, WorldError> {
        let at = SocketAddr::from((address, 0));
        on!(self, p => p.in_thales(at, move || sockets::packets(at)).map(Some), _s => Ok(None))
    }

    /// The sockets of the name server. Asked twice, a private network refuses: the port is in use.
    pub fn name_server(&self) -> Result<NameServerSockets, WorldError> {
        on!(self,
        p => {
            // All in one go: each asking of the world's own thread costs two changes of threads.
            p.in_thales(SocketAddr::from((Ipv4Addr::UNSPECIFIED, DOMAIN)), || Ok(name_server()))?
        },
        s => {
            let (udp, tcp) = s.name_server()?;
            Ok(NameServerSockets { udp, tcp })
        })
    }

    /// The name server's address, as the customer's side reaches it.
    pub fn resolver(&self) -> SocketAddr {
        on!(self, _p => SocketAddr::from((THALES, DOMAIN)), s => s.resolver())
    }

    /// A socket for a call from Thales, from the source address where one is given. In a shared network the source is a
    /// stand-in, one for each address.
    pub fn thales_dialer(&self, source: Option<Ipv4Addr>) -> Result<TcpSocket, WorldError> {
        let ip = source.map(IpAddr::from);
        on!(self,
        p => p.in_thales(label(ip), move || sockets::dialer(ip)),
        s => {
            let ip = ip.map(|ip| s.source(ip)).transpose()?;
            sockets::dialer(ip).map_err(|source| WorldError::Socket { address: label(ip), source })
        })
    }

    /// The same towards an address, which may be one of IPv6 where the network is shared.
    pub fn thales_dialer_to(&self, remote: SocketAddr, source: Option<Ipv4Addr>) -> Result<TcpSocket, WorldError> {
        match (self.network(), remote) {
            (Network::Shared, SocketAddr::V6(_)) => {
                TcpSocket::new_v6().map_err(|source| WorldError::Socket { address: remote, source })
            }
            _ => self.thales_dialer(source),
        }
    }

    /// Where a receiver must listen for a port of its choice, and where Thales dials it.
    pub fn customer_listen(&self, port: u16) -> Result<SocketAddr, WorldError> {
        on!(self, _p => Ok(SocketAddr::from((CUSTOMER, port))), s => s.customer_listen(port))
    }

    /// A listener on the customer's side, for a declared forward.
    pub fn customer_listener(&self, address: SocketAddr) -> Result<TcpListener, WorldError> {
        on!(self,
            p => p.in_customer(address, move || sockets::listener(address)),
            _s => sockets::listener(address).map_err(|source| WorldError::Socket { address, source }))
    }

    /// A socket for a call within the customer's side, to the service's own health page for example.
    pub fn customer_dialer(&self) -> Result<TcpSocket, WorldError> {
        on!(self,
            p => p.in_customer(label(None), || sockets::dialer(None)),
            _s => sockets::dialer(None).map_err(|source| WorldError::Socket { address: label(None), source }))
    }

    /// The TCP sockets that listen on the customer's side; in a shared network, on the whole machine.
    pub fn listening(&self) -> Result<Vec<SocketAddr>, WorldError> {
        on!(self,
        p => p.listening(),
        _s => table::listening(|name| std::fs::read_to_string(format!("/proc/{name}"))).map_err(WorldError::Table))
    }

    /// Takes the route to a published address away: who dials it is told "no route to host" at once, and connections
    /// that stand fall silent.
    pub fn make_unreachable(&self, address: Ipv4Addr) -> Result<(), WorldError> {
        on!(self, p => p.route(address, true), _s => Err(WorldError::NeedsPrivate("make an address unreachable")))
    }

    /// Gives the route back that [`make_unreachable`](Self::make_unreachable) took.
    pub fn make_reachable(&self, address: Ipv4Addr) -> Result<(), WorldError> {
        on!(self, p => p.route(address, false), _s => Err(WorldError::NeedsPrivate("make an address reachable")))
    }

    /// Starts a command on the customer's side, from within the caller's runtime, which then owns its pipes and its
    /// end. It leads a session of its own in a private network and joins the world's process group in a shared one. It
    /// does not inherit variables that name a proxy; one of its own stands in the world. The directory is the
    /// command's, or the process's current one.
    ///
    /// # Errors
    /// [`WorldError::Spawn`] with the kernel's word: `NotFound`, `PermissionDenied`.
    pub fn spawn(&self, mut command: Command) -> Result<Child, WorldError> {
        without_inherited_proxies(&mut command);
        on!(self,
        p => p.spawn(command),
        s => {
            s.adopt(&mut command)?;
            let program = program(&command);
            command.spawn().map_err(|source| WorldError::Spawn { program: program.into(), source })
        })
    }

    /// Moves the calling thread, and those that it starts from now on, to the customer's side: its network, files and
    /// name service. There is no way back. A shared network has nothing to enter.
    pub fn enter_current_thread(&self) -> Result<(), WorldError> {
        on!(self, p => p.enter_current_thread(), _s => Ok(()))
    }

    /// The directory that holds the world's files on the machine's own disk, where there is one.
    pub fn directory(&self) -> Option<&Path> {
        on!(self, _p => None, s => Some(s.directory()))
    }

    /// Ends the world and waits until its processes are gone. Dropping it ends it too, without the wait.
    ///
    /// # Errors
    /// [`WorldError::Lingering`] if processes are still there after five seconds.
    pub fn close(self) -> Result<(), WorldError> {
        match self.0 {
            #[cfg(target_os = "linux")]
            Ground::Private(private) => private.close(),
            Ground::Shared(_) => Ok(()),
        }
    }
}

/// The sockets of a private network's name server, made in the network of the calling thread.
#[cfg(target_os = "linux")]
fn name_server() -> Result<NameServerSockets, WorldError> {
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, DOMAIN));
    let refused = |source| WorldError::Socket { address: any, source };
    Ok(NameServerSockets {
        udp: vec![sockets::udp(any).map_err(refused)?],
        tcp: sockets::listener(any).map_err(refused)?,
    })
}

fn label(ip: Option<IpAddr>) -> SocketAddr {
    SocketAddr::new(ip.unwrap_or(IpAddr::from(Ipv4Addr::UNSPECIFIED)), 0)
}

fn without_inherited_proxies(command: &mut Command) {
    for proxy in PROXIES {
        if !command.as_std().get_envs().any(|(name, value)| name == proxy && value.is_some()) {
            command.env_remove(proxy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_the_commands_own_or_none() {
        let mut command = Command::new("true");
        command.env("https_proxy", "http://127.0.0.1:3128").env("KEPT", "kept");
        without_inherited_proxies(&mut command);
        let said: Vec<_> = command.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))).collect();
        assert_eq!(
            said,
            [("KEPT".as_ref(), "kept".as_ref()), ("https_proxy".as_ref(), "http://127.0.0.1:3128".as_ref())]
        );
        let removed = command.as_std().get_envs().filter(|(_, value)| value.is_none()).count();
        assert_eq!(removed, PROXIES.len() - 1);
    }
}
