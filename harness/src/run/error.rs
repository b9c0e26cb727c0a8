//! The harness's own failures. What the integration does is never one.

use std::fmt;
use std::io;

use mock_thales::dns::DnsError;
use mock_thales::endpoint::{ConductError, RandomError};

use crate::integration::LastingError;
use crate::model::ScenarioId;
use crate::world::WorldError;

/// Why a scenario could not be played.
#[derive(Debug)]
pub enum RunError {
    /// The world could not be opened or used.
    World(WorldError),
    /// The portal that lasts does not say where it stands.
    Portal(LastingError),
    /// A socket could not be handed to the runtime.
    Socket(io::Error),
    /// The name server could not be started.
    Dns(DnsError),
    /// A plan could not be made ready.
    Conduct(ConductError),
    /// A scenario's task ended without a result.
    Lost {
        /// The scenario.
        scenario: ScenarioId,
        /// The panic's words.
        why: String,
    },
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::World(error) => write!(f, "{error}"),
            Self::Portal(error) => write!(f, "{error}"),
            Self::Socket(error) => write!(f, "failed to serve a socket: {error}"),
            Self::Dns(error) => write!(f, "{error}"),
            Self::Conduct(error) => write!(f, "{error}"),
            Self::Lost { scenario, why } => write!(f, "{scenario} ended without a result: {why}"),
        }
    }
}

impl std::error::Error for RunError {}

impl From<WorldError> for RunError {
    fn from(error: WorldError) -> Self {
        Self::World(error)
    }
}

impl From<io::Error> for RunError {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

impl From<DnsError> for RunError {
    fn from(error: DnsError) -> Self {
        Self::Dns(error)
    }
}

impl From<RandomError> for RunError {
    fn from(error: RandomError) -> Self {
        Self::Conduct(ConductError::Random(error))
    }
}

impl From<ConductError> for RunError {
    fn from(error: ConductError) -> Self {
        Self::Conduct(error)
    }
}
