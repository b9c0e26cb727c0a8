//! What is tested: the parts of an integration, what onboarding gave it, and its own certificates, as its file says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mock_thales::endpoint::Answers;

use super::access::Access;
use super::lasting::{LastingError, LastingPortal};
use super::part::{CallerPart, CallerWay, ReceiverPart, ReceiverWay};
use super::process;
use super::service::services;
use super::triggered::ServiceCaller;
use crate::model::{
    ChangeOver, Declaration, Forward, IdentityFiles, IntegrationFile, Keep, PortalValues, Profile, RequirementId, Side,
    StoreWord,
};

/// An integration under test.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its profile.
    pub profile: String,
    /// The environment that portal and identity are about; the profile's first, if absent.
    pub environment: Option<String>,
    /// Values that onboarding gave.
    pub portal: PortalValues,
    /// Its own certificates.
    pub identity: OwnIdentity,
    /// How it changes over to its renewed certificate.
    pub renewal: Option<Renewal>,
    /// The same of other environments, by id.
    pub others: BTreeMap<String, (PortalValues, OwnIdentity)>,
    /// Its real stores.
    pub stores: Vec<OwnStore>,
    /// The public key with which its assertions verify, PEM.
    pub jwt_key: Option<Vec<u8>>,
    /// Assets at the paths that Production uses.
    pub files: BTreeMap<PathBuf, String>,
    /// Parts that call Thales.
    pub callers: Vec<CallerPart>,
    /// Parts that Thales calls.
    pub receivers: Vec<ReceiverPart>,
    /// What else it needs.
    pub forwards: Vec<Forward>,
    /// What the endpoint answers.
    pub answers: Arc<Answers>,
    /// What persons declare.
    pub declares: BTreeMap<RequirementId, Declaration>,
    /// Where relative paths begin.
    pub dir: PathBuf,
    /// Its file, for the command that repeats a run.
    pub file: Option<PathBuf>,
    /// The portal that outlives the run, where parts of it run already.
    pub lasting: Option<LastingPortal>,
}

/// The customer's own certificates and keys, in PEM where nothing else is said.
#[derive(Clone, Default)]
pub struct OwnIdentity {
    /// Client certificate, leaf first.
    pub client_certificate: Option<Vec<u8>>,
    /// Request for the client certificate, PEM or DER: the run's authority for customers signs it.
    pub client_csr: Option<Vec<u8>>,
    /// Key of either.
    pub client_key: Option<Vec<u8>>,
    /// Thales' authority for customers, which signed the client certificate; PEM or DER.
    pub customer_authority: Option<Vec<u8>>,
    /// The authority of Thales' servers as the portal gave it; PEM or DER.
    pub server_authority: Option<Vec<u8>>,
    /// The authority of Thales' client as the portal gave it; PEM or DER.
    pub client_authority: Option<Vec<u8>>,
    /// Server chain as handed over.
    pub server_chain: Option<Vec<u8>>,
    /// Key of its leaf.
    pub server_key: Option<Vec<u8>>,
    /// The request before that one.
    pub previous_csr: Option<Vec<u8>>,
    /// The client certificate before the present one.
    pub previous_client_certificate: Option<Vec<u8>>,
    /// The server chain that Thales holds today.
    pub previous_server_chain: Option<Vec<u8>>,
    /// Trust store for a private authority, as handed over to Thales.
    pub trust_store: Option<Vec<u8>>,
}

/// A real store of an environment, for checks of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnStore {
    /// The environment; that of portal and identity, if absent.
    pub environment: Option<String>,
    /// The asset that it is made of.
    pub asset: String,
    /// Its content.
    pub content: Vec<u8>,
}

impl fmt::Debug for OwnIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnIdentity")
            .field("client_certificate", &self.client_certificate.is_some())
            .field("client_csr", &self.client_csr.is_some())
            .field("client_key", &self.client_key.is_some())
            .field("customer_authority", &self.customer_authority.is_some())
            .field("server_chain", &self.server_chain.is_some())
            .field("server_key", &self.server_key.is_some())
            .finish()
    }
}

/// The renewed client certificate, and how the integration is told of it.
#[derive(Clone)]
pub struct Renewal {
    /// A CSR for it, where Thales signs.
    pub client_csr: Option<Vec<u8>>,
    /// The certificate in PEM, leaf first; `None` where the harness issues it as it did the first one.
    pub client_certificate: Option<Vec<u8>>,
    /// Its key.
    pub client_key: Option<Vec<u8>>,
    /// How it is told.
    pub by: ChangeOver,
    /// Longest time until a call shows the renewed certificate.
    pub within: Duration,
}

/// Without any key.
impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewal").field("by", &self.by).field("within", &self.within).finish_non_exhaustive()
    }
}

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
        let mut faults = Vec::new();
        let mut read = |path: &Option<PathBuf>| {
            let path = dir.join(path.as_ref()?);
            std::fs::read(&path).map_err(|error| faults.push(SubjectError::Unreadable { path, error })).ok()
        };
        let mut own = |files: &IdentityFiles, portal: &PortalValues, is_played: bool| OwnIdentity {
            client_certificate: read(&files.client_certificate),
            client_csr: read(&files.client_csr),
            client_key: is_played.then(|| read(&files.client_key)).flatten(),
            customer_authority: read(&portal.customer_authority),
            server_authority: read(&portal.server_authority),
            client_authority: read(&portal.client_authority),
            server_chain: read(&files.server_chain),
            server_key: is_played.then(|| read(&files.server_key)).flatten(),
            previous_csr: read(&files.previous_csr),
            previous_client_certificate: read(&files.previous_client_certificate),
            previous_server_chain: read(&files.previous_server_chain),
            trust_store: read(&files.trust_store),
        };
        let plays_other = played.is_some_and(|played| file.environments.contains_key(played));
        let identity = own(&file.identity, &file.portal, !plays_other);
        let others = file
            .environments
            .iter()
            .map(|(id, tables)| {
                (
                    id.clone(),
                    (tables.portal.clone(), own(&tables.identity, &tables.portal, played == Some(id.as_str()))),
                )
            })
            .collect();
        let mut stores = Vec::new();
        for (name, word) in &file.stores {
            let (environment, files) = match word {
                StoreWord::File(path) => (None, vec![(name, path)]),
                StoreWord::Of(files) => (Some(name.clone()), files.iter().collect()),
            };
            for (asset, path) in files {
                if let Some(content) = read(&Some(path.clone())) {
                    stores.push(OwnStore { environment: environment.clone(), asset: asset.clone(), content });
                }
            }
        }
        let renewal = file.renewal.as_ref().map(|keys| Renewal {
            client_csr: read(&keys.client_csr),
            client_certificate: read(&keys.client_certificate),
            client_key: read(&keys.client_key),
            by: keys.by.clone(),
            within: keys.within.duration(),
        });
        let other = played.and_then(|played| file.environments.get(played));
        let jwt_key = read(&other.map_or(&file.portal, |tables| &tables.portal).jwt_key);
        let mut answers = Answers::default();
        for answer in &file.answers {
            answers.insert(&answer.path, answer.status, read(&answer.body).unwrap_or_default());
        }
        let services = services(&file);
        let callers: Vec<_> = file
            .callers
            .iter()
            .filter_map(|caller| {
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
            })
            .collect();
        let mut unread = Vec::new();
        let receivers: Vec<_> = file
            .receivers
            .iter()
            .filter_map(|receiver| {
                let way = match (&receiver.command, &receiver.connect) {
                    (Some(words), _) => ReceiverWay::Command(words.clone()),
                    (None, Some(at)) => ReceiverWay::Running(at.clone()),
                    (None, None) => ReceiverWay::Service(Arc::clone(services.get(receiver.service.as_ref()?)?)),
                };
                let (name, requests) = (receiver.name.clone(), receiver.requests.clone());
                let access = match Access::read(receiver, &dir) {
                    Ok(access) => access,
                    Err(error) => {
                        unread.push(error);
                        None
                    }
                };
                Some(ReceiverPart { name, way, within: receiver.within().duration(), requests, access })
            })
            .collect();
        faults.extend(unread);
        for (part, words) in commands(&callers, &receivers, renewal.as_ref()) {
            let word = words.first().map_or("", String::as_str).replace("{dir}", &dir.to_string_lossy());
            let program = process::locate(&word, &dir);
            if !is_program(&program) {
                faults.push(SubjectError::MissingProgram { part: part.to_owned(), program });
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let lasting = file.portal.dir.as_ref().map(|path| dir.join(path));
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
        match lasting {
            Some(path) => subject.with_portal(&path).map_err(|error| vec![error]),
            None => Ok(subject),
        }
    }

    /// The subject with the portal of a directory, in place of the one that its file names.
    ///
    /// # Errors
    /// There is none, or it was made for other values than the file says.
    pub fn with_portal(self, path: &Path) -> Result<Self, SubjectError> {
        let portal = LastingPortal::open(path).map_err(SubjectError::Portal)?;
        let portal = portal.ok_or_else(|| SubjectError::NoPortal { path: path.to_owned() })?;
        self.lasting_in(portal).map_err(SubjectError::Portal)
    }

    /// The same with a portal that was opened.
    pub(super) fn lasting_in(mut self, portal: LastingPortal) -> Result<Self, LastingError> {
        self.portal = portal.values(&self.portal)?;
        self.lasting = Some(portal);
        Ok(self)
    }

    /// The first part that runs already, and so cannot be given what a run makes.
    pub fn running(&self) -> Option<&str> {
        let receiver = self.receivers.iter().find(|part| matches!(part.way, ReceiverWay::Running(_)));
        let runs = |part: &&CallerPart| matches!(&part.way, CallerWay::Service(caller) if caller.service.running);
        let caller = self.callers.iter().find(runs);
        caller.map(|part| part.name.as_str()).or(receiver.map(|part| part.name.as_str()))
    }

    /// The subject as it is in an environment of the profile: what is described of that one takes the place of portal
    /// and identity, which become those of the other. A subject that describes one environment only is played as it is.
    #[must_use]
    pub fn in_environment(mut self, played: &str, profile: &Profile) -> Self {
        let own = self.environment.take().or_else(|| profile.environments.first().map(|first| first.id.clone()));
        for store in &mut self.stores {
            store.environment = store.environment.take().or_else(|| own.clone());
        }
        self.environment = Some(played.to_owned());
        if let (Some(own), Some((portal, identity))) = (own, self.others.remove(played)) {
            let portal = std::mem::replace(&mut self.portal, portal);
            let identity = std::mem::replace(&mut self.identity, identity);
            self.others.insert(own, (portal, identity));
        }
        self
    }

    /// The roles that the integration has.
    pub fn sides(&self) -> BTreeSet<Side> {
        let caller = (!self.callers.is_empty()).then_some(Side::Caller);
        let receiver = (!self.receivers.is_empty()).then_some(Side::Receiver);
        caller.into_iter().chain(receiver).collect()
    }

    /// The services that are to live for the run.
    pub fn kept_services(&self) -> BTreeSet<&str> {
        let callers = self.callers.iter().filter_map(|part| match &part.way {
            CallerWay::Service(caller) => Some(&caller.service),
            _ => None,
        });
        let receivers = self.receivers.iter().filter_map(|part| match &part.way {
            ReceiverWay::Service(service) => Some(service),
            _ => None,
        });
        callers.chain(receivers).filter(|part| part.keep == Keep::Run).map(|part| part.name.as_str()).collect()
    }

    /// Whether a part runs in this process.
    pub fn is_in_process(&self) -> bool {
        self.callers.iter().any(|part| matches!(part.way, CallerWay::InProcess(_)))
            || self.receivers.iter().any(|part| matches!(part.way, ReceiverWay::InProcess(_)))
    }

    /// Directories that stay visible in a world although they lie under `/tmp`.
    pub fn directories(&self) -> Vec<PathBuf> {
        let mut found = vec![self.dir.clone()];
        for (_, words) in commands(&self.callers, &self.receivers, self.renewal.as_ref()) {
            for word in words.iter().filter(|word| word.starts_with('/')) {
                found.extend(Path::new(word).parent().map(Path::to_path_buf));
            }
        }
        // A word may name what exists in the world only: a target of [files], a path of the program's own making.
        found.retain(|path| path.is_dir());
        found
    }
}

fn commands<'a>(
    callers: &'a [CallerPart],
    receivers: &'a [ReceiverPart],
    renewal: Option<&'a Renewal>,
) -> Vec<(&'a str, &'a [String])> {
    let proxies = callers.iter().filter_map(|part| part.proxy.as_ref());
    let proxies = proxies.map(|(service, _)| (service.name.as_str(), service.words.as_slice()));
    let callers = callers.iter().flat_map(|part| match &part.way {
        CallerWay::Command(words) | CallerWay::Stdio(words) => vec![(part.name.as_str(), words.as_slice())],
        CallerWay::InProcess(_) => Vec::new(),
        CallerWay::Service(caller) => caller.commands(&part.name),
    });
    let receivers = receivers.iter().filter_map(|part| match &part.way {
        ReceiverWay::Command(words) => Some((part.name.as_str(), words.as_slice())),
        ReceiverWay::InProcess(_) | ReceiverWay::Running(_) => None,
        ReceiverWay::Service(service) => Some((service.name.as_str(), service.words.as_slice())),
    });
    let renewal = renewal.and_then(|renewal| match &renewal.by {
        ChangeOver::Command(words) => Some(("renewal", words.as_slice())),
        _ => None,
    });
    let mut commands: Vec<_> = callers.chain(proxies).chain(receivers).chain(renewal).collect();
    // A service may be both.
    let mut known = BTreeSet::new();
    commands.retain(|command| known.insert(*command));
    commands
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
