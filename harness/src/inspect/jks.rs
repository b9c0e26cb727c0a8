//! Java's own stores, JKS and JCEKS: names, certificates, and whether a password opens them. Keys are skipped.
//!
//! All numbers are big-endian. Magic, version and number of entries; each entry with its kind, its name and its time;
//! at the end SHA-1 over the password, two words and everything before. JCEKS differs in its magic and may hold secret
//! keys, as serialised Java objects.

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use mock_thales::observe::CertificateDer;

use super::der::{bounded, certificate};
use super::{Contents, Entry, Kind, ParseError, Remark};

/// Words that stand between password and content where the digest is taken.
const SALT: &[u8] = b"Mighty Aphrodite";
/// Bytes of the digest at the end.
const DIGEST: usize = 20;

/// The format of a store that begins so.
pub(super) fn kind(bytes: &[u8]) -> Option<Kind> {
    match bytes {
        [0xfe, 0xed, 0xfe, 0xed, ..] => Some(Kind::Jks),
        [0xce, 0xce, 0xce, 0xce, ..] => Some(Kind::Jceks),
        _ => None,
    }
}

/// A whole store.
pub(super) fn parse(bytes: &[u8], kind: Kind, password: Option<&str>) -> Result<Contents, ParseError> {
    let mut store = Store { kind, bytes, at: 4 };
    let version = store.number()?;
    if version != 1 && version != 2 {
        return Err(ParseError::Unsupported { kind, what: format!("version {version}") });
    }
    let mut entries = Vec::new();
    for _ in 0..store.number()? {
        entries.push(store.entry(version)?);
        bounded(&entries, kind)?;
    }
    let end = store.at;
    let digest = store.take(DIGEST)?;
    if store.at != bytes.len() {
        let more = bytes.len() - store.at;
        return Err(ParseError::Damaged { kind, why: format!("{more} bytes follow its end") });
    }
    let mut remarks = Vec::new();
    match password {
        Some(password) if !is_digest(digest, password, &bytes[..end]) => {
            return Err(ParseError::WrongPassword { kind });
        }
        Some(_) => {}
        None => remarks.push(Remark::Unchecked { why: "no password was given" }),
    }
    Ok(Contents { kind, entries, remarks })
}

fn is_digest(digest: &[u8], password: &str, content: &[u8]) -> bool {
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    for unit in password.encode_utf16() {
        context.update(&unit.to_be_bytes());
    }
    context.update(SALT);
    context.update(content);
    context.finish().as_ref() == digest
}

/// A store that is being read.
struct Store<'a> {
    kind: Kind,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Store<'a> {
    fn entry(&mut self, version: u32) -> Result<Entry, ParseError> {
        let kind = self.number()?;
        let alias = self.text()?;
        // When the entry was made.
        self.take(8)?;
        match kind {
            1 => {
                let key = self.number()?;
                self.take(key as usize)?;
                let mut chain = Vec::new();
                for _ in 0..self.number()? {
                    chain.push(self.certificate(version, &alias)?);
                    bounded(&chain, self.kind)?;
                }
                Ok(Entry::KeyEntry { alias, chain })
            }
            2 => Ok(Entry::TrustedCertificate { der: self.certificate(version, &alias)?, alias }),
            3 if self.kind == Kind::Jceks => {
                let what = format!("a secret key, `{}`, whose end cannot be found", alias.escape_debug());
                Err(ParseError::Unsupported { kind: self.kind, what })
            }
            _ => Err(self.damaged(format!("an entry of kind {kind}, where 1 or 2 is expected"))),
        }
    }

    fn certificate(&mut self, version: u32, alias: &str) -> Result<CertificateDer, ParseError> {
        if version == 2 {
            let kind = self.text()?;
            if kind != "X.509" {
                let what = format!("a certificate of type `{}`", kind.escape_debug());
                return Err(ParseError::Unsupported { kind: self.kind, what });
            }
        }
        let length = self.number()?;
        let der = self.take(length as usize)?;
        certificate(der, &format!("entry `{}`", alias.escape_debug()))
    }

    /// Java's own UTF-8, of which the differences (zero, and characters beyond the basic plane) do not matter here.
    fn text(&mut self) -> Result<String, ParseError> {
        let length = self.take(2)?;
        let length = usize::from(length[0]) << 8 | usize::from(length[1]);
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    fn number(&mut self) -> Result<u32, ParseError> {
        Ok(self.take(4)?.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], ParseError> {
        let end = self.at.saturating_add(count);
        let taken = self.bytes.get(self.at..end).ok_or(ParseError::CutShort {
            what: if self.kind == Kind::Jks { "a JKS store" } else { "a JCEKS store" },
            said: end,
            there: self.bytes.len(),
        })?;
        self.at = end;
        Ok(taken)
    }

    fn damaged(&self, why: String) -> ParseError {
        ParseError::Damaged { kind: self.kind, why }
    }
}
