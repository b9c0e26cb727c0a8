//! `doctor`: which networks this machine allows, and what to do for a better one.

use super::{Exit, Refused, say};
use crate::world::{self, Footing, Network, Rung, Wanted};

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
    text.push_str("\nnetworks, best first:\n");
    for Rung { what, standing } in world::ladder(&host) {
        let (mark, how) = match standing {
            Footing::Here => ("->", None),
            Footing::Open(how) => ("ok", Some(("how:", how))),
            Footing::Closed(fix) => ("NO", Some(("fix:", fix))),
        };
        text.push_str(&format!("{mark:<2}  {what}\n"));
        if let Some((word, how)) = how {
            text.push_str(&format!("    {word:<20} {how}\n"));
        }
    }
    text.push('\n');
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
