//! `doctor`: which networks this machine allows.

use super::{Exit, Refused, say};
use crate::world::{self, Network, Wanted};

pub(super) fn run() -> Result<Exit, Refused> {
    let host = world::enter(Wanted { in_process: false, allow_private: true });
    let mut text = String::new();
    for finding in world::doctor(&host) {
        let mark = if finding.ok { "ok " } else { "NO " };
        text.push_str(&format!("{mark} {:<20} {}\n", finding.what, finding.detail));
        if let Some(fix) = &finding.fix {
            text.push_str(&format!("    {:<20} {fix}\n", "fix:"));
        }
    }
    let (network, exit) = match host.network {
        Network::Private => ("private: the real host name, the real ports, no way out", Exit::Ready),
        Network::Shared => {
            ("shared: loopback with explicit addresses; readiness is incomplete at best", Exit::Incomplete)
        }
    };
    text.push_str(&format!("network: {network}\n"));
    if let Some(refusal) = &host.refusal {
        text.push_str(&format!("{refusal}\n"));
    }
    say(&text);
    Ok(exit)
}
