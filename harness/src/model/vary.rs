//! What a dimension's value makes of a scenario: Thales as it ought to be becomes Thales as it might be. What the scenario
//! itself says stays as it is, but for the time to live, by which its steps are drawn out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::dimension::Addresses;
use super::{Axis, Check, Conduct, EndpointConduct, Millis, Scenario, Setting, Shape, Side, Step};

/// The IPv6 address beside the others (RFC 3849). No route leads there: who prefers it has to fall back.
pub const BESIDE_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x10));

/// What a zone has beyond the scenario's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Beside {
    /// An IPv6 address beside the others.
    pub aaaa: bool,
    /// Number and order of addresses.
    pub addresses: Addresses,
}

impl Beside {
    /// Further addresses of a scenario's one endpoint (RFC 5737, TEST-NET-2).
    pub fn twins(&self) -> Vec<IpAddr> {
        let count = match self.addresses {
            Addresses::One => 0,
            Addresses::Two | Addresses::TwoSwapped => 1,
            Addresses::Eight => 7,
        };
        (0..count).map(|index| IpAddr::V4(Ipv4Addr::new(198, 51, 100, 71 + index))).collect()
    }
}

impl Scenario {
    /// Whether an axis means anything for this scenario, and the scenario leaves it open.
    pub fn leaves_open(&self, axis: Axis) -> bool {
        if self.side != if axis == Axis::ClientCertificate { Side::Receiver } else { Side::Caller } {
            return false;
        }
        match (axis, &self.shape) {
            (Axis::ClientCertificate, Shape::Table { control, rows, .. }) => {
                let leaves =
                    |conduct: &Conduct| matches!(conduct, Conduct::Client(client) if client.certificate.is_none());
                leaves(control) && rows.iter().all(|row| leaves(&row.conduct))
            }
            (Axis::ClientCertificate, Shape::Steps { .. }) => false,
            (Axis::Ttl, Shape::Steps { steps, .. }) => steps.iter().any(|step| step.change.answer.is_some()),
            (Axis::Ttl | Axis::IdleClose, Shape::Table { .. }) => false,
            (Axis::IdleClose, Shape::Steps { endpoints, .. }) => {
                endpoints.values().any(|(_, conduct)| conduct.keep_alive == Some(true) && conduct.idle_close.is_none())
            }
            (Axis::Aaaa | Axis::Addresses, Shape::Table { .. }) => true,
            (Axis::Aaaa, Shape::Steps { .. }) => true,
            (Axis::Addresses, Shape::Steps { endpoints, steps, .. }) => {
                let names_one = |check: &Check| {
                    matches!(check, Check::Reaches(_) | Check::Moves(_) | Check::Leaves(_) | Check::Recovers)
                };
                endpoints.len() == 1
                    && steps.iter().all(|step| step.change.answer.is_none() && !step.expect.iter().any(names_one))
            }
            (_, Shape::Table { control, rows, .. }) => {
                std::iter::once(control).chain(rows.iter().map(|row| &row.conduct)).all(|conduct| match conduct {
                    Conduct::Endpoint(endpoint) => !says(endpoint, axis),
                    Conduct::Client(_) => false,
                })
            }
            (_, Shape::Steps { endpoints, .. }) => endpoints.values().all(|(_, endpoint)| !says(endpoint, axis)),
        }
    }

    /// The scenario with these values of what it leaves open.
    #[must_use]
    pub fn varied<'a>(&self, settings: impl IntoIterator<Item = &'a Setting>) -> Self {
        let mut varied = self.clone();
        for setting in settings {
            varied.set(setting);
        }
        varied
    }

    fn set(&mut self, setting: &Setting) {
        match setting {
            Setting::Aaaa(on) => self.beside.aaaa = *on,
            Setting::Addresses(addresses) => self.beside.addresses = *addresses,
            Setting::Ttl(ttl) => self.draw_out(*ttl),
            _ => {}
        }
        match &mut self.shape {
            Shape::Table { control, rows, .. } => {
                for conduct in std::iter::once(control).chain(rows.iter_mut().map(|row| &mut row.conduct)) {
                    match (conduct, setting) {
                        (Conduct::Endpoint(endpoint), _) => endpoint.set(setting),
                        (Conduct::Client(client), Setting::ClientCertificate(certificate)) => {
                            client.certificate = client.certificate.or(Some(*certificate));
                        }
                        (Conduct::Client(_), _) => {}
                    }
                }
            }
            Shape::Steps { endpoints, .. } => endpoints.values_mut().for_each(|(_, endpoint)| endpoint.set(setting)),
        }
    }

    /// Another time to live at the beginning, and as much more time for what waits for it to pass.
    fn draw_out(&mut self, ttl: Millis) {
        let Shape::Steps { zone, steps, .. } = &mut self.shape else { return };
        let before = zone.ttl.map_or(DEFAULT_TTL_MS, |ttl| ttl.0);
        zone.ttl = Some(ttl);
        for Step { traffic, .. } in steps {
            traffic.lasts = traffic.lasts.map(|lasts| Millis((lasts.0 + ttl.0).saturating_sub(before)));
        }
    }
}

/// Time to live of a zone that says none.
const DEFAULT_TTL_MS: u64 = 1000;

fn says(endpoint: &EndpointConduct, axis: Axis) -> bool {
    match axis {
        Axis::CaList => endpoint.ca_list.is_some(),
        Axis::Certificate => endpoint.certificate.is_some(),
        Axis::Chain => endpoint.chain.is_some(),
        Axis::Leaf => endpoint.leaf.is_some(),
        Axis::Alpn => endpoint.alpn.is_some(),
        Axis::Tickets => endpoint.tickets.is_some(),
        Axis::IdleClose => endpoint.idle_close.is_some(),
        Axis::Ttl | Axis::Aaaa | Axis::Addresses | Axis::ClientCertificate => false,
    }
}

impl EndpointConduct {
    fn set(&mut self, setting: &Setting) {
        match *setting {
            Setting::CaList(list) => self.ca_list = self.ca_list.or(Some(list)),
            Setting::Certificate(certificate) => self.certificate = self.certificate.or(Some(certificate)),
            Setting::Chain(chain) => self.chain = self.chain.or(Some(chain)),
            Setting::Leaf(leaf) => self.leaf = self.leaf.or(Some(leaf)),
            Setting::Alpn(alpn) => self.alpn = self.alpn.or(Some(alpn)),
            Setting::Tickets(on) => self.tickets = self.tickets.or(Some(on)),
            Setting::IdleClose(idle) if self.keep_alive == Some(true) => self.idle_close = self.idle_close.or(idle),
            Setting::IdleClose(_)
            | Setting::Ttl(_)
            | Setting::Aaaa(_)
            | Setting::Addresses(_)
            | Setting::ClientCertificate(_) => {}
        }
    }
}
