//! One kept animal: how it is made, and what has to be said of it.

use std::fmt::Display;

use thales_harness::integration::{InProcess, OwnIdentity, Subject};
use thales_harness::{Integration, Portal, reference};

/// Thales' host in the environment that the zoo is tested in.
pub(crate) const HOST: &str = "api.dbp-stg.thalescloud.io";

/// How a subject is made; keys are made only when the defect is played.
type Make = Box<dyn Fn() -> Result<Subject, String> + Send + Sync>;

/// An integration that differs from the reference in one thing.
pub struct Defect {
    /// What is wrong with it, as a test's name.
    pub name: &'static str,
    make: Make,
    /// Scenarios that it can touch, as patterns of a selection.
    pub only: Vec<String>,
    /// Rows that must fail, of whatever level.
    pub fails: Vec<&'static str>,
    /// Rows that must be inconclusive.
    pub inconclusive: Vec<&'static str>,
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
        Self::with_identity(name, || reference::own_identity(HOST).map_err(|error| error.to_string()), build)
    }

    /// A defect in the identity, or one that needs another.
    pub(crate) fn with_identity<I, E>(
        name: &'static str,
        identity: impl Fn() -> Result<OwnIdentity, String> + Send + Sync + 'static,
        build: impl Fn(&Portal) -> Result<I, E> + Send + Sync + Clone + 'static,
    ) -> Self
    where
        I: Integration + 'static,
        E: Display,
    {
        let make = move || Ok(reference::described(InProcess::new(name, build.clone()), identity()?).into_subject());
        let only = vec!["inbound/*".to_owned()];
        Self { name, make: Box::new(make), only, fails: Vec::new(), inconclusive: Vec::new(), passes_nothing: false }
    }

    /// Played to these scenarios, in place of the inbound ones but those about the name server.
    pub(crate) fn only(mut self, patterns: &[&str]) -> Self {
        self.only = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        self
    }

    /// Fails these rows and no other.
    pub(crate) fn fails(mut self, rows: &[&'static str]) -> Self {
        self.fails = rows.to_vec();
        self
    }

    /// Leaves these rows inconclusive and no other.
    pub(crate) fn inconclusive(mut self, rows: &[&'static str]) -> Self {
        self.inconclusive = rows.to_vec();
        self
    }

    /// No row may pass.
    pub(crate) fn passes_nothing(mut self) -> Self {
        self.passes_nothing = true;
        self
    }

    /// Changes the subject beyond what the trait shows.
    pub(crate) fn described(mut self, change: impl Fn(&mut Subject) + Send + Sync + 'static) -> Self {
        let make = self.make;
        self.make = Box::new(move || {
            let mut subject = make()?;
            change(&mut subject);
            Ok(subject)
        });
        self
    }

    /// The subject of a run.
    ///
    /// # Errors
    /// Its certificates cannot be made.
    pub fn subject(&self) -> Result<Subject, String> {
        (self.make)()
    }
}
