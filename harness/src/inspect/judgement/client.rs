//! A client certificate: what the customer shows to Thales.

use mock_thales::observe::CertificateDer;
use mock_thales::pki::{CertificateFacts, PkiError};

use super::super::{Contents, Entry};
use super::Ground;
use super::findings::{Findings, Mark};
use super::purpose::Held;
use crate::model::{CertificateAspect, Issuance};
use crate::verdict::Ruling;
use crate::verdict::certificate::{self, CERTIFICATE_ROWS, Document, Holder, RENEWAL, Row};
use crate::verdict::store::{is_authority, is_stand_in};

/// Topic and years of what Thales issues.
const LIFE: &str = "inbound.certificate.life";
const DAYS_OF_LIFE: i64 = 1826;

/// Judges the leaf among certificates of which there is one at least.
///
/// # Errors
/// It cannot be read.
pub(super) fn judge(
    ground: &Ground<'_>,
    findings: &mut Findings<'_>,
    contents: &Contents,
    held: &[Held],
) -> Result<(), PkiError> {
    let leaf = held.iter().position(|held| !is_authority(&held.facts)).unwrap_or(0);
    if leaf > 0 {
        findings.remark(Mark::Warn, "order", "the client certificate does not stand first");
    }
    let chain: Vec<CertificateDer> = [&held[leaf]]
        .into_iter()
        .chain(held.iter().enumerate().filter(|(index, _)| *index != leaf).map(|(_, held)| held))
        .map(|held| held.der.clone())
        .collect();
    let facts = &held[leaf].facts;
    let document = Document::certificate(&chain)?;
    let rules = ground.rules();
    for Row { topic, field, aspect } in CERTIFICATE_ROWS {
        // Nothing is known of an identifier that nobody names, or of which the product has no form.
        if aspect == CertificateAspect::CustomerId
            && (rules.customer_id.is_none() || rules.customer_id_form.length.is_none())
        {
            continue;
        }
        let ruling = match aspect {
            CertificateAspect::Issued if ground.is_production() && is_stand_in(facts) => {
                Ruling::violated(format!("issued by `{}`, an authority of this harness", facts.issuer), Vec::new())
            }
            _ => certificate::judge(&rules, &document, aspect),
        };
        findings.rule(topic, field, certificate::expected(&rules, aspect), ruling);
    }
    let days = (facts.not_after - facts.not_before).whole_days();
    let life = Ruling::met(format!("{days} days; Thales issues for five years, about {DAYS_OF_LIFE}"), Vec::new());
    findings.rule(LIFE, "validity", "", life);
    keys(findings, contents, facts);
    if ground.profile.client_certificate.issuance == Issuance::SelfSigned && held.len() > 1 {
        let more = held.len() - 1;
        findings.remark(Mark::Warn, "file", format!("{more} more certificate(s): what Thales endorses is one"));
    }
    previous(ground, findings, &held[leaf]);
    Ok(())
}

/// A key beside the certificate has to be its own.
fn keys(findings: &mut Findings<'_>, contents: &Contents, facts: &CertificateFacts) {
    for entry in &contents.entries {
        let Entry::PrivateKey { encrypted, public_key_sha256, .. } = entry else { continue };
        match public_key_sha256 {
            Some(digest) if *digest != facts.public_key_sha256 => findings.rule(
                "inbound.client-certificate",
                "private key",
                "the key is the certificate's",
                Ruling::violated("it belongs to another certificate", Vec::new()),
            ),
            _ => {}
        }
        let words = if *encrypted { "an encrypted private key lies" } else { "a private key lies" };
        findings.remark(Mark::Note, "private key", format!("{words} in the file: hand over the certificate alone"));
    }
}

/// What was there before: a renewal keeps the subject.
fn previous(ground: &Ground<'_>, findings: &mut Findings<'_>, held: &Held) {
    let Some(contents) = ground.previous else { return };
    let before = contents.certificates().next().and_then(|(_, der)| Some((der, Holder::certificate(der).ok()?)));
    let (Some((der, before)), Ok(now)) = (before, Holder::certificate(&held.der)) else {
        return findings.remark(Mark::Note, "previous", "not compared: it holds no certificate that can be read");
    };
    if *der == held.der {
        return findings.remark(Mark::Note, "previous", "the same certificate, byte by byte");
    }
    let ruling = certificate::renewal(&before, &now);
    let told = [vec![ruling.seen.clone()], ruling.warnings.clone()].concat().join("; ");
    match ground.profile.client_certificate.issuance {
        Issuance::Thales => {
            findings.rule(RENEWAL, "subject", format!("its subject is that of before, `{}`", before.subject), ruling);
        }
        Issuance::SelfSigned => {
            findings.remark(Mark::Note, "previous", format!("another certificate ({told}): Thales endorses it anew"));
        }
    }
}
