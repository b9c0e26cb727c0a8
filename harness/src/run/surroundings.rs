//! What stands around the integration beside Thales: declared forwards to what else it needs on this machine, relayed
//! byte by byte, and nothing besides. Who dials anything else is seen and goes nowhere. In a shared network the machine's
//! own surroundings are there, and nothing of this is.

use std::collections::{BTreeMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use mock_thales::endpoint::watch_strays;
use mock_thales::observe::{Actor, Event, Recorder};
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::RunError;
use crate::model::Forward;
use crate::world::{HTTPS, Network, World};

/// Addresses of forwards that have a name: 198.18.0.1 and its followers, which nobody has (RFC 2544).
const FORWARDS: u32 = u32::from_be_bytes([198, 18, 0, 0]);
const DOMAIN: u16 = 53;

/// Forwards that listen. They end when this is dropped.
#[derive(Debug)]
pub(super) struct Surroundings {
    names: BTreeMap<String, IpAddr>,
    tasks: JoinSet<()>,
}

impl Surroundings {
    /// Lets forwards listen and watches who dials past them. `https`: whether Thales listens in this world.
    ///
    /// # Errors
    /// The world refuses a socket.
    pub(super) fn start(
        world: &World,
        forwards: &[Forward],
        https: bool,
        recorder: &Arc<Recorder>,
    ) -> Result<Self, RunError> {
        let mut around = Self { names: BTreeMap::new(), tasks: JoinSet::new() };
        if world.network() == Network::Shared {
            return Ok(around);
        }
        let mut taken = HashSet::from([(None, DOMAIN)]);
        if https {
            taken.insert((None, HTTPS));
        }
        for forward in forwards {
            let ip = around.address(&forward.name);
            let at = SocketAddr::new(ip, forward.port);
            let listener =
                if ip.is_loopback() { world.customer_listener(at)? } else { world.thales_listener_at(at)? };
            taken.insert((Some(ip), forward.port));
            around.relay(listener, forward.clone(), recorder)?;
        }
        // What is not seen is not listed.
        if let Ok(Some(packets)) = world.packets_at(Ipv4Addr::UNSPECIFIED) {
            let recorder = Arc::clone(recorder);
            around.tasks.spawn(async move { drop(watch_strays(packets, taken, recorder).await) });
        }
        Ok(around)
    }

    /// The names that forwards are called by, each with its address.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, IpAddr)> {
        self.names.iter().map(|(name, ip)| (name.as_str(), *ip))
    }

    fn address(&mut self, name: &str) -> IpAddr {
        if let Ok(ip) = name.parse() {
            return ip;
        }
        if name.eq_ignore_ascii_case("localhost") {
            return Ipv4Addr::LOCALHOST.into();
        }
        let next = FORWARDS + u32::try_from(self.names.len()).unwrap_or(0) + 1;
        *self.names.entry(name.to_ascii_lowercase()).or_insert_with(|| Ipv4Addr::from(next).into())
    }

    fn relay(&mut self, listener: TcpListener, forward: Forward, recorder: &Arc<Recorder>) -> Result<(), RunError> {
        listener.set_nonblocking(true).map_err(RunError::Socket)?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(RunError::Socket)?;
        let recorder = Arc::clone(recorder);
        self.tasks.spawn(async move {
            let mut relays = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                        let (forward, recorder) = (forward.clone(), Arc::clone(&recorder));
                        relays.spawn(async move { relay_one(stream, forward, &recorder).await });
                    },
                    Some(_) = relays.join_next() => {}
                }
            }
        });
        Ok(())
    }
}

/// One connection, from this process's own network: that of the machine.
async fn relay_one(mut inner: TcpStream, forward: Forward, recorder: &Recorder) {
    let Forward { name, port, to } = forward;
    let outer = TcpStream::connect((to.host.as_str(), to.port)).await;
    let failed = outer.as_ref().err().map(|error| format!("{}:{}: {error}", to.host, to.port));
    recorder.record(Actor::Runner, Event::Forwarded { name, port, failed });
    if let Ok(mut outer) = outer {
        // Either side may break it off: the other is told by the close.
        let _ = copy_bidirectional(&mut inner, &mut outer).await;
    }
}
