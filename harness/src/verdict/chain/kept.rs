//! Whether a server's chain keeps the authorities of the one before.

use std::collections::BTreeSet;

use mock_thales::observe::CertificateDer;
use mock_thales::pki::CertificateFacts;

use crate::verdict::finding::Ruling;

/// Another root or intermediate than in the chain that Thales holds is a breach where Thales holds on to that chain, and
/// worth a warning where it has only to be told.
pub fn kept(chain: &[CertificateDer], before: &[CertificateDer], is_only_told: bool) -> Ruling {
    let known = authorities(before);
    let new: Vec<_> = authorities(chain)
        .into_iter()
        .filter(|(key, _)| !known.iter().any(|(other, _)| other == key))
        .map(|(_, subject)| format!("`{subject}`"))
        .collect();
    if new.is_empty() {
        return Ruling::met("the same authorities", Vec::new());
    }
    let seen = format!("new in the chain: {}", new.join(", "));
    if is_only_told {
        Ruling::met(seen, Vec::new()).warn("tell Thales before this chain is served")
    } else {
        Ruling::violated(format!("{seen}: tell Thales first, which holds on to the chain before"), Vec::new())
    }
}

/// Everything above the leaf: key and subject. A certificate that was renewed under its key is the same authority.
fn authorities(chain: &[CertificateDer]) -> BTreeSet<(String, String)> {
    chain
        .iter()
        .skip(1)
        .filter_map(|certificate| CertificateFacts::read(certificate).ok())
        .map(|facts| (facts.public_key_sha256, facts.subject))
        .collect()
}
