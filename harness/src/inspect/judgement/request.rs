//! A request for a client certificate, where Thales issues it.

use mock_thales::pki::{PkiError, RequestFacts};

use super::super::{Contents, Entry};
use super::Ground;
use super::findings::{Findings, Mark};
use crate::model::CertificateAspect;
use crate::verdict::certificate::{self, Document, Holder, RENEWAL, REQUEST_ROWS, Row, SIGNED};
use crate::verdict::{Reason, Ruling};

/// Judges a request in DER.
///
/// # Errors
/// It cannot be read.
pub(super) fn judge(
    ground: &Ground<'_>,
    findings: &mut Findings<'_>,
    contents: &Contents,
    request: &[u8],
) -> Result<(), PkiError> {
    let document = Document::request(request)?;
    let rules = ground.rules();
    let signed = certificate::signed(&document);
    findings.rule(SIGNED, "signature", "the request is signed with its own key", signed);
    for Row { topic, field, aspect } in REQUEST_ROWS {
        if aspect != CertificateAspect::CustomerId || rules.customer_id.is_some() {
            let ruling = certificate::judge(&rules, &document, aspect);
            findings.rule(topic, field, certificate::expected(&rules, aspect), ruling);
        }
    }
    keys(findings, contents, request);
    previous(ground, findings, request);
    Ok(())
}

/// A key beside the request has to be its own: else nobody can use what Thales sends back.
fn keys(findings: &mut Findings<'_>, contents: &Contents, request: &[u8]) {
    let own = RequestFacts::read(request).map(|facts| facts.public_key_sha256).unwrap_or_default();
    for entry in &contents.entries {
        let Entry::PrivateKey { public_key_sha256, .. } = entry else { continue };
        if public_key_sha256.as_ref().is_some_and(|digest| *digest != own) {
            findings.remark(Mark::Warn, "private key", "it belongs to another request");
        }
        findings.remark(Mark::Note, "private key", "a private key lies in the file: hand over the request alone");
    }
}

fn previous(ground: &Ground<'_>, findings: &mut Findings<'_>, request: &[u8]) {
    let Some(contents) = ground.previous else { return };
    let before = contents.entries.iter().find_map(|entry| match entry {
        Entry::Request { der } => Holder::request(der).ok(),
        Entry::Certificate { der, .. } | Entry::TrustedCertificate { der, .. } => Holder::certificate(der).ok(),
        Entry::KeyEntry { chain, .. } => Holder::certificate(chain.first()?).ok(),
        _ => None,
    });
    let expected = |subject: &str| format!("its subject is that of before, `{subject}`");
    match (before, Holder::request(request)) {
        (Some(before), Ok(now)) => {
            findings.rule(RENEWAL, "subject", expected(&before.subject), certificate::renewal(&before, &now));
        }
        _ => {
            let why = "what was before holds no request and no certificate";
            findings.rule(RENEWAL, "subject", String::new(), Ruling::unwitnessed(Reason::NotShown, why, Vec::new()));
        }
    }
}
