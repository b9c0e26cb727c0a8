//! Why a world could not be opened or did not do what it was asked: always the harness's or the machine's doing, never
//! the integration's.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use super::refusal::Step;

/// A failure of a world. The text completes "failed to …".
#[derive(Debug)]
pub enum WorldError {
    /// The machine refused one step of the set-up.
    Refused {
        /// The step.
        step: Step,
        /// What the kernel said.
        source: io::Error,
    },
    /// A file, a directory or a mount could not be made.
    Path {
        /// What was to happen to the path, as in "create".
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// A path of `[files]` has no folder, and none could be made up.
    NoFolder {
        /// The path asked for.
        target: PathBuf,
        /// The nearest folder that exists.
        ancestor: PathBuf,
        /// Why that folder cannot be extended.
        source: io::Error,
    },
    /// A path of `[files]` is a directory, or not an absolute path of a file.
    NotAFile(PathBuf),
    /// `[files]` names an asset that the portal does not have.
    UnknownAsset {
        /// The path asked for.
        target: PathBuf,
        /// The name that no asset has.
        name: String,
    },
    /// A socket could not be made.
    Socket {
        /// The address that it was to have.
        address: SocketAddr,
        /// What the kernel said.
        source: io::Error,
    },
    /// A route could not be changed.
    Route {
        /// The destination.
        address: IpAddr,
        /// What the kernel said.
        source: io::Error,
    },
    /// A program could not be started.
    Spawn {
        /// The program, as it was asked for.
        program: PathBuf,
        /// What the kernel said; `NotFound` where the program does not exist.
        source: io::Error,
    },
    /// The table of listening sockets could not be read.
    Table(io::Error),
    /// The shared network cannot do this.
    NeedsPrivate(&'static str),
    /// More addresses were published than a shared network has.
    TooManyAddresses,
    /// The world's own thread is gone.
    Ended,
    /// Processes of the world were still there when the wait for their end was over.
    Lingering,
}

impl WorldError {
    /// For `map_err` on an action that concerns a path.
    pub(super) fn path(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Path { action, path, source }
    }

    /// For `map_err` on a step of the set-up.
    pub(super) fn step<E: Into<io::Error>>(step: Step) -> impl FnOnce(E) -> Self {
        move |source| Self::Refused { step, source: source.into() }
    }
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { step, source } => write!(f, "{step}: {source}"),
            Self::Path { action, path, source } => write!(f, "{action} {}: {source}", path.display()),
            Self::NoFolder { target, ancestor, source } => write!(
                f,
                "place {}: its folder does not exist, and {} cannot be extended for this run ({source}); \
                 creating the folder by hand helps",
                target.display(),
                ancestor.display()
            ),
            Self::NotAFile(path) => write!(f, "place {}: not the absolute path of a file", path.display()),
            Self::UnknownAsset { target, name } => {
                write!(f, "place {}: the portal has no asset {name}", target.display())
            }
            Self::Socket { address, source } => write!(f, "make a socket on {address}: {source}"),
            Self::Route { address, source } => write!(f, "change the route to {address}: {source}"),
            Self::Spawn { program, source } => write!(f, "start {}: {source}", program.display()),
            Self::Table(source) => write!(f, "read the table of listening sockets: {source}"),
            Self::NeedsPrivate(what) => write!(f, "{what}: this needs a private network"),
            Self::TooManyAddresses => write!(f, "publish one more address: the shared network has no more"),
            Self::Ended => write!(f, "ask the world: it has ended"),
            Self::Lingering => write!(f, "end the world: processes of it are still there"),
        }
    }
}

impl Error for WorldError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused { source, .. }
            | Self::Path { source, .. }
            | Self::NoFolder { source, .. }
            | Self::Socket { source, .. }
            | Self::Route { source, .. }
            | Self::Spawn { source, .. }
            | Self::Table(source) => Some(source),
            _ => None,
        }
    }
}
