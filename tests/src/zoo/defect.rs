//! One kept animal: how it is made, and what has to be said of it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::OnceLock;

use thales_harness::integration::{InProcess, OwnIdentity, Subject};
use thales_harness::load::Library;
use thales_harness::model::{Environment, Profile};
use thales_harness::{Integration, Portal, reference};

/// Thales' host in the environment that the zoo is tested in.
pub(crate) const HOST: &str = "api.dbp-stg.thalescloud.io";

/// The profile in which every defect is played that is not another one's.
const CLASSIC: &str = "classic-tokenization";
/// D1 eCom, whose client certificates Thales signs.
pub(crate) const D1: &str = "d1-ecom";

/// The profiles.
pub const PROFILES: [&str; 3] = [CLASSIC, "merchant-tokenization", D1];

/// A profile and the environment that the zoo is tested in.
fn ground(id: &str) -> Result<&'static (Profile, Environment), String> {
    type Grounds = BTreeMap<String, (Profile, Environment)>;
    static GROUNDS: OnceLock<Result<Grounds, String>> = OnceLock::new();
    let read = || {
        let library = Library::built_in().map_err(|faults| faults.to_string())?;
        let grounds = library.profiles.into_values().filter_map(|(profile, _)| {
            let environment = profile.environments.first().cloned()?;
            Some((profile.id.clone(), (profile, environment)))
        });
        Ok(grounds.collect())
    };
    let grounds = GROUNDS.get_or_init(read).as_ref().map_err(Clone::clone)?;
    grounds.get(id).ok_or_else(|| format!("no profile `{id}` with an environment"))
}

/// An identity as the reference makes it for itself in a profile.
pub(crate) fn own_identity(profile: &str) -> Result<OwnIdentity, String> {
    let (profile, environment) = ground(profile)?;
    reference::own_identity(profile, environment).map_err(|error| error.to_string())
}

/// Its identity in the other environment.
pub(crate) fn other_identity(profile: &str) -> Result<OwnIdentity, String> {
    let (profile, environment) = ground(profile)?;
    let other = reference::other_identity(profile, environment).map_err(|error| error.to_string())?;
    other.map(|(_, identity)| identity).ok_or_else(|| "the profile has one environment only".to_owned())
}

/// Thales' host in the environment that a profile is played in.
pub(crate) fn host(profile: &str) -> Result<String, String> {
    Ok(ground(profile)?.1.host.clone())
}

/// How a subject is made for a profile; keys are made only when the defect is played.
type Make = Box<dyn Fn(&str) -> Result<Subject, String> + Send + Sync>;

/// An integration that differs from the reference in one thing.
pub struct Defect {
    /// What is wrong with it, as a test's name.
    pub name: &'static str,
    /// Profiles that it is played in.
    pub profiles: Vec<&'static str>,
    make: Make,
    /// Scenarios that it can touch, as patterns of a selection.
    pub only: Vec<String>,
    /// Topics whose rows must fail, of whatever level.
    pub fails: Vec<&'static str>,
    /// Topics whose rows must be inconclusive.
    pub inconclusive: Vec<&'static str>,
    /// Topics whose rows must be inconclusive as well, in one profile.
    open_in: Option<(&'static str, &'static str)>,
    /// It never dials and never serves, or never gets through: no row may pass.
    pub passes_nothing: bool,
}

impl Defect {
    /// A defect in the code of an integration, which has the reference's identity.
    pub(crate) fn new<I, E>(
        name: &'static str,
        build: impl Fn(&Portal) -> Result<I, E> + Send + Sync + Clone + 'static,
    ) -> Self
    where
        I: Integration + 'static,
        E: Display,
    {
        Self::with_identity(name, own_identity, build)
    }

    /// A defect in the identity, or one that needs another.
    pub(crate) fn with_identity<I, E>(
        name: &'static str,
        identity: impl Fn(&str) -> Result<OwnIdentity, String> + Send + Sync + 'static,
        build: impl Fn(&Portal) -> Result<I, E> + Send + Sync + Clone + 'static,
    ) -> Self
    where
        I: Integration + 'static,
        E: Display,
    {
        let make = move |id: &str| {
            let (profile, environment) = ground(id)?;
            let other = reference::other_identity(profile, environment).map_err(|error| error.to_string())?;
            let integration = InProcess::new(name, build.clone());
            Ok(reference::described(integration, profile, environment, identity(id)?, other).into_subject())
        };
        let only = vec!["inbound/*".to_owned()];
        Self {
            name,
            profiles: vec![CLASSIC],
            make: Box::new(make),
            only,
            fails: Vec::new(),
            inconclusive: Vec::new(),
            open_in: None,
            passes_nothing: false,
        }
    }

    /// Played to these scenarios, in place of the inbound ones but those about the name server.
    pub(crate) fn only(mut self, patterns: &[&str]) -> Self {
        self.only = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        self
    }

    /// Fails the rows about these topics and no other.
    pub(crate) fn fails(mut self, topics: &[&'static str]) -> Self {
        self.fails = topics.to_vec();
        self
    }

    /// Leaves the rows about these topics inconclusive and no other.
    pub(crate) fn inconclusive(mut self, topics: &[&'static str]) -> Self {
        self.inconclusive = topics.to_vec();
        self
    }

    /// Leaves the row about that topic inconclusive in one profile, where others prove it in another way.
    pub(crate) fn inconclusive_in(mut self, profile: &'static str, topic: &'static str) -> Self {
        self.open_in = Some((profile, topic));
        self
    }

    /// Topics whose rows must be inconclusive in that profile.
    pub fn left_open(&self, profile: &str) -> Vec<&'static str> {
        let there = self.open_in.filter(|(id, _)| *id == profile).map(|(_, topic)| topic);
        self.inconclusive.iter().copied().chain(there).collect()
    }

    /// Played in every profile: it shows for each that the rule is tested there.
    pub(crate) fn everywhere(self) -> Self {
        self.in_profiles(&PROFILES)
    }

    /// Played in these profiles.
    pub(crate) fn in_profiles(mut self, profiles: &[&'static str]) -> Self {
        self.profiles = profiles.to_vec();
        self
    }

    /// No row may pass.
    pub(crate) fn passes_nothing(mut self) -> Self {
        self.passes_nothing = true;
        self
    }

    /// Changes the subject beyond what the trait shows.
    pub(crate) fn described(self, change: impl Fn(&mut Subject) + Send + Sync + 'static) -> Self {
        self.described_or(move |subject| {
            change(subject);
            Ok(())
        })
    }

    /// The same where the change may fail.
    pub(crate) fn described_or(
        mut self,
        change: impl Fn(&mut Subject) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        let make = self.make;
        self.make = Box::new(move |profile| {
            let mut subject = make(profile)?;
            change(&mut subject)?;
            Ok(subject)
        });
        self
    }

    /// The subject of a run.
    ///
    /// # Errors
    /// Its certificates cannot be made.
    pub fn subject(&self, profile: &str) -> Result<Subject, String> {
        (self.make)(profile)
    }
}
