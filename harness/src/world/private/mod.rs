//! A private network: two network namespaces joined by a veth pair, a mount namespace and, for commands, a PID
//! namespace, kept by one parked thread. Linux only; everything that knows of namespaces is in this folder and in
//! `enter.rs`.

mod init;
mod keeper;
mod launch;
mod listening;
mod mounts;
mod network;
mod nsswitch;
mod one_core;
mod place;
mod renewal;
mod world;

pub(super) use listening::listening;
pub(super) use mounts::PORTAL;
pub(super) use network::raise_loopback;
pub(crate) use one_core::OneCore;
pub(super) use world::PrivateWorld;
