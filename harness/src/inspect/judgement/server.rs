//! The chain of the customer's server: complete, for its host, and ending where Thales can follow.

use mock_thales::observe::CertificateDer;

use super::super::Contents;
use super::findings::{Findings, Mark};
use super::purpose::Held;
use super::{Ground, trust};
use crate::verdict::chain;
use crate::verdict::store::is_stand_in;
use crate::verdict::{Outcome, Reason, Ruling};

const CHAIN: &str = "outbound.server-chain";
const HOST: &str = "outbound.host";
const PUBLIC: &str = "outbound.public-authority";
const TRUST_STORE: &str = "outbound.trust-store";
const NOTICE: &str = "outbound.change-notice";
const PINNED: &str = "outbound.pinned-chain";

pub(super) fn judge(ground: &Ground<'_>, findings: &mut Findings<'_>, held: &[Held]) {
    let chain: Vec<_> = held.iter().map(|held| held.der.clone()).collect();
    let stray = held.iter().find(|held| ground.is_production() && is_stand_in(&held.facts));
    let ruling = match stray {
        Some(held) => {
            Ruling::violated(format!("holds `{}`, which this harness has made", held.facts.subject), Vec::new())
        }
        None => complete(ground, held, &chain),
    };
    findings.rule(CHAIN, "chain", "the chain is complete and leads to an authority that Thales can hold", ruling);
    let (expected, ruling) = match ground.host {
        Some(host) => (format!("the certificate names {host}"), chain::host(host, &chain)),
        None => (String::new(), Ruling::unwitnessed(Reason::NotShown, "say --host", Vec::new())),
    };
    findings.rule(HOST, "alternative names", expected, ruling);
    anchor(ground, findings, &chain);
    if let Some(previous) = ground.previous {
        kept(ground, findings, &chain, previous);
    }
}

/// Whether the file leads by itself to its root; without one, to a public authority or the trust store that Thales holds.
fn complete(ground: &Ground<'_>, held: &[Held], chain: &[CertificateDer]) -> Ruling {
    if held.iter().any(|held| held.facts.self_signed == Some(true)) {
        let ruling = chain::complete(chain, &chain::anchors(chain), ground.at);
        // The dates of an anchor are nobody's business in a path (RFC 5280 section 6.1.1), and many look at them.
        let expired = held.iter().find(|held| held.facts.self_signed == Some(true) && held.facts.not_after < ground.at);
        return match expired {
            Some(root) => ruling.warn(format!("the root `{}` has expired", root.facts.subject)),
            None => ruling,
        };
    }
    if let Some(store) = ground.trust_store {
        return chain::complete(chain, &trust::trusted(store), ground.at);
    }
    let public = chain::public(chain, ground.at);
    if public.outcome == Outcome::Met {
        return public;
    }
    match held {
        [only] => Ruling::violated(format!("the certificate of `{}` is missing", only.facts.issuer), Vec::new()),
        _ => {
            let ruling = chain::complete(chain, &chain::anchors(chain), ground.at);
            let last = held.last().map(|held| held.facts.issuer.as_str()).unwrap_or_default();
            ruling.warn(format!("it ends without its root, `{last}`: Thales has to have it"))
        }
    }
}

/// A public authority, or a trust store in its place. Where the product asks for neither, it is worth knowing.
fn anchor(ground: &Ground<'_>, findings: &mut Findings<'_>, chain: &[CertificateDer]) {
    let public = chain::public(chain, ground.at);
    if findings.requirement(PUBLIC).is_none() {
        return findings.remark(Mark::Note, "authority", public.seen);
    }
    let is_public = public.outcome == Outcome::Met;
    let store = ground
        .trust_store
        .map(|store| chain::trust_store(chain, &trust::trusted(store), &store.kind.to_string(), ground.at));
    let open = |why: &str| Ruling::unwitnessed(Reason::NotShown, why.to_owned(), Vec::new());
    let (public, store) = match store {
        _ if is_public => (public, open("the authority is public, no trust store is needed")),
        // One of the two rows suffices.
        Some(store) if store.outcome == Outcome::Met => {
            (open(&format!("{}; the trust store stands for it", public.seen)), store)
        }
        Some(store) => (public, store),
        None => (open(&format!("{}; then Thales needs a trust store in PEM", public.seen)), open("say --trust-store")),
    };
    findings.rule(PUBLIC, "authority", format!("the chain leads to an authority of {}", chain::EDITION), public);
    let expected = "the trust store is PEM, holds authorities, and verifies the chain";
    findings.rule(TRUST_STORE, "trust store", expected, store);
}

/// The chain against the one that Thales holds today.
fn kept(ground: &Ground<'_>, findings: &mut Findings<'_>, chain: &[CertificateDer], previous: &Contents) {
    let before: Vec<_> = previous.certificates().map(|(_, der)| der.clone()).collect();
    let expected = "the authorities are those of the chain that Thales holds";
    if before.is_empty() {
        return findings.remark(Mark::Note, "previous", "not compared: it holds no certificate");
    }
    if findings.requirement(NOTICE).is_some() {
        return findings.rule(NOTICE, "previous", expected, chain::kept(chain, &before, true));
    }
    if findings.requirement(PINNED).is_some() {
        return findings.rule(PINNED, "previous", expected, chain::kept(chain, &before, false));
    }
    let under = chain::complete(&without_roots(chain), &chain::anchors(&before), ground.at);
    let ruling = match under.outcome {
        Outcome::Met => chain::kept(chain, &before, true),
        _ => Ruling { seen: format!("{} that Thales holds", under.seen), ..under },
    };
    findings.rule(CHAIN, "previous", "the chain verifies from the one that Thales holds", ruling);
}

/// As it is served.
fn without_roots(chain: &[CertificateDer]) -> Vec<CertificateDer> {
    let is_root = |der: &CertificateDer| {
        mock_thales::pki::CertificateFacts::read(der).is_ok_and(|facts| facts.self_signed == Some(true))
    };
    let above = chain.iter().skip(1).filter(|der| !is_root(der));
    chain.iter().take(1).chain(above).cloned().collect()
}
