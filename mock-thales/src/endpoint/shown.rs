//! Which certificate an endpoint shows: its plan's, or that of another host beside it where the caller names that one.

use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// A plan's certificate, and those of other hosts by SNI.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    own: Arc<CertifiedKey>,
    beside: Vec<(String, Arc<CertifiedKey>)>,
}

impl Shown {
    pub(super) fn new(own: CertifiedKey) -> Self {
        Self { own: Arc::new(own), beside: Vec::new() }
    }

    /// The same with another host.
    pub(super) fn beside(&self, host: &str, certified: CertifiedKey) -> Self {
        let mut shown = self.clone();
        shown.beside.push((host.to_ascii_lowercase(), Arc::new(certified)));
        shown
    }

    fn find(&self, name: Option<&str>) -> &Arc<CertifiedKey> {
        let name = name.map(str::to_ascii_lowercase);
        let is_of = |host: &str| {
            name.as_deref().and_then(|name| name.strip_suffix(host)).is_some_and(|rest| {
                // The host itself, or labels in front of it.
                rest.is_empty() || rest.ends_with('.')
            })
        };
        self.beside.iter().find(|(host, _)| is_of(host)).map_or(&self.own, |(_, certified)| certified)
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(self.find(hello.server_name())))
    }
}
