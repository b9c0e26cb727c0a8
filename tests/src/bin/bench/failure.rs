//! Why a measurement gives no number. A missed target is none of these: it stands in the table.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a measurement gives no number.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line.
    Usage(&'static str),
    /// Something of the system, in words that complete "failed to".
    Io(&'static str, io::Error),
    /// The kernel refused.
    Kernel(&'static str, nix::Error),
    /// TLS could not be prepared.
    Tls(rustls::Error),
    /// The harness could not be set up, or did not do what is to be measured.
    Harness(String),
    /// A server did not answer as it should.
    Server(String),
    /// A document without the marks between which the tables stand.
    NoMarks(PathBuf),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(words) => f.write_str(words),
            Self::Io(what, error) => write!(f, "failed to {what}: {error}"),
            Self::Kernel(what, error) => write!(f, "failed to {what}: {error}"),
            Self::Tls(error) => write!(f, "failed to prepare TLS: {error}"),
            Self::Harness(what) => write!(f, "failed to run the harness: {what}"),
            Self::Server(what) => write!(f, "failed to get an answer: {what}"),
            Self::NoMarks(path) => write!(f, "failed to find the marks of the tables in {}", path.display()),
        }
    }
}

impl std::error::Error for Failure {}

impl From<rustls::Error> for Failure {
    fn from(error: rustls::Error) -> Self {
        Self::Tls(error)
    }
}
