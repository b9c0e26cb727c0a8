//! Rules for trust stores, wherever one was found. The authority that a run plays is a stand-in; only the file that goes
//! to Production can show that the real one is trusted, and that nothing else is.

use std::collections::BTreeSet;

use mock_thales::observe::CertificateDer;
use mock_thales::pki::{CertificateFacts, issued_by};
use time::OffsetDateTime;

use super::chain::{is_listed, listed_key};
use super::finding::{Reason, Ruling};
use crate::model::{PublishedAuthority, StoreAspect};

/// The organisation in the names of the harness's authorities.
const STAND_IN: &str = "TEST, NOT THALES";
/// A store with more authorities than this is the bundle of a machine or runtime.
const LARGEST: usize = 20;

/// What a profile, an environment and onboarding say of a trust store.
#[derive(Debug, Clone)]
pub struct StoreRules<'a> {
    /// Public certificates of the real authority behind Thales' servers.
    pub published: &'a [PublishedAuthority],
    /// The authority as the portal gave it, if it was named: then it alone counts, whatever is published.
    pub handed_over: &'a [CertificateDer],
    /// Whether real payments are made in the environment.
    pub is_production: bool,
    /// The moment of judging.
    pub at: Option<OffsetDateTime>,
}

/// What an aspect asks for, in words.
pub fn expected(aspect: StoreAspect) -> &'static str {
    match aspect {
        StoreAspect::ServerAuthority => "the store holds the authority behind Thales' servers, and no leaf",
        StoreAspect::Independent => "the store is the integration's own, and no bundle of a machine or runtime",
        StoreAspect::AllRoots => "the store holds every root of the authority behind Thales' servers",
        StoreAspect::ClientAuthority => "the store holds the authority of Thales' client",
        StoreAspect::OnlyClientAuthority => "the store holds the authority of Thales' client and no other",
        StoreAspect::NoLeaf => "the store holds authorities only: a leaf in it is pinned",
    }
}

/// Judges what a store trusts; the ruling carries no evidence yet.
pub fn judge(rules: &StoreRules<'_>, certificates: &[CertificateDer], aspect: StoreAspect) -> Ruling {
    if certificates.is_empty() {
        return met_not("holds no certificate");
    }
    let mut entries = Vec::new();
    for der in certificates {
        match CertificateFacts::read(der) {
            Ok(facts) => entries.push(Entry { der, facts }),
            Err(error) => return met_not(format!("holds what cannot be read: {error}")),
        }
    }
    let held = Held { rules, entries };
    let ruling = match aspect {
        StoreAspect::ServerAuthority => held.server_authority(),
        StoreAspect::Independent => held.independent(),
        StoreAspect::AllRoots => held.all_roots(),
        StoreAspect::ClientAuthority => held.client_authority(),
        StoreAspect::OnlyClientAuthority => held.only_one(),
        StoreAspect::NoLeaf => held.no_leaf(),
    };
    // Once a store is enough.
    let tells_dates = matches!(aspect, StoreAspect::ServerAuthority | StoreAspect::ClientAuthority);
    if tells_dates { held.with_dates(ruling) } else { ruling }
}

/// Whether a certificate may sign others. Old roots have no extension that says so, but sign themselves.
pub fn is_authority(facts: &CertificateFacts) -> bool {
    facts.is_ca.unwrap_or(facts.self_signed == Some(true))
}

/// Whether the harness made the certificate: it bears the mark of its authorities, or one of them has signed it.
pub fn is_stand_in(facts: &CertificateFacts) -> bool {
    facts.subject_parts.iter().any(|(_, value)| value == STAND_IN)
        || facts.issuer.contains(&STAND_IN.replace(',', "\\,"))
}

/// A certificate of a store, read.
struct Entry<'a> {
    der: &'a CertificateDer,
    facts: CertificateFacts,
}

impl Entry<'_> {
    fn is_authority(&self) -> bool {
        is_authority(&self.facts)
    }

    fn is_root(&self) -> bool {
        self.facts.self_signed == Some(true)
    }
}

struct Held<'a> {
    rules: &'a StoreRules<'a>,
    entries: Vec<Entry<'a>>,
}

impl Held<'_> {
    fn leaf(&self) -> Option<Ruling> {
        let leaf = self.entries.iter().find(|entry| !entry.is_authority())?;
        Some(met_not(format!("holds the leaf `{}`", leaf.facts.subject)))
    }

    /// A stand-in that has found its way to where real payments are made.
    fn stray(&self) -> Option<Ruling> {
        if !self.rules.is_production {
            return None;
        }
        let stray = self.entries.iter().find(|entry| is_stand_in(&entry.facts))?;
        Some(met_not(format!(
            "holds `{}`, an authority of this harness: whoever has a run's files could pose as Thales",
            stray.facts.subject
        )))
    }

    fn is_handed_over(&self, entry: &Entry<'_>) -> bool {
        // The portal may give the intermediate, and the store hold the root above it.
        self.rules.handed_over.iter().any(|der| der == entry.der || issued_by(der, entry.der) == Ok(Some(true)))
    }

    /// A root that another one has signed as well is the same authority: its key tells.
    fn holds(&self, authority: &PublishedAuthority) -> bool {
        let key = listed_key(&authority.sha256);
        self.entries.iter().any(|entry| {
            entry.facts.sha256.eq_ignore_ascii_case(&authority.sha256)
                || key.as_ref().is_some_and(|key| *key == entry.facts.public_key_sha256)
        })
    }

    fn server_authority(&self) -> Ruling {
        if let Some(ruling) = self.stray().or_else(|| self.leaf()) {
            return ruling;
        }
        let counts = |authority: &&PublishedAuthority| self.rules.handed_over.is_empty() && self.holds(authority);
        let published: Vec<_> = self.rules.published.iter().filter(counts).collect();
        let handed_over: Vec<_> = self.entries.iter().filter(|entry| self.is_handed_over(entry)).collect();
        if published.is_empty() && handed_over.is_empty() {
            if !self.rules.handed_over.is_empty() {
                return met_not(format!("holds {}, and not the authority that was handed over", self.subjects()));
            }
            if self.entries.iter().any(|entry| is_stand_in(&entry.facts)) {
                return met(self.subjects()).warn("the authority is the harness's: a stand-in for Thales' real one");
            }
            if self.rules.published.is_empty() {
                return nothing("the profile holds no fingerprint of the real authority to compare with");
            }
            let names: Vec<_> = self.rules.published.iter().map(|authority| authority.name.as_str()).collect();
            return met_not(format!("holds {}, and none of {}", self.subjects(), names.join(", ")));
        }
        let mut names: Vec<_> = published.iter().map(|authority| authority.name.clone()).collect();
        names.extend(handed_over.iter().map(|entry| format!("`{}`", entry.facts.subject)));
        let has_root =
            published.iter().any(|authority| authority.root) || handed_over.iter().any(|entry| entry.is_root());
        let has_intermediate = self.entries.iter().any(|entry| !entry.is_root());
        match (has_root, has_intermediate) {
            (true, true) => met(names.join(", ")),
            (true, false) => {
                met(format!("{}; no intermediate: none is needed, since servers send theirs", names.join(", ")))
            }
            (false, _) => met(names.join(", ")).warn(
                "no root among them: Java, Go and curl stop at an intermediate, Python 3.11 and Node 20 do not and \
                 refuse",
            ),
        }
    }

    fn independent(&self) -> Ruling {
        match self.entries.len() {
            many if many > LARGEST => {
                met_not(format!("holds {many} certificates, as the bundle of a machine or runtime does"))
            }
            few => met(format!("{few} certificate(s)")),
        }
    }

    /// Which of the roots a call will meet tomorrow nobody says.
    fn all_roots(&self) -> Ruling {
        let (there, missing): (Vec<_>, Vec<_>) =
            self.rules.published.iter().filter(|authority| authority.root).partition(|authority| self.holds(authority));
        if there.is_empty() && missing.is_empty() {
            return nothing("the profile holds no fingerprint of the real roots to compare with");
        }
        let only_stand_ins = self.entries.iter().all(|entry| is_stand_in(&entry.facts));
        if only_stand_ins && !self.rules.is_production {
            return nothing("the authority is the harness's: a stand-in for Thales' real one");
        }
        if missing.is_empty() {
            return met(format!("all {}", there.len()));
        }
        let names: Vec<_> = missing.iter().map(|authority| authority.name.as_str()).collect();
        met_not(format!("without {}", names.join(", ")))
    }

    fn client_authority(&self) -> Ruling {
        if let Some(ruling) = self.stray() {
            return ruling;
        }
        let authorities: Vec<_> = self.entries.iter().filter(|entry| entry.is_authority()).collect();
        if authorities.is_empty() {
            return met_not("holds no authority");
        }
        if !self.rules.handed_over.is_empty() && !authorities.iter().any(|entry| self.is_handed_over(entry)) {
            return met_not(format!("holds {}, and not the authority that was handed over", self.subjects()));
        }
        let of_servers = |entry: &&Entry<'_>| {
            self.rules.published.iter().any(|authority| entry.facts.sha256.eq_ignore_ascii_case(&authority.sha256))
        };
        if authorities.iter().all(of_servers) {
            let seen = format!("holds {}: the authority of Thales' servers, and none for its client", self.subjects());
            return met_not(seen);
        }
        let mut ruling = met(self.subjects());
        if !authorities.iter().any(|entry| entry.is_root()) {
            ruling = ruling.warn(
                "no root among them: Java and Go stop at an intermediate, Python 3.11 and Node 20 do not and refuse \
                 every client",
            );
        }
        let public = authorities.iter().find(|entry| is_listed(entry.der));
        match public {
            Some(entry) => ruling.warn(format!("`{}` is a public authority, for servers", entry.facts.subject)),
            None => ruling,
        }
    }

    /// Authorities by name, without those below another one of the store: a hierarchy is one, and so are the old and the
    /// new certificate of a renewed one.
    fn only_one(&self) -> Ruling {
        let authorities: Vec<_> = self.entries.iter().filter(|entry| entry.is_authority()).collect();
        let is_below = |entry: &&&Entry<'_>| {
            authorities.iter().any(|other| {
                other.facts.subject != entry.facts.subject && issued_by(entry.der, other.der) == Ok(Some(true))
            })
        };
        let tops: BTreeSet<_> = authorities
            .iter()
            .filter(|entry| !is_below(entry))
            .map(|entry| format!("`{}`", entry.facts.subject))
            .collect();
        let names: Vec<_> = tops.into_iter().collect();
        match names.len() {
            0 => met_not("holds no authority"),
            1 => met(shortened(&names)),
            many => met_not(format!("holds {many} authorities: {}", shortened(&names))),
        }
    }

    fn no_leaf(&self) -> Ruling {
        self.leaf().unwrap_or_else(|| met("authorities only"))
    }

    fn with_dates(&self, ruling: Ruling) -> Ruling {
        let Some(now) = self.rules.at else { return ruling };
        let subjects = |is_out: &dyn Fn(&CertificateFacts) -> bool| -> Vec<String> {
            let out = self.entries.iter().filter(|entry| is_out(&entry.facts));
            out.map(|entry| format!("`{}`", entry.facts.subject)).collect()
        };
        let mut ruling = ruling;
        for (word, names) in [
            ("expired", subjects(&|facts| facts.not_after < now)),
            ("not yet valid", subjects(&|facts| facts.not_before > now)),
        ] {
            if !names.is_empty() {
                ruling = ruling.warn(format!("{word}: {}", shortened(&names)));
            }
        }
        ruling
    }

    fn subjects(&self) -> String {
        shortened(&self.entries.iter().map(|entry| format!("`{}`", entry.facts.subject)).collect::<Vec<_>>())
    }
}

fn met(seen: impl Into<String>) -> Ruling {
    Ruling::met(seen, Vec::new())
}

fn met_not(seen: impl Into<String>) -> Ruling {
    Ruling::violated(seen, Vec::new())
}

fn nothing(why: impl Into<String>) -> Ruling {
    Ruling::unwitnessed(Reason::NotShown, why, Vec::new())
}

/// The first few of a list.
fn shortened(names: &[String]) -> String {
    match names.get(..4) {
        Some(first) if names.len() > 4 => format!("{} and {} more", first.join(", "), names.len() - 4),
        _ => names.join(", "),
    }
}
