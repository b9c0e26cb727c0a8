//! What can go wrong with keys and certificates. None of it is the integration's conduct: a certificate that is merely
//! not allowed is a fact, not an error.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use crate::plan::KeyKind;

/// A failure to make or to read keys and certificates. Its text completes "failed to …".
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PkiError {
    /// The text is neither a host name nor an address.
    Host {
        /// The text.
        host: String,
    },
    /// The other host is the inbound host: a certificate for it would not be wrong.
    SameHost {
        /// The host.
        host: String,
    },
    /// The authority has no such root.
    NoSuchRoot {
        /// The root, counted from 1.
        number: u8,
        /// How many it has.
        roots: usize,
    },
    /// Days around that moment are out of the calendar's range.
    Clock {
        /// The captured moment.
        now: String,
    },
    /// The operating system gave no random numbers.
    Random,
    /// No key could be made.
    Key {
        /// Its kind.
        kind: KeyKind,
        /// The cause.
        error: rcgen::Error,
    },
    /// A certificate could not be made.
    Issue {
        /// Its subject.
        subject: String,
        /// The cause.
        error: rcgen::Error,
    },
    /// The bytes are no certificate, or one that contradicts itself.
    Certificate {
        /// The cause.
        why: String,
    },
    /// The bytes are no certificate signing request, or one that contradicts itself.
    Request {
        /// The cause.
        why: String,
    },
    /// A certificate would outlive its authority.
    Outlived {
        /// The authority's last day.
        until: String,
    },
    /// An authority's directory cannot be read or written.
    Directory {
        /// The directory, or its file.
        path: PathBuf,
        /// The cause.
        why: String,
    },
    /// Lasting authorities have ended, or end too soon for what is to be issued.
    Ended {
        /// Their last day.
        until: String,
    },
    /// The text holds no readable key or certificate in PEM.
    Pem {
        /// What was looked for: "certificate", "certificate signing request" or "private key".
        what: &'static str,
        /// The cause.
        why: String,
    },
    /// The store could not be written.
    Pkcs12 {
        /// The cause.
        why: String,
    },
}

impl fmt::Display for PkiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { host } => write!(f, "read `{host}` as a host name or an address"),
            Self::SameHost { host } => {
                write!(f, "make certificates for another host: `{host}` is the inbound host itself")
            }
            Self::NoSuchRoot { number, roots } => {
                write!(f, "issue under root {number}: the server authority has {roots} root(s)")
            }
            Self::Clock { now } => write!(f, "count days around {now}"),
            Self::Random => f.write_str("get random numbers from the operating system"),
            Self::Key { kind, error } => write!(f, "make a {kind:?} key: {error}"),
            Self::Issue { subject, error } => write!(f, "make the certificate of {subject}: {error}"),
            Self::Certificate { why } => write!(f, "read a certificate: {why}"),
            Self::Request { why } => write!(f, "read a certificate signing request: {why}"),
            Self::Outlived { until } => {
                write!(f, "make a certificate: its authority itself ends on {until}, before the certificate would")
            }
            Self::Directory { path, why } => write!(f, "keep an authority in {}: {why}", path.display()),
            Self::Ended { until } => {
                write!(f, "issue certificates under authorities that end on {until}: they want to be made anew")
            }
            Self::Pem { what, why } => write!(f, "read a {what} in PEM: {why}"),
            Self::Pkcs12 { why } => write!(f, "write a PKCS#12 store: {why}"),
        }
    }
}

impl Error for PkiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Key { error, .. } | Self::Issue { error, .. } => Some(error),
            _ => None,
        }
    }
}
