//! The certificates that Thales' client shows: one recipe a word of the plan, wrong ones and rotations.

use std::sync::Arc;

use super::authority::Authority;
use super::dates::Dates;
use super::kept::KeptAuthority;
use super::key::{self, KeyAge};
use super::leaf::{Leaf, ORGANISATION, Purpose, subject};
use super::{Identity, PkiError};
use crate::plan::{ClientCertificate, KeyKind};

/// Every authority behind the client's certificates.
pub(super) struct ClientSide {
    authority: Authority,
    alike: Authority,
    unknown: Authority,
    intermediate: Authority,
    /// The trusted identity, whose key one rotation and the wrong certificates keep.
    today: Arc<Identity>,
    dates: Dates,
    suffix: String,
}

impl ClientSide {
    pub(super) fn new(dates: Dates, suffix: &str) -> Result<Self, PkiError> {
        let name = |role: &str| subject(ORGANISATION, suffix, &format!("{ORGANISATION} {role}"));
        let validity = dates.authority();
        let authority = Authority::root(name("client CA"), validity)?;
        let key = key::mint(KeyKind::P256, KeyAge::Today)?;
        let leaf = authority.issue(&trusted(dates, suffix), KeyKind::P256, &key)?;
        Ok(Self {
            today: Arc::new(Identity::with_leaf(vec![leaf], &key)),
            alike: Authority::alike(&authority, validity, None)?,
            unknown: Authority::root(name("unknown client CA"), validity)?,
            intermediate: Authority::under(&authority, name("client intermediate"), validity)?,
            authority,
            dates,
            suffix: suffix.to_owned(),
        })
    }

    /// Made before: its authority and today's identity.
    pub(super) fn kept(
        dates: Dates,
        suffix: &str,
        authority: &KeptAuthority,
        today: Arc<Identity>,
    ) -> Result<Self, PkiError> {
        let name = |role: &str| subject(ORGANISATION, suffix, &format!("{ORGANISATION} {role}"));
        let authority = authority.authority(name("client CA"), true)?;
        let validity = dates.authority();
        Ok(Self {
            today,
            alike: Authority::alike(&authority, validity, None)?,
            unknown: Authority::root(name("unknown client CA"), validity)?,
            intermediate: Authority::under(&authority, name("client intermediate"), validity)?,
            authority,
            dates,
            suffix: suffix.to_owned(),
        })
    }

    /// The Thales Client CA.
    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Today's identity of Thales' client.
    pub(super) fn today(&self) -> &Arc<Identity> {
        &self.today
    }

    /// `None` where no certificate is to be shown.
    pub(super) fn identity(&self, recipe: ClientCertificate) -> Result<Option<Arc<Identity>>, PkiError> {
        use ClientCertificate as Recipe;

        let leaf = match recipe {
            // Not this side's to issue: see `CustomerSide`.
            Recipe::None | Recipe::ClaimedInHeaders | Recipe::CustomerAuthority => return Ok(None),
            Recipe::Trusted => return Ok(Some(Arc::clone(&self.today))),
            Recipe::OtherCa | Recipe::LookAlikeCa | Recipe::SelfSigned => self.leaf(),
            Recipe::Expired => Leaf { validity: self.dates.expired(), ..self.leaf() },
            Recipe::NotYetValid => Leaf { validity: self.dates.not_yet_valid(), ..self.leaf() },
            Recipe::WrongEku => Leaf { purpose: Purpose::ServerAuth, ..self.leaf() },
            Recipe::SameKey | Recipe::NewKey | Recipe::OtherKeyType | Recipe::NewIntermediate => {
                Leaf { validity: self.dates.renewed(), ..self.leaf() }
            }
            Recipe::NewSubject => {
                let subject = subject(ORGANISATION, &self.suffix, &format!("{ORGANISATION} other client"));
                Leaf { subject, validity: self.dates.renewed(), ..self.leaf() }
            }
        };
        let kind = if recipe == Recipe::OtherKeyType { KeyKind::Rsa2048 } else { KeyKind::P256 };
        let key = match recipe {
            Recipe::NewKey | Recipe::OtherKeyType | Recipe::NewSubject | Recipe::NewIntermediate => {
                key::mint(kind, KeyAge::Today)?
            }
            // What is wrong with the others is not the key.
            _ => key::load(kind, self.today.key_pkcs8())?,
        };
        let chain = match recipe {
            Recipe::OtherCa => vec![self.unknown.issue(&leaf, kind, &key)?],
            Recipe::LookAlikeCa => vec![self.alike.issue(&leaf, kind, &key)?],
            Recipe::SelfSigned => vec![leaf.self_signed(kind, &key)?],
            Recipe::NewIntermediate => {
                vec![self.intermediate.issue(&leaf, kind, &key)?, self.intermediate.certificate().clone()]
            }
            _ => vec![self.authority.issue(&leaf, kind, &key)?],
        };
        Ok(Some(Arc::new(Identity::with_leaf(chain, &key))))
    }

    fn leaf(&self) -> Leaf {
        trusted(self.dates, &self.suffix)
    }
}

/// The trusted leaf's content.
fn trusted(dates: Dates, suffix: &str) -> Leaf {
    Leaf {
        subject: subject(ORGANISATION, suffix, &format!("{ORGANISATION} client")),
        alternatives: Vec::new(),
        validity: dates.today(),
        purpose: Purpose::ClientAuth,
    }
}
