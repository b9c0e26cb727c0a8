//! Callers that do not find Thales by the name server, or keep what it said.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use openssl::ssl::SslVersion;
use thales_harness::Portal;

use super::caller::{Caller, Lookup, system};
use super::callers::inbound_but;
use super::defect::{D1, Defect};
use super::tls::{OpenSsl, Sni, Tls};

/// Where a cluster's own interface may be.
const NEIGHBOUR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 96, 0, 1)), 443);

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
            .everywhere()
            .fails(&["inbound.no-filtering"]),
        // What else it needs has port 443 as well.
        beside("a_neighbour_that_is_called_by_its_name", Sni::Other("kubernetes.default")),
        beside("a_neighbour_that_is_called_without_a_name", Sni::None).inconclusive(&[
            "dns.resolves",
            "dns.ttl",
            "inbound.host",
        ]),
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

/// Calls a neighbour before each call to Thales.
fn beside(name: &'static str, sni: Sni) -> Defect {
    Defect::new(name, move |portal: &Portal| {
        let neighbour = OpenSsl::new(portal, SslVersion::TLS1_2, SslVersion::TLS1_3)?.sni(sni);
        let lookup: Lookup = Box::new(move |host, port| {
            let socket = TcpStream::connect_timeout(&NEIGHBOUR, Duration::from_secs(5))?;
            // Nobody answers there; that it was tried is all.
            let _ = neighbour.secure("neighbour.example", socket);
            system(host, port)
        });
        Ok::<_, String>(Caller::new(portal)?.looking_up(lookup))
    })
    .only(&["dns/asks-first", "dns/address-change", "inbound/control", "inbound/host"])
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
