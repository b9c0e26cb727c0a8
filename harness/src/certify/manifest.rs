//! What a run was made of: harness, machine, and the artefacts of the integration with their digests. Of a key it holds
//! the path and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::bundle::sha256;
use crate::model::{ChangeOver, IdentityFiles, IntegrationFile, PortalValues, StoreWord, Trigger};

/// The format that this version writes and reads.
const FORMAT: &str = "thales-harness-manifest/1";

/// The run-time manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Manifest {
    /// `thales-harness-manifest/1`.
    pub format: String,
    /// Version of the harness.
    pub harness: String,
    /// SHA-256 of its program, where it can be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub program_sha256: Option<String>,
    /// Release of the kernel.
    pub kernel: String,
    /// The distribution, by its own name.
    pub system: String,
    /// The processor's architecture.
    pub architecture: String,
    /// The command that repeats the run.
    pub repeat: String,
    /// Files and programs of the integration.
    pub artefacts: Vec<Artefact>,
}

/// A file or program that the integration is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Artefact {
    /// Where the integration file names it: `identity client-certificate`, `caller batch`.
    pub named: String,
    /// Its path: as the integration file says, of programs the one that was found.
    pub path: String,
    /// SHA-256; never of a key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
}

impl Manifest {
    /// Of this process on this machine.
    pub fn new(repeat: &str, artefacts: Vec<Artefact>) -> Self {
        let line = |path: &str| fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default();
        let release = line("/etc/os-release");
        let system = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
        // Not by its path: the program that runs may have been replaced there.
        let program = fs::read("/proc/self/exe").ok();
        Self {
            format: FORMAT.to_owned(),
            harness: env!("CARGO_PKG_VERSION").to_owned(),
            program_sha256: program.map(|content| sha256(&content)),
            kernel: line("/proc/sys/kernel/osrelease"),
            system: system.unwrap_or("unknown").trim_matches('"').to_owned(),
            architecture: std::env::consts::ARCH.to_owned(),
            repeat: repeat.to_owned(),
            artefacts,
        }
    }

    /// How to reproduce the run, for a person.
    pub fn reproduction(&self) -> String {
        let mut text = format!(
            "# How to reproduce this run\n\n\
             Take thales-harness {}, the integration in the version that `manifest.json` describes, and its\n\
             integration file, of which `integration.toml` is a copy, on Linux with private networks\n\
             (`thales-harness doctor`). This run was on {}, kernel {}, {}.\n\n\
             ```sh\n{}\n```\n\n\
             The verdicts follow from the logs alone, wherever they are:\n\n\
             ```sh\nthales-harness judge logs/*.jsonl\nthales-harness verify .\n```\n\n\
             What was tested:\n\n",
            self.harness, self.system, self.kernel, self.architecture, self.repeat
        );
        for artefact in &self.artefacts {
            let digest = artefact.sha256.as_deref().unwrap_or("a key: no digest");
            text.push_str(&format!("- {}: `{}` ({digest})\n", artefact.named, artefact.path));
        }
        text
    }

    /// Digests by where the integration file names them.
    pub(super) fn digests(&self) -> BTreeMap<String, String> {
        let digests = self.artefacts.iter().filter_map(|one| Some((one, one.sha256.clone()?)));
        digests.map(|(artefact, digest)| (format!("{}: {}", artefact.named, artefact.path), digest)).collect()
    }

    /// Digests of programs, and of the files that their commands name.
    pub(super) fn programs(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut programs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for artefact in &self.artefacts {
            if let (true, Some(digest)) = (artefact.is_of_a_command(), &artefact.sha256) {
                programs.entry(&artefact.named).or_default().push(digest);
            }
        }
        programs
    }
}

impl Artefact {
    fn is_of_a_command(&self) -> bool {
        ["caller ", "receiver ", "renewal command"].iter().any(|prefix| self.named.starts_with(prefix))
    }
}

/// The artefacts that an integration file names, with the digests of now. `dir` is its directory.
///
/// # Errors
/// The first file that cannot be read.
pub fn artefacts(file: &IntegrationFile, dir: &Path) -> Result<Vec<Artefact>, (PathBuf, io::Error)> {
    let mut found = Found { dir, artefacts: Vec::new() };
    found.environment("", &file.portal, &file.identity)?;
    for (id, tables) in &file.environments {
        found.environment(&format!("environments.{id}."), &tables.portal, &tables.identity)?;
    }
    for (name, word) in &file.stores {
        match word {
            StoreWord::File(path) => found.file(&format!("stores {name}"), path)?,
            StoreWord::Of(files) => {
                for (asset, path) in files {
                    found.file(&format!("stores.{name} {asset}"), path)?;
                }
            }
        }
    }
    if let Some(renewal) = &file.renewal {
        found.files(
            "renewal",
            &[("client-csr", &renewal.client_csr), ("client-certificate", &renewal.client_certificate)],
        )?;
        found.key("renewal client-key", &renewal.client_key);
        if let ChangeOver::Command(words) = &renewal.by {
            found.command("renewal command", words)?;
        }
    }
    for answer in &file.answers {
        found.files(&format!("answer {}", answer.path), &[("body", &answer.body)])?;
    }
    for caller in &file.callers {
        for words in caller.command.iter().chain(&caller.stdio) {
            found.command(&format!("caller {}", caller.name), words)?;
        }
        if let Some(Trigger::Command(words)) = &caller.trigger {
            found.command(&format!("caller {} trigger", caller.name), words)?;
        }
    }
    for receiver in &file.receivers {
        if let Some(words) = &receiver.command {
            found.command(&format!("receiver {}", receiver.name), words)?;
        }
    }
    for service in &file.services {
        found.command(&format!("service {}", service.name), &service.command)?;
    }
    Ok(found.artefacts)
}

type Faulty = Result<(), (PathBuf, io::Error)>;

struct Found<'a> {
    dir: &'a Path,
    artefacts: Vec<Artefact>,
}

impl Found<'_> {
    fn environment(&mut self, prefix: &str, portal: &PortalValues, identity: &IdentityFiles) -> Faulty {
        let of_portal = [
            ("customer-authority", &portal.customer_authority),
            ("server-authority", &portal.server_authority),
            ("client-authority", &portal.client_authority),
            ("jwt-key", &portal.jwt_key),
        ];
        self.files(&format!("{prefix}portal"), &of_portal)?;
        let of_identity = [
            ("client-certificate", &identity.client_certificate),
            ("client-csr", &identity.client_csr),
            ("server-chain", &identity.server_chain),
            ("previous-csr", &identity.previous_csr),
            ("previous-client-certificate", &identity.previous_client_certificate),
            ("previous-server-chain", &identity.previous_server_chain),
            ("trust-store", &identity.trust_store),
        ];
        self.files(&format!("{prefix}identity"), &of_identity)?;
        self.key(&format!("{prefix}identity client-key"), &identity.client_key);
        self.key(&format!("{prefix}identity server-key"), &identity.server_key);
        Ok(())
    }

    fn files(&mut self, table: &str, files: &[(&str, &Option<PathBuf>)]) -> Faulty {
        for (name, path) in files {
            if let Some(path) = path {
                self.file(&format!("{table} {name}"), path)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, named: &str, path: &Path) -> Faulty {
        let at = self.dir.join(path);
        let content = fs::read(&at).map_err(|error| (at, error))?;
        let sha256 = Some(sha256(&content));
        self.artefacts.push(Artefact { named: named.to_owned(), path: path.display().to_string(), sha256 });
        Ok(())
    }

    fn key(&mut self, named: &str, path: &Option<PathBuf>) {
        if let Some(path) = path {
            let path = path.display().to_string();
            self.artefacts.push(Artefact { named: named.to_owned(), path, sha256: None });
        }
    }

    /// The program, and whatever else the words name that is a file: a script, a configuration. Keys are passed over.
    fn command(&mut self, named: &str, words: &[String]) -> Faulty {
        for (index, word) in words.iter().enumerate() {
            let word = word.replace("{dir}", &self.dir.to_string_lossy());
            let path = if index == 0 { self.program(&word) } else { self.dir.join(&word) };
            if !path.is_file() {
                continue;
            }
            let content = fs::read(&path).map_err(|error| (path.clone(), error))?;
            let is_key = content.windows(12).any(|window| window == b"PRIVATE KEY-");
            let sha256 = (!is_key || index == 0).then(|| sha256(&content));
            self.artefacts.push(Artefact { named: named.to_owned(), path: path.display().to_string(), sha256 });
        }
        Ok(())
    }

    fn program(&self, word: &str) -> PathBuf {
        if word.contains('/') {
            return self.dir.join(word);
        }
        let search = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&search).map(|directory| directory.join(word)).find(|path| path.is_file());
        found.unwrap_or_else(|| PathBuf::from(word))
    }
}
