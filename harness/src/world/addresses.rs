//! The addresses of a private network, all from the blocks that RFC 5737 keeps for documentation, and the public
//! resolvers that an integration may have written down. Scenarios choose the addresses that they publish themselves.

use std::net::Ipv4Addr;

/// Thales' end of the cable: the default route of the customer's side, and its name server.
pub const THALES: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// The customer's end of the cable: where a receiver is reached.
pub const CUSTOMER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);

/// The port that Thales' endpoints are published on.
pub const HTTPS: u16 = 443;

/// The port of a name server (RFC 1035, 4.2).
pub(super) const DOMAIN: u16 = 53;

/// Resolvers that integrations have written down; each gets a socket of its own, since an answer must come from the
/// address that was asked.
pub const PUBLIC_RESOLVERS: [Ipv4Addr; 5] = [
    Ipv4Addr::new(8, 8, 8, 8),
    Ipv4Addr::new(8, 8, 4, 4),
    Ipv4Addr::new(1, 1, 1, 1),
    Ipv4Addr::new(1, 0, 0, 1),
    Ipv4Addr::new(9, 9, 9, 9),
];
