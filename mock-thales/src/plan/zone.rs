//! What the name server is to answer.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Answers for the inbound host. Everything else in the zone is derived from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ZonePlan {
    /// Addresses, in the order answered. IPv4 for A, IPv6 for AAAA.
    pub addresses: Vec<IpAddr>,
    /// Time to live of every record, in seconds.
    pub ttl_s: u32,
    /// How it answers.
    pub mode: ZoneMode,
    /// Makes the host a CNAME of this first label under it: `pod-1` for `pod-1.api.example.com`. The address belongs
    /// to that subdomain.
    pub subdomain: Option<String>,
}

/// How the name server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ZoneMode {
    /// As the records say.
    Normal,
    /// NXDOMAIN to everything.
    Nxdomain,
    /// SERVFAIL to everything.
    Servfail,
    /// Nothing at all.
    Silence,
}
