//! All files together: what each holds, what is found, and when things end.

use std::path::PathBuf;

use mock_thales::observe::CertificateDer;
use mock_thales::pki::{CertificateFacts, RequestFacts, SignatureHash};
use serde::Serialize;
use time::OffsetDateTime;

use super::super::{Contents, Entry, ReadError, Remark};
use super::findings::{FileFinding, Findings, Mark};
use super::purpose::{Held, purpose};
use super::{Ground, Purpose, client, request, server, trust};
use crate::model::Issuance;
use crate::verdict::certificate::describe;

/// What was found in some files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Inspection {
    /// In the order in which they were named.
    pub files: Vec<InspectedFile>,
    /// Every certificate by its end.
    pub calendar: Vec<Expiry>,
}

/// What was found in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InspectedFile {
    /// As it was named.
    pub path: String,
    /// Format and what it holds: `PEM with 1 certificate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// Why it is taken for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<&'static str>,
    /// Why it could not be read or judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unjudged: Option<String>,
    /// A line for each certificate and request.
    pub items: Vec<String>,
    /// What was found.
    pub findings: Vec<FileFinding>,
}

/// The end of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Expiry {
    /// The day, in UTC: `2027-03-01`.
    pub date: String,
    /// Whole days until then; negative where it has passed.
    pub days_left: i64,
    /// RFC 4514.
    pub subject: String,
    /// The file.
    pub path: String,
}

/// What becomes of it all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Nothing was found against a MUST.
    Sound,
    /// A MUST is violated.
    Broken,
    /// A file could not be read, or not be judged.
    Unjudged,
}

impl Inspection {
    /// The worst of all files.
    pub fn conclusion(&self) -> Conclusion {
        if self.files.iter().any(|file| file.unjudged.is_some()) {
            return Conclusion::Unjudged;
        }
        let is_broken = self.files.iter().flat_map(|file| &file.findings).any(|finding| finding.mark == Mark::Fail);
        if is_broken { Conclusion::Broken } else { Conclusion::Sound }
    }
}

/// Judges files that were read. One that could not be is shown with its reason, and the others all the same.
pub fn inspect(ground: &Ground<'_>, files: Vec<(PathBuf, Result<Contents, ReadError>)>) -> Inspection {
    let mut inspection = Inspection { files: Vec::new(), calendar: Vec::new() };
    for (path, read) in files {
        let path = path.display().to_string();
        let mut file = InspectedFile {
            path: path.clone(),
            holds: None,
            purpose: None,
            because: None,
            unjudged: None,
            items: Vec::new(),
            findings: Vec::new(),
        };
        match read {
            // The path stands before it anyway.
            Err(error) => {
                file.unjudged = Some(error.to_string().trim_start_matches(&format!("{path}: ")).to_owned());
            }
            Ok(contents) => {
                file.holds = Some(contents.summary());
                inspection.calendar.extend(expiries(&contents, &path, ground.at));
                file.items = items(&contents);
                if let Err(why) = judge(ground, &contents, &mut file) {
                    file.unjudged = Some(why);
                }
            }
        }
        inspection.files.push(file);
    }
    inspection.calendar.sort();
    inspection.calendar.dedup();
    inspection
}

fn judge(ground: &Ground<'_>, contents: &Contents, file: &mut InspectedFile) -> Result<(), String> {
    let groups = groups(contents);
    let mut findings = Findings::new(ground);
    remarks(&mut findings, contents);
    for (alias, certificates) in &groups {
        let held = read(certificates)?;
        let (purpose, because) = purpose(ground, contents, &held)?;
        if file.purpose.is_some_and(|other| other != purpose) {
            return Err("it holds keys for different things: say --as which is meant".to_owned());
        }
        (file.purpose, file.because) = (Some(purpose), Some(because));
        let before = findings.all.len();
        one(ground, &mut findings, contents, (purpose, &held))?;
        if groups.len() > 1 {
            let words = alias.escape_debug();
            findings.all[before..].iter_mut().for_each(|finding| finding.field = format!("{words}: {}", finding.field));
        }
        // A store is one, however many keys lie in it.
        if matches!(purpose, Purpose::ServerTrust | Purpose::ClientTrust | Purpose::Request) {
            break;
        }
    }
    beside(&mut findings, contents, file.purpose);
    file.findings = findings.all;
    Ok(())
}

/// What lies in the file and is not judged: nobody shall take silence for praise.
fn beside(findings: &mut Findings<'_>, contents: &Contents, purpose: Option<Purpose>) {
    let has_key = contents.entries.iter().any(|entry| matches!(entry, Entry::KeyEntry { .. }));
    let count = match purpose {
        Some(Purpose::Request) => contents.certificates().count(),
        Some(Purpose::ClientCertificate | Purpose::ServerChain) if has_key => trust::trusted(contents).len(),
        _ => 0,
    };
    if count > 0 {
        findings.remark(
            Mark::Note,
            "file",
            format!("{count} more certificate(s), not judged: --as says what they are for"),
        );
    }
    let requests = contents.entries.iter().filter(|entry| matches!(entry, Entry::Request { .. })).count();
    if requests > 0 && purpose != Some(Purpose::Request) {
        findings.remark(Mark::Note, "file", format!("{requests} request(s), not judged"));
    }
}

fn one(
    ground: &Ground<'_>,
    findings: &mut Findings<'_>,
    contents: &Contents,
    (purpose, held): (Purpose, &[Held]),
) -> Result<(), String> {
    let nothing = || Err(format!("it holds no certificate, expected a {purpose}"));
    match purpose {
        Purpose::ClientCertificate if held.is_empty() => nothing(),
        Purpose::ServerChain if held.is_empty() => nothing(),
        Purpose::ClientCertificate => client::judge(ground, findings, contents, held)
            .map_err(|error| format!("the certificate cannot be read: {error}")),
        Purpose::ServerChain => {
            server::judge(ground, findings, held);
            Ok(())
        }
        Purpose::ServerTrust | Purpose::ClientTrust => {
            let is_bare = trust::trusted(contents).is_empty();
            let has_key = contents.entries.iter().any(|entry| matches!(entry, Entry::KeyEntry { .. }));
            if is_bare && !has_key {
                return nothing();
            }
            trust::judge(ground, findings, purpose, contents);
            Ok(())
        }
        Purpose::Request => {
            if ground.profile.client_certificate.issuance == Issuance::SelfSigned {
                let id = &ground.profile.id;
                return Err(format!("a request, and with {id} the customer signs its client certificate itself"));
            }
            let requests: Vec<_> = contents
                .entries
                .iter()
                .filter_map(|entry| match entry {
                    Entry::Request { der } => Some(der),
                    _ => None,
                })
                .collect();
            match requests.as_slice() {
                [only] => request::judge(ground, findings, contents, only)
                    .map_err(|error| format!("the request cannot be read: {error}")),
                [] => Err("it holds no request".to_owned()),
                many => Err(format!("it holds {} requests, expected one", many.len())),
            }
        }
    }
}

/// Certificates that are judged together: those of each key, or all of them.
fn groups(contents: &Contents) -> Vec<(String, Vec<CertificateDer>)> {
    let of_keys: Vec<_> = contents
        .entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::KeyEntry { alias, chain } => Some((alias.clone(), chain.clone())),
            _ => None,
        })
        .collect();
    if of_keys.is_empty() {
        let all = contents.certificates().map(|(_, der)| der.clone()).collect();
        return vec![(String::new(), all)];
    }
    of_keys
}

fn read(certificates: &[CertificateDer]) -> Result<Vec<Held>, String> {
    certificates
        .iter()
        .enumerate()
        .map(|(index, der)| match CertificateFacts::read(der) {
            Ok(facts) => Ok(Held { der: der.clone(), facts }),
            Err(error) => Err(format!("certificate {} cannot be read: {error}", index + 1)),
        })
        .collect()
}

/// What is unusual about the form: some readers would not find what stands there.
fn remarks(findings: &mut Findings<'_>, contents: &Contents) {
    for remark in &contents.remarks {
        let mark = match remark {
            Remark::ByteOrderMark | Remark::Indented { .. } | Remark::BytesAfter { .. } => Mark::Warn,
            _ => Mark::Note,
        };
        findings.remark(mark, "form", remark.to_string());
    }
}

fn items(contents: &Contents) -> Vec<String> {
    let certificates = contents.certificates().map(|(alias, der)| {
        let name = alias.filter(|alias| !alias.is_empty()).map(|alias| format!("{}: ", alias.escape_debug()));
        let name = name.unwrap_or_default();
        match CertificateFacts::read(der) {
            Ok(facts) => {
                let issuer = match facts.self_signed {
                    Some(true) => "self-signed".to_owned(),
                    _ => format!("issued by `{}`", facts.issuer),
                };
                let kind = if facts.is_ca == Some(true) { "CA" } else { "no CA" };
                let (key, hash) = (describe(&facts.key), hash_name(facts.signature_hash));
                let (from, to) = (facts.not_before.date(), facts.not_after.date());
                format!("{name}`{}`, {kind}, {key}, {hash}, {issuer}, {from} to {to}", facts.subject)
            }
            Err(error) => format!("{name}unreadable: {error}"),
        }
    });
    let requests = contents.entries.iter().filter_map(|entry| match entry {
        Entry::Request { der } => Some(match RequestFacts::read(der) {
            Ok(facts) => {
                format!(
                    "request for `{}`, {}, {}",
                    facts.subject,
                    describe(&facts.key),
                    hash_name(facts.signature_hash)
                )
            }
            Err(error) => format!("request, unreadable: {error}"),
        }),
        _ => None,
    });
    certificates.chain(requests).collect()
}

fn hash_name(hash: SignatureHash) -> &'static str {
    match hash {
        SignatureHash::Md5 => "MD5",
        SignatureHash::Sha1 => "SHA-1",
        SignatureHash::Sha256 => "SHA-256",
        SignatureHash::Sha384 => "SHA-384",
        SignatureHash::Sha512 => "SHA-512",
        SignatureHash::Other => "a hash of its own",
    }
}

fn expiries(contents: &Contents, path: &str, at: OffsetDateTime) -> Vec<Expiry> {
    let readable = contents.certificates().filter_map(|(_, der)| CertificateFacts::read(der).ok());
    readable
        .map(|facts| Expiry {
            date: facts.not_after.date().to_string(),
            days_left: (facts.not_after - at).whole_days(),
            subject: facts.subject,
            path: path.to_owned(),
        })
        .collect()
}
