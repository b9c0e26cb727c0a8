//! The customer's own certificates, keys and stores, read.

use std::fmt;
use std::time::Duration;

use crate::model::ChangeOver;

/// The customer's own certificates and keys, in PEM where nothing else is said.
#[derive(Clone, Default)]
pub struct OwnIdentity {
    /// Client certificate, leaf first.
    pub client_certificate: Option<Vec<u8>>,
    /// Request for the client certificate, PEM or DER: the run's authority for customers signs it.
    pub client_csr: Option<Vec<u8>>,
    /// Key of either.
    pub client_key: Option<Vec<u8>>,
    /// Thales' authority for customers, which signed the client certificate; PEM or DER.
    pub customer_authority: Option<Vec<u8>>,
    /// The authority of Thales' servers as the portal gave it; PEM or DER.
    pub server_authority: Option<Vec<u8>>,
    /// The authority of Thales' client as the portal gave it; PEM or DER.
    pub client_authority: Option<Vec<u8>>,
    /// Server chain as handed over.
    pub server_chain: Option<Vec<u8>>,
    /// Key of its leaf.
    pub server_key: Option<Vec<u8>>,
    /// The request before that one.
    pub previous_csr: Option<Vec<u8>>,
    /// The client certificate before the present one.
    pub previous_client_certificate: Option<Vec<u8>>,
    /// The server chain that Thales holds today.
    pub previous_server_chain: Option<Vec<u8>>,
    /// Trust store for a private authority, as handed over to Thales.
    pub trust_store: Option<Vec<u8>>,
}

/// A real store of an environment, for checks of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnStore {
    /// The environment; that of portal and identity, if absent.
    pub environment: Option<String>,
    /// The asset that it is made of.
    pub asset: String,
    /// Its content.
    pub content: Vec<u8>,
}

impl fmt::Debug for OwnIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnIdentity")
            .field("client_certificate", &self.client_certificate.is_some())
            .field("client_csr", &self.client_csr.is_some())
            .field("client_key", &self.client_key.is_some())
            .field("customer_authority", &self.customer_authority.is_some())
            .field("server_chain", &self.server_chain.is_some())
            .field("server_key", &self.server_key.is_some())
            .finish()
    }
}

/// The renewed client certificate, and how the integration is told of it.
#[derive(Clone)]
pub struct Renewal {
    /// A CSR for it, where Thales signs.
    pub client_csr: Option<Vec<u8>>,
    /// The certificate in PEM, leaf first; `None` where the harness issues it as it did the first one.
    pub client_certificate: Option<Vec<u8>>,
    /// Its key.
    pub client_key: Option<Vec<u8>>,
    /// How it is told.
    pub by: ChangeOver,
    /// Longest time until a call shows the renewed certificate.
    pub within: Duration,
}

/// Without any key.
impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewal").field("by", &self.by).field("within", &self.within).finish_non_exhaustive()
    }
}
