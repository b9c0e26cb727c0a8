//! Stores in PKCS#12 (RFC 7292): certificates, and which of them belong to a key. Keys themselves stay encrypted.
//!
//! A certificate counts as trusted where it has Java's attribute for that; Java sees no other one without a key.

use std::collections::{HashMap, HashSet};

use mock_thales::observe::CertificateDer;
use mock_thales::pki::{issuer_der, subject_der};

use super::ber::{BMP_STRING, CONTEXT_0, Element, Elements, Fault, INTEGER, OCTET_STRING, OID, SEQUENCE, SET};
use super::decrypt::{Failure, Password, Work, decrypt, is_mac};
use super::der::{bounded, certificate};
use super::{Contents, Entry, Kind, ParseError, Remark};

const DATA: &str = "1.2.840.113549.1.7.1";
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const ENCRYPTED_DATA: &str = "1.2.840.113549.1.7.6";
/// Kinds of bags (RFC 7292 section 4.2).
const BAG: &str = "1.2.840.113549.1.12.10.1.";
const X509: &str = "1.2.840.113549.1.9.22.1";
const FRIENDLY_NAME: &str = "1.2.840.113549.1.9.20";
const LOCAL_KEY_ID: &str = "1.2.840.113549.1.9.21";
/// Java's mark of a trusted certificate, whatever its value.
const TRUSTED_KEY_USAGE: &str = "2.16.840.1.113894.746875.1.1";
/// Bags within bags.
const DEEPEST: usize = 8;
/// Bytes of all chains together.
const MOST_HELD: usize = 32 << 20;
/// Certificates of a chain.
const LONGEST_CHAIN: usize = 32;

/// A whole store.
pub(super) fn parse(store: &Element<'_>, password: Option<&str>) -> Result<Contents, ParseError> {
    let mut elements = store.inside();
    let version = elements.expect(INTEGER).and_then(|version| version.number()).map_err(damaged)?;
    if version != 3 {
        return Err(ParseError::Unsupported { kind: Kind::Pkcs12, what: format!("version {version}") });
    }
    let (kind, content) = content_info(&elements.expect(SEQUENCE).map_err(damaged)?).map_err(damaged)?;
    match kind.as_str() {
        DATA => {}
        SIGNED_DATA => return Err(unsupported("a signature in place of a MAC".to_owned())),
        _ => return Err(unsupported(format!("content of type {kind}"))),
    }
    let content = content.octets().map_err(damaged)?;
    let mut opening = Opening { work: Work::new(), passwords: Password::forms(password), is_given: password.is_some() };
    let mut remarks = Vec::new();
    let mac = elements.next().transpose().map_err(damaged)?;
    let is_checked = match &mac {
        Some(mac) => opening.check(mac, &content)?,
        None => Err("it has no MAC"),
    };
    if let Err(why) = is_checked {
        remarks.push(Remark::Unchecked { why });
    }

    let mut bags = Bags::default();
    let safes = Elements::new(&content).expect(SEQUENCE).map_err(damaged)?;
    for safe in safes.inside() {
        let (kind, content) = safe.and_then(|safe| content_info(&safe)).map_err(damaged)?;
        match kind.as_str() {
            DATA => bags.read(&content.octets().map_err(damaged)?, 0)?,
            ENCRYPTED_DATA => bags.read(&opening.open(&content, is_checked.is_ok())?, 0)?,
            _ => return Err(unsupported(format!("content of type {kind}"))),
        }
    }
    Ok(Contents { kind: Kind::Pkcs12, entries: bags.entries()?, remarks })
}

/// Type and content of a ContentInfo.
fn content_info<'a>(info: &Element<'a>) -> Result<(String, Element<'a>), Fault> {
    let mut elements = info.inside();
    let kind = elements.expect(OID)?.oid()?;
    let content = elements.expect(CONTEXT_0)?.inside().next();
    Ok((kind, content.ok_or(Fault::Malformed("a content is missing"))??))
}

/// What opens a store.
struct Opening {
    work: Work,
    /// Those that may be right.
    passwords: Vec<Password>,
    is_given: bool,
}

impl Opening {
    /// Checks the MAC and keeps the password that it fits. The inner error is why it could not be checked.
    fn check(&mut self, mac: &Element<'_>, content: &[u8]) -> Result<Result<(), &'static str>, ParseError> {
        for index in 0..self.passwords.len() {
            match is_mac(mac, content, &self.passwords[index], &mut self.work) {
                Ok(true) => {
                    self.passwords = vec![self.passwords.swap_remove(index)];
                    return Ok(Ok(()));
                }
                Ok(false) => {}
                Err(Failure::Unsupported(_)) => return Ok(Err("its MAC is of a kind that is not read here")),
                Err(failure) => return Err(self.fault(failure)),
            }
        }
        // Its certificates may be plain, and its keys are not looked at.
        if self.is_given { Err(self.closed()) } else { Ok(Err("no password was given")) }
    }

    /// The plain bytes of an EncryptedData.
    fn open(&mut self, data: &Element<'_>, is_checked: bool) -> Result<Vec<u8>, ParseError> {
        let (algorithm, encrypted) = encrypted_content(data).map_err(damaged)?;
        let encrypted = encrypted.octets().map_err(damaged)?;
        for password in &self.passwords {
            match decrypt(&algorithm, &encrypted, password, &mut self.work) {
                // A wrong password leaves a plausible padding now and then.
                Ok(plain) if Elements::new(&plain).expect(SEQUENCE).is_ok() => return Ok(plain),
                Ok(_) | Err(Failure::Wrong) => {}
                Err(failure) => return Err(self.fault(failure)),
            }
        }
        if is_checked {
            return Err(damaged(Fault::Malformed("the password fits its MAC and not its content")));
        }
        Err(self.closed())
    }

    fn closed(&self) -> ParseError {
        let kind = Kind::Pkcs12;
        if self.is_given { ParseError::WrongPassword { kind } } else { ParseError::PasswordNeeded { kind } }
    }

    fn fault(&self, failure: Failure) -> ParseError {
        match failure {
            Failure::Unsupported(what) => unsupported(what),
            Failure::TooMuchWork(rounds) => unsupported(format!("{rounds} rounds of key derivation")),
            Failure::Malformed(fault) => damaged(fault),
            Failure::Wrong => self.closed(),
        }
    }
}

/// Algorithm and bytes of an EncryptedData (RFC 5652 section 8).
fn encrypted_content<'a>(data: &Element<'a>) -> Result<(Element<'a>, Element<'a>), Fault> {
    let mut elements = data.inside();
    elements.expect(INTEGER)?;
    let mut content = elements.expect(SEQUENCE)?.inside();
    content.expect(OID)?;
    let algorithm = content.expect(SEQUENCE)?;
    let encrypted = content.next().ok_or(Fault::Malformed("an encrypted content is missing"))??;
    Ok((algorithm, encrypted))
}

/// What the bags of a store hold.
#[derive(Default)]
struct Bags {
    keys: Vec<Attributes>,
    certificates: Vec<(Attributes, CertificateDer)>,
    ignored: Vec<Entry>,
}

/// What is said about a bag.
#[derive(Default)]
struct Attributes {
    name: Option<String>,
    local_key_id: Option<Vec<u8>>,
    is_trusted: bool,
}

impl Bags {
    /// Adds those of a SafeContents.
    fn read(&mut self, contents: &[u8], depth: usize) -> Result<(), ParseError> {
        let bags = Elements::new(contents).expect(SEQUENCE).map_err(damaged)?;
        for bag in bags.inside() {
            let mut elements = bag.map_err(damaged)?.inside();
            let kind = elements.expect(OID).and_then(|kind| kind.oid()).map_err(damaged)?;
            let value = elements.expect(CONTEXT_0).map_err(damaged)?;
            let attributes = match elements.next() {
                Some(attributes) => Attributes::read(&attributes.map_err(damaged)?).map_err(damaged)?,
                None => Attributes::default(),
            };
            match kind.strip_prefix(BAG) {
                Some("1" | "2") => self.keys.push(attributes),
                Some("3") => self.certificate(&value, attributes)?,
                Some("6") if depth < DEEPEST => self.read(value.content, depth + 1)?,
                Some("4") => self.ignore("a revocation list"),
                Some("5") => self.ignore("a secret key"),
                _ => return Err(unsupported(format!("a bag of type {kind}"))),
            }
            bounded(&self.keys, Kind::Pkcs12)?;
            bounded(&self.certificates, Kind::Pkcs12)?;
            bounded(&self.ignored, Kind::Pkcs12)?;
        }
        Ok(())
    }

    fn certificate(&mut self, value: &Element<'_>, attributes: Attributes) -> Result<(), ParseError> {
        let (kind, content) = value
            .inside()
            .expect(SEQUENCE)
            .and_then(|bag| content_info(&bag))
            .and_then(|(kind, content)| Ok((kind, content.octets()?)))
            .map_err(damaged)?;
        if kind != X509 {
            self.ignore("a certificate of another kind than X.509");
            return Ok(());
        }
        let place = match &attributes.name {
            Some(name) => format!("entry `{}`", name.escape_debug()),
            None => format!("certificate {}", self.certificates.len() + 1),
        };
        self.certificates.push((attributes, certificate(&content, &place)?));
        Ok(())
    }

    fn ignore(&mut self, what: &str) {
        self.ignored.push(Entry::Ignored { what: what.to_owned() });
    }

    /// Keys with their chains, then the other certificates.
    fn entries(self) -> Result<Vec<Entry>, ParseError> {
        let mut by_key_id = HashMap::new();
        let mut by_subject = HashMap::new();
        for (index, (attributes, der)) in self.certificates.iter().enumerate() {
            if let Some(id) = &attributes.local_key_id {
                by_key_id.entry(id.as_slice()).or_insert(index);
            }
            if let Ok(subject) = subject_der(der) {
                by_subject.entry(subject).or_insert(index);
            }
        }
        let issuers: Vec<Option<usize>> = self
            .certificates
            .iter()
            .map(|(_, der)| issuer_der(der).ok().and_then(|issuer| by_subject.get(&issuer).copied()))
            .collect();
        // Java writes a certificate of a chain once more where it is trusted, too.
        let mut used: HashSet<CertificateDer> = HashSet::new();
        let mut held = 0;
        let mut entries = Vec::new();
        for key in &self.keys {
            let leaf = key.local_key_id.as_ref().and_then(|id| by_key_id.get(id.as_slice()).copied());
            let chain = leaf.map(|leaf| chain(leaf, &issuers)).unwrap_or_default();
            // Keys may share a chain, and each entry holds its own copy.
            held += chain.iter().map(|index| self.certificates[*index].1.0.len()).sum::<usize>();
            if held > MOST_HELD {
                return Err(unsupported(format!("{} keys that share long chains", self.keys.len())));
            }
            let name = leaf.and_then(|leaf| self.certificates[leaf].0.name.clone());
            let chain: Vec<_> = chain.into_iter().map(|index| self.certificates[index].1.clone()).collect();
            used.extend(chain.iter().cloned());
            entries.push(Entry::KeyEntry { alias: key.name.clone().or(name).unwrap_or_default(), chain });
        }
        for (attributes, der) in self.certificates {
            if attributes.is_trusted {
                entries.push(Entry::TrustedCertificate { alias: attributes.name.unwrap_or_default(), der });
            } else if !used.contains(&der) {
                entries.push(Entry::Certificate { alias: attributes.name, der });
            }
        }
        entries.extend(self.ignored);
        Ok(entries)
    }
}

/// From a leaf up, by the names of issuers, as Java puts a chain together.
fn chain(leaf: usize, issuers: &[Option<usize>]) -> Vec<usize> {
    let mut chain = vec![leaf];
    let mut last = leaf;
    while let Some(next) = issuers[last] {
        if chain.contains(&next) || chain.len() >= LONGEST_CHAIN {
            break;
        }
        chain.push(next);
        last = next;
    }
    chain
}

impl Attributes {
    fn read(set: &Element<'_>) -> Result<Self, Fault> {
        let mut attributes = Self::default();
        for attribute in set.inside() {
            let mut elements = attribute?.inside();
            let kind = elements.expect(OID)?.oid()?;
            let value = elements.expect(SET)?.inside().next().transpose()?;
            match (kind.as_str(), value) {
                (FRIENDLY_NAME, Some(value)) if value.tag == BMP_STRING => {
                    let units: Vec<u16> =
                        value.content.as_chunks::<2>().0.iter().copied().map(u16::from_be_bytes).collect();
                    attributes.name = Some(String::from_utf16_lossy(&units));
                }
                (LOCAL_KEY_ID, Some(value)) if value.tag == OCTET_STRING => {
                    attributes.local_key_id = Some(value.content.to_vec());
                }
                (TRUSTED_KEY_USAGE, _) => attributes.is_trusted = true,
                _ => {}
            }
        }
        Ok(attributes)
    }
}

fn damaged(fault: Fault) -> ParseError {
    ParseError::Damaged { kind: Kind::Pkcs12, why: fault.to_string() }
}

fn unsupported(what: String) -> ParseError {
    ParseError::Unsupported { kind: Kind::Pkcs12, what }
}
