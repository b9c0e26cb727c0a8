//! What does not fit in `[[forward]]`: it leads to what else the integration needs, and never to Thales.

use std::net::{IpAddr, Ipv4Addr};

use crate::model::{Forward, IntegrationFile, Profile};

/// The name server's port, which no forward takes.
const DOMAIN: u16 = 53;

/// What is wrong with the forwards of a file.
pub(super) fn faults(file: &IntegrationFile, profile: Option<&Profile>) -> Vec<String> {
    let mut faults = Vec::new();
    let published = profile.into_iter().flat_map(|profile| &profile.environments).map(|environment| &environment.host);
    let given = file.environments.values().map(|tables| &tables.portal).chain([&file.portal]);
    let hosts: Vec<_> = published.chain(given.filter_map(|portal| portal.inbound_host.as_ref())).collect();
    for (index, forward) in file.forwards.iter().enumerate() {
        let Forward { name, port, .. } = forward;
        let mut fault = |why: &str| faults.push(format!("forward `{name}:{port}`: {why}"));
        if !is_name(name) && name.parse::<Ipv4Addr>().is_err() {
            fault("the name is neither a host nor an IPv4 address");
        }
        if *port == 0 || *port == DOMAIN {
            fault("expected another port");
        }
        if hosts.iter().any(|host| is_below(name, host)) {
            fault("this is Thales, which the run plays itself");
        }
        let is_same = |other: &Forward| other.port == *port && other.name.eq_ignore_ascii_case(name);
        if file.forwards[..index].iter().any(is_same) {
            fault("stands twice");
        }
    }
    faults
}

fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.parse::<IpAddr>().is_err() && name.split('.').all(is_label)
}

fn is_below(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_ascii_lowercase(), host.to_ascii_lowercase());
    name == host || name.strip_suffix(host.as_str()).is_some_and(|rest| rest.ends_with('.'))
}
