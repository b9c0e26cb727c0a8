//! An integration in Rust, described step by step: what a file says for others.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::access::Access;
use super::identity::{OwnIdentity, OwnStore, Renewal};
use super::in_process::{Factory, Integration};
use super::part::{CallerPart, CallerWay, ReceiverPart, ReceiverWay};
use super::portal::Portal;
use super::subject::Subject;
use crate::model::{ChangeOver, Declaration, PortalValues, RequestShape, RequirementId};

/// An integration in Rust, described step by step.
#[derive(Debug, Clone)]
pub struct InProcess(Subject, FactoryBox);

#[derive(Clone)]
struct FactoryBox(Factory);

impl fmt::Debug for FactoryBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Factory")
    }
}

/// Longest time of a call of an integration in this process.
const WITHIN: Duration = Duration::from_secs(30);

impl InProcess {
    /// An integration that calls Thales. `build` makes it anew for each scenario, from the assets of onboarding.
    pub fn new<I, E>(name: &str, build: impl Fn(&Portal) -> Result<I, E> + Send + Sync + 'static) -> Self
    where
        I: Integration + 'static,
        E: fmt::Display,
    {
        let factory: Factory = Arc::new(move |portal| match build(portal) {
            Ok(integration) => Ok(Box::new(integration) as Box<dyn Integration>),
            Err(error) => Err(error.to_string()),
        });
        let part = CallerPart {
            name: name.to_owned(),
            way: CallerWay::InProcess(Arc::clone(&factory)),
            within: WITHIN,
            proxy: None,
        };
        let subject = Subject {
            name: name.to_owned(),
            version: String::new(),
            profile: "classic-tokenization".to_owned(),
            environment: None,
            portal: PortalValues::default(),
            identity: OwnIdentity::default(),
            renewal: None,
            others: BTreeMap::new(),
            stores: Vec::new(),
            jwt_key: None,
            files: BTreeMap::new(),
            callers: vec![part],
            receivers: Vec::new(),
            forwards: Vec::new(),
            answers: Arc::default(),
            declares: BTreeMap::new(),
            dir: std::env::current_dir().unwrap_or_default(),
            file: None,
            lasting: None,
        };
        Self(subject, FactoryBox(factory))
    }

    /// Its version.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        self.0.version = version.to_owned();
        self
    }

    /// Its profile, and its environment where that is not the profile's first.
    #[must_use]
    pub fn profile(mut self, profile: &str, environment: Option<&str>) -> Self {
        self.0.profile = profile.to_owned();
        self.0.environment = environment.map(str::to_owned);
        self
    }

    /// Values that onboarding gave.
    #[must_use]
    pub fn portal(mut self, values: PortalValues) -> Self {
        self.0.portal = values;
        self
    }

    /// Its own certificates and keys.
    #[must_use]
    pub fn identity(mut self, identity: OwnIdentity) -> Self {
        self.0.identity = identity;
        self
    }

    /// The client certificate or CSR that follows its own, of which it is told by [`Integration::renew`]. Without files,
    /// where its identity has none, the harness issues it.
    #[must_use]
    pub fn renews(mut self, renewed: OwnIdentity) -> Self {
        self.0.renewal = Some(Renewal {
            client_csr: renewed.client_csr,
            client_certificate: renewed.client_certificate,
            client_key: renewed.client_key,
            by: ChangeOver::Asked,
            within: WITHIN,
        });
        self
    }

    /// Portal values and certificates of another environment; keys are needed only where it is played.
    #[must_use]
    pub fn other_environment(mut self, id: &str, portal: PortalValues, identity: OwnIdentity) -> Self {
        self.0.others.insert(id.to_owned(), (portal, identity));
        self
    }

    /// A real store of an environment, by the asset that it is made of (`THALES_CLIENT_CA`), for checks of files.
    #[must_use]
    pub fn store(mut self, environment: &str, asset: &str, content: Vec<u8>) -> Self {
        let (environment, asset) = (Some(environment.to_owned()), asset.to_owned());
        self.0.stores.push(OwnStore { environment, asset, content });
        self
    }

    /// The public key in PEM with which Thales verifies its assertions.
    #[must_use]
    pub fn jwt_key(mut self, pem: Vec<u8>) -> Self {
        self.0.jwt_key = Some(pem);
        self
    }

    /// It serves, too: Thales sends these requests to it.
    #[must_use]
    pub fn serves(mut self, requests: Vec<RequestShape>) -> Self {
        let way = ReceiverWay::InProcess(Arc::clone(&self.1.0));
        self.0.receivers =
            vec![ReceiverPart { name: self.0.name.clone(), way, within: WITHIN, requests, access: None }];
        self
    }

    /// What it wants to hear from Thales beside its certificate, where it serves.
    #[must_use]
    pub fn admits(mut self, access: Option<Access>) -> Self {
        self.0.receivers.iter_mut().for_each(|part| part.access.clone_from(&access));
        self
    }

    /// It only serves and calls nothing.
    #[must_use]
    pub fn only_serves(mut self) -> Self {
        self.0.callers.clear();
        self
    }

    /// What no run can prove.
    #[must_use]
    pub fn declares(mut self, declares: BTreeMap<RequirementId, Declaration>) -> Self {
        self.0.declares = declares;
        self
    }

    /// The subject of a run.
    pub fn into_subject(self) -> Subject {
        self.0
    }
}
