//! Whether a server's chain keeps the authorities of the one before.

use mock_thales::observe::CertificateDer;
use mock_thales::pki::{CertificateFacts, issued_by};

use crate::verdict::finding::{Reason, Ruling};
use crate::verdict::store::is_authority;

/// Another root or intermediate than in the chain that Thales holds is a breach where Thales holds on to that chain, and
/// worth a warning where it has only to be told.
pub fn kept(chain: &[CertificateDer], before: &[CertificateDer], is_only_told: bool) -> Ruling {
    let (now, then) = (Chain::read(chain), Chain::read(before));
    let new = now.beyond(&then);
    let untold = now.untold(&then);
    if new.is_empty() && !untold.is_empty() {
        let untold = untold.join(", ");
        let why = format!("{untold} is in neither file, and one of them does not identify its key: add it to both");
        return Ruling::unwitnessed(Reason::NotShown, why, Vec::new());
    }
    if new.is_empty() {
        return Ruling::met(format!("the same authorities{}", now.changes(&then)), Vec::new());
    }
    let seen = format!("new in the chain: {}{}", new.join(", "), now.changes(&then));
    if is_only_told {
        Ruling::met(seen, Vec::new()).warn("tell Thales before this chain is served")
    } else {
        Ruling::violated(format!("{seen}: tell Thales first, which holds on to the chain before"), Vec::new())
    }
}

/// Whether Thales would hold on to it: an authority, or a server's certificate that hangs on none.
fn is_anchor(facts: &CertificateFacts) -> bool {
    is_authority(facts) || facts.self_signed == Some(true)
}

/// Whether one authority issued both, by its name and its key: not told where only one of them identifies the key.
fn share_issuer(one: &CertificateFacts, other: &CertificateFacts) -> Option<bool> {
    if one.issuer != other.issuer {
        return Some(false);
    }
    match (&one.authority_key_id, &other.authority_key_id) {
        (None, None) => Some(true),
        (Some(one), Some(other)) => Some(one == other),
        _ => None,
    }
}

/// A chain as it lies in a file: perhaps without its root, perhaps without its leaf.
struct Chain<'a>(Vec<(&'a CertificateDer, CertificateFacts)>);

impl<'a> Chain<'a> {
    fn read(chain: &'a [CertificateDer]) -> Self {
        Self(chain.iter().filter_map(|der| Some((der, CertificateFacts::read(der).ok()?))).collect())
    }

    fn authorities(&self) -> impl Iterator<Item = &(&'a CertificateDer, CertificateFacts)> {
        self.0.iter().filter(|(_, facts)| is_anchor(facts))
    }

    fn leaf(&self) -> Option<&CertificateFacts> {
        self.0.iter().map(|(_, facts)| facts).find(|facts| !is_anchor(facts))
    }

    /// A certificate that was renewed under its key is the same authority.
    fn holds(&self, facts: &CertificateFacts) -> bool {
        self.authorities().any(|(_, known)| known.public_key_sha256 == facts.public_key_sha256)
    }

    fn has_issuer_of(&self, certificate: &CertificateDer) -> bool {
        self.authorities().any(|(authority, _)| issued_by(certificate, authority) == Ok(Some(true)))
    }

    /// Certificates whose issuer is not in the file.
    fn open(&self) -> impl Iterator<Item = &(&'a CertificateDer, CertificateFacts)> {
        self.0.iter().filter(|(der, facts)| facts.self_signed != Some(true) && !self.has_issuer_of(der))
    }

    /// Nothing but roots: below them everything may change.
    fn is_roots_alone(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|(_, facts)| facts.self_signed == Some(true))
    }

    /// Whether an authority of this chain issued it. One that stands in neither file is known by what it issued.
    fn issued(&self, der: &CertificateDer, facts: &CertificateFacts) -> Option<bool> {
        if self.has_issuer_of(der) {
            return Some(true);
        }
        let told: Vec<_> = self.open().map(|(_, other)| share_issuer(facts, other)).collect();
        if told.contains(&Some(true)) { Some(true) } else { (!told.contains(&None)).then_some(false) }
    }

    /// The authorities of which neither file tells whether they are those of before.
    fn untold(&self, before: &Self) -> Vec<String> {
        let untold = self.open().filter(|(der, facts)| before.issued(der, facts).is_none());
        untold.map(|(_, facts)| format!("`{}`", facts.issuer)).collect()
    }

    /// The authorities that the chain before did not know, in words: in the file, or only by what they issued.
    fn beyond(&self, before: &Self) -> Vec<String> {
        let is_known = |der: &CertificateDer, facts: &CertificateFacts| {
            // A root that is new in the file is none where it had issued what was there before.
            before.holds(facts)
                || before.open().any(|(below, _)| issued_by(below, der) == Ok(Some(true)))
                || (before.is_roots_alone() && facts.self_signed != Some(true))
        };
        let added = self.authorities().filter(|(der, facts)| !is_known(der, facts));
        let added = added.map(|(_, facts)| format!("`{}`", facts.subject));
        let unseen = self.open().filter(|(der, facts)| before.issued(der, facts) == Some(false));
        let unseen = unseen.map(|(_, facts)| format!("`{}`, which is not in the file", facts.issuer));
        added.chain(unseen).collect()
    }

    /// What else is not as before, in words.
    fn changes(&self, before: &Self) -> String {
        let mut changes = String::new();
        for (_, gone) in before.authorities().filter(|(_, facts)| !self.holds(facts)) {
            changes.push_str(&format!("; no longer in it: `{}`", gone.subject));
        }
        if let (Some(now), Some(then)) = (self.leaf(), before.leaf()) {
            changes.push_str(match (now.sha256 == then.sha256, now.public_key_sha256 == then.public_key_sha256) {
                (true, _) => "; the same leaf",
                (false, true) => "; a new leaf with the same key",
                (false, false) => "; a new leaf with a new key",
            });
        }
        changes
    }
}
