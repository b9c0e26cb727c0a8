//! What a file holds that the integration file names, whatever its format.

use mock_thales::observe::{CertificateDer, RequestDer};

use crate::inspect::{self, Entry};

/// Passwords that a store is tried with: none, and the one that most trust stores have, since they hold no secret.
const PASSWORDS: [Option<&str>; 2] = [None, Some("changeit")];

/// What a file holds. Keys are passed over.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// The format: `PEM`, `PKCS#12`; empty where it is not understood.
    pub(super) format: String,
    pub(super) certificates: Vec<CertificateDer>,
    pub(super) request: Option<RequestDer>,
    /// Why it is not understood.
    pub(super) unreadable: Option<String>,
}

/// Reads a file's content. Of a store of trusted authorities the chains of keys are left out: they are what somebody
/// shows, and not what is trusted.
pub(super) fn read(content: &[u8], is_trust_store: bool) -> Held {
    let mut unreadable = None;
    for password in PASSWORDS {
        match inspect::parse(content, password) {
            Ok(contents) => {
                let mut held = Held { format: contents.kind.to_string(), ..Held::default() };
                for entry in contents.entries {
                    match entry {
                        Entry::Certificate { der, .. } | Entry::TrustedCertificate { der, .. } => {
                            held.certificates.push(der);
                        }
                        Entry::KeyEntry { chain, .. } if !is_trust_store => held.certificates.extend(chain),
                        Entry::Request { der } => held.request = held.request.or(Some(RequestDer(der))),
                        _ => {}
                    }
                }
                return held;
            }
            // The first reason is the better one, unless it was the password.
            Err(error) => unreadable = unreadable.or(Some(error.to_string())),
        }
    }
    Held { unreadable, ..Held::default() }
}
