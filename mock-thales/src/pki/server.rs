//! The certificates that the endpoint shows: one recipe a word of the plan. Each wrong one differs from the trusted one
//! in the one thing that its word names, and but for the renewed one they share its key.

use std::sync::Arc;

use rcgen::SanType;

use super::authority::Authority;
use super::dates::Dates;
use super::key::{self, KeyAge};
use super::leaf::{Leaf, ORGANISATION, Purpose, subject};
use super::names::{Host, Hosts};
use super::{Identity, PkiError};
use crate::observe::CertificateDer;
use crate::plan::{KeyKind, ServerCertificate};

/// A root and the intermediate that issues.
pub(super) struct Hierarchy {
    root: Authority,
    intermediate: Authority,
}

/// Every authority behind the endpoint's certificates.
pub(super) struct ServerSide {
    trusted: Hierarchy,
    alike: Hierarchy,
    unknown: Hierarchy,
    /// Today's keys on P-256 and P-384: whatever else is wrong with a leaf, its key is not another one.
    today: [Arc<rcgen::KeyPair>; 2],
    dates: Dates,
    suffix: String,
    hosts: Hosts,
}

impl ServerSide {
    pub(super) fn new(dates: Dates, suffix: &str, hosts: Hosts) -> Result<Self, PkiError> {
        let trusted = Hierarchy::new(dates, suffix, "server")?;
        Ok(Self {
            alike: Hierarchy::alike(&trusted, dates)?,
            unknown: Hierarchy::new(dates, suffix, "unknown server")?,
            trusted,
            today: [key::mint(KeyKind::P256, KeyAge::Today)?, key::mint(KeyKind::P384, KeyAge::Today)?],
            dates,
            suffix: suffix.to_owned(),
            hosts,
        })
    }

    /// What the portal gives: root and intermediate.
    pub(super) fn trust(&self) -> [&CertificateDer; 2] {
        self.trusted.certificates()
    }

    pub(super) fn identity(&self, recipe: ServerCertificate, kind: KeyKind) -> Result<Identity, PkiError> {
        use ServerCertificate as Recipe;

        let Hosts { inbound, other, .. } = &self.hosts;
        let leaf = match recipe {
            Recipe::Trusted | Recipe::UnknownCa | Recipe::LookAlikeCa | Recipe::SelfSigned => self.leaf(inbound),
            Recipe::Renewed => Leaf { validity: self.dates.renewed(), ..self.leaf(inbound) },
            Recipe::WrongHost => self.leaf(other),
            Recipe::WrongSan => Leaf { alternatives: san(other), ..self.leaf(inbound) },
            Recipe::Expired => Leaf { validity: self.dates.expired(), ..self.leaf(inbound) },
            Recipe::NotYetValid => Leaf { validity: self.dates.not_yet_valid(), ..self.leaf(inbound) },
            Recipe::WrongEku => Leaf { purpose: Purpose::ClientAuth, ..self.leaf(inbound) },
            Recipe::OddCn => {
                let subject = subject(ORGANISATION, &self.suffix, "odd name, not a host");
                Leaf { subject, ..self.leaf(inbound) }
            }
            Recipe::CnOnly => Leaf { alternatives: Vec::new(), ..self.leaf(inbound) },
        };
        let key = match (recipe, kind) {
            (Recipe::Renewed, _) => key::mint(kind, KeyAge::Renewed)?,
            (_, KeyKind::P256) => Arc::clone(&self.today[0]),
            (_, KeyKind::P384) => Arc::clone(&self.today[1]),
            (_, KeyKind::Rsa2048) => key::mint(kind, KeyAge::Today)?,
        };
        let chain = match recipe {
            Recipe::SelfSigned => vec![leaf.self_signed(kind, &key)?],
            Recipe::UnknownCa => self.unknown.chain(&leaf, kind, &key)?,
            Recipe::LookAlikeCa => self.alike.chain(&leaf, kind, &key)?,
            _ => self.trusted.chain(&leaf, kind, &key)?,
        };
        Ok(Identity::with_leaf(chain, &key))
    }

    /// The trusted leaf's content, for that host.
    fn leaf(&self, host: &Host) -> Leaf {
        Leaf {
            subject: subject(ORGANISATION, &self.suffix, &host.text),
            alternatives: san(host),
            validity: self.dates.today(),
            purpose: Purpose::ServerAuth,
        }
    }
}

impl Hierarchy {
    pub(super) fn new(dates: Dates, suffix: &str, role: &str) -> Result<Self, PkiError> {
        let name = |level| subject(ORGANISATION, suffix, &format!("{ORGANISATION} {role} {level}"));
        let root = Authority::root(name("root"), dates.authority())?;
        let intermediate = Authority::under(&root, name("intermediate"), dates.authority())?;
        Ok(Self { root, intermediate })
    }

    fn alike(other: &Self, dates: Dates) -> Result<Self, PkiError> {
        let root = Authority::alike(&other.root, dates.authority(), None)?;
        let intermediate = Authority::alike(&other.intermediate, dates.authority(), Some(&root))?;
        Ok(Self { root, intermediate })
    }

    pub(super) fn certificates(&self) -> [&CertificateDer; 2] {
        [self.root.certificate(), self.intermediate.certificate()]
    }

    /// The leaf and the intermediate; the root is for the other side to have.
    pub(super) fn chain(
        &self,
        leaf: &Leaf,
        kind: KeyKind,
        key: &rcgen::KeyPair,
    ) -> Result<Vec<CertificateDer>, PkiError> {
        Ok(vec![self.intermediate.issue(leaf, kind, key)?, self.intermediate.certificate().clone()])
    }
}

pub(super) fn san(host: &Host) -> Vec<SanType> {
    vec![host.alternative.clone()]
}
