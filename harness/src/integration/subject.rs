//! What is tested: the parts of an integration, what onboarding gave it, and its own certificates.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mock_thales::endpoint::Answers;

use super::from_file::SubjectError;
use super::identity::{OwnIdentity, OwnStore, Renewal};
use super::lasting::{LastingError, LastingPortal};
use super::part::{CallerPart, CallerWay, ReceiverPart, ReceiverWay};
use crate::model::{ChangeOver, Declaration, Forward, Keep, PortalValues, Profile, RequirementId, Side};

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

impl Subject {
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
        for (_, words) in self.commands() {
            for word in words.iter().filter(|word| word.starts_with('/')) {
                found.extend(Path::new(word).parent().map(Path::to_path_buf));
            }
        }
        // A word may name what exists in the world only: a target of [files], a path of the program's own making.
        found.retain(|path| path.is_dir());
        found
    }

    /// What is started, with the part that it is of, each once.
    pub(super) fn commands(&self) -> Vec<(&str, &[String])> {
        let proxies = self.callers.iter().filter_map(|part| part.proxy.as_ref());
        let proxies = proxies.map(|(service, _)| (service.name.as_str(), service.words.as_slice()));
        let callers = self.callers.iter().flat_map(|part| match &part.way {
            CallerWay::Command(words) | CallerWay::Stdio(words) => vec![(part.name.as_str(), words.as_slice())],
            CallerWay::InProcess(_) => Vec::new(),
            CallerWay::Service(caller) => caller.commands(&part.name),
        });
        let receivers = self.receivers.iter().filter_map(|part| match &part.way {
            ReceiverWay::Command(words) => Some((part.name.as_str(), words.as_slice())),
            ReceiverWay::InProcess(_) | ReceiverWay::Running(_) => None,
            ReceiverWay::Service(service) => Some((service.name.as_str(), service.words.as_slice())),
        });
        let renewal = self.renewal.as_ref().and_then(|renewal| match &renewal.by {
            ChangeOver::Command(words) => Some(("renewal", words.as_slice())),
            _ => None,
        });
        let mut commands: Vec<_> = callers.chain(proxies).chain(receivers).chain(renewal).collect();
        // A service may be both.
        let mut known = BTreeSet::new();
        commands.retain(|command| known.insert(*command));
        commands
    }
}
