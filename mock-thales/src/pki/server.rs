//! The certificates that the endpoint shows: one recipe a word of the plan. Each wrong one differs from the trusted one
//! in the one thing that its word names, and but for the renewed one they share its key.

use std::sync::{Arc, OnceLock};

use rcgen::{DistinguishedName, SanType};

use super::authority::Authority;
use super::dates::Dates;
use super::kept::{KeptAuthority, KeptServer, KeyDer};
use super::key::{self, KeyAge};
use super::leaf::{Leaf, ORGANISATION, Purpose, subject};
use super::names::{Host, Hosts};
use super::{Identity, PkiError};
use crate::observe::CertificateDer;
use crate::plan::{ChainShape, KeyKind, ServerCertificate};

/// A root and the intermediate that issues.
pub(super) struct Hierarchy {
    root: Authority,
    intermediate: Authority,
}

/// A root that is not in use, and its intermediate, made when something is first issued.
struct Reserve {
    root: Authority,
    intermediate: OnceLock<Authority>,
}

/// Every authority behind the endpoint's certificates.
pub(super) struct ServerSide {
    trusted: Hierarchy,
    /// Another intermediate under the root in use.
    second: OnceLock<Authority>,
    /// The second root and those after it.
    reserve: Vec<Reserve>,
    alike: Hierarchy,
    unknown: Hierarchy,
    /// Today's keys on P-256 and P-384: whatever else is wrong with a leaf, its key is not another one.
    today: [Arc<rcgen::KeyPair>; 2],
    /// The one of RSA where it lasts; the process's own otherwise.
    lasting_rsa: Option<Arc<rcgen::KeyPair>>,
    dates: Dates,
    suffix: String,
    hosts: Hosts,
}

impl ServerSide {
    /// `roots` counts the one in use.
    pub(super) fn new(dates: Dates, suffix: &str, hosts: Hosts, roots: u8) -> Result<Self, PkiError> {
        let trusted = Hierarchy::new(dates, suffix, "server")?;
        let reserve = (2..=roots).map(|number| {
            let root = Authority::root(name(suffix, &format!("server root {number}")), dates.authority())?;
            Ok(Reserve { root, intermediate: OnceLock::new() })
        });
        Ok(Self {
            second: OnceLock::new(),
            reserve: reserve.collect::<Result<_, PkiError>>()?,
            alike: Hierarchy::alike(&trusted, dates)?,
            unknown: Hierarchy::new(dates, suffix, "unknown server")?,
            trusted,
            today: [key::mint(KeyKind::P256, KeyAge::Today)?, key::mint(KeyKind::P384, KeyAge::Today)?],
            lasting_rsa: None,
            dates,
            suffix: suffix.to_owned(),
            hosts,
        })
    }

    /// Made before: its authorities and today's keys as [`Self::keep`] laid them down.
    pub(super) fn kept(dates: Dates, suffix: &str, hosts: Hosts, kept: &KeptServer) -> Result<Self, PkiError> {
        let [root, intermediate] = &kept.authorities;
        let trusted = Hierarchy {
            root: root.authority(name(suffix, "server root"), true)?,
            intermediate: intermediate.authority(name(suffix, "server intermediate"), false)?,
        };
        let reserve = kept.reserve.iter().enumerate().map(|(index, root)| {
            let root = root.authority(name(suffix, &format!("server root {}", index + 2)), true)?;
            Ok(Reserve { root, intermediate: OnceLock::new() })
        });
        let [p256, p384, rsa] = &kept.keys;
        Ok(Self {
            second: OnceLock::new(),
            reserve: reserve.collect::<Result<_, PkiError>>()?,
            alike: Hierarchy::alike(&trusted, dates)?,
            unknown: Hierarchy::new(dates, suffix, "unknown server")?,
            trusted,
            today: [key::load(KeyKind::P256, &p256.0)?, key::load(KeyKind::P384, &p384.0)?],
            lasting_rsa: Some(key::load(KeyKind::Rsa2048, &rsa.0)?),
            dates,
            suffix: suffix.to_owned(),
            hosts,
        })
    }

    /// What [`Self::kept`] needs.
    pub(super) fn keep(&self) -> Result<KeptServer, PkiError> {
        let rsa = self.key(KeyKind::Rsa2048)?;
        Ok(KeptServer {
            authorities: [&self.trusted.root, &self.trusted.intermediate].map(KeptAuthority::of),
            reserve: self.reserve.iter().map(|reserve| KeptAuthority::of(&reserve.root)).collect(),
            keys: [&self.today[0], &self.today[1], &rsa].map(|key| KeyDer(key.serialize_der())),
        })
    }

    /// What the portal gives: root and intermediate in use, then the further roots.
    pub(super) fn trust(&self) -> Vec<&CertificateDer> {
        let further = self.reserve.iter().map(|reserve| reserve.root.certificate());
        self.trusted.certificates().into_iter().chain(further).collect()
    }

    pub(super) fn identity(
        &self,
        recipe: ServerCertificate,
        kind: KeyKind,
        shape: ChainShape,
    ) -> Result<Identity, PkiError> {
        use ServerCertificate as Recipe;

        let Hosts { inbound, other, .. } = &self.hosts;
        let leaf = match recipe {
            Recipe::Trusted | Recipe::UnknownCa | Recipe::LookAlikeCa | Recipe::SelfSigned => self.leaf(inbound),
            Recipe::NewIntermediate | Recipe::Root2 | Recipe::Root3 | Recipe::Root4 | Recipe::Root5 => {
                self.leaf(inbound)
            }
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
        let key = match recipe {
            Recipe::Renewed => key::mint(kind, KeyAge::Renewed)?,
            _ => self.key(kind)?,
        };
        let (root, intermediate) = match recipe {
            Recipe::SelfSigned => return Ok(Identity::with_leaf(vec![leaf.self_signed(kind, &key)?], &key)),
            Recipe::UnknownCa => self.unknown.authorities(),
            Recipe::LookAlikeCa => self.alike.authorities(),
            Recipe::NewIntermediate => (&self.trusted.root, self.second()?),
            _ => match recipe.further_root() {
                Some(number) => self.further(number)?,
                None => self.trusted.authorities(),
            },
        };
        let chain = match shape {
            ChainShape::Usual => chain(intermediate, &leaf, kind, &key)?,
            ChainShape::WithRoot => {
                let mut chain = chain(intermediate, &leaf, kind, &key)?;
                chain.push(root.certificate().clone());
                chain
            }
            ChainShape::Deep => {
                // Those in use issue leaves only (RFC 5280 section 4.2.1.9): one that may issue authorities is another.
                let upper = name(&self.suffix, "server intermediate above another");
                let upper = Authority::above(root, upper, self.dates.authority())?;
                let lower = name(&self.suffix, "server intermediate below another");
                let lower = Authority::under(&upper, lower, self.dates.authority())?;
                let mut chain = chain(&lower, &leaf, kind, &key)?;
                chain.push(upper.certificate().clone());
                chain
            }
        };
        Ok(Identity::with_leaf(chain, &key))
    }

    /// What the trusted one is, for another host.
    pub(super) fn identity_for(&self, host: &str, kind: KeyKind) -> Result<Identity, PkiError> {
        let key = self.key(kind)?;
        let chain = self.trusted.chain(&self.leaf(&Host::parse(host)?), kind, &key)?;
        Ok(Identity::with_leaf(chain, &key))
    }

    fn key(&self, kind: KeyKind) -> Result<Arc<rcgen::KeyPair>, PkiError> {
        match kind {
            KeyKind::P256 => Ok(Arc::clone(&self.today[0])),
            KeyKind::P384 => Ok(Arc::clone(&self.today[1])),
            KeyKind::Rsa2048 => match &self.lasting_rsa {
                Some(key) => Ok(Arc::clone(key)),
                None => key::mint(kind, KeyAge::Today),
            },
        }
    }

    /// Another intermediate under the root in use.
    fn second(&self) -> Result<&Authority, PkiError> {
        self.intermediate(&self.second, &self.trusted.root, "server intermediate 2")
    }

    /// A root that is not in use, and its intermediate.
    fn further(&self, number: u8) -> Result<(&Authority, &Authority), PkiError> {
        let none = || PkiError::NoSuchRoot { number, roots: 1 + self.reserve.len() };
        let reserve = usize::from(number).checked_sub(2).and_then(|index| self.reserve.get(index)).ok_or_else(none)?;
        let role = format!("server intermediate of root {number}");
        Ok((&reserve.root, self.intermediate(&reserve.intermediate, &reserve.root, &role)?))
    }

    fn intermediate<'a>(
        &self,
        slot: &'a OnceLock<Authority>,
        root: &Authority,
        role: &str,
    ) -> Result<&'a Authority, PkiError> {
        if let Some(made) = slot.get() {
            return Ok(made);
        }
        let made = Authority::under(root, name(&self.suffix, role), self.dates.authority())?;
        // Of two that are made at once the first one counts.
        Ok(slot.get_or_init(|| made))
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
        let root = Authority::root(name(suffix, &format!("{role} root")), dates.authority())?;
        let intermediate = Authority::under(&root, name(suffix, &format!("{role} intermediate")), dates.authority())?;
        Ok(Self { root, intermediate })
    }

    fn alike(other: &Self, dates: Dates) -> Result<Self, PkiError> {
        let root = Authority::alike(&other.root, dates.authority(), None)?;
        let intermediate = Authority::alike(&other.intermediate, dates.authority(), Some(&root))?;
        Ok(Self { root, intermediate })
    }

    fn authorities(&self) -> (&Authority, &Authority) {
        (&self.root, &self.intermediate)
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
        chain(&self.intermediate, leaf, kind, key)
    }
}

/// A leaf and the intermediate that issues it.
fn chain(
    intermediate: &Authority,
    leaf: &Leaf,
    kind: KeyKind,
    key: &rcgen::KeyPair,
) -> Result<Vec<CertificateDer>, PkiError> {
    Ok(vec![intermediate.issue(leaf, kind, key)?, intermediate.certificate().clone()])
}

/// The name of an authority of this run.
fn name(suffix: &str, role: &str) -> DistinguishedName {
    subject(ORGANISATION, suffix, &format!("{ORGANISATION} {role}"))
}

pub(super) fn san(host: &Host) -> Vec<SanType> {
    vec![host.alternative.clone()]
}
