//! The networks that a scenario runs in.
//!
//! A world has two sides: Thales' side, where the counterpart's sockets are made, and the customer's side, where the
//! integration runs and finds its assets. On Linux each world is private (namespaces joined by a cable, the real
//! addresses and ports); where that is refused, the same words work over a shared network on loopback.
//! [`enter`] comes first, while the process has one thread. Who listens, who dials and what is said is decided
//! elsewhere.

mod addresses;
mod doctor;
mod either;
mod enter;
mod error;
mod ladder;
mod lifeline;
mod one_core;
#[cfg(target_os = "linux")]
mod private;
mod refusal;
mod setup;
mod shared;
mod sockets;
mod stale;
mod surroundings;
mod table;

pub use addresses::{CUSTOMER, HTTPS, THALES};
pub use doctor::{Finding, doctor};
pub use either::{NameServerSockets, World};
pub use enter::{Host, Network, Probe, Wanted, enter};
pub use error::WorldError;
pub use ladder::{Footing, Rung, ladder};
pub(crate) use one_core::OneCore;
pub use refusal::{Refusal, Step};
pub use setup::{Asset, Setup, Standing};
pub use stale::sweep_stale;
