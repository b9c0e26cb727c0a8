//! What can go wrong with the name server itself.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// A failure of the name server. Its text completes "failed to …".
#[derive(Debug)]
#[non_exhaustive]
pub enum DnsError {
    /// The text is no domain name.
    Name {
        /// The text.
        name: String,
    },
    /// There is no tokio runtime to serve on.
    NoRuntime,
    /// A socket cannot be served.
    Socket {
        /// Where it is bound, as far as it says.
        address: Option<SocketAddr>,
        /// The cause.
        error: io::Error,
    },
}

impl fmt::Display for DnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name } => write!(f, "read `{name}` as a domain name"),
            Self::NoRuntime => f.write_str("start the name server outside a tokio runtime"),
            Self::Socket { address: Some(address), error } => write!(f, "serve names on {address}: {error}"),
            Self::Socket { address: None, error } => write!(f, "serve names on a socket without address: {error}"),
        }
    }
}

impl Error for DnsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Socket { error, .. } => Some(error),
            _ => None,
        }
    }
}
