//! Why a file could not be read. One line each, which says what was found and what was expected.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use super::Kind;

/// A file that could not be read.
#[derive(Debug)]
pub struct ReadError {
    /// The file, as it was named.
    pub path: PathBuf,
    /// Why.
    pub fault: ReadFault,
}

/// Why a file could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadFault {
    /// The system did not let it be read.
    Io(io::Error),
    /// It is a directory.
    Directory,
    /// Its bytes could not be read as anything known.
    Parse(ParseError),
}

/// Bytes that could not be read as certificates, requests, keys or a store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// No byte at all, or only space.
    Empty,
    /// More bytes than any such file has.
    TooLong {
        /// The most bytes that are read.
        most: usize,
    },
    /// Something else.
    Stranger {
        /// What it is.
        found: String,
        /// What to do instead, if that is known.
        remedy: Option<&'static str>,
    },
    /// A fault in a text with blocks.
    Pem {
        /// The line, from 1.
        line: usize,
        /// What was found, and what was expected.
        why: String,
    },
    /// The file ends too early.
    CutShort {
        /// What it seems to be.
        what: &'static str,
        /// Bytes that it says it has.
        said: usize,
        /// Bytes that are there.
        there: usize,
    },
    /// A certificate of the file cannot be read.
    Certificate {
        /// Its alias, or its place.
        place: String,
        /// The cause.
        why: String,
    },
    /// The inner structure contradicts itself.
    Damaged {
        /// The format.
        kind: Kind,
        /// What was found.
        why: String,
    },
    /// A form of the format that is not read here.
    Unsupported {
        /// The format.
        kind: Kind,
        /// Which.
        what: String,
    },
    /// The store is encrypted and no password was given.
    PasswordNeeded {
        /// The format.
        kind: Kind,
    },
    /// The password does not open the store.
    WrongPassword {
        /// The format.
        kind: Kind,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match &self.fault {
            ReadFault::Io(error) => write!(f, "it cannot be read: {error}"),
            ReadFault::Directory => f.write_str("a directory; expected a file with certificates, a request or a store"),
            ReadFault::Parse(error) => error.fmt(f),
        }
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.fault {
            ReadFault::Io(error) => Some(error),
            ReadFault::Directory => None,
            ReadFault::Parse(error) => Some(error),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an empty file; expected certificates, a request or a store"),
            Self::TooLong { most } => {
                write!(f, "more than {} MiB; no certificate, request or store is that long", most >> 20)
            }
            Self::Stranger { found, remedy: Some(remedy) } => write!(f, "{found}; {remedy}"),
            Self::Stranger { found, remedy: None } => {
                write!(f, "{found}; expected PEM, DER, PKCS#7, PKCS#12, JKS or JCEKS")
            }
            Self::Pem { line, why } => write!(f, "line {line}: {why}"),
            Self::CutShort { what, said, there } => {
                write!(f, "{what} is cut short: it goes on to byte {said} at least, and has {there}")
            }
            Self::Certificate { place, why } => write!(f, "{place}: no readable certificate: {why}"),
            Self::Damaged { kind, why } => write!(f, "a damaged {kind} file: {why}"),
            Self::Unsupported { kind, what } => write!(f, "a {kind} file with {what}, which is not read here"),
            Self::PasswordNeeded { kind } => write!(f, "a {kind} store that is encrypted; its password is needed"),
            Self::WrongPassword { kind } => {
                write!(f, "the password does not open this {kind} store: it is wrong, or the store was damaged")
            }
        }
    }
}

impl Error for ParseError {}
