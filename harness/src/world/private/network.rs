//! The two networks of a world and the cable between them. Thales' side holds every address (AnyIP), so that whatever
//! the customer's side dials arrives there; the customer's side has one address and one way out, the cable.

use std::fs::{self, File};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use nix::sched::{CloneFlags, unshare};
use rtnetlink::packet_route::link::{InfoData, InfoKind, InfoVeth, LinkAttribute, LinkMessage, State};
use rtnetlink::packet_route::route::{RouteScope, RouteType};
use rtnetlink::{Handle, LinkMessageBuilder, LinkUnspec, LinkVeth, RouteMessageBuilder, new_connection};
use tokio::runtime::Runtime;

use crate::world::addresses::{CUSTOMER, THALES};
use crate::world::error::WorldError;
use crate::world::refusal::Step;

/// A fresh network numbers its loopback 1; the end of the cable is given the next number.
const LOOPBACK: u32 = 1;
const CABLE: u32 = 2;
/// Neither end has neighbours: everything that the customer's side dials goes through Thales'.
const PREFIX: u8 = 32;
/// The kernel's table `local` (RT_TABLE_LOCAL), which is asked before any other.
const LOCAL: u32 = 255;

/// How long the kernel may take to connect both ends; it takes microseconds, under load milliseconds.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);

/// Both networks, for as long as somebody holds them.
#[derive(Debug)]
pub(super) struct Networks {
    pub(super) thales: OwnedFd,
    pub(super) customer: OwnedFd,
    runtime: Runtime,
    routes: Handle,
}

impl Networks {
    /// Makes both. The calling thread is in Thales' network afterwards.
    pub(super) fn raise() -> Result<Self, WorldError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .map_err(WorldError::step(Step::Thread))?;
        let (customer, customer_side) = network(&runtime)?;
        let (thales, thales_side) = network(&runtime)?;
        runtime.block_on(async {
            join(&thales_side, &customer).await.map_err(refused(Step::Cable))?;
            thales_routes(&thales_side).await.map_err(refused(Step::Routes))?;
            customer_routes(&customer_side).await.map_err(refused(Step::Routes))?;
            // A packet that meets an end which is not yet connected is dropped, and its sender waits a second or more.
            connected(&thales_side).await?;
            connected(&customer_side).await
        })?;
        Ok(Self { thales, customer, runtime, routes: thales_side })
    }

    /// Takes away or gives back the way to one address. The calling thread must be in Thales' network.
    pub(super) fn route(&self, address: Ipv4Addr, unreachable: bool) -> Result<(), WorldError> {
        let failed = |source| WorldError::Route { address: address.into(), source };
        let route = route().kind(RouteType::Unreachable).table_id(LOCAL).destination_prefix(address, 32).build();
        if unreachable {
            // A host that forwards nothing drops what it cannot reach in silence; a router says so (RFC 1812, 5.2.7.1).
            fs::write("/proc/sys/net/ipv4/ip_forward", "1").map_err(failed)?;
            // Once a second at most, by the kernel's rule, which a caller that tries four times a second exceeds: it would
            // wait for its own retransmissions, up to seven seconds. A kernel without the word keeps to its rule.
            let _ = fs::write("/proc/sys/net/ipv4/icmp_ratelimit", "0");
            let done = self.runtime.block_on(self.routes.route().add(route).execute());
            done.map_err(|error| failed(system(error)))
        } else {
            let done = self.runtime.block_on(self.routes.route().del(route).execute());
            done.map_err(|error| failed(system(error)))
        }
    }
}

/// Makes a network, enters it, and opens a connection to its configuration.
fn network(runtime: &Runtime) -> Result<(OwnedFd, Handle), WorldError> {
    unshare(CloneFlags::CLONE_NEWNET).map_err(WorldError::step(Step::NetworkNamespace))?;
    let network = File::open("/proc/thread-self/ns/net").map_err(WorldError::step(Step::NetworkNamespace))?;
    let handle = runtime.block_on(async { connect() }).map_err(WorldError::step(Step::NetworkNamespace))?;
    Ok((network.into(), handle))
}

fn connect() -> io::Result<Handle> {
    let (connection, handle, _) = new_connection()?;
    tokio::spawn(connection);
    Ok(handle)
}

async fn join(thales: &Handle, customer: &OwnedFd) -> Result<(), rtnetlink::Error> {
    let peer = LinkUnspec::new_with_index(CABLE).name("eth0").setns_by_fd(customer.as_raw_fd()).build();
    let cable = LinkMessageBuilder::<LinkVeth>::new_with_info_kind(InfoKind::Veth)
        .name("thales0")
        .index(CABLE)
        .set_info_data(InfoData::Veth(InfoVeth::Peer(peer)))
        .build();
    thales.link().add(cable).execute().await
}

async fn thales_routes(handle: &Handle) -> Result<(), rtnetlink::Error> {
    up(handle, LOOPBACK).await?;
    handle.address().add(CABLE, THALES.into(), PREFIX).execute().await?;
    up(handle, CABLE).await?;
    let everything = route()
        .kind(RouteType::Local)
        .scope(RouteScope::Host)
        .table_id(LOCAL)
        .output_interface(LOOPBACK)
        .destination_prefix(Ipv4Addr::UNSPECIFIED, 0);
    handle.route().add(everything.build()).execute().await?;
    // Without this one the customer's address would be local too: its packets martians, the answers delivered at home.
    let customer =
        route().scope(RouteScope::Link).table_id(LOCAL).output_interface(CABLE).destination_prefix(CUSTOMER, 32);
    handle.route().add(customer.build()).execute().await
}

async fn customer_routes(handle: &Handle) -> Result<(), rtnetlink::Error> {
    up(handle, LOOPBACK).await?;
    handle.address().add(CABLE, CUSTOMER.into(), PREFIX).execute().await?;
    up(handle, CABLE).await?;
    let neighbour = route().scope(RouteScope::Link).output_interface(CABLE).destination_prefix(THALES, 32);
    handle.route().add(neighbour.build()).execute().await?;
    let out = route().destination_prefix(Ipv4Addr::UNSPECIFIED, 0).gateway(THALES);
    handle.route().add(out.build()).execute().await
}

async fn up(handle: &Handle, index: u32) -> Result<(), rtnetlink::Error> {
    handle.link().set(LinkUnspec::new_with_index(index).up().build()).execute().await
}

/// Waits until the kernel has switched this end of the cable on, which it does some time after both ends were set up.
async fn connected(handle: &Handle) -> Result<(), WorldError> {
    let deadline = Instant::now() + CONNECTED_WITHIN;
    loop {
        let mut links = handle.link().get().match_index(CABLE).execute();
        while let Some(link) = links.next().await {
            if is_up(&link.map_err(refused(Step::Cable))?) {
                return Ok(());
            }
        }
        if Instant::now() > deadline {
            return Err(WorldError::Refused { step: Step::Cable, source: io::ErrorKind::TimedOut.into() });
        }
        tokio::task::yield_now().await;
    }
}

fn is_up(link: &LinkMessage) -> bool {
    link.attributes.iter().any(|attribute| matches!(attribute, LinkAttribute::OperState(State::Up)))
}

fn route() -> RouteMessageBuilder<Ipv4Addr> {
    RouteMessageBuilder::<Ipv4Addr>::new()
}

fn refused(step: Step) -> impl FnOnce(rtnetlink::Error) -> WorldError {
    move |error| WorldError::Refused { step, source: system(error) }
}

/// The kernel's number, where the error carries one.
fn system(error: rtnetlink::Error) -> io::Error {
    match error {
        rtnetlink::Error::NetlinkError(message) => message.to_io(),
        other => io::Error::other(other.to_string()),
    }
}

/// Switches the loopback of the calling thread's network on.
pub(in crate::world) fn raise_loopback() -> Result<(), WorldError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(WorldError::step(Step::Thread))?;
    runtime.block_on(async {
        let handle = connect().map_err(WorldError::step(Step::NetworkNamespace))?;
        up(&handle, LOOPBACK).await.map_err(refused(Step::NetworkNamespace))
    })
}
