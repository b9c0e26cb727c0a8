//! `client-certificate`: what the caller shows, and whether it is what onboarding agreed on.

use mock_thales::observe::{CertificateDer, Connection};
use mock_thales::pki::CertificateFacts;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::certificate::{self, Document, Rules};
use super::super::finding::{Outcome, Reason, Ruling};
use super::super::view::{View, is_for_token_alone};
use crate::model::{CertificateAspect, Expectation, Header};

pub(super) fn expected(header: &Header, aspect: CertificateAspect) -> String {
    certificate::expected(&rules(header), aspect)
}

/// The rules of the log's profile, environment and onboarding.
pub(super) fn rules(header: &Header) -> Rules<'_> {
    let context = &header.context;
    Rules {
        policy: &context.client_certificate,
        customer_id_form: &context.customer_id_form,
        customer_id: context.customer_id.as_deref(),
        common_name: context.common_name.as_deref(),
        cn_template: context.cn_template.as_deref(),
        word: context.word.as_deref(),
        words: context.words.iter().map(String::as_str).collect(),
        authority: &context.customer_authority,
        at: OffsetDateTime::parse(&header.started, &Rfc3339).ok(),
    }
}

pub(super) fn rule(view: &View<'_>, expectation: &Expectation, aspect: CertificateAspect) -> Ruling {
    let decided: Vec<_> = view
        .subjects(expectation)
        .into_iter()
        .filter(|connection| view.is_witness(connection) && connection.data.is_some())
        .collect();
    if decided.is_empty() {
        return Ruling::unwitnessed(Reason::NoConnection, "no request arrived", Vec::new());
    }
    let controls = match view.controls(expectation) {
        Ok(controls) => controls,
        Err(ruling) => return ruling,
    };
    let ruling = match aspect {
        CertificateAspect::Presented => presented(&decided, controls),
        _ => shown(view, &decided, aspect),
    };
    // What is right where a token is asked for says nothing of the calls, which another client may make.
    if ruling.outcome == Outcome::Met && decided.iter().all(|connection| is_for_token_alone(connection)) {
        return view.no_api_request(&decided);
    }
    ruling
}

/// Judges each certificate that was shown: a caller may hold several. Any that is wrong decides, then any that cannot be
/// judged.
fn shown(view: &View<'_>, decided: &[&Connection], aspect: CertificateAspect) -> Ruling {
    let mut seen: Vec<&CertificateDer> = Vec::new();
    let mut decisive: Option<Ruling> = None;
    for connection in decided {
        let Some(certificate) = &connection.certificate else { continue };
        let (chain, seq) = (&certificate.what.0, certificate.seq);
        let Some(leaf) = chain.first().filter(|leaf| !seen.contains(leaf)) else { continue };
        seen.push(leaf);
        let ruling = match aspect {
            CertificateAspect::Endorsed => endorsed(view, leaf, seq),
            _ => match Document::certificate(chain) {
                Ok(document) => {
                    Ruling { evidence: vec![seq], ..certificate::judge(&rules(view.header), &document, aspect) }
                }
                Err(error) => Ruling::violated(format!("the certificate cannot be read: {error}"), vec![seq]),
            },
        };
        let weighs_more = |other: &Ruling| {
            matches!(
                (ruling.outcome, other.outcome),
                (Outcome::Violated, Outcome::Unwitnessed | Outcome::Met) | (Outcome::Unwitnessed, Outcome::Met)
            )
        };
        if decisive.as_ref().is_none_or(weighs_more) {
            decisive = Some(ruling);
        }
    }
    decisive.unwrap_or_else(|| {
        Ruling::unwitnessed(Reason::NotShown, "no certificate was presented", vec![decided[0].opened.seq])
    })
}

fn presented(decided: &[&Connection], controls: Vec<u64>) -> Ruling {
    let mut evidence = controls;
    let mut unverified = None;
    for connection in decided {
        match &connection.certificate {
            None => {
                return Ruling::violated("a request came without a client certificate", vec![connection.opened.seq]);
            }
            Some(shown) if shown.what.1 == Some(false) => {
                return Ruling::violated("a certificate was presented without proof of its key", vec![shown.seq]);
            }
            Some(shown) if shown.what.1.is_none() => {
                let seen = "a certificate was presented, and its proof of the key cannot be verified here";
                unverified.get_or_insert_with(|| Ruling::unwitnessed(Reason::NotShown, seen, vec![shown.seq]));
            }
            Some(shown) => evidence.push(shown.seq),
        }
    }
    let met = || Ruling::met(format!("presented on {} connection(s), key proven", decided.len()), evidence);
    unverified.unwrap_or_else(met)
}

fn endorsed(view: &View<'_>, leaf: &CertificateDer, seq: u64) -> Ruling {
    match &view.header.context.endorsed {
        Some(endorsed) if endorsed == leaf => Ruling::met("the same bytes", vec![seq]),
        Some(endorsed) => {
            let same_key = match (CertificateFacts::read(endorsed), CertificateFacts::read(leaf)) {
                (Ok(endorsed), Ok(shown)) => endorsed.public_key_sha256 == shown.public_key_sha256,
                _ => false,
            };
            let seen = if same_key { "another certificate with the same key" } else { "another certificate" };
            Ruling::violated(seen, vec![seq])
        }
        None => Ruling::unwitnessed(Reason::NotShown, "the integration file names no endorsed certificate", vec![seq]),
    }
}
