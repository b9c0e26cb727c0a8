//! What is tested, read from an integration file: every file that it names, and all faults at once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mock_thales::endpoint::Answers;

use super::access::Access;
use super::identity::{OwnIdentity, OwnStore, Renewal};
use super::lasting::LastingError;
use super::part::{CallerPart, CallerWay, ReceiverPart, ReceiverWay};
use super::process;
use super::service::{ServicePart, services};
use super::subject::Subject;
use super::triggered::ServiceCaller;
use crate::model::{
    AnswerFile, Caller, IdentityFiles, IntegrationFile, PortalValues, Receiver, RenewalKeys, StoreWord,
};

/// Why an integration cannot be tested: the user's to mend.
#[derive(Debug)]
pub enum SubjectError {
    /// A file that the integration file names cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The portal of `[portal] dir` is of no use.
    Portal(LastingError),
    /// There is no portal in a directory.
    NoPortal {
        /// The directory.
        path: PathBuf,
    },
    /// A secret that Thales would send is not there.
    NoSecret {
        /// The receiver.
        receiver: String,
        /// Where it ought to be.
        place: String,
    },
    /// A program does not exist.
    MissingProgram {
        /// Caller or receiver.
        part: String,
        /// The program.
        program: PathBuf,
    },
}

impl fmt::Display for SubjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => write!(f, "{}: cannot be read: {error}", path.display()),
            Self::Portal(error) => write!(f, "{error}"),
            Self::NoPortal { path } => {
                write!(f, "{}: no portal is there, expected what `thales-harness portal init` makes", path.display())
            }
            Self::NoSecret { receiver, place } => {
                write!(f, "`{receiver}`: {place} holds no secret, expected one line of printable characters")
            }
            Self::MissingProgram { part, program } => {
                write!(f, "`{part}` starts `{}`, which is not installed or not executable", program.display())
            }
        }
    }
}

impl std::error::Error for SubjectError {}

impl Subject {
    /// From an integration file that was loaded from `path`. `played` is the environment that the command line names:
    /// keys of others are not read.
    ///
    /// # Errors
    /// Every file that cannot be read and every program that does not exist.
    pub fn from_file(file: IntegrationFile, path: &Path, played: Option<&str>) -> Result<Self, Vec<SubjectError>> {
        // A bare file name has an empty parent: `.` is the directory meant.
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        let services = services(&file);
        let mut reader = Reader { dir: &dir, faults: Vec::new() };
        let other = played.and_then(|played| file.environments.get(played));
        let identity = reader.identity(&file.identity, &file.portal, other.is_none());
        let others = file
            .environments
            .iter()
            .map(|(id, tables)| {
                let identity = reader.identity(&tables.identity, &tables.portal, played == Some(id.as_str()));
                (id.clone(), (tables.portal.clone(), identity))
            })
            .collect();
        let stores = reader.stores(&file.stores);
        let renewal = file.renewal.as_ref().map(|files| reader.renewal(files));
        let jwt_key = reader.read(&other.map_or(&file.portal, |tables| &tables.portal).jwt_key);
        let answers = reader.answers(&file.answers);
        let callers: Vec<_> = file.callers.iter().filter_map(|part| caller(part, &services)).collect();
        let receivers = file.receivers.iter().filter_map(|part| reader.receiver(part, &services)).collect();
        let lasting = file.portal.dir.as_ref().map(|path| dir.join(path));
        let mut faults = reader.faults;
        let subject = Self {
            name: file.name,
            version: file.version,
            profile: file.profile,
            environment: file.environment,
            portal: file.portal,
            identity,
            renewal,
            others,
            stores,
            jwt_key,
            files: file.files,
            callers,
            receivers,
            forwards: file.forwards,
            answers: Arc::new(answers),
            declares: file.declares,
            dir,
            file: Some(path.to_owned()),
            lasting: None,
        };
        faults.extend(subject.missing_programs());
        if !faults.is_empty() {
            return Err(faults);
        }
        match lasting {
            Some(path) => subject.with_portal(&path).map_err(|error| vec![error]),
            None => Ok(subject),
        }
    }

    fn missing_programs(&self) -> Vec<SubjectError> {
        let located = self.commands().into_iter().map(|(part, words)| {
            let word = words.first().map_or("", String::as_str).replace("{dir}", &self.dir.to_string_lossy());
            (part, process::locate(&word, &self.dir))
        });
        let missing = located.filter(|(_, program)| !is_program(program));
        missing.map(|(part, program)| SubjectError::MissingProgram { part: part.to_owned(), program }).collect()
    }
}

/// Reads what an integration file names, and goes on where it cannot.
struct Reader<'a> {
    dir: &'a Path,
    faults: Vec<SubjectError>,
}

impl Reader<'_> {
    fn read(&mut self, path: &Option<PathBuf>) -> Option<Vec<u8>> {
        let path = self.dir.join(path.as_ref()?);
        std::fs::read(&path).map_err(|error| self.faults.push(SubjectError::Unreadable { path, error })).ok()
    }

    fn identity(&mut self, files: &IdentityFiles, portal: &PortalValues, is_played: bool) -> OwnIdentity {
        OwnIdentity {
            client_certificate: self.read(&files.client_certificate),
            client_csr: self.read(&files.client_csr),
            client_key: is_played.then(|| self.read(&files.client_key)).flatten(),
            customer_authority: self.read(&portal.customer_authority),
            server_authority: self.read(&portal.server_authority),
            client_authority: self.read(&portal.client_authority),
            server_chain: self.read(&files.server_chain),
            server_key: is_played.then(|| self.read(&files.server_key)).flatten(),
            previous_csr: self.read(&files.previous_csr),
            previous_client_certificate: self.read(&files.previous_client_certificate),
            previous_server_chain: self.read(&files.previous_server_chain),
            trust_store: self.read(&files.trust_store),
        }
    }

    fn stores(&mut self, words: &BTreeMap<String, StoreWord>) -> Vec<OwnStore> {
        let mut stores = Vec::new();
        for (name, word) in words {
            let (environment, files) = match word {
                StoreWord::File(path) => (None, vec![(name, path)]),
                StoreWord::Of(files) => (Some(name.clone()), files.iter().collect()),
            };
            for (asset, path) in files {
                if let Some(content) = self.read(&Some(path.clone())) {
                    stores.push(OwnStore { environment: environment.clone(), asset: asset.clone(), content });
                }
            }
        }
        stores
    }

    fn renewal(&mut self, files: &RenewalKeys) -> Renewal {
        Renewal {
            client_csr: self.read(&files.client_csr),
            client_certificate: self.read(&files.client_certificate),
            client_key: self.read(&files.client_key),
            by: files.by.clone(),
            within: files.within.duration(),
        }
    }

    fn answers(&mut self, given: &[AnswerFile]) -> Answers {
        let mut answers = Answers::default();
        for answer in given {
            answers.insert(&answer.path, answer.status, self.read(&answer.body).unwrap_or_default());
        }
        answers
    }

    fn receiver(&mut self, receiver: &Receiver, services: &Services) -> Option<ReceiverPart> {
        let way = match (&receiver.command, &receiver.connect) {
            (Some(words), _) => ReceiverWay::Command(words.clone()),
            (None, Some(at)) => ReceiverWay::Running(at.clone()),
            (None, None) => ReceiverWay::Service(Arc::clone(services.get(receiver.service.as_ref()?)?)),
        };
        let (name, requests) = (receiver.name.clone(), receiver.requests.clone());
        let access = Access::read(receiver, self.dir).unwrap_or_else(|error| {
            self.faults.push(error);
            None
        });
        Some(ReceiverPart { name, way, within: receiver.within().duration(), requests, access })
    }
}

type Services = BTreeMap<String, Arc<ServicePart>>;

fn caller(caller: &Caller, services: &Services) -> Option<CallerPart> {
    // What has none of them the loader has refused.
    let way = match (&caller.command, &caller.stdio) {
        (Some(words), _) => CallerWay::Command(words.clone()),
        (None, Some(words)) => CallerWay::Stdio(words.clone()),
        (None, None) => {
            let service = services.get(caller.service.as_ref()?)?;
            CallerWay::Service(Box::new(ServiceCaller::new(caller, Arc::clone(service))?))
        }
    };
    let proxy = caller.proxy.as_ref();
    let proxy = proxy.and_then(|proxy| Some((Arc::clone(services.get(&proxy.service)?), proxy.port)));
    Some(CallerPart { name: caller.name.clone(), way, within: caller.within.duration(), proxy })
}

fn is_program(program: &Path) -> bool {
    if program.components().count() > 1 {
        return is_executable(program);
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|dir| is_executable(&dir.join(program)))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}
