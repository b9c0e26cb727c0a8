//! `store`: what a real trust store holds. The authority that a run plays is a stand-in; only the file that goes to
//! Production can show that the real one is trusted, and that nothing else is.

use std::collections::BTreeSet;

use mock_thales::observe::{CertificateDer, ShownFile};
use mock_thales::pki::{CertificateFacts, issued_by};
use time::OffsetDateTime;

use super::super::super::finding::Ruling;
use super::super::super::view::View;
use super::{at, environment, nothing};
use crate::model::{EnvironmentValues, Expectation, PublishedAuthority, StoreAspect, assets};

/// The organisation in the names of the harness's authorities.
const STAND_IN: &str = "TEST, NOT THALES";
/// A store with more authorities than this is the bundle of a machine or runtime.
const LARGEST: usize = 20;

pub(super) fn expected(aspect: StoreAspect) -> String {
    match aspect {
        StoreAspect::ServerAuthority => "the store holds the authority behind Thales' servers, and no leaf",
        StoreAspect::Independent => "the store is the integration's own, and no bundle of a machine or runtime",
        StoreAspect::ClientAuthority => "the store holds the authority of Thales' client",
        StoreAspect::OnlyClientAuthority => "the store holds the authority of Thales' client and no other",
        StoreAspect::NoLeaf => "the store holds authorities only: a leaf in it is pinned",
    }
    .to_owned()
}

pub(in super::super) fn rule(view: &View<'_>, expectation: &Expectation, aspect: StoreAspect) -> Ruling {
    let Some(environment) = environment(view, expectation) else { return nothing("of no environment") };
    let is_server = matches!(aspect, StoreAspect::ServerAuthority | StoreAspect::Independent);
    let wanted = if is_server { [assets::TRUST, assets::TRUST_P12] } else { [assets::CLIENT_CA, assets::THALES_LEAF] };
    let stores: Vec<_> = view
        .files(expectation)
        .into_iter()
        .filter(|(_, file)| file.what.strip_prefix("store ").is_some_and(|asset| wanted.contains(&asset)))
        .collect();
    if stores.is_empty() {
        return nothing(format!("[stores] names no {} for {}", wanted[0], environment.id));
    }
    let mut certificates = Vec::new();
    for (seq, store) in &stores {
        match read(*seq, store) {
            Ok(read) => certificates.extend(read),
            Err(ruling) => return ruling,
        }
    }
    let evidence: Vec<_> = stores.iter().map(|(seq, _)| *seq).collect();
    let held = Held { environment, certificates: &certificates };
    let ruling = match aspect {
        StoreAspect::ServerAuthority => held.server_authority(&view.header.context.published),
        StoreAspect::Independent => held.independent(),
        StoreAspect::ClientAuthority => held.client_authority(),
        StoreAspect::OnlyClientAuthority => held.only_one(),
        StoreAspect::NoLeaf => held.no_leaf(),
    };
    let ruling = Ruling { evidence, ..ruling };
    match at(view.header) {
        Some(now) => held.with_dates(ruling, now),
        None => ruling,
    }
}

/// A certificate of a store, read.
struct Entry<'a> {
    der: &'a CertificateDer,
    facts: CertificateFacts,
}

fn read(seq: u64, store: &ShownFile) -> Result<Vec<Entry<'_>>, Ruling> {
    if let Some(why) = &store.unreadable {
        // Perhaps a format that is not read here: no reason to call it wrong.
        return Err(nothing(format!("{} cannot be read here: {why}", store.what)));
    }
    if store.certificates.is_empty() {
        return Err(Ruling::violated(format!("{} holds no certificate", store.what), vec![seq]));
    }
    store
        .certificates
        .iter()
        .map(|der| match CertificateFacts::read(der) {
            Ok(facts) => Ok(Entry { der, facts }),
            Err(error) => {
                Err(Ruling::violated(format!("{} holds what cannot be read: {error}", store.what), vec![seq]))
            }
        })
        .collect()
}

impl Entry<'_> {
    /// Old roots have no extension that says so, but sign themselves.
    fn is_authority(&self) -> bool {
        self.facts.is_ca.unwrap_or(self.facts.self_signed == Some(true))
    }

    fn is_stand_in(&self) -> bool {
        self.facts.subject_parts.iter().any(|(_, value)| value == STAND_IN)
    }
}

struct Held<'a> {
    environment: &'a EnvironmentValues,
    certificates: &'a [Entry<'a>],
}

impl Held<'_> {
    fn leaf(&self) -> Option<Ruling> {
        let leaf = self.certificates.iter().find(|entry| !entry.is_authority())?;
        Some(met_not(format!("holds the leaf `{}`", leaf.facts.subject)))
    }

    /// A stand-in that has found its way to where real payments are made.
    fn stray(&self) -> Option<Ruling> {
        if !self.environment.is_production() {
            return None;
        }
        let stray = self.certificates.iter().find(|entry| entry.is_stand_in())?;
        Some(met_not(format!(
            "holds `{}`, an authority of this harness: whoever has a run's files could pose as Thales",
            stray.facts.subject
        )))
    }

    fn server_authority(&self, published: &[PublishedAuthority]) -> Ruling {
        if let Some(ruling) = self.stray().or_else(|| self.leaf()) {
            return ruling;
        }
        let found: Vec<_> = published
            .iter()
            .filter(|authority| {
                self.certificates.iter().any(|entry| entry.facts.sha256.eq_ignore_ascii_case(&authority.sha256))
            })
            .collect();
        let subjects: Vec<_> = self.certificates.iter().map(|entry| format!("`{}`", entry.facts.subject)).collect();
        let subjects = shortened(&subjects);
        if self.certificates.iter().any(Entry::is_stand_in) && found.is_empty() {
            return met(subjects).warn("the authority is the harness's: a stand-in for Thales' real one");
        }
        if published.is_empty() {
            return nothing("the profile holds no fingerprint of the real authority to compare with");
        }
        if found.is_empty() {
            let names: Vec<_> = published.iter().map(|authority| authority.name.as_str()).collect();
            return met_not(format!("holds {subjects}, and none of {}", names.join(", ")));
        }
        let names: Vec<_> = found.iter().map(|authority| authority.name.as_str()).collect();
        let ruling = met(names.join(", "));
        if found.iter().any(|authority| authority.root) {
            ruling
        } else {
            ruling.warn("no root among them: some stacks do not stop at an intermediate")
        }
    }

    fn independent(&self) -> Ruling {
        match self.certificates.len() {
            many if many > LARGEST => {
                met_not(format!("holds {many} certificates, as the bundle of a machine or runtime does"))
            }
            few => met(format!("{few} certificate(s)")),
        }
    }

    fn client_authority(&self) -> Ruling {
        if let Some(ruling) = self.stray() {
            return ruling;
        }
        let authorities: Vec<_> = self
            .certificates
            .iter()
            .filter(|entry| entry.is_authority())
            .map(|entry| format!("`{}`", entry.facts.subject))
            .collect();
        if authorities.is_empty() { met_not("holds no authority") } else { met(shortened(&authorities)) }
    }

    /// Authorities by name, without those below another one of the store: a hierarchy is one, and so are the old and the
    /// new certificate of a renewed one.
    fn only_one(&self) -> Ruling {
        let authorities: Vec<_> = self.certificates.iter().filter(|entry| entry.is_authority()).collect();
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

    fn with_dates(&self, ruling: Ruling, now: OffsetDateTime) -> Ruling {
        let expired: Vec<_> = self
            .certificates
            .iter()
            .filter(|entry| entry.facts.not_after < now)
            .map(|entry| format!("`{}`", entry.facts.subject))
            .collect();
        if expired.is_empty() { ruling } else { ruling.warn(format!("expired: {}", shortened(&expired))) }
    }
}

fn met(seen: impl Into<String>) -> Ruling {
    Ruling::met(seen, Vec::new())
}

fn met_not(seen: impl Into<String>) -> Ruling {
    Ruling::violated(seen, Vec::new())
}

/// The first few of a list.
fn shortened(names: &[String]) -> String {
    match names.get(..4) {
        Some(first) if names.len() > 4 => format!("{} and {} more", first.join(", "), names.len() - 4),
        _ => names.join(", "),
    }
}
