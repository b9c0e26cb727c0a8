//! What the machine allows and what it refuses, one finding a thing, with the exact fix. It reads what the trial at the
//! start of the run found; it tries nothing itself.

use std::path::Path;

use super::enter::{Host, Network};
use super::refusal::Step;

/// One thing that the harness needs or minds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The thing, as in "veth pair".
    pub what: &'static str,
    /// Whether all is well.
    pub ok: bool,
    /// What was seen.
    pub detail: String,
    /// What to do, where something can be done.
    pub fix: Option<String>,
}

/// Steps of the set-up, and what a reader calls them.
const STEPS: [(&str, &[Step]); 6] = [
    ("user namespace", &[Step::OneThread, Step::UserNamespace, Step::IdentityMap]),
    ("mount namespace", &[Step::MountNamespace]),
    ("network namespace", &[Step::Thread, Step::NetworkNamespace]),
    ("veth pair", &[Step::Cable, Step::Routes]),
    ("mounts", &[Step::Mounts]),
    ("PID namespace", &[Step::PidNamespace]),
];

const PROXIES: [&str; 6] = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// The findings about this machine and process.
pub fn doctor(host: &Host) -> Vec<Finding> {
    let mut findings: Vec<_> = STEPS.iter().map(|(what, steps)| namespace(host, what, steps)).collect();
    findings.push(extra(
        "overlayfs",
        host.probe.overlay,
        "folders for [files] can be made up",
        "folders for [files] are made up entry by entry",
        "create the folders of [files] by hand if one cannot be made up",
    ));
    findings.push(extra(
        "low ports",
        host.probe.low_ports,
        "an ordinary user may listen on port 443",
        "an ordinary user cannot listen on port 443: /proc/sys is read-only",
        "mount /proc writable, or let receivers listen on a port from 1024 on",
    ));
    findings.push(name_service_cache(host));
    findings.push(proxies(|name| std::env::var_os(name).is_some()));
    findings
}

fn namespace(host: &Host, what: &'static str, steps: &[Step]) -> Finding {
    let reached = |refused: Step| order(steps) > order(&[refused]);
    let (ok, detail, fix) = match (&host.refusal, host.probe.refused) {
        _ if !host.probe.tried => (host.refusal.is_none(), "not tried".to_owned(), None),
        (Some(refusal), Some((step, _))) if steps.contains(&step) => (false, refusal.to_string(), Some(refusal.fix())),
        (Some(_), Some((step, _))) if reached(step) => {
            (false, "not tried, since something before it was refused".to_owned(), None)
        }
        _ if what == "user namespace" && host.network == Network::Private && !host.user_namespace => {
            (true, "not needed: the harness runs as root".to_owned(), None)
        }
        _ => (true, "works".to_owned(), None),
    };
    Finding { what, ok, detail, fix }
}

/// The place of a group of steps on the list.
fn order(steps: &[Step]) -> usize {
    STEPS.iter().position(|(_, group)| steps.iter().any(|step| group.contains(step))).unwrap_or(STEPS.len())
}

fn extra(what: &'static str, found: Option<bool>, good: &str, bad: &str, fix: &str) -> Finding {
    match found {
        Some(true) => Finding { what, ok: true, detail: good.to_owned(), fix: None },
        Some(false) => Finding { what, ok: false, detail: bad.to_owned(), fix: Some(fix.to_owned()) },
        None => Finding { what, ok: false, detail: "not tried".to_owned(), fix: None },
    }
}

/// A cache on the machine answers in the place of the scenario's name server, unless it is masked.
fn name_service_cache(host: &Host) -> Finding {
    let seen = Path::new("/run/nscd/socket").exists();
    let (ok, detail, fix) = match (seen, host.network) {
        (false, _) => (true, "no name service cache runs here", None),
        (true, Network::Private) => (true, "nscd runs here; worlds do not see it", None),
        (true, Network::Shared) => {
            (false, "nscd runs here and may answer for the scenario", Some("sudo systemctl stop nscd".to_owned()))
        }
    };
    Finding { what: "name service cache", ok, detail: detail.to_owned(), fix }
}

fn proxies(is_set: impl Fn(&str) -> bool) -> Finding {
    let set: Vec<_> = PROXIES.into_iter().filter(|name| is_set(name)).collect();
    let detail = if set.is_empty() {
        "no variable names a proxy".to_owned()
    } else {
        format!("{} set; commands start without", set.join(", "))
    };
    Finding { what: "proxy variables", ok: true, detail, fix: None }
}

#[cfg(test)]
mod tests {
    use super::super::enter::Probe;
    use super::super::refusal::Refusal;
    use super::*;

    fn host(refused: Option<(Step, i32)>, refusal: Option<Refusal>) -> Host {
        Host {
            network: if refusal.is_some() { Network::Shared } else { Network::Private },
            user_namespace: true,
            uid: 1000,
            gid: 1000,
            refusal,
            probe: Probe { tried: true, refused, overlay: None, low_ports: None },
        }
    }

    #[test]
    fn the_refused_step_has_the_fix_and_later_ones_are_untried() {
        let findings = doctor(&host(Some((Step::Cable, libc::EOPNOTSUPP)), Some(Refusal::NoVeth)));
        let of = |what: &str| findings.iter().find(|finding| finding.what == what).unwrap();
        assert!(of("user namespace").ok && of("network namespace").ok);
        assert_eq!(of("veth pair").fix.as_deref(), Some("sudo modprobe veth"));
        assert!(!of("PID namespace").ok && of("PID namespace").detail.starts_with("not tried"));
    }

    #[test]
    fn proxies_are_named() {
        assert!(proxies(|name| name == "HTTPS_PROXY").detail.starts_with("HTTPS_PROXY set"));
    }
}
