//! A bundle as a directory: sealed after a run, read whole for verification, signed again by others. What each file says
//! is for `verify` to judge.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::envelope::Envelope;
use super::statement::{After, Occasion, Statement, Subject};
use super::{Flaw, Manifest, PublicKey, SigningKey};
use crate::report::document::Report;

/// The integration file's copy.
pub(super) const INTEGRATION: &str = "integration.toml";
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const REPRODUCE: &str = "REPRODUCE.md";
/// The envelopes, one a line: the test's result, then the project's own predicate.
pub(super) const ENVELOPES: &str = "report.intoto.jsonl";
/// Public keys by their ids.
const KEYS: &str = "keys/";
/// A bundle is a handful of files and a log for each scenario; what is larger is none.
const LARGEST: u64 = 256 << 20;

/// SHA-256 in lower-case hexadecimal.
pub(super) fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is put to a run's files to make a certificate of them.
#[derive(Debug)]
pub struct Sealing<'a> {
    /// The report that lies in the directory as `report.json` and `report.html`, beside its logs.
    pub report: &'a Report,
    /// The integration file, byte for byte.
    pub integration: &'a [u8],
    /// What the run was made of.
    pub manifest: &'a Manifest,
    /// What somebody wanted to see signed.
    pub challenge: Option<&'a str>,
    /// The certificate that came before.
    pub after: Option<After>,
    /// The time of the statement.
    pub now: OffsetDateTime,
}

/// Why a bundle cannot be sealed.
#[derive(Debug)]
pub enum SealError {
    /// A file cannot be written.
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// What is there cannot be sealed.
    Unfit(Flaw),
    /// This key has signed already.
    Twice {
        /// The key.
        keyid: String,
    },
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { path, error } => write!(f, "failed to write {}: {error}", path.display()),
            Self::Unfit(flaw) => write!(f, "{flaw}"),
            Self::Twice { keyid } => write!(f, "key {keyid} has signed this bundle already"),
        }
    }
}

impl std::error::Error for SealError {}

impl From<Flaw> for SealError {
    fn from(flaw: Flaw) -> Self {
        Self::Unfit(flaw)
    }
}

/// Adds to a run's files what makes them a bundle, and signs it.
///
/// # Errors
/// A file cannot be written or read.
pub fn seal(directory: &Path, sealing: Sealing<'_>, key: &SigningKey) -> Result<(), SealError> {
    write(directory, INTEGRATION, sealing.integration)?;
    write(directory, MANIFEST, &pretty(sealing.manifest))?;
    write(directory, REPRODUCE, sealing.manifest.reproduction().as_bytes())?;
    let bundle = Bundle::read_files(directory)?;
    let subject = bundle.subject();
    let occasion = Occasion {
        created: sealing.now.format(&Rfc3339).unwrap_or_default(),
        challenge: sealing.challenge.map(str::to_owned),
        after: sealing.after,
    };
    let payloads = [
        Statement::test_result(sealing.report, &subject).payload(),
        Statement::conformance(sealing.report, sealing.manifest, &subject, occasion).payload(),
    ];
    let envelopes: Vec<_> = payloads.iter().map(|payload| Envelope::sign(payload, key)).collect();
    publish(directory, &envelopes, key)
}

/// Adds a signature to both statements, and leaves those that are there as they are. Whether the bundle deserves one is
/// for [`verify`](super::verify) to say before.
///
/// # Errors
/// The bundle cannot be read or written, or this key has signed it.
pub fn countersign(directory: &Path, key: &SigningKey) -> Result<(), SealError> {
    let mut envelopes = Bundle::read(directory)?.envelopes;
    let keyid = key.public().id();
    for envelope in &mut envelopes {
        if envelope.signatures().iter().any(|signature| signature.keyid == keyid) {
            return Err(SealError::Twice { keyid });
        }
        envelope.countersign(key)?;
    }
    publish(directory, &envelopes, key)
}

/// The envelopes come last and in one step: without them a directory is no certificate.
fn publish(directory: &Path, envelopes: &[Envelope], key: &SigningKey) -> Result<(), SealError> {
    let public = key.public();
    write(directory, &key_name(&public.id()), public.to_pem().as_bytes())?;
    let (half, whole) = (directory.join(".report.intoto.jsonl.half"), directory.join(ENVELOPES));
    let written = fs::write(&half, lines(envelopes)).and_then(|()| fs::rename(&half, &whole));
    written.map_err(|error| SealError::Write { path: whole, error })
}

fn write(directory: &Path, name: &str, content: &[u8]) -> Result<(), SealError> {
    let path = directory.join(name);
    let parent = path.parent().unwrap_or(directory);
    let written = fs::create_dir_all(parent).and_then(|()| fs::write(&path, content));
    written.map_err(|error| SealError::Write { path, error })
}

/// As files of the bundle are written.
pub(super) fn pretty(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).expect("strings, numbers and maps by string have a form in JSON")
}

fn lines(envelopes: &[Envelope]) -> String {
    let line = |envelope| serde_json::to_string(envelope).expect("strings have a form in JSON");
    envelopes.iter().map(|envelope| line(envelope) + "\n").collect()
}

fn key_name(keyid: &str) -> String {
    format!("{KEYS}{keyid}.pem")
}

/// A bundle in memory: read once, so that nothing changes between a check and the next.
#[derive(Debug)]
pub struct Bundle {
    /// Files that are signed, by their names.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// Public keys, by the names of their files.
    keys: BTreeMap<String, Vec<u8>>,
    /// The envelopes, first that of the test's result.
    pub(super) envelopes: [Envelope; 2],
}

impl Bundle {
    /// Reads a bundle, and its envelopes as far as they are written as they ought to be.
    ///
    /// # Errors
    /// It cannot be read, or holds no envelopes.
    pub fn read(directory: &Path) -> Result<Self, Flaw> {
        let Files { mut files, keys } = Self::read_files(directory)?;
        let text = files.remove(ENVELOPES).ok_or(Flaw::Unsigned)?;
        let broken = |why: String| Flaw::Envelope { why };
        let envelopes: Vec<Envelope> = text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).map_err(|error| broken(error.to_string())))
            .collect::<Result<_, _>>()?;
        // Whatever is not written in this one way could hide what nobody signed.
        if lines(&envelopes).as_bytes() != text {
            return Err(broken("it is written in another way".to_owned()));
        }
        let envelopes = <[Envelope; 2]>::try_from(envelopes)
            .map_err(|found| broken(format!("it holds {} envelopes, expected two", found.len())))?;
        Ok(Self { files, keys, envelopes })
    }

    fn read_files(directory: &Path) -> Result<Files, Flaw> {
        let mut files = BTreeMap::new();
        collect(directory, "", &mut files)?;
        let keys = files.split_off(KEYS);
        // Names that sort behind the keys.
        let (keys, behind): (BTreeMap<_, _>, BTreeMap<_, _>) =
            keys.into_iter().partition(|(name, _)| name.starts_with(KEYS));
        files.extend(behind);
        Ok(Files { files, keys })
    }

    /// The public key of an id.
    pub(super) fn key(&self, keyid: &str) -> Result<PublicKey, Flaw> {
        let unknown = || Flaw::Key { keyid: keyid.to_owned() };
        let pem = self.keys.get(&key_name(keyid)).ok_or_else(unknown)?;
        let key = PublicKey::from_pem(pem).ok_or_else(unknown)?;
        if key.id() == keyid && key.to_pem().as_bytes() == pem { Ok(key) } else { Err(unknown()) }
    }

    /// Keys that signed nothing.
    pub(super) fn idle_key(&self, keyids: &[String]) -> Option<String> {
        self.keys.keys().find(|name| !keyids.iter().any(|keyid| key_name(keyid) == **name)).cloned()
    }
}

struct Files {
    files: BTreeMap<String, Vec<u8>>,
    keys: BTreeMap<String, Vec<u8>>,
}

impl Files {
    fn subject(&self) -> Vec<Subject> {
        self.files.iter().map(|(name, content)| Subject::of(name, content)).collect()
    }
}

fn collect(root: &Path, below: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), Flaw> {
    let directory = root.join(below);
    let unreadable =
        |path: &Path, error: &io::Error| Flaw::Unreadable { path: path.to_owned(), why: error.to_string() };
    for entry in fs::read_dir(&directory).map_err(|error| unreadable(&directory, &error))? {
        let entry = entry.map_err(|error| unreadable(&directory, &error))?;
        let path = entry.path();
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(|error| unreadable(&path, &error))?;
        if kind.is_dir() {
            collect(root, &format!("{name}/"), files)?;
            continue;
        }
        let size = entry.metadata().map_err(|error| unreadable(&path, &error))?.len();
        if !kind.is_file() || size > LARGEST {
            return Err(Flaw::Unreadable { path, why: "no ordinary file of a bundle".to_owned() });
        }
        let content = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        files.insert(name, content);
    }
    Ok(())
}
