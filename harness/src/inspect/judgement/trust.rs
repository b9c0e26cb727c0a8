//! Trust stores: in Thales' servers, and in Thales' client.

use mock_thales::observe::CertificateDer;
use mock_thales::pki::CertificateFacts;

use super::super::{Contents, Entry, Kind};
use super::findings::{Findings, Mark};
use super::{Ground, Purpose};
use crate::model::StoreAspect;
use crate::verdict::chain::{EDITION, is_listed};
use crate::verdict::store;

const SERVER: [(&str, StoreAspect); 3] = [
    ("inbound.server-trust", StoreAspect::ServerAuthority),
    ("inbound.all-roots", StoreAspect::AllRoots),
    ("inbound.store-independence", StoreAspect::Independent),
];

const CLIENT: [(&str, StoreAspect); 3] = [
    ("outbound.client-ca", StoreAspect::ClientAuthority),
    // Where a profile holds the store's row apart from what is tried on the wire, that is the store's.
    ("outbound.only-client-ca", StoreAspect::OnlyClientAuthority),
    ("outbound.no-pinning", StoreAspect::NoLeaf),
];

/// The topic of a row about the store alone, beside what is tried on the wire.
const STORE_ALONE: &str = "outbound.client-store";

pub(super) fn judge(ground: &Ground<'_>, findings: &mut Findings<'_>, purpose: Purpose, contents: &Contents) {
    let trusted = trusted(contents);
    let rules = ground.store_rules();
    let rows = if purpose == Purpose::ServerTrust { SERVER } else { CLIENT };
    for (topic, aspect) in rows {
        let has_own = aspect == StoreAspect::OnlyClientAuthority && findings.requirement(STORE_ALONE).is_some();
        let topic = if has_own { STORE_ALONE } else { topic };
        findings.rule(topic, "store", store::expected(aspect), store::judge(&rules, &trusted, aspect));
    }
    if purpose == Purpose::ServerTrust && !trusted.is_empty() {
        let listed = trusted.iter().filter(|der| is_listed(der)).count();
        findings.remark(Mark::Note, "store", format!("{listed} of {} certificate(s) in {EDITION}", trusted.len()));
    }
    blind_spots(findings, contents);
    previous(ground, findings, &trusted);
}

/// What a store trusts: the chains of keys are what somebody shows.
pub(super) fn trusted(contents: &Contents) -> Vec<CertificateDer> {
    let of_entry = |entry: &Entry| match entry {
        Entry::Certificate { der, .. } | Entry::TrustedCertificate { der, .. } => Some(der.clone()),
        _ => None,
    };
    contents.entries.iter().filter_map(of_entry).collect()
}

/// What some readers of a store do not see.
fn blind_spots(findings: &mut Findings<'_>, contents: &Contents) {
    let unmarked = contents.entries.iter().filter(|entry| matches!(entry, Entry::Certificate { .. })).count();
    if contents.kind == Kind::Pkcs12 && unmarked > 0 {
        let seen = format!("{unmarked} certificate(s) without Java's mark of trust: a JVM does not see them");
        findings.remark(Mark::Warn, "store", seen);
    }
    let keys = contents.entries.iter().filter(|entry| matches!(entry, Entry::KeyEntry { .. })).count();
    if keys > 0 {
        findings.remark(
            Mark::Warn,
            "store",
            format!("{keys} key(s) in a trust store: it need not be secret otherwise"),
        );
    }
}

fn previous(ground: &Ground<'_>, findings: &mut Findings<'_>, now: &[CertificateDer]) {
    let Some(contents) = ground.previous else { return };
    let before = trusted(contents);
    let subjects = |of: &[CertificateDer], other: &[CertificateDer]| -> Vec<String> {
        of.iter()
            .filter(|der| !other.contains(der))
            .filter_map(|der| CertificateFacts::read(der).ok())
            .map(|facts| format!("`{}`", facts.subject))
            .collect()
    };
    let (new, gone) = (subjects(now, &before), subjects(&before, now));
    if new.is_empty() && gone.is_empty() {
        return findings.remark(Mark::Note, "previous", "the same certificates");
    }
    for (word, names) in [("new", new), ("gone", gone)] {
        if !names.is_empty() {
            findings.remark(Mark::Note, "previous", format!("{word}: {}", names.join(", ")));
        }
    }
}
