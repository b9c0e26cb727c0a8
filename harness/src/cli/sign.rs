//! `sign`: plays Thales' authority for customers to a certificate signing request. What Thales would send back is
//! refused with its requirement; anything else is certified.

use std::fs;
use std::io::{Write, stderr};
use std::path::Path;

use mock_thales::pki::{CustomerAuthority, PkiError, certificates_der, certificates_pem, request_der};
use time::OffsetDateTime;

use super::options::SignWords;
use super::profile_of;
use super::run::environment_of;
use super::{Exit, Refused, library, say};
use crate::model::{CertificateAspect, Environment, Issuance, Profile, Requirement, Topic};
use crate::verdict::certificate::{self, Document, Holder, RENEWAL, REQUEST_ROWS, Row, Rules, SIGNED};
use crate::verdict::{Outcome, Ruling};

pub(super) fn sign(words: &SignWords) -> Result<Exit, Refused> {
    let library = library(words.scenarios.as_deref())?;
    let profile = profile_of(&words.profile, &library)?;
    let environment = environment_of(profile, words.environment.as_deref())?;
    if profile.client_certificate.issuance == Issuance::SelfSigned {
        let id = &profile.id;
        return Err(Refused::Words(format!("with {id} the customer signs its client certificate itself")));
    }
    let request = request_der(&read(&words.request)?).map_err(|error| unfit(&words.request, &error))?;
    let document = Document::request(&request).map_err(|error| unfit(&words.request, &error))?;
    let previous = match &words.previous {
        Some(path) => Some(holder(&read(path)?).map_err(|error| unfit(path, &error))?),
        None => None,
    };
    let mut notes = Notes { profile, refusals: 0, text: String::new() };
    judge(&mut notes, words, environment, &document);
    if let Some(previous) = &previous {
        let now = Holder::request(&request).map_err(|error| unfit(&words.request, &error))?;
        let expected = format!("its subject is that of before, `{}`", previous.subject);
        notes.note(RENEWAL, &expected, &certificate::renewal(previous, &now));
    }
    let Notes { refusals, text, .. } = notes;
    // Notes go beside the certificate, not into it.
    let _ = stderr().lock().write_all(text.as_bytes());
    if refusals > 0 {
        let _ = writeln!(stderr(), "refused: {refusals} requirement(s) broken, nothing was signed");
        return Ok(Exit::NotReady);
    }
    certify(words, &request)
}

/// Compares the request with the profile's rules.
fn judge(notes: &mut Notes<'_>, words: &SignWords, environment: &Environment, document: &Document) {
    let profile = notes.profile;
    let rules = Rules {
        policy: &profile.client_certificate,
        customer_id_form: &profile.customer_id,
        customer_id: words.customer_id.as_deref(),
        common_name: None,
        cn_template: words.cn_template.as_deref(),
        word: environment.word.as_deref(),
        words: profile.environments.iter().filter_map(|environment| environment.word.as_deref()).collect(),
        authority: &[],
        at: None,
    };
    notes.note(SIGNED, "the request is signed with its own key", &certificate::signed(document));
    for Row { topic, aspect, .. } in REQUEST_ROWS {
        // Nothing is known of an identifier that nobody names.
        if aspect != CertificateAspect::CustomerId || words.customer_id.is_some() {
            notes.note(topic, &certificate::expected(&rules, aspect), &certificate::judge(&rules, document, aspect));
        }
    }
}

fn certify(words: &SignWords, request: &[u8]) -> Result<Exit, Refused> {
    let now = OffsetDateTime::now_utc();
    let failed = |error: PkiError| Refused::Words(format!("failed to {error}"));
    let (authority, is_new) = CustomerAuthority::open(&words.authority, now).map_err(failed)?;
    let certificate = authority.sign(request, now).map_err(failed)?;
    let pem = certificates_pem(&[certificate]);
    match &words.out {
        Some(path) => fs::write(path, pem).map_err(|error| {
            Refused::Words(format!("{}: the certificate cannot be written: {error}", path.display()))
        })?,
        None => say(&pem),
    }
    let (made, directory) = (if is_new { " (made just now)" } else { "" }, words.authority.display());
    let _ = writeln!(stderr(), "signed by the authority in {directory}{made}: TEST, NOT THALES");
    Ok(Exit::Ready)
}

/// What is said of a request.
struct Notes<'a> {
    profile: &'a Profile,
    refusals: usize,
    text: String,
}

impl Notes<'_> {
    /// Notes a breach or a doubt; a topic that the profile does not have is no rule here.
    fn note(&mut self, topic: &str, expected: &str, ruling: &Ruling) {
        let topic = topic.parse::<Topic>().ok();
        let Some(Requirement { id, .. }) = topic.and_then(|topic| self.profile.about(&topic)) else { return };
        match ruling.outcome {
            Outcome::Violated => {
                self.refusals += 1;
                self.text.push_str(&format!("{id} refused\n  expected  {expected}\n  seen      {}\n", ruling.seen));
            }
            Outcome::Unwitnessed => self.text.push_str(&format!("{id} not checked: {}\n", ruling.seen)),
            Outcome::Met => {}
        }
        for warning in &ruling.warnings {
            self.text.push_str(&format!("{id} warning: {warning}\n"));
        }
    }
}

/// The certificate or request before.
fn holder(file: &[u8]) -> Result<Holder, PkiError> {
    if let Ok(certificates) = certificates_der(file)
        && let Some(certificate) = certificates.first()
        && let Ok(holder) = Holder::certificate(certificate)
    {
        return Ok(holder);
    }
    Holder::request(&request_der(file)?)
}

fn read(path: &Path) -> Result<Vec<u8>, Refused> {
    fs::read(path).map_err(|error| Refused::Words(format!("{}: cannot be read: {error}", path.display())))
}

fn unfit(path: &Path, error: &PkiError) -> Refused {
    Refused::Words(format!("{}: failed to {error}", path.display()))
}
