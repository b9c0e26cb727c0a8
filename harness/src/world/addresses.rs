//! The addresses of a private network, all from the blocks that RFC 5737 keeps for documentation.
//! Scenarios choose the addresses that they publish themselves.

use std::net::Ipv4Addr;

/// Thales' end of the cable: the default route of the customer's side, and its name server.
pub const THALES: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// The customer's end of the cable: where a receiver is reached.
pub const CUSTOMER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);

/// The port that Thales' endpoints are published on.
pub const HTTPS: u16 = 443;

/// The port of a name server (RFC 1035, 4.2).
pub(super) const DOMAIN: u16 = 53;
