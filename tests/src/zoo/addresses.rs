//! Callers that do not find Thales by the name server, or keep what it said.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use thales_harness::Portal;

use super::caller::{Caller, Lookup, system};
use super::callers::inbound_but;
use super::defect::{D1, Defect};

/// Scenarios with a moving address.
const DNS: [&str; 2] = ["dns/*", "inbound/address-ranges"];

pub(super) fn all() -> Vec<Defect> {
    let never = Duration::from_secs(3600);
    vec![
        looking_up("an_address_that_is_configured", || fixed([192, 0, 2, 77]))
            .only(&["dns/*", "inbound/*"])
            .everywhere()
            .fails(&["dns.resolves", "dns.ttl", "dns.subdomains", "dns.dead-address"])
            .inconclusive(&[inbound_but(&[]), vec!["dns.pool", "dns.recovery"]].concat())
            .inconclusive_in(D1, "general.customer"),
        looking_up("an_address_that_is_kept_for_ever", move || caching(never))
            .only(&DNS)
            .everywhere()
            .fails(&["dns.ttl", "dns.subdomains", "dns.dead-address"])
            .inconclusive(&["dns.pool", "dns.recovery"]),
        looking_up("an_address_that_is_kept_for_20_s", || caching(Duration::from_secs(20)))
            .only(&DNS)
            .fails(&["dns.ttl", "dns.subdomains", "dns.dead-address"])
            .inconclusive(&["dns.pool", "dns.recovery"]),
        // Where the old address dies, its ten seconds of waiting for a connection would decide, not its cache.
        looking_up("an_address_that_is_kept_for_1_s", || caching(Duration::from_secs(1))).only(&[
            "dns/address-change",
            "dns/subdomain-change",
            "dns/asks-first",
            "inbound/address-ranges",
        ]),
        looking_up("a_failed_look_up_that_is_remembered", failing).only(&["dns/*"]).fails(&["dns.recovery"]),
        looking_up("a_list_of_allowed_addresses", allowing)
            .only(&["inbound/address-ranges", "dns/asks-first"])
            .fails(&["inbound.no-filtering"]),
        Defect::new("a_pool_that_keeps_its_connection", |portal: &Portal| {
            Ok::<_, String>(Caller::new(portal)?.keeping())
        })
        .only(&DNS)
        .fails(&["dns.pool"]),
    ]
}

fn looking_up(name: &'static str, lookup: impl Fn() -> Lookup + Send + Sync + Clone + 'static) -> Defect {
    Defect::new(name, move |portal: &Portal| Ok::<_, String>(Caller::new(portal)?.looking_up(lookup())))
}

fn fixed(address: [u8; 4]) -> Lookup {
    Box::new(move |_, port| Ok(SocketAddr::from((address, port))))
}

fn caching(time: Duration) -> Lookup {
    let mut known: Option<(SocketAddr, Instant)> = None;
    Box::new(move |host, port| match known {
        Some((address, since)) if since.elapsed() < time => Ok(address),
        _ => {
            let address = system(host, port)?;
            known = Some((address, Instant::now()));
            Ok(address)
        }
    })
}

/// As the JVM with a negative time to live that is longer than its ten seconds.
fn failing() -> Lookup {
    let mut failed = false;
    Box::new(move |host, port| {
        if failed {
            return Err(io::Error::other("the name had no address"));
        }
        system(host, port).inspect_err(|_| failed = true)
    })
}

fn allowing() -> Lookup {
    Box::new(|host, port| match system(host, port)? {
        address if matches!(address.ip(), IpAddr::V4(ip) if ip.octets()[..2] == [198, 51]) => Ok(address),
        _ => Err(io::Error::from(io::ErrorKind::PermissionDenied)),
    })
}
