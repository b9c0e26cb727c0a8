//! Integrations that differ from the reference in one thing, each with the rows that it must fail and the rows of which
//! it leaves nothing to see. Whoever adds a check adds the defect that it is for.

mod above;
mod addresses;
mod caller;
mod callers;
mod certificates;
mod chains;
mod constants;
mod defect;
mod environments;
mod identity;
mod payloads;
mod receiver;
mod receivers;
mod renewals;
mod requests;
mod suites;
mod tls;
mod trust;
mod visitors;

pub use defect::{Defect, PROFILES};

/// Every defect.
pub fn all() -> Vec<Defect> {
    [callers::all(), trust::all(), certificates::all(), addresses::all(), receivers::all(), visitors::all()]
        .into_iter()
        .flatten()
        .chain(suites::all())
        .chain(chains::all())
        .chain(constants::all())
        .chain(renewals::all())
        .chain(environments::all())
        .chain(above::all())
        .chain(payloads::all())
        .chain(requests::all())
        .collect()
}
